"""How many structured values are masked whole, and how many look-alikes are left alone, a probe and language each.

Two probes: the project's own file (`DATA/privacy/structured-probe`), and a second one that `_probe.py` draws from a
fixed seed in forms chosen before any rule was run on them. A value counts as masked when no visible character of it is
left outside the spans of types that the profile `balanced` guards; a look-alike counts as a false alarm when
any such span is found in its sentence. Measured are the rules alone and the whole filter with its name models.

The baseline is plain Presidio in the same run: AnalyzerEngine with its own recognisers and the same English model, its
network cut off. It is given the benefit of every doubt: each of its results counts as masked whatever its type, and on
look-alikes what its name model finds (PERSON, LOCATION, NRP, DATE_TIME) does not count against it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.privacy.analyzer import Analyzer
from studiolo.privacy.policy import BALANCED
from tests.bench._probe import Sample, second_probe
from tests.bench.screening import plain_presidio

LANGUAGES = ("en", "zh")
Spans = list[tuple[str, int, int]]
_MODEL_TYPES = frozenset({"PERSON", "LOCATION", "NRP", "DATE_TIME"})


def first_probe(folder: Path, language: str) -> list[Sample]:
    """The file's lines; a line with several values becomes as many samples of one text."""
    samples = []
    for line in (folder / f"{language}.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        places = [] if row["negative"] else row["spans"]
        samples += [Sample(language, row["form"], label, row["text"], start, end) for start, end, label in places]
        if row["negative"]:
            samples.append(Sample(language, row["form"], "", row["text"], 0, 0))
    return samples


def masked(sample: Sample, spans: Spans) -> bool:
    """Whether no visible character of the value stands outside the spans."""
    covered = {i for _, start, end in spans for i in range(start, end)}
    return all(i in covered or sample.text[i].isspace() for i in range(sample.start, sample.end))


def ours(analyzer: Analyzer) -> Callable[[str], Spans]:
    """What the filter would keep from the model."""
    return lambda text: [(s.type, s.start, s.end) for s in analyzer.analyze(text) if BALANCED.guarded(s.type)]


def presidio(engine: Any) -> Callable[[str], Spans]:
    """What Presidio finds; its Chinese has no recognisers of its own, so all text is read as English."""
    return lambda text: [(r.entity_type, r.start, r.end) for r in engine.analyze(text, language="en")]


def run(data: Path, *, home: Path) -> None:
    store = ModelStore(Home(home), load_catalogue())
    english = store.path("en-core-web-sm")
    config = min(english.rglob("config.cfg"), key=lambda path: len(path.parts))
    whole = Analyzer(spacy_folder=lambda: english, lac_folder=lambda: store.path("lac"))
    finders = {
        "plain Presidio": presidio(plain_presidio(config.parent)),
        "rules alone": ours(Analyzer.of(names=None)),
        "whole filter": ours(whole),
    }
    folder = data / "privacy" / "structured-probe"
    for title, samples in (
        ("structured-probe", {language: first_probe(folder, language) for language in LANGUAGES}),
        ("second probe", {language: second_probe(language) for language in LANGUAGES}),
    ):
        for language, some in samples.items():
            print(report(f"{title}, {language}", some, finders), flush=True)


def report(title: str, samples: Sequence[Sample], finders: dict[str, Callable[[str], Spans]]) -> str:
    """Shares by type, false alarms, and the forms that the rules alone do not mask wholly."""
    values = [sample for sample in samples if sample.type]
    others = [sample for sample in samples if not sample.type]
    found = {name: {text: find(text) for text in {s.text for s in samples}} for name, find in finders.items()}
    hits = {name: [masked(sample, spans[sample.text]) for sample in values] for name, spans in found.items()}
    lines = [f"### {title}", "", f"| | n | {' | '.join(finders)} |", f"|---|---:|{'---:|' * len(finders)}"]
    for kind in sorted({sample.type for sample in values}):
        picked = [i for i, sample in enumerate(values) if sample.type == kind]
        lines.append(_row(kind, len(picked), [_share(hits[name][i] for i in picked) for name in finders]))
    lines.append(_row("**all values**", len(values), [f"**{_share(hits[name])}**" for name in finders]))
    alarms = {name: [s for s in others if _alarm(name, found[name][s.text])] for name in finders}
    lines.append(_row("**false alarms**", len(others), [f"**{len(alarms[name])}**" for name in finders]))
    return "\n".join([*lines, *_missed(values, hits["rules alone"])]) + "\n"


def _alarm(name: str, spans: Spans) -> bool:
    return any(name != "plain Presidio" or kind not in _MODEL_TYPES for kind, _, _ in spans)


def _missed(values: Sequence[Sample], hits: Sequence[bool]) -> list[str]:
    """The forms that the rules do not mask wholly, with their shares."""
    by_form: dict[str, list[bool]] = defaultdict(list)
    for sample, hit in zip(values, hits, strict=True):
        by_form[sample.form].append(hit)
    short = [f"{form} {sum(some)}/{len(some)}" for form, some in by_form.items() if not all(some)]
    return ["", f"Forms not masked wholly by the rules: {'; '.join(short)}"] if short else []


def _share(hits: Iterable[bool]) -> str:
    some = list(hits)
    return f"{sum(some) / len(some):.1%}"


def _row(name: str, count: int, cells: Sequence[str]) -> str:
    return f"| {name} | {count} | {' | '.join(cells)} |"
