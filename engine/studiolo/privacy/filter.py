"""The filter as the rest of the engine sees it: screen what goes in, screen and restore what comes out.

Knows nothing of models, libraries' contents or prompts. Threads: any. Every failure is a StudioloError, and nothing is
let through: an exception of ours or of a third party becomes PolicyBlock(filter_failed).
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from studiolo.errors import Code, PolicyBlock, StudioloError
from studiolo.privacy.analyzer import Analyzer
from studiolo.privacy.arguments import ToolArguments
from studiolo.privacy.audit import AuditLog
from studiolo.privacy.marking import MarkingScreen
from studiolo.privacy.normalize import Folded, fold
from studiolo.privacy.own import Own
from studiolo.privacy.policy import LITERAL, Action, Direction, Policy
from studiolo.privacy.policy_file import DEFAULT_PROFILE, InForce, profile
from studiolo.privacy.portions import analyze_any
from studiolo.privacy.preview import preview
from studiolo.privacy.pseudonym_store import PseudonymStore
from studiolo.privacy.pseudonyms import PseudonymTable
from studiolo.privacy.recognizers.base import Match
from studiolo.privacy.recording import AuditedStream, Recording
from studiolo.privacy.spans import resolve
from studiolo.privacy.stream import StreamScreen
from studiolo.privacy.strictness import rules_digest
from studiolo.privacy.tokens import Token, read_token, token_text
from studiolo.privacy.vault import KeyHolder
from studiolo.types import (
    Edit,
    Entity,
    PolicyPreview,
    Protection,
    Pseudonym,
    Reader,
    Redacted,
    Redaction,
    Revealed,
    Screened,
    Sides,
    Span,
)

S = TypeVar("S", bound=StreamScreen)

_SHORT = 200  # code points of a text whose spans are remembered
_KEPT = 512  # such texts

PoliciesOf = Callable[[str], InForce]
"""What counts for the owner of a pseudonym table ("" = what belongs to none). May raise UserError(bad_policy)."""

_WORDLIKE = re.compile(r"[0-9A-Za-z_]")
_TOKEN_START = re.compile(r"[<\[{《〈【⟨«]|&(?=lt;)|\\(?=<)|(?<![0-9A-Za-z])[A-Za-z]")


@dataclass(frozen=True, slots=True)
class _Way:
    """Where a text goes, by which rules, for whom."""

    rules: InForce
    direction: Direction
    reader: str

    def action(self, kind: str) -> Action:
        return self.rules.policy.action(kind, self.direction, reader=self.reader)

    def edits(self, kind: str) -> bool:
        return self.action(kind) in (Action.MASK, Action.PSEUDONYMISE)


class PrivacyFilter:
    """Screens and restores by each library's policy; a pseudonym table for each, opened at first use."""

    def __init__(
        self,
        analyzer: Analyzer,
        *,
        path: Path,
        policy: Policy | None = None,
        policies: PoliciesOf | None = None,
        key: KeyHolder | None = None,
        audit: AuditLog | None = None,
    ) -> None:
        """`path`: the pseudonym store. `policies` looked up at each use, or one `policy` for all (None: the default).
        `key`: what the store's key is kept by (None: a key file beside it).
        `audit`: where what is done here is recorded.

        Raises EnvironmentFault as `studiolo.privacy.pseudonym_store.PseudonymStore` does.
        """
        self._analyzer = analyzer
        self._recording = Recording(audit, families=lambda: analyzer.families)
        self._store = PseudonymStore(path, key or KeyHolder(path.with_suffix(".key")))
        one = InForce("", policy or profile(DEFAULT_PROFILE), Own())
        self._rules: PoliciesOf = policies or (lambda _: one)
        self._recent: dict[str, tuple[Span, ...]] = {}
        self._tables: dict[str, PseudonymTable] = {}
        self._lock = threading.Lock()

    @property
    def policy(self) -> Policy:
        """The home's policy, which counts where no library is meant. Raises UserError(bad_policy)."""
        return self._rules("").policy

    def warm(self) -> None:
        """Load what screening needs; raises what `spans` would."""
        self._analyzer.warm()

    def spans(self, text: str) -> tuple[Span, ...]:
        """All values in `text`, whatever the policy does with them: what ingestion stores with a passage.

        What a person lists themselves is not among them (`refine`): that may change while passages stay.
        """
        self._rules("")  # a broken policy lets nothing in either
        return self._analyzer.analyze(text)

    def spans_batch(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        """What `spans` gives for each text, several times faster than one by one."""
        self._rules("")
        return self._analyzer.analyze_many(texts)

    def refine(self, text: str, spans: Sequence[Span], *, library_id: str) -> tuple[Span, ...]:
        """`spans` of `text` with what the library's policy lists as personal, without what it allows."""
        own = self._rules(library_id).own
        try:
            return own.refine(text, spans)
        except Exception:  # noqa: BLE001 - a pattern that took too long, or what nobody foresaw
            raise PolicyBlock(Code.FILTER_FAILED) from None

    def screen(
        self,
        text: str,
        *,
        library_id: str,
        spans: Sequence[Span] | None = None,
        direction: Direction = "question",
        reader: str = Reader.OWNER,
    ) -> Screened:
        """`text` as it may go in `direction` for `reader`. `spans`: as `spans(text)` gave them; None = found now.

        Raises PolicyBlock: filter_failed; blocked_by_policy(types) where the policy refuses a type.
        """
        rules = self._rules(library_id)
        found: Sequence[Span] = spans or ()
        with self._recording.guarded(scope=library_id, direction=direction, spans=found):
            found = self._short(text) if spans is None else spans
        with self._recording.guarded(scope=library_id, direction=direction, spans=found):
            screened = self._closed(text, library_id, _Way(rules, direction, reader), found)
        self._recording.screened(screened, scope=library_id, direction=direction, spans=found)
        return screened

    def screen_again(
        self, text: str, *, library_id: str, direction: Direction = "history", reader: str = Reader.OWNER
    ) -> Screened:
        """`text` as the model wrote or read it, with the library's tokens in it, by the policy as it is now.

        Tokens are put back first and found again, so that a value that the policy now masks is masked. Raises as
        `screen`.
        """
        raw = self.with_values(text, library_id=library_id)
        return self.screen(raw, library_id=library_id, direction=direction, reader=reader)

    def with_values(self, text: str, *, library_id: str) -> str:
        """`text` with the library's tokens put back, whoever may see them: for work inside the engine alone."""
        table = self.table(library_id)
        folded = fold(text)
        pieces, at = [], 0
        for start, end, name in _tokens(folded.text):
            entry = table.entry(name)
            if entry is not None:
                first, last = folded.original(start, end)
                pieces += [text[at:first], entry.value]
                at = last
        return "".join([*pieces, text[at:]])

    def rules_digest(self, *, library_id: str, reader: str = Reader.OWNER) -> str:
        """What screening for the model depends on beside the text, as a digest. Raises UserError(bad_policy)."""
        return rules_digest(self._rules(library_id), reader=reader)

    def holds_known(self, text: str, *, library_id: str, reader: str = Reader.OWNER) -> bool:
        """Whether a screened text holds a value that has come to be known since, and would now be replaced.

        Raises as `screen`.
        """
        rules = self._rules(library_id)
        way = _Way(rules, "question", reader)
        try:
            folded = fold(text).text
            known = rules.own.without_allowed(folded, self.table(library_id).known_values(folded))
        except StudioloError:
            raise
        except Exception:  # noqa: BLE001 - fails closed, and the exception's text stays here
            raise PolicyBlock(Code.FILTER_FAILED) from None
        return any(way.edits(match.type) for match in known)

    def _closed(self, text: str, library_id: str, way: _Way, spans: Sequence[Span]) -> Screened:
        try:
            return self._screen(text, library_id, way, spans)
        except StudioloError:
            raise
        except Exception:  # noqa: BLE001 - fails closed, and the exception's text stays here
            raise PolicyBlock(Code.FILTER_FAILED) from None

    def stream(
        self, *, library_id: str, reader: str, seen: Iterable[str] | None = None, left: str = ""
    ) -> StreamScreen | AuditedStream:
        """A screen for one answer as it is written. `left`: context that stands before it and is not emitted.

        `seen`: the screened texts that the model was given. If given, only tokens that stand in them are restored: a
        number the model made up brings back nobody's name.
        """
        screen = self._answer_screen(library_id, reader, seen, left=left)
        return self._recording.stream(screen, scope=library_id, reader=reader)

    def _answer_screen(
        self, library_id: str, reader: str, seen: Iterable[str] | None, *, left: str = ""
    ) -> StreamScreen:
        return self._screen_of(StreamScreen, library_id, reader, seen, left=left)

    def _screen_of(
        self, kind: type[S], library_id: str, reader: str, seen: Iterable[str] | None, *, left: str = ""
    ) -> S:
        rules = self._rules(library_id)
        allowed = None if seen is None else frozenset(name for text in seen for name in tokens_in(text))
        return kind(
            self.table(library_id),
            policy=rules.policy,
            reader=reader,
            families=self._analyzer.families,
            allowed=allowed,
            context=self._analyzer.of_context,
            own=rules.own,
            names=self._analyzer.names,
            left=left,
        )

    def tool_arguments(self, *, library_id: str, reader: str, seen: Iterable[str] | None = None) -> ToolArguments:
        """A screen for the arguments of one call of a tool as the model writes them: JSON in, JSON out."""
        given = None if seen is None else tuple(seen)
        return ToolArguments(lambda left: self.stream(library_id=library_id, reader=reader, seen=given, left=left))

    def restore(self, text: str, *, library_id: str, reader: str) -> str:
        """A whole text as `reader` may see it."""
        stream = self._answer_screen(library_id, reader, None)
        with self._recording.guarded(scope=library_id, direction="answer", reader=str(reader)):
            shown = stream.feed(text) + stream.finish()
        self._recording.restored(stream.redactions, scope=library_id, reader=reader)
        return shown

    def sides(self, text: str, *, library_id: str, reader: str = Reader.OWNER) -> Sides:
        """The same, with what the model read or wrote in each changed place. Raises PolicyBlock."""
        screen = self._screen_of(MarkingScreen, library_id, reader, None)
        with self._recording.guarded(scope=library_id, direction="answer", reader=str(reader)):
            sides = screen.sides(text)
        self._recording.restored(screen.redactions, scope=library_id, reader=reader)
        return sides

    def reveal(self, token: str, *, library_id: str) -> Revealed | None:
        """What one token (canonical name) stands for, for the owner alone; None where the library never issued it."""
        entry = self.table(library_id).entry(token)
        if entry is None:
            return None
        self._recording.revealed(entry.type, entry.value, scope=library_id)
        return Revealed(token, entry.type, entry.value)

    def redact(self, text: str, *, policy: Policy | None = None, library_id: str = "") -> Redacted:
        """`text` with `<TYPE>` in place of every value that the policy guards. No table is read or written."""
        rules = policy or self._rules(library_id).policy
        with self._recording.guarded(scope=library_id, direction="redact"):
            spans = self.refine(text, analyze_any(text, analyze=self._analyzer.analyze), library_id=library_id)
        entities = tuple(
            Entity(span.type, span.start, span.end, span.score) for span in spans if rules.guarded(span.type)
        )
        pieces, at = [], 0
        for entity in entities:
            pieces += [text[at : entity.start], f"<{entity.type}>"]
            at = entity.end
        self._recording.redacted(entities)
        return Redacted("".join([*pieces, text[at:]]), entities)

    def preview(self, text: str, *, rules: InForce, direction: Direction) -> PolicyPreview:
        """What other rules would make of `text`. Nothing is recorded: nothing goes anywhere. Raises PolicyBlock."""
        try:
            spans = rules.own.refine(text, analyze_any(text, analyze=self._analyzer.analyze))
        except StudioloError:
            raise
        except Exception:  # noqa: BLE001 - a pattern that took too long, or what nobody foresaw
            raise PolicyBlock(Code.FILTER_FAILED) from None
        return preview(text, spans, policy=rules.policy, direction=direction)

    def pseudonyms(self, library_id: str, *, reveal: bool = False) -> list[Pseudonym]:
        """The tokens of a library; with their values where the owner asks for them, which is recorded."""
        entries = self.table(library_id).entries(reveal=reveal)
        if reveal:
            self._recording.listed(entries, scope=library_id)
        return entries

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

    def _screen(self, text: str, library_id: str, way: _Way, spans: Iterable[Span]) -> Screened:
        table = self.table(library_id)
        own = way.rules.own
        folded = fold(text)
        found = [
            Match(span.type, *folded.folded(span.start, span.end), span.score, proven=span.score > 0.9)
            for span in spans
        ]
        found = own.without_allowed(folded.text, [*found, *own.entities(folded.text)])
        blocked = {match.type for match in found if way.action(match.type) is Action.BLOCK}
        if blocked:
            raise PolicyBlock(Code.BLOCKED_BY_POLICY, types=",".join(sorted(blocked)))
        again = own.without_allowed(folded.text, table.known_values(folded.text))
        look_alikes = [Match(LITERAL, start, end, 1.0, proven=True) for start, end, _ in _tokens(folded.text)]
        matches = resolve(folded.text, [match for match in (*found, *again, *look_alikes) if way.edits(match.type)])
        if way.edits(LITERAL):
            matches = sorted([*matches, *_uncovered(folded.text, matches)], key=lambda match: match.start)
        return self._apply(text, _values(folded, matches), table=table, way=way)

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

    def _apply(
        self,
        text: str,
        values: Iterable[tuple[str, int, int]],
        *,
        table: PseudonymTable,
        way: _Way,
    ) -> Screened:
        counts = Counter[str]()
        pieces: list[str] = []
        edits: list[Edit] = []
        at = length = 0
        for kind, first, end in values:
            start = max(first, at)  # a code point that folds to several belongs to the value before
            value = text[start:end]
            if way.action(kind) is Action.MASK:
                put = way.rules.policy.mask(kind, value)
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
        return Screened("".join(pieces), tuple(edits), Redaction.of(counts))


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
