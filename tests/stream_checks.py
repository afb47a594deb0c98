"""What the stream's soak, bench and tests hold it against: the rules' own result on the whole text.

A leak is a letter or digit that the rules and the known values, asked about the whole text at once, cover for this
reader, and that the stream let through.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from studiolo.privacy.analyzer import Analyzer
from studiolo.privacy.filter import PrivacyFilter
from studiolo.privacy.normalize import fold
from studiolo.privacy.recognizers.base import Match
from studiolo.privacy.spans import resolve
from studiolo.privacy.stream import StreamScreen
from studiolo.privacy.tokens import Token, read_token
from studiolo.types import Reader
from tests.stream_texts import KNOWN

LIBRARY = "streams"
PEOPLE = 6  # of KNOWN


class KnownPeople:
    """Finds the people of KNOWN by their spelling."""

    def find(self, texts: Iterable[str]) -> list[list[Match]]:
        return [
            [Match("PERSON", at, at + len(name), 0.85) for name in KNOWN[:PEOPLE] if (at := text.find(name)) >= 0]
            for text in texts
        ]


def rules_alone(folder: Path) -> PrivacyFilter:
    """A filter without name models whose library knows the values of KNOWN."""
    known = PrivacyFilter(Analyzer.of(names=KnownPeople()), path=folder / "pseudonyms.db")
    for value in KNOWN:
        known.screen(f"{value}. password: Qwerty-77!x, phone", library_id=LIBRARY)
    known.close()
    return PrivacyFilter(Analyzer.of(names=None), path=folder / "pseudonyms.db")


def streamed(screener: PrivacyFilter, pieces: Iterable[str], reader: Reader) -> str:
    """What a reader sees of an answer that comes in these pieces."""
    stream = screener.stream(library_id=LIBRARY, reader=reader)
    return "".join([*map(stream.feed, pieces), stream.finish()])


def streamed_bytes(screener: PrivacyFilter, pieces: Iterable[bytes], reader: Reader) -> str:
    """The same for pieces of UTF-8, decoded as the model's are."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    return streamed(screener, [*(decoder.decode(piece) for piece in pieces), decoder.decode(b"", final=True)], reader)


def held_back(screener: PrivacyFilter, text: str, reader: Reader) -> list[int]:
    """How many code points are pending after each one that was fed."""
    stream = screener.stream(library_id=LIBRARY, reader=reader)
    held = []
    for character in text:
        stream.feed(character)
        pending = len(stream._pending)
        if stream._windows is not None:
            pending += len(stream._windows._pending)
        held.append(pending)
    return held


@dataclass(frozen=True, slots=True)
class Held:
    """What a text's stream did against the rules on the whole of it; stretches of folded text."""

    text: str
    leaks: tuple[tuple[str, int, int], ...]  # type, start, end of a value of which something was let through
    values: int
    beyond: int  # code points that only the stream masked


def compare(screener: PrivacyFilter, text: str, reader: Reader) -> Held:
    """The stream's masks against the whole text's."""
    whole = fold(text, expand=False).text
    stream = screener.stream(library_id=LIBRARY, reader=reader)
    covered = bytearray(len(whole))
    plain_step = stream._step

    def step(seen: str, at: int, *, final: bool) -> list[tuple[str | None, int]] | None:
        steps = plain_step(seen, at, final=final)
        base = len(whole) - len(seen)  # one feed: what is seen always reaches to the end
        for put, until in steps or ():
            if put is not None:
                covered[base + at : base + until] = b"\1" * (until - at)
            at = until
        return steps

    stream._step = step  # type: ignore[method-assign]
    stream.feed(text)
    stream.finish()
    tokens, values = reference(stream, whole)
    leaks = []
    expected = bytearray(len(whole))
    for match in values:
        expected[match.start : match.end] = b"\1" * (match.end - match.start)
        if any(
            whole[place].isalnum() and not covered[place] and not tokens[place]
            for place in range(match.start, match.end)
        ):
            leaks.append((match.type, match.start, match.end))
    beyond = sum(
        covered[place] and not expected[place] and not tokens[place] and whole[place].isalnum()
        for place in range(len(whole))
    )
    return Held(whole, tuple(leaks), len(values), beyond)


def reference(stream: StreamScreen, whole: str) -> tuple[bytearray, list[Match]]:
    """Where tokens stand in folded `whole`, and the values that rules and known values cover there."""
    tokens = bytearray(len(whole))
    at = 0
    while at < len(whole):
        found = read_token(whole, at, final=True)
        if isinstance(found, Token):
            tokens[at : found.end] = b"\1" * (found.end - at)
            at = found.end
        else:
            at += 1
    matches = [m for family in stream._families for m in family.find(whole) if m.type in stream._hidden]
    matches += stream._known.find(whole)
    apart = [m for m in matches if not any(tokens[m.start : m.end])]
    return tokens, resolve(whole, apart)
