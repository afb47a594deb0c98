"""Finding conversations by their titles and by what was asked and answered in them. For the owner alone.

Answers are stored with pseudonyms, so values are put back to look for them; what the policy hides from the owner cannot
be found by, and an excerpt shows what the owner may see. Nothing of this is written down. Threads: any.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

from studiolo.conversation.history import History
from studiolo.errors import Code, UserError
from studiolo.privacy.filter import PrivacyFilter
from studiolo.types import ConversationFound, Reader

EXCERPT = 120  # code points, about
_BEFORE = 30  # of them before what was looked for
_MARKS = re.compile(r"[*`]+|^#+ ", re.MULTILINE)
_TOKEN_LIKE = re.compile(r"[A-Za-z]{2,}[_ ]?\d")  # a pseudonym may stand here


def find_conversations(
    query: str, history: History, screener: PrivacyFilter, *, scope_of: Callable[[str], str], limit: int
) -> list[ConversationFound]:
    """The conversations whose title, or one turn of which, holds all words of `query`; the latest first.

    Letter case and width do not count; Chinese needs no blanks. `scope_of`: whose pseudonyms a conversation has.
    Raises UserError(bad_request) where there is nothing to look for.
    """
    words = _folded(query).split()
    if not words:
        raise UserError(Code.BAD_REQUEST, field="query", problem="empty")
    conversations = history.conversations()
    found = {one.id: ConversationFound(one) for one in conversations if _holds(words, one.title)}
    known = {one.id: one for one in conversations}
    scopes: dict[str, str] = {}
    for turn_id, conversation_id, question, answer in history.said():
        if conversation_id in found or conversation_id not in known:
            continue
        if conversation_id not in scopes:
            scopes[conversation_id] = scope_of(conversation_id)
        scope = scopes[conversation_id]
        raw = screener.with_values(answer, library_id=scope) if _TOKEN_LIKE.search(answer) else answer
        if not _holds(words, f"{question}\n{raw}"):
            continue
        shown = screener.restore(answer, library_id=scope, reader=Reader.OWNER)
        if _holds(words, f"{question}\n{shown}"):
            text = question if any(word in _folded(question) for word in words) else shown
            found[conversation_id] = ConversationFound(known[conversation_id], turn_id, excerpt(text, words))
    return [found[one.id] for one in conversations if one.id in found][:limit]


def excerpt(text: str, words: Sequence[str]) -> str:
    """One line of `text`, without the marks of Markdown, around the first of the words that stands in it."""
    line = " ".join(_MARKS.sub("", text).split())
    lowered = line.casefold()
    places = [at for word in words if (at := lowered.find(word)) >= 0]
    start = max(0, min(places, default=0) - _BEFORE)
    if start:
        blank = line.find(" ", start, start + _BEFORE)
        start = blank + 1 if blank >= 0 else start
    piece = line[start : start + EXCERPT]
    return f"{'…' if start else ''}{piece}{'…' if start + EXCERPT < len(line) else ''}"


def _holds(words: Sequence[str], text: str) -> bool:
    folded = _folded(text)
    return all(word in folded for word in words)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
