"""The filter as the rest of the engine sees it: screen what goes in, screen and restore what comes out.

Knows nothing of models, libraries' contents or prompts. Threads: any. Every failure is a StudioloError, and nothing is
let through: an exception of ours or of a third party becomes PolicyBlock(filter_failed).
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from studiolo.errors import Code, PolicyBlock, StudioloError
from studiolo.privacy.analyzer import Analyzer
from studiolo.privacy.normalize import Folded, fold
from studiolo.privacy.policy import BALANCED, LITERAL, Action, Direction, Policy
from studiolo.privacy.pseudonym_store import PseudonymStore
from studiolo.privacy.pseudonyms import PseudonymTable
from studiolo.privacy.recognizers.base import Match
from studiolo.privacy.spans import resolve
from studiolo.privacy.stream import StreamScreen
from studiolo.privacy.tokens import Token, read_token, token_text
from studiolo.privacy.vault import KeyHolder
from studiolo.types import Edit, Entity, Protection, Reader, Redacted, Redaction, Screened, Span

_SHORT = 200  # code points of a text whose spans are remembered
_KEPT = 512  # such texts

_WORDLIKE = re.compile(r"[0-9A-Za-z_]")
_TOKEN_START = re.compile(r"[<\[{《〈【⟨«]|&(?=lt;)|\\(?=<)|(?<![0-9A-Za-z])[A-Za-z]")


class PrivacyFilter:
    """Screens and restores by one policy; a pseudonym table for each library, opened at first use."""

    def __init__(
        self, analyzer: Analyzer, *, path: Path, policy: Policy = BALANCED, key: KeyHolder | None = None
    ) -> None:
        """`path`: the pseudonym store; `key`: what its key is kept by (None: a key file beside it).

        Raises EnvironmentFault as `studiolo.privacy.pseudonym_store.PseudonymStore` does.
        """
        self._analyzer = analyzer
        self._store = PseudonymStore(path, key or KeyHolder(path.with_suffix(".key")))
        self._policy = policy
        self._recent: dict[str, tuple[Span, ...]] = {}
        self._tables: dict[str, PseudonymTable] = {}
        self._lock = threading.Lock()

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self._policy

    def warm(self) -> None:
        """Load what screening needs; raises what `spans` would."""
        self._analyzer.warm()

    def spans(self, text: str) -> tuple[Span, ...]:
        """All values in `text`, whatever the policy does with them: what ingestion stores with a passage."""
        return self._analyzer.analyze(text)

    def spans_batch(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        """What `spans` gives for each text, several times faster than one by one."""
        return self._analyzer.analyze_many(texts)

    def screen(
        self, text: str, *, library_id: str, spans: Sequence[Span] | None = None, direction: Direction = "question"
    ) -> Screened:
        """`text` as it may go in `direction`. `spans`: as `spans(text)` gave them earlier; None = found now.

        Raises PolicyBlock: filter_failed; blocked_by_policy(types) where the policy refuses a type.
        """
        found = self._short(text) if spans is None else spans
        try:
            return self._screen(text, library_id, direction, found)
        except StudioloError:
            raise
        except Exception:  # noqa: BLE001 - fails closed, and the exception's text stays here
            raise PolicyBlock(Code.FILTER_FAILED) from None

    def stream(self, *, library_id: str, reader: Reader, seen: Iterable[str] | None = None) -> StreamScreen:
        """A screen for one answer as it is written.

        `seen`: the screened texts that the model was given. If given, only tokens that stand in them are restored: a
        number the model made up brings back nobody's name.
        """
        allowed = None if seen is None else frozenset(name for text in seen for name in tokens_in(text))
        return StreamScreen(
            self.table(library_id),
            policy=self._policy,
            reader=reader,
            families=self._analyzer.families,
            allowed=allowed,
        )

    def restore(self, text: str, *, library_id: str, reader: Reader) -> str:
        """A whole text as `reader` may see it."""
        stream = self.stream(library_id=library_id, reader=reader)
        return stream.feed(text) + stream.finish()

    def redact(self, text: str, *, policy: Policy | None = None) -> Redacted:
        """`text` with `<TYPE>` in place of every value that the policy guards. No table is read or written."""
        rules = policy or self._policy
        entities = tuple(
            Entity(span.type, span.start, span.end, span.score)
            for span in self._analyzer.analyze(text)
            if rules.guarded(span.type)
        )
        pieces, at = [], 0
        for entity in entities:
            pieces += [text[at : entity.start], f"<{entity.type}>"]
            at = entity.end
        return Redacted("".join([*pieces, text[at:]]), entities)

    def table(self, library_id: str) -> PseudonymTable:
        """The pseudonyms of a library; "" is the table of chats without one."""
        with self._lock:
            if library_id not in self._tables:
                self._tables[library_id] = PseudonymTable(self._store, library_id)
            return self._tables[library_id]

    @property
    def protection(self) -> Protection:
        """What keeps the key of the pseudonym store."""
        return self._store.protection

    def protect(self, by: Protection, *, passphrase: str | None = None) -> None:
        """Wrap the store's key anew. Raises EnvironmentFault: passphrase_needed, keyring_missing."""
        self._store.protect(by, passphrase=passphrase)

    def forget(self, library_id: str, *, name: str | None = None) -> int:
        """Erase a library's pseudonyms, or one value's with all its forms; how many tokens. Raises UserError."""
        with self._lock:
            self._recent.clear()
        table = self.table(library_id)
        return table.forget() if name is None else table.forget_value(name)

    def forget_all(self) -> int:
        """Erase the pseudonyms of all libraries and conversations; how many tokens."""
        with self._lock:
            self._recent.clear()
            tables = list(self._tables.values())
        return sum(table.forget() for table in tables) + self._store.erase_all()

    def close(self) -> None:
        """Close the pseudonym store."""
        with self._lock:
            self._tables.clear()
            self._recent.clear()
            self._store.close()

    def _screen(self, text: str, library_id: str, direction: Direction, spans: Iterable[Span]) -> Screened:
        table = self.table(library_id)
        folded = fold(text)
        found, counts, blocked = [], Counter[str](), set[str]()
        for span in spans:
            action = self._policy.action(span.type, direction)
            if action is Action.BLOCK:
                blocked.add(span.type)
            elif action not in (Action.ALLOW, Action.FLAG):
                found.append(
                    Match(span.type, *folded.folded(span.start, span.end), span.score, proven=span.score > 0.9)
                )
        if blocked:
            raise PolicyBlock(Code.BLOCKED_BY_POLICY, types=",".join(sorted(blocked)))
        again = [m for m in table.known_values(folded.text) if self._edits(m.type, direction)]
        look_alikes = (
            [Match(LITERAL, start, end, 1.0, proven=True) for start, end, _ in _tokens(folded.text)]
            if self._edits(LITERAL, direction)
            else []
        )
        matches = resolve(folded.text, [*found, *again, *look_alikes])
        if self._edits(LITERAL, direction):
            matches = sorted([*matches, *_uncovered(folded.text, matches)], key=lambda match: match.start)
        return self._apply(text, _values(folded, matches), table=table, direction=direction, counts=counts)

    def _short(self, text: str) -> tuple[Span, ...]:
        """`spans`, remembered for the headings and file names that come with every question."""
        if len(text) > _SHORT:
            return self._analyzer.analyze(text)
        with self._lock:
            known = self._recent.pop(text, None)
        found = self._analyzer.analyze(text) if known is None else known
        with self._lock:
            self._recent[text] = found
            while len(self._recent) > _KEPT:
                del self._recent[next(iter(self._recent))]
        return found

    def _edits(self, kind: str, direction: Direction) -> bool:
        return self._policy.action(kind, direction) in (Action.MASK, Action.PSEUDONYMISE)

    def _apply(
        self,
        text: str,
        values: Iterable[tuple[str, int, int]],
        *,
        table: PseudonymTable,
        direction: Direction,
        counts: Counter[str],
    ) -> Screened:
        pieces: list[str] = []
        edits: list[Edit] = []
        at = length = 0
        for kind, first, end in values:
            start = max(first, at)  # a code point that folds to several belongs to the value before
            value = text[start:end]
            if self._policy.action(kind, direction) is Action.MASK:
                put = self._policy.mask(kind, value)
            else:
                put = token_text(table.token(kind, value))
            pieces += [text[at:start], put]
            length += start - at
            edits.append(Edit(kind, start, end, length, length + len(put)))
            length += len(put)
            at = end
            if kind != LITERAL:
                counts[kind] += 1
        pieces.append(text[at:])
        return Screened("".join(pieces), tuple(edits), redactions(counts))


