"""What of the filter's work goes into the audit log: types and counts, taken from what was screened.

Without a log nothing is recorded. A value is looked at here only for its length. Threads: any; an `AuditedStream` is
one thread's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

from studiolo.errors import Code, PolicyBlock, StudioloError
from studiolo.privacy.audit import AuditLog
from studiolo.privacy.recognizers.base import Family
from studiolo.privacy.stream import StreamScreen
from studiolo.types import AuditFound, Entity, Pseudonym, Reader, Redaction, Screened, Span

KNOWN = "known"
STREAM = "stream"
_NAMES = ("PERSON", "LOCATION", "ORGANIZATION")
_LITERAL = "LITERAL"  # text that merely looks like a token: no value


class Recording:
    """Turns what the filter did into records of `log`, where there is one."""

    def __init__(self, log: AuditLog | None, *, families: Callable[[], Sequence[Family]]) -> None:
        self._log = log
        self._families = families
        self._rules: dict[str, str] = {}

    def screened(self, screened: Screened, *, scope: str, direction: str, spans: Iterable[Span]) -> None:
        """A text was screened on its way in. `spans`: what the rules had found in it."""
        if self._log is None:
            return
        starts = {span.start for span in spans}
        kinds = [
            (edit.type, self._rule(edit.type) if edit.start in starts else KNOWN, edit.end - edit.start)
            for edit in screened.edits
            if edit.type != _LITERAL
        ]
        self._log.record("screened", direction=direction, scope=scope, found=_summed(kinds))

    @contextmanager
    def guarded(
        self, *, scope: str, direction: str = "", reader: str = "", spans: Iterable[Span] = ()
    ) -> Iterator[None]:
        """Record that the filter refused or failed, if it does."""
        try:
            yield
        except PolicyBlock as error:
            self._refused(error, scope=scope, direction=direction, reader=reader, spans=spans)
            raise

    def redacted(self, entities: Iterable[Entity]) -> None:
        """A text was redacted for a script."""
        if self._log is not None:
            kinds = [(one.type, self._rule(one.type), one.end - one.start) for one in entities]
            self._log.record("redacted", found=_summed(kinds))

    def revealed(self, kind: str, value: str, *, scope: str) -> None:
        """The owner was shown one value."""
        if self._log is not None:
            found = (AuditFound(kind, KNOWN, 1, len(value)),)
            self._log.record("revealed", reader=str(Reader.OWNER), scope=scope, found=found)

    def listed(self, entries: Iterable[Pseudonym], *, scope: str) -> None:
        """The owner was shown the values of a whole table."""
        if self._log is not None:
            found = _summed((one.type, KNOWN, len(one.value)) for one in entries)
            self._log.record("revealed", reader=str(Reader.OWNER), scope=scope, found=found)

    def restored(self, redactions: Iterable[Redaction], *, scope: str, reader: str) -> None:
        """A stored text was given to a reader who is not the owner."""
        if self._log is not None and reader != Reader.OWNER:
            self._log.record("restored", reader=str(reader), scope=scope, found=_of_stream(redactions))

    def stream(self, screen: StreamScreen, *, scope: str, reader: str) -> StreamScreen | AuditedStream:
        """The stream, recorded when it ends."""
        return screen if self._log is None else AuditedStream(screen, self._log, scope=scope, reader=reader)

    def _refused(self, error: PolicyBlock, *, scope: str, direction: str, reader: str, spans: Iterable[Span]) -> None:
        if self._log is not None:
            _refusal(self._log, error, scope=scope, direction=direction, reader=reader, spans=spans, rule=self._rule)

    def _rule(self, kind: str) -> str:
        """The names of the families that find a type."""
        if not self._rules:
            by_type: dict[str, list[str]] = {name: ["names"] for name in _NAMES}
            for family in self._families():
                for one in family.types:
                    by_type.setdefault(one, []).append(family.name)
            self._rules = {one: "+".join(dict.fromkeys(names)) for one, names in by_type.items()}
        return self._rules.get(kind, "other")


class AuditedStream:
    """A screen of an answer whose end is recorded: finished, refused, or left by its reader."""

    def __init__(self, screen: StreamScreen, log: AuditLog, *, scope: str, reader: str) -> None:
        self._screen = screen
        self._log = log
        self._scope = scope
        self._reader = reader
        self._ended = False

    @property
    def redactions(self) -> tuple[Redaction, ...]:
        """Tokens and values met so far, by type."""
        return self._screen.redactions

    def feed(self, chunk: str) -> str:
        """Take the next piece; give what can be emitted now. Raises PolicyBlock."""
        try:
            return self._screen.feed(chunk)
        except PolicyBlock as error:
            self._refused(error)
            raise

    def cut_short(self) -> str:
        """The model was stopped in the middle: see `StreamScreen.cut_short`."""
        return self._screen.cut_short()

    def finish(self) -> str:
        """The rest, at the end of the answer. Raises PolicyBlock."""
        try:
            rest = self._screen.finish()
        except PolicyBlock as error:
            self._refused(error)
            raise
        self._end("answer")
        return rest

    def __del__(self) -> None:
        with suppress(StudioloError):
            self._end("left")

    def _refused(self, error: PolicyBlock) -> None:
        if not self._ended:
            self._ended = True
            _refusal(self._log, error, scope=self._scope, direction="answer", reader=str(self._reader))

    def _end(self, event: str) -> None:
        if not self._ended:
            self._ended = True
            found = _of_stream(self._screen.redactions)
            self._log.record(event, direction="answer", reader=str(self._reader), scope=self._scope, found=found)


def _refusal(
    log: AuditLog,
    error: PolicyBlock,
    *,
    scope: str,
    direction: str,
    reader: str,
    spans: Iterable[Span] = (),
    rule: Callable[[str], str] = lambda _kind: STREAM,
) -> None:
    types = str(error.values.get("types", "")).split(",")
    kinds = [(span.type, rule(span.type), span.end - span.start) for span in spans if span.type in types]
    if not kinds:
        kinds = [(kind, STREAM, 0) for kind in types if kind]
    event = "failed" if error.code is Code.FILTER_FAILED else "blocked"
    log.record(event, direction=direction, reader=reader, scope=scope, found=_summed(kinds))


def _of_stream(redactions: Iterable[Redaction]) -> list[AuditFound]:
    return [AuditFound(one.type, STREAM, one.count) for one in redactions]


def _summed(kinds: Iterable[tuple[str, str, int]]) -> list[AuditFound]:
    counts: Counter[tuple[str, str]] = Counter()
    lengths: Counter[tuple[str, str]] = Counter()
    for kind, rule, length in kinds:
        counts[kind, rule] += 1
        lengths[kind, rule] += length
    return [AuditFound(*key, counts[key], lengths[key]) for key in sorted(counts)]
