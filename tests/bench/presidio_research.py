"""How much personal data in English is found: presidio-research's synthetic texts, by its own evaluator.

Data: the folder that holds `synth_dataset_v2.json` (microsoft/presidio-research, MIT). The evaluator is that project's
package `presidio-evaluator` with its SpanEvaluator, binary (any type is personal data), at an intersection over union
of .75 by characters; Presidio's scores count from .4 on. Neither the texts nor the lists and templates they were made
from are known to any rule of ours. `exposed`: the share of annotated entities of which any letter or digit stays
readable.
"""

from __future__ import annotations

import json
import logging
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.privacy.analyzer import Analyzer
from tests.bench.screening import plain_presidio
from tests.bench.table import Measure, table

FILE = "synth_dataset_v2.json"
OVERLAP = 0.75
THRESHOLD = 0.4

Found = list[tuple[str, int, int, float]]  # type, start, end, score
Finder = Callable[[Sequence[str]], list[Found]]


def run(data: Path, *, home: Path) -> None:
    try:
        import presidio_evaluator  # noqa: F401
    except ImportError:
        print("needs the extra `bench`: pip install --no-deps presidio-evaluator pandas plotly python-dotenv")
        return
    store = ModelStore(Home(home), load_catalogue())
    folder = min(store.path("en-core-web-sm").rglob("config.cfg"), key=lambda path: len(path.parts)).parent
    analyzer = Analyzer(spacy_folder=lambda: store.path("en-core-web-sm"), lac_folder=lambda: store.path("lac"))
    samples = samples_of(data / FILE if data.is_dir() else data, model=folder)
    ours, plain = ours_of(analyzer), plain_of(plain_presidio(folder))
    results = {name: results_of(finder, samples) for name, finder in (("plain Presidio", plain), ("Studiolo", ours))}
    for title, key, small in (
        ("F2", "f2", False),
        ("Precision", "precision", False),
        ("Recall", "recall", False),
        ("Entities with any character exposed", "exposed", True),
    ):
        base, mine = (Measure(name, one[key], "", small) for name, one in results.items())
        print(table(title, [mine], baseline=base))
    print(by_type({name: one["by_type"] for name, one in results.items()}))


def samples_of(path: Path, *, model: Path) -> list[Any]:
    """The annotated texts as the evaluator's samples, tokenised by the small English model."""
    import spacy  # noqa: TID251 - the evaluator's tokens are spaCy's
    from presidio_evaluator import InputSample, span_to_tag

    sys.modules[span_to_tag.__module__].loaded_spacy["en_core_web_sm"] = spacy.load(model)  # it would ask by name
    return [InputSample.from_json(sample) for sample in json.loads(path.read_text(encoding="utf-8"))]


def ours_of(analyzer: Analyzer) -> Finder:
    """What our analyzer finds, of whatever type."""
    return lambda texts: [
        [(span.type, span.start, span.end, span.score) for span in spans] for spans in analyzer.analyze_many(texts)
    ]


def plain_of(engine: Any) -> Finder:
    """What Presidio finds as it comes."""
    return lambda texts: [
        [(r.entity_type, r.start, r.end, r.score) for r in engine.analyze(text, "en", score_threshold=THRESHOLD)]
        for text in texts
    ]


def results_of(finder: Finder, samples: Sequence[Any]) -> dict[str, Any]:
    """F2, precision and recall by the official evaluator; exposure, also by type, by characters."""
    import pandas as pd
    from presidio_evaluator import span_to_tag
    from presidio_evaluator.evaluation import SpanEvaluator

    logging.getLogger("presidio_evaluator").setLevel(logging.ERROR)
    found = finder([sample.full_text for sample in samples])
    rows = []
    for number, (sample, values) in enumerate(zip(samples, found, strict=True)):
        kinds, starts, ends, scores = (list(column) for column in zip(*values, strict=True)) if values else ([],) * 4
        tags = span_to_tag("IO", sample.full_text, starts, ends, kinds, scores, tokens=sample.tokens)
        rows += [
            {
                "sentence_id": number,
                "token": str(token),
                "annotation": gold,
                "prediction": tag,
                "start_indices": at,
            }
            for token, gold, tag, at in zip(sample.tokens, sample.tags, tags, sample.start_indices, strict=True)
        ]
    evaluator = SpanEvaluator(iou_threshold=OVERLAP, char_based=True)
    result = evaluator.calculate_score_on_df(pd.DataFrame(rows), level="pii")
    exposed, total = exposure(samples, found)
    return {
        "f2": result.pii_f,
        "precision": result.pii_precision,
        "recall": result.pii_recall,
        "exposed": sum(exposed.values()) / sum(total.values()),
        "by_type": {kind: (total[kind], exposed[kind] / total[kind]) for kind in total},
    }


def exposure(samples: Sequence[Any], found: Sequence[Found]) -> tuple[Counter[str], Counter[str]]:
    """By annotated type: entities of which a letter or digit is covered by nothing found, and all entities."""
    exposed: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for sample, values in zip(samples, found, strict=True):
        covered = {at for _, start, end, _ in values for at in range(start, end)}
        for span in sample.spans:
            total[span.entity_type] += 1
            places = range(span.start_position, span.end_position)
            exposed[span.entity_type] += any(sample.full_text[at].isalnum() and at not in covered for at in places)
    return exposed, total


def by_type(exposed: dict[str, dict[str, tuple[int, float]]]) -> str:
    """The share of exposed entities of each annotated type: a Markdown table."""
    names = list(exposed)
    lines = ["### Exposed, by annotated type", "", f"| type | entities | {' | '.join(names)} |", "|---|---:|---:|---:|"]
    for kind, (count, _) in sorted(exposed[names[0]].items(), key=lambda item: -item[1][0]):
        lines.append(f"| {kind} | {count} | {' | '.join(f'{exposed[name][kind][1]:.3f}' for name in names)} |")
    return "\n".join(lines) + "\n"
