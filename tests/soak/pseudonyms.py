"""Pseudonyms under load: conversations about two hundred people by eight at once, and round trips of whole texts.

Holds whenever: a token stands for one value, a value has one token, neither ever changes, also when the file is opened
anew; what was met once is masked again wherever it occurs; a token comes back however a model wrote it; a text that was
screened comes back byte for byte.
"""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from pathlib import Path

from studiolo.privacy.filter import PrivacyFilter
from studiolo.privacy.pseudonyms import key_of
from studiolo.privacy.recognizers.lexicon import COMMON, NAME_WORDS
from studiolo.types import Reader
from tests.mangling import WAYS
from tests.soak.invented import Person, people, screener_for, sentence, text_with_values
from tests.soak.scenario import Round

LIBRARY = "library:soak"
AGAIN = ("Ask {} today.", "({})", "re: {}\nthanks", "“{}”", "cc {}, others", "转告{}，谢谢", "{}。", "和{}说")
MANGLED = ("{}", "The tenant is {}.", "租客是{}，", "1. {}\n2. other", "see {}; then")


@dataclass
class Tally:
    """What was counted; shares are of these."""

    tokens: int = 0
    collisions: int = 0
    again: int = 0
    again_of: int = 0
    restored: int = 0
    restored_of: int = 0
    misses: list[str] = field(default_factory=list, repr=False)  # ways and shapes, for whoever looks into a failure

    def add(self, other: Tally) -> None:
        for name in ("tokens", "collisions", "again", "again_of", "restored", "restored_of"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.misses += other.misses


class Pseudonyms:
    """A round is eight conversations at once over one library, of 50 turns each, about 200 people."""

    name = "pseudonyms"
    rounds = 100
    quick_s = 8.0

    def start(self, folder: Path) -> None:
        pass

    def play(self, this: Round) -> None:
        found = conversations(this.folder / str(this.number), source=this.random)
        assert found.collisions == 0, f"{found.collisions} collisions"
        assert found.again >= 0.995 * found.again_of, f"masked again {found.again} of {found.again_of}"
        assert found.restored >= 0.98 * found.restored_of, f"restored {found.restored} of {found.restored_of}"

    def stop(self) -> None:
        pass


class RoundTrip:
    """A round is one text, in turn English and Chinese, all over one library."""

    name = "roundtrip"
    rounds = 2_000
    quick_s = 5.0

    def start(self, folder: Path) -> None:
        self._people = people(200, source=random.Random("roundtrip"))
        self._screener = screener_for(folder, self._people)

    def play(self, this: Round) -> None:
        text = text_with_values(self._people, source=this.random, chinese=this.number % 2 == 1)
        assert round_trip(self._screener, text) == text, "a text did not come back as it was"

    def stop(self) -> None:
        self._screener.close()


def round_trip(screener: PrivacyFilter, text: str) -> str:
    """`text` screened and restored for its owner."""
    screened = screener.screen(text, library_id=LIBRARY, direction="passage")
    return screener.restore(screened.text, library_id=LIBRARY, reader=Reader.OWNER)


def conversations(folder: Path, *, source: random.Random, threads: int = 8, turns: int = 50, count: int = 200) -> Tally:
    """Play `threads` conversations at once over one library and check what became of it. Leaves nothing in `folder`."""
    import shutil

    everybody = people(count, source=source)
    screener = screener_for(folder, everybody)
    try:
        heard = _talk(screener, everybody, source=source, threads=threads, turns=turns)
        tally = Tally(tokens=len(screener.table(LIBRARY).entries()), collisions=_collisions(heard))
        screener.close()
        screener = screener_for(folder, everybody)  # as at the next start
        kept = {entry.token: entry.value for entry in screener.table(LIBRARY).entries(reveal=True)}
        tally.collisions += sum(
            key_of(kind, kept.get(token, "")) != key_of(kind, value) for (kind, value), token in heard[0].items()
        )
        _again(screener, kept, tally)
        _mangled(screener, kept, tally, source=source)
        return tally
    finally:
        screener.close()
        shutil.rmtree(folder)


def _talk(
    screener: PrivacyFilter, everybody: list[Person], *, source: random.Random, threads: int, turns: int
) -> list[dict[tuple[str, str], str]]:
    """What each conversation heard: (type, value) -> token."""
    heard: list[dict[tuple[str, str], str]] = [{} for _ in range(threads)]
    broken: list[str] = []

    def talk(number: int, mine: random.Random) -> None:
        for turn in range(turns):
            texts = [sentence(everybody, source=mine, chinese=(turn + number) % 2 == 1) for _ in range(4)]
            for text, direction in zip(texts, ("passage", "passage", "passage", "question"), strict=True):
                screened = screener.screen(text, library_id=LIBRARY, direction=direction)
                for edit in screened.edits:
                    value = (edit.type, text[edit.start : edit.end])
                    token = screened.text[edit.new_start : edit.new_end].strip("<>")
                    if heard[number].setdefault(value, token) != token:
                        broken.append("a value got another token")

    workers = [
        threading.Thread(target=talk, args=(number, random.Random(source.random())), name=f"talk-{number}")
        for number in range(threads)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not broken, broken[0]
    return heard


def _collisions(heard: list[dict[tuple[str, str], str]]) -> int:
    """Values with two tokens, and tokens with two values, over all conversations."""
    everything: dict[tuple[str, str], set[str]] = {}
    values: dict[str, set[str]] = {}
    for one in heard:
        for (kind, value), token in one.items():
            everything.setdefault((kind, value), set()).add(token)
            values.setdefault(token, set()).add(key_of(kind, value))
    doubled = sum(len(tokens) > 1 for tokens in everything.values())
    return doubled + sum(len(keys) > 1 for keys in values.values())


def _again(screener: PrivacyFilter, kept: dict[str, str], tally: Tally) -> None:
    """Every value in texts in which no finder looks: what is known must be found by being known."""
    for token, value in kept.items():
        for template in AGAIN:
            text = template.format(value)
            screened = screener.screen(text, library_id=LIBRARY, direction="passage", spans=())
            found = screened.text == template.format(f"<{token}>")
            tally.again += found
            tally.again_of += 1
            if not found:
                tally.misses.append(f"again: {template!r} {value in COMMON or value.casefold() in NAME_WORDS}")


def _mangled(screener: PrivacyFilter, kept: dict[str, str], tally: Tally, *, source: random.Random) -> None:
    """Tokens written in every way, in some sentence each."""
    for token in source.sample(sorted(kept), min(60, len(kept))):
        for way in WAYS:
            template = source.choice(MANGLED)
            answer = template.format(way.write(token))
            restored = screener.restore(answer, library_id=LIBRARY, reader=Reader.OWNER)
            right = restored == template.format(way.left.format(kept[token]))
            tally.restored += right
            tally.restored_of += 1
            if not right:
                tally.misses.append(f"mangled: {way.name}")