def redactions(counts: Counter[str]) -> tuple[Redaction, ...]:
    """Counts by type, in the order of their names."""
    return tuple(Redaction(kind, counts[kind]) for kind in sorted(counts))


def _values(folded: Folded, matches: Iterable[Match]) -> list[tuple[str, int, int]]:
    """(type, start, end) in the original."""
    return [(match.type, *folded.original(match.start, match.end)) for match in matches]


def _uncovered(text: str, matches: Sequence[Match]) -> list[Match]:
    """What reads as a token only once the value beside it is gone: of "138...person_3" is left "<PHONE_1>person_3"."""
    found = []
    edges = [0, *(edge for match in matches for edge in (match.start, match.end)), len(text)]
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        gap = text[start:end]
        if gap and (_WORDLIKE.match(gap[0]) or _WORDLIKE.match(gap[-1])):
            tokens = _tokens(f"{gap}<" if end < len(text) else gap)
            found += [Match(LITERAL, start + first, start + last, 1.0, proven=True) for first, last, _ in tokens]
    return found


def tokens_in(text: str) -> list[str]:
    """The canonical names of everything in `text` that reads as a token."""
    return [name for _, _, name in _tokens(fold(text).text)]


def _tokens(text: str) -> list[tuple[int, int, str]]:
    found, at = [], 0
    while (start := _TOKEN_START.search(text, at)) is not None:
        token = read_token(text, start.start(), final=True)
        if isinstance(token, Token):
            found.append((start.start(), token.end, token.name))
            at = token.end
        else:
            at = start.start() + 1
    return found
