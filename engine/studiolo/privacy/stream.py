"""Screening and restoring an answer while it is written.

Holds back only what could still become a token or a value; the output is the same however the stream is cut, because
every decision depends on the text to the left of a place and on the one unit that begins there (see `units.py`), never
on where a chunk ended. Ordinary text is passed over by one expression (`ordinary.py`), which changes no decision.
Tokens are restored in whatever brackets, case or spacing the model wrote them; text that merely looks like a token is
left alone. Values that the reader may not see are masked, known ones and new ones alike. What no unit holds whole
(names that a model finds, titles and addresses, what context gives away, a person's own patterns) is looked for a
sentence at a time (`windows.py`), where the reader may not see its type: what the owner may see never waits for it.

Not for several threads at once: one object an answer. Fails closed: after an exception nothing more is emitted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from studiolo.errors import Code, PolicyBlock, StudioloError
from studiolo.privacy.known import KnownValues
from studiolo.privacy.normalize import fold, is_han, unfolded
from studiolo.privacy.ordinary import HOT, KEYISH, ordinary
from studiolo.privacy.own import Own
from studiolo.privacy.policy import LITERAL, Policy, Sight
from studiolo.privacy.pseudonyms import PseudonymTable
from studiolo.privacy.recognizers.base import Family, Match
from studiolo.privacy.recognizers.secrets import key_before, phrase_end, secret_run
from studiolo.privacy.spans import SECRET, resolve
from studiolo.privacy.tokens import MORE, OPENERS, WORDS, Token, may_begin, read_token, token_text, unfinished
from studiolo.privacy.units import HAN, LONGEST, WORD, unit_end
from studiolo.privacy.windows import Names, Windows
from studiolo.types import Redaction

_CONTEXT = 96  # folded code points to the left that a rule may look at; more than CONTEXT_REACH and its patterns
_BEFORE = 24  # of them, where a value may have begun whose first words looked ordinary
_KEY_ZONE = 48  # code points behind a word of a key in which a secret may begin
_QUOTED = 122  # code points of a quoted secret, quotes included
_QUOTES = {'"': '"', "\u201c": "\u201d", "\u300c": "\u300d", "\u300e": "\u300f"}
_SECRETS = "secrets"  # the family
_WHOLE_TEXT_ONLY = frozenset({"titles", "addresses"})  # families whose values span many units
# Text that ends inside a word, behind a word's blank or inside a run that may be an address: more of it is needed.
_OPEN = re.compile(rf"[{WORD}]{{1,{LONGEST // 2}}} ?\Z|(?<![\w.])[{HAN}]{{1,6}}\Z")
_INSIDE_WORD = re.compile(rf"[{WORD}]*[0-9A-Za-z]").fullmatch
_SIGN = re.compile(r"[!#%^&*+=_~]")  # what makes a secret of a word that stands beside a key
_LABEL = re.compile("|".join(WORDS), re.IGNORECASE)


class StreamScreen:
    """One answer on its way to one reader."""

    def __init__(
        self,
        table: PseudonymTable,
        *,
        policy: Policy,
        reader: str,
        families: Sequence[Family],
        allowed: frozenset[str] | None = None,
        context: Sequence[Family] = (),
        own: Own | None = None,
        names: Names | None = None,
        left: str = "",
    ) -> None:
        """`names` finds names in a batch of folded texts, for a reader who may not see new ones either; None: rules
        alone. `context`: families that judge by context.

        `left`: what stands before the text, such as the key of a JSON value; it is context and never emitted.
        """
        self._table = table
        self._policy = policy
        self._reader = reader
        self._allowed = allowed
        self._own = own or Own()
        self._withholds = policy.withholds(reader)
        by_unit = [family for family in families if family.name not in _WHOLE_TEXT_ONLY]
        by_sentence: list[Family] = [self._own] if self._own.patterned else []
        if names is not None:
            by_sentence += [*(family for family in families if family.name in _WHOLE_TEXT_ONLY), *context]
        types = {kind for family in (*families, *context, self._own) for kind in family.types} | set(table.types())
        hidden = {kind for kind in types if policy.sight(kind, reader) is not Sight.SHOW}
        self._hidden = frozenset(hidden)
        self._families = [family for family in by_unit if not hidden.isdisjoint(family.types)]
        self._known: KnownValues = table.known(hidden)
        self._own.add_words(self._known, hidden)
        self._ordinary = ordinary(self._known.beginnings, addresses="EMAIL_ADDRESS" in hidden)
        self._windows: Windows | None = None
        by_sentence = [family for family in by_sentence if not hidden.isdisjoint(family.types)]
        if names is not None and policy.sight("PERSON", reader) is not Sight.SHOW:
            # A sentence is held back for its names anyway: so the rules see it whole. Secrets go over many lines, and
            # known values over a sentence's end: those are found by the unit, before.
            by_sentence += [family for family in self._families if family.name != _SECRETS]
            self._families = [family for family in self._families if family.name == _SECRETS]
        else:
            names = _no_names
        if by_sentence:
            self._windows = Windows(names, families=by_sentence, hidden=self._is_hidden, shown=self._mask)
        self._pending = ""  # not emitted yet, as the model wrote it
        self._inside_word = False  # nothing is pending but the beginning of a word
        self._left = fold(left, expand=False).text[-_CONTEXT:]  # folded text before it
        self._zone = _KEY_ZONE if KEYISH.search(self._left) else 0
        self._withheld: list[str] = []  # for a reader from whom a whole answer may be withheld
        self._counts: Counter[str] = Counter()
        self._broken = False
        self._plain = not (self._windows or self._withholds)

    @property
    def redactions(self) -> tuple[Redaction, ...]:
        """Tokens and values met so far, by type."""
        return Redaction.of(self._counts)

    def feed(self, chunk: str) -> str:
        """Take the next piece; give what can be emitted now. Raises PolicyBlock."""
        if self._inside_word and self._lengthens(chunk):
            self._pending += chunk
            return ""
        if self._plain and self._zone <= 0 and (out := self._glide(chunk)) is not None:
            return out
        return self._advance(chunk, final=False)

    def finish(self) -> str:
        """The rest, at the end of the answer. Raises PolicyBlock."""
        return self._advance("", final=True)

    def cut_short(self) -> str:
        """The model was stopped in the middle: forget what it had written of a token at the end, and give it.

        Only what could have become a token that is restored here; `<PERSON_1` too, where there is a `<PERSON_12>`.
        """
        folded = fold(self._pending, expand=False)
        text, left = self._left + folded.text, len(self._left)
        for start in range(left, len(text)):
            name = unfinished(text, start)
            if name is not None and self._begins_another(name):
                at = folded.original(start - left, start - left + 1)[0]
                gone, self._pending = self._pending[at:], self._pending[:at]
                self._inside_word = False
                return gone
        return ""

    def _begins_another(self, name: str) -> bool:
        """Whether a token that may be restored begins with `name` and goes on."""
        return self._allowed is None or any(
            one != name and one.startswith(name) and self._table.entry(one) is not None for one in self._allowed
        )

    def _advance(self, chunk: str, *, final: bool) -> str:
        if self._broken:
            raise PolicyBlock(Code.FILTER_FAILED)
        try:
            out = self._scan(chunk, final=final)
            if self._windows is not None:
                out = self._windows.feed(out, ahead=self._ahead()) + (self._windows.finish() if final else "")
        except StudioloError:
            self._break()
            raise
        except Exception:  # noqa: BLE001 - fails closed: what is pending is never emitted
            self._break()
            raise PolicyBlock(Code.FILTER_FAILED) from None
        if not self._withholds:
            return out
        self._withheld.append(out)
        if not final:
            return ""
        out = "".join(self._withheld)
        self._withheld.clear()
        return out

    def _ahead(self) -> str:
        """What comes next, where that ends a sentence whatever will be shown for it: a token may become anything."""
        return self._pending[:1] if is_han(self._pending[:1] or " ") else ""

    def _break(self) -> None:
        self._broken, self._plain, self._inside_word = True, False, False

    def _lengthens(self, chunk: str) -> bool:
        """Whether a piece only makes the word longer that is pending."""
        fits = len(self._pending) + len(chunk) < LONGEST // 2
        return fits and chunk.isascii() and _INSIDE_WORD(chunk) is not None

    def _glide(self, chunk: str) -> str | None:
        """What `_scan` would give, for a piece that nothing but ordinary text comes with; None: not such a piece."""
        pending = self._pending + chunk
        if pending.isascii():
            if "\t" in pending:
                return None
        elif not unfolded(pending):
            return None
        text = self._left + pending
        at = len(self._left)
        cold = self._ordinary.match(text, at)
        end = at if cold is None else cold.end()
        if end < len(text) and _OPEN.match(text, end) is None:
            return None
        if end > at:
            self._left = text[max(0, end - _CONTEXT) : end]
        self._pending = rest = text[end:]
        self._inside_word = rest.isascii() and _INSIDE_WORD(rest) is not None
        return text[at:end]

    def _scan(self, chunk: str, *, final: bool) -> str:
        self._pending += chunk
        folded = fold(self._pending, expand=False)
        left = at = len(self._left)
        text = self._left + folded.text
        out: list[str] = []
        emitted = 0  # code points of `_pending`
        passed = self._ordinary.match

        while at < len(text):
            if self._zone <= 0 and (cold := passed(text, at)) is not None:
                stop = folded.original(at - left, cold.end() - left)[1]
                out.append(self._pending[emitted:stop])
                emitted, at = stop, cold.end()
                continue
            if not final and _OPEN.match(text, at) is not None:
                break
            step = self._step(text, at, final=final)
            if step is None:
                break
            self._zone -= step[-1][1] - at
            if KEYISH.search(text, at, step[-1][1]):
                self._zone = _KEY_ZONE
            for put, until in step:
                start, stop = folded.original(at - left, until - left)
                # Invisible code points before a value are none of its own.
                out.append(self._pending[emitted:stop] if put is None else self._pending[emitted:start] + put)
                if put is not None:
                    self._replaced(start, stop, put)
                emitted, at = stop, until
        else:
            if final:
                out.append(self._pending[emitted:])  # invisible code points behind the last visible one
                emitted = len(self._pending)
        self._left = text[max(0, at - _CONTEXT) : at]
        self._pending = self._pending[emitted:]
        self._inside_word = self._pending.isascii() and _INSIDE_WORD(self._pending) is not None
        return "".join(out)

    def _replaced(self, start: int, stop: int, put: str) -> None:
        """What was pending from `start` to `stop` is emitted as `put`."""

    def _step(self, text: str, at: int, *, final: bool) -> list[tuple[str | None, int]] | None:
        """What to emit from text[at] on: (replacement or None for the text itself, up to where). None: wait."""
        token = read_token(text, at, final=final)
        if token == MORE:
            return None
        if isinstance(token, Token):
            return [(self._restored(token), token.end)]
        keyed = self._zone > 0 and SECRET in self._hidden
        secret = self._secret_end(text, at, final=final) if keyed else at
        if secret is None:
            return None
        end = unit_end(text, at, final=final)
        while end is not None and end < secret:  # what begins inside a secret's run may reach further
            end = unit_end(text, end, final=final)
        if end is not None and end < len(text) and SECRET in self._hidden and _sets_a_key(text, at, end):
            run = secret_run(text, end, final=final)  # a bracket ends a word, and no secret
            if run is None:
                return None
            while end is not None and end < run:
                end = unit_end(text, end, final=final)
        inside = None if end is None else self._inside(text, at, end, final=final)
        if inside is None:
            return None
        end, values = inside
        if HOT.search(text, at, end) or (keyed and (secret > at or _SIGN.search(text, at, end))):
            values += self._ruled(text, at, end)
        steps: list[tuple[str | None, int]] = []
        for match in resolve(text, values) if values else ():
            if match.start > at:
                steps.append((None, match.start))
            raw = text[match.start : match.end]
            steps.append((self._shown(match.type, raw, raw), match.end))
            at = match.end
        if at < end:
            steps.append((None, end))
        return steps

    def _ruled(self, text: str, at: int, end: int) -> Iterator[Match]:
        """What the rules find in text[at:end]. A value that began further left is masked from `at` on."""
        base = max(0, at - _CONTEXT)
        window = text[base:end]  # so that nothing depends on what happens to have come already
        first = at - base
        for family in self._families:
            for match in family.find(window, max(0, first - _BEFORE), len(window)):
                if match.type in self._hidden and match.end > first:
                    start = max(match.start, first)
                    yield Match(match.type, base + start, base + match.end, match.score, match.proven)

    def _inside(self, text: str, at: int, end: int, *, final: bool) -> tuple[int, list[Match]] | None:
        """Where the unit ends, a token inside it being an end, and the known values that begin in it. None: wait."""
        values: list[Match] = []
        labelled = _LABEL.search(text, at, end) is not None
        known = bool(self._known)
        if not labelled and not known and not any(opener in text[at:end] for opener in OPENERS):
            return end, values
        for place in range(at, end):
            if place > at and (text[place] in OPENERS or (labelled and may_begin(text, place))):
                inner = read_token(text, place, final=final)
                if inner == MORE:
                    return None
                if isinstance(inner, Token):
                    return place, values
            value = self._known.at(text, place, final=final) if known else None
            if value == MORE:
                return None
            if isinstance(value, Match):
                values.append(value)
        return end, values

    def _secret_end(self, text: str, at: int, *, final: bool) -> int | None:
        """The end of what may be a secret that a key announces; `at` where there is none; None while not known."""
        phrase = phrase_end(text, at, final=final)
        if phrase != at:
            return phrase
        if not key_before(text, at):
            return at
        closer = _QUOTES.get(text[at])
        opened = _QUOTES.get(text[at - 1]) if closer is None else None
        if closer or opened:
            stop = min(len(text), at + _QUOTED)
            closing = text.find(closer or opened or "", at + 1, stop)
            line = text.find("\n", at, stop)
            if closing >= 0 and (line < 0 or line > closing):
                return closing + (closer is not None)
            if line < 0 and len(text) < at + _QUOTED and not final:
                return None
            if closer:
                return at
        return secret_run(text, at, final=final)

    def _restored(self, token: Token) -> str | None:
        """What the reader sees for a token; None (the text as it is) where it is none of this library's."""
        entry = self._table.entry(token.name)
        if entry is None or (self._allowed is not None and token.name not in self._allowed):
            return None
        return self._shown(entry.type, entry.value, entry.value)

    def _shown(self, kind: str, value: str, shown: str) -> str:
        if kind != LITERAL:
            self._counts[kind] += 1
        if self._own.permits(kind, value):
            return shown
        sight = self._policy.sight(kind, self._reader)
        if sight is Sight.WITHHOLD:
            raise PolicyBlock(Code.BLOCKED_BY_POLICY, types=kind)
        if sight is Sight.TOKEN:
            return token_text(self._table.token(kind, value))
        return self._policy.mask(kind, value) if sight is Sight.MASK else shown

    def _mask(self, kind: str, value: str) -> str:
        return self._shown(kind, value, value)

    def _is_hidden(self, kind: str) -> bool:
        return self._policy.sight(kind, self._reader) is not Sight.SHOW


def _no_names(texts: Sequence[str]) -> list[tuple[Match, ...]]:
    return [() for _ in texts]


def _sets_a_key(text: str, start: int, end: int) -> bool:
    """Whether text[start:end] is like `api_key=...`, key and secret in one."""
    signs = (text.find(sign, start, end) for sign in "=:")
    return max(signs) >= 0 and KEYISH.search(text, start, end) is not None
