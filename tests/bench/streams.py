"""The answer's stream: code points held back, milliseconds for 500 code points, and its share of an answer's time.

Needs no data set: texts are made from fixed seeds (`tests/stream_texts.py`). "Prose" has nothing in it that looks like
a value, "answer" has a pseudonym, a value or a look-alike every two or three sentences, "dense" is the soak's text, in
which every third piece is one. Pieces are of a model's size (four code points of English, two of Chinese). The share is
what screening adds to the time of an answer that a model writes at 30 tokens a second, one piece a token. With names:
the two models find new ones, for a reader who may not see them; what leaks there is measured against the models' own
result on the whole answer.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.privacy.analyzer import Analyzer
from studiolo.privacy.filter import PrivacyFilter
from studiolo.types import Reader
from tests.stream_checks import LIBRARY, compare, held_back, rules_alone, streamed
from tests.stream_texts import answer, cut, ordinary, text

LENGTH = 500  # code points of a text whose time is taken
TEXTS = 120
TOKENS_A_SECOND = 30
PIECE = {"en": 4, "zh": 2}
CUTTINGS = 10_000
PEOPLE = {
    "en": ("Ingrid Vasquez", "Tobias Lindqvist", "Helen Marsh", "Omar Haddad", "Grace Whitfield"),
    "zh": ("张伟民", "刘晓燕", "李国强", "赵敏", "孙志远"),
}
SAID = {
    "en": ("{} signed the lease in March. ", "The deposit was paid by {} last week, as agreed. ", "Please ask {}. "),
    "zh": ("{}在三月签了合同。", "押金上周由{}支付，双方已经确认。", "请联系{}。"),
}


def texts(kind: str, language: str) -> list[str]:
    make = {"prose": ordinary, "answer": answer, "dense": text}[kind]
    return [make(random.Random(f"{kind} {n}"), language=language, parts=70)[:LENGTH] for n in range(TEXTS)]


def feed_ms(screener: PrivacyFilter, whole: str, *, reader: Reader, size: int) -> tuple[float, int]:
    """Milliseconds of the thread for a text in pieces, and how many pieces it was."""
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
    stream = screener.stream(library_id=LIBRARY, reader=reader)
    began = time.perf_counter()
    for piece in pieces:
        stream.feed(piece)
    stream.finish()
    return (time.perf_counter() - began) * 1000, len(pieces)


def at(held: Sequence[int], share: float) -> int:
    return held[min(len(held) - 1, int(len(held) * share))]


def speed(screener: PrivacyFilter) -> str:
    lines = [
        f"### Rules and known values, medians of {TEXTS} texts of {LENGTH} code points", "",
        "| text | language | reader | ms in pieces | ms at once | us a piece | % of an answer's time |",
        "|---|---|---|---:|---:|---:|---:|",
    ]  # fmt: skip
    for kind in ("prose", "answer", "dense"):
        for language, size in PIECE.items():
            made = texts(kind, language)
            for reader in (Reader.OWNER, Reader.MASKED):
                feed_ms(screener, made[0], reader=reader, size=size)
                times = [feed_ms(screener, one, reader=reader, size=size) for one in made]
                whole = statistics.median(feed_ms(screener, one, reader=reader, size=LENGTH)[0] for one in made)
                middle = statistics.median(ms for ms, _ in times)
                piece = statistics.median(ms / count for ms, count in times)
                share = piece / (1000 / TOKENS_A_SECOND) * 100
                lines.append(
                    f"| {kind} | {language} | {reader.value} | {middle:.2f} | {whole:.2f} | {piece * 1000:.1f} "
                    f"| {share:.3f} |"
                )
    return "\n".join(lines) + "\n"


def held(screener: PrivacyFilter) -> str:
    lines = [
        "### Held back after each code point, rules and known values", "",
        "| text | language | reader | median | p99 | longest |", "|---|---|---|---:|---:|---:|",
    ]  # fmt: skip
    for kind in ("prose", "answer", "dense"):
        for language in PIECE:
            for reader in (Reader.OWNER, Reader.MASKED):
                pending = sorted(n for one in texts(kind, language) for n in held_back(screener, one, reader))
                lines.append(
                    f"| {kind} | {language} | {reader.value} | {at(pending, 0.5)} | {at(pending, 0.99)} "
                    f"| {pending[-1]} |"
                )
    return "\n".join(lines) + "\n"


def cuttings(screener: PrivacyFilter) -> str:
    """Every cut gives the same; what the rules cover on the whole text is covered."""
    lines = [
        f"### {CUTTINGS:,} random cuttings a language", "",
        "| language | texts | values | values that leak | cuttings that differ | letters masked beyond |",
        "|---|---:|---:|---:|---:|---:|",
    ]  # fmt: skip
    each = 10
    for language in PIECE:
        values = leaks = differ = beyond = 0
        for number in range(CUTTINGS // each):
            rng = random.Random(f"cuttings {language} {number}")
            whole = text(rng, language=language)
            for reader in (Reader.OWNER, Reader.MASKED):
                result = compare(screener, whole, reader)
                values, leaks, beyond = values + result.values, leaks + len(result.leaks), beyond + result.beyond
                shown = streamed(screener, [whole], reader)
                differ += sum(streamed(screener, cut(rng, whole), reader) != shown for _ in range(each // 2))
        lines.append(f"| {language} | {CUTTINGS // each:,} | {values:,} | {leaks} | {differ} | {beyond} |")
    return "\n".join(lines) + "\n"


def with_names(screener: PrivacyFilter, analyzer: Analyzer) -> str:
    """New names in an answer: how many of those that the models find in the whole answer the windows miss."""
    lines = [
        "### New names, sentence by sentence", "",
        "| language | found in the whole | of them shown | sentence, p99 | held back, median | p99 | ms CPU for 500 |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]  # fmt: skip
    for language, people in PEOPLE.items():
        found = shown = 0
        sentences: list[int] = []
        pending: list[int] = []
        times: list[float] = []
        for number in range(40):
            rng = random.Random(f"names {language} {number}")
            said = [
                rng.choice(SAID[language]).format(rng.choice(people)) if n % 2 else _sentence(rng, language)
                for n in range(12)
            ]
            whole = "".join(said)
            sentences += map(len, said)
            names = {whole[s.start : s.end] for s in analyzer.analyze(whole) if s.type == "PERSON"}
            began = time.process_time()
            out = streamed(screener, [whole[n : n + 3] for n in range(0, len(whole), 3)], Reader.MASKED)
            times.append((time.process_time() - began) * 1000 * LENGTH / len(whole))
            found += len(names)
            shown += sum(name in out for name in names)
            if number < 6:
                pending += held_back(screener, whole, Reader.MASKED)
        sentences.sort()
        pending.sort()
        lines.append(
            f"| {language} | {found} | {shown} | {at(sentences, 0.99)} | {at(pending, 0.5)} | {at(pending, 0.99)} | "
            f"{statistics.median(times):.1f} |"
        )
    return "\n".join(lines) + "\n"


def _sentence(rng: random.Random, language: str) -> str:
    body = ordinary(rng, language=language, parts=1).rstrip(",.;，。；\n")
    return f"{body}. " if language == "en" else f"{body}。"


def run(data: Path, *, home: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        screener = rules_alone(Path(folder))
        print(speed(screener), flush=True)
        print(held(screener), flush=True)
        print(cuttings(screener), flush=True)
        screener.close()
        store = ModelStore(Home(home), load_catalogue())
        analyzer = Analyzer(spacy_folder=lambda: store.path("en-core-web-sm"), lac_folder=lambda: store.path("lac"))
        analyzer.warm()
        named = PrivacyFilter(analyzer, path=Path(folder) / "named.db")
        print(with_names(named, analyzer), flush=True)
        named.close()
