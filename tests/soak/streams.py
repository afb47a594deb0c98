"""Answers cut at random on their way through the filter: the same bytes for every cut, and nothing leaks.

A round is one text a language, for the owner and for a reader who may see nothing, cut in random pieces, into single
code points, and into UTF-8 bytes inside characters. What leaks is measured against the rules on the whole text.
"""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from studiolo.types import Reader
from tests.soak.scenario import Round
from tests.stream_checks import compare, rules_alone, streamed, streamed_bytes
from tests.stream_texts import cut, cut_bytes, text

LANGUAGES = ("en", "zh")
CUTTINGS = 5  # random ones of a language in a round


class Streams:
    """The scenario: 2,000 rounds are 10,000 random cuttings of each language."""

    name = "streams"
    rounds = 2_000
    quick_s = 4.0

    def start(self, folder: Path) -> None:
        self._place = tempfile.TemporaryDirectory()
        self._screener = rules_alone(Path(self._place.name))

    def play(self, this: Round) -> None:
        for language in LANGUAGES:
            self._one(this.random, language)

    def _one(self, rng: random.Random, language: str) -> None:
        whole = text(rng, language=language)
        for reader in (Reader.OWNER, Reader.MASKED):
            leaks = compare(self._screener, whole, reader).leaks
            assert not leaks, f"{language}, {reader}: {leaks} of {whole!r}"
            shown = streamed(self._screener, [whole], reader)
            assert streamed(self._screener, list(whole), reader) == shown, f"{language}, {reader}: {whole!r}"
        for number in range(CUTTINGS):
            reader = Reader.MASKED if number % 2 else Reader.OWNER
            shown = streamed(self._screener, [whole], reader)
            pieces = cut(rng, whole)
            assert streamed(self._screener, pieces, reader) == shown, f"{language}, {reader}: {pieces!r}"
        raw = cut_bytes(rng, whole)
        assert streamed_bytes(self._screener, raw, reader) == shown, f"{language}, {reader}: {raw!r}"

    def stop(self) -> None:
        self._screener.close()
        self._place.cleanup()
