"""Screening and restoring an answer while it is written.

Holds back only what could still become a token or a value; the output is the same however the stream is cut, because
every decision depends on the text to the left of a place and on the one unit that begins there (see `units.py`), never
on where a chunk ended. Tokens are restored in whatever brackets, case or spacing the model wrote them; text that
merely looks like a token is left alone. Values that the reader may not see are masked, known ones and new ones alike.

Not for several threads at once: one object an answer. Fails closed: after an exception nothing more is emitted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from studiolo.errors import Code, PolicyBlock, StudioloError
from studiolo.privacy.known import KnownValues
from studiolo.privacy.normalize import fold
from studiolo.privacy.policy import LITERAL, Policy, Sight
from studiolo.privacy.pseudonyms import PseudonymTable
from studiolo.privacy.recognizers.base import Family, Match
from studiolo.privacy.recognizers.secrets import key_before, secret_run
from studiolo.privacy.spans import SECRET, resolve
from studiolo.privacy.tokens import MORE, Token, may_begin, read_token
from studiolo.privacy.units import unit_end
from studiolo.types import Reader, Redaction

_CONTEXT = 96  # folded code points to the left that a rule may look at; more than CONTEXT_REACH and its patterns
_WHOLE_TEXT_ONLY = frozenset({"titles", "addresses"})  # families whose values span many units


class StreamScreen:
    """One answer on its way to one reader."""

    def __init__(
        self,
        table: PseudonymTable,
        *,
        policy: Policy,
        reader: Reader,
        families: Sequence[Family],
        allowed: frozenset[str] | None = None,
    ) -> None:
        self._table = table
        self._policy = policy
        self._reader = reader
        self._allowed = allowed
        types = {kind for family in families for kind in family.types} | set(table.types())
        hidden = {kind for kind in types if policy.sight(kind, reader) is not Sight.SHOW}
        self._hidden = frozenset(hidden)
        self._families = [f for f in families if f.name not in _WHOLE_TEXT_ONLY and not hidden.isdisjoint(f.types)]
        self._known: KnownValues = table.known(hidden)
        self._pending = ""  # not emitted yet, as the model wrote it
        self._left = ""  # folded text before it
        self._withheld: list[str] = []  # for a reader from whom a whole answer may be withheld
        self._counts: Counter[str] = Counter()
        self._broken = False

    @property
    def redactions(self) -> tuple[Redaction, ...]:
        """Tokens and values met so far, by type."""
        return tuple(Redaction(kind, self._counts[kind]) for kind in sorted(self._counts))

    def feed(self, chunk: str) -> str:
        """Take the next piece; give what can be emitted now. Raises PolicyBlock."""
        return self._advance(chunk, final=False)

    def finish(self) -> str:
        """The rest, at the end of the answer. Raises PolicyBlock."""
        return self._advance("", final=True)

    def _advance(self, chunk: str, *, final: bool) -> str:
        if self._broken:
            raise PolicyBlock(Code.FILTER_FAILED)
        try:
            out = self._scan(chunk, final=final)
        except StudioloError:
            self._broken = True
            raise
        except Exception:  # noqa: BLE001 - fails closed: what is pending is never emitted
            self._broken = True
            raise PolicyBlock(Code.FILTER_FAILED) from None
        if self._reader is not Reader.BLOCKED:
            return out
        self._withheld.append(out)
        if not final:
            return ""
        out = "".join(self._withheld)
        self._withheld.clear()
        return out

    def _scan(self, chunk: str, *, final: bool) -> str:
        self._pending += chunk
        folded = fold(self._pending, expand=False)
        left = len(self._left)
        text = self._left + folded.text
        out: list[str] = []
        at = left
        emitted = 0  # code points of `_pending`

        while at < len(text):
            step = self._step(text, at, final=final)
            if step is None:
                break
            for put, until in step:
                start, stop = folded.original(at - left, until - left)
                # Invisible code points before a value are none of its own.
                out.append(self._pending[emitted:stop] if put is None else self._pending[emitted:start] + put)
                emitted, at = stop, until
        else:
            if final:
                out.append(self._pending[emitted:])  # invisible code points behind the last visible one
                emitted = len(self._pending)
        self._left = text[:at][-_CONTEXT:]
        self._pending = self._pending[emitted:]
        return "".join(out)

    def _step(self, text: str, at: int, *, final: bool) -> list[tuple[str | None, int]] | None:
        """What to emit from text[at] on: (replacement or None for the text itself, up to where). None: wait."""
        token = read_token(text, at, final=final)
        if token == MORE:
            return None
        if isinstance(token, Token):
            return [(self._restored(token), token.end)]
        end = self._unit_end(text, at, final=final)
        inside = None if end is None else self._inside(text, at, end, final=final)
        if inside is None:
            return None
        end, values = inside
        for family in self._families:
            values += [match for match in family.find(text, at, end) if match.type in self._hidden]
        steps: list[tuple[str | None, int]] = []
        for match in resolve(text, values):
            if match.start > at:
                steps.append((None, match.start))
            raw = text[match.start : match.end]
            steps.append((self._shown(match.type, raw, raw), match.end))
            at = match.end
        if at < end:
            steps.append((None, end))
        return steps

    def _inside(self, text: str, at: int, end: int, *, final: bool) -> tuple[int, list[Match]] | None:
        """Where the unit ends, a token inside it being an end, and the known values that begin in it. None: wait."""
        values: list[Match] = []
        for place in range(at, end):
            if place > at and may_begin(text, place):
                inner = read_token(text, place, final=final)
                if inner == MORE:
                    return None
                if isinstance(inner, Token):
                    return place, values
            value = self._known.at(text, place, final=final)
            if value == MORE:
                return None
            if isinstance(value, Match):
                values.append(value)
        return end, values

    def _unit_end(self, text: str, at: int, *, final: bool) -> int | None:
        if SECRET in self._hidden and key_before(text, at):
            end = secret_run(text, at, final=final)
            if end is None or end > at:
                return end
        return unit_end(text, at, final=final)

    def _restored(self, token: Token) -> str | None:
        """What the reader sees for a token; None (the text as it is) where it is none of this library's."""
        entry = self._table.entry(token.name)
        if entry is None or (self._allowed is not None and token.name not in self._allowed):
            return None
        return self._shown(entry.type, entry.value, entry.value)

    def _shown(self, kind: str, value: str, shown: str) -> str:
        if kind != LITERAL:
            self._counts[kind] += 1
        sight = self._policy.sight(kind, self._reader)
        if sight is Sight.WITHHOLD:
            raise PolicyBlock(Code.BLOCKED_BY_POLICY, types=kind)
        return self._policy.mask(kind, value) if sight is Sight.MASK else shown
