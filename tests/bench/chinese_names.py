"""How many persons are found in Chinese: CLUENER's dev set and MSRA's test set, held against LAC alone.

Data: the folder with `cluener2020/dev.json` and `msra-ner/msra_test_bio.txt` (both for evaluation only; nothing of them
is in a rule or a list of ours). F1, precision and recall count exact spans of type PERSON; `leak` is the share of
annotated persons of whose name a character stays readable, whatever type covers the others.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.privacy.analyzer import Analyzer
from studiolo.privacy.recognizers.lac import Lac
from tests.bench.table import Measure, table

Spans = list[tuple[str, int, int]]  # type, start, end
Finder = Callable[[Sequence[str]], Sequence[Spans]]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text and where its persons stand."""

    text: str
    persons: frozenset[tuple[int, int]]


def run(data: Path, *, home: Path) -> None:
    store = ModelStore(Home(home), load_catalogue())
    lac = Lac(store.path("lac"))
    analyzer = Analyzer(spacy_folder=lambda: store.path("en-core-web-sm"), lac_folder=lambda: store.path("lac"))

    def ours(texts: Sequence[str]) -> list[Spans]:
        return [[(s.type, s.start, s.end) for s in spans] for spans in analyzer.analyze_many(texts)]

    for name, sentences in (
        ("CLUENER dev", list(cluener(data / "cluener2020" / "dev.json"))),
        ("MSRA test", list(msra(data / "msra-ner" / "msra_test_bio.txt"))),
    ):
        base, mine = scores(lac.entities, sentences), scores(ours, sentences)
        for key in ("F1", "precision", "recall", "leak"):
            small = key == "leak"
            mine_measured = Measure("Studiolo", mine[key], "", small)
            print(table(f"{name}: {key}", [mine_measured], baseline=Measure("LAC alone", base[key], "", small)))


def cluener(path: Path) -> Iterator[Sentence]:
    """JSON objects one after another; the end of a mention is its last character."""
    text = path.read_text(encoding="utf-8")
    decoder = json.JSONDecoder()
    at = 0
    while at < len(text):
        sentence, at = decoder.raw_decode(text, at)
        places = [place for mentions in sentence["label"].get("name", {}).values() for place in mentions]
        yield Sentence(sentence["text"], frozenset((start, last + 1) for start, last in places))
        while at < len(text) and text[at].isspace():
            at += 1


def msra(path: Path) -> Iterator[Sentence]:
    """A character and its tag a line, an empty line between sentences."""
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        rows = [line.split("\t") for line in block.split("\n") if "\t" in line]
        if rows:
            tags = [row[1].strip() for row in rows]
            starts = [i for i, tag in enumerate(tags) if tag == "B-PER"]
            ends = [next((j for j in range(i + 1, len(tags)) if tags[j] != "I-PER"), len(tags)) for i in starts]
            yield Sentence("".join(row[0] for row in rows), frozenset(zip(starts, ends, strict=True)))


def scores(finder: Finder, sentences: Sequence[Sentence]) -> dict[str, float]:
    """F1, precision and recall of exact persons; the share of persons with an uncovered character."""
    found = finder([sentence.text for sentence in sentences])
    right = said = there = leaked = 0
    for sentence, spans in zip(sentences, found, strict=True):
        persons = {(start, end) for kind, start, end in spans if kind == "PERSON"}
        covered = {at for _, start, end in spans for at in range(start, end)}
        right += len(persons & sentence.persons)
        said += len(persons)
        there += len(sentence.persons)
        leaked += sum(any(at not in covered for at in range(start, end)) for start, end in sentence.persons)
    precision, recall = right / said, right / there
    return {
        "F1": 2 * precision * recall / (precision + recall),
        "precision": precision,
        "recall": recall,
        "leak": leaked / there,
    }
