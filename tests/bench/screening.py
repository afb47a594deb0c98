"""How long a passage takes to be screened: one by one, in batches, and in which part of the filter, a language each.

Data: the folder of XQuAD (`xquad.en.json`, `xquad.zh.json`); its paragraphs are put together and cut into passages of
900 characters, the first third of which is not measured (warm-up). Figures are milliseconds of processor time of the
whole process a passage. The baseline is Presidio as it comes (AnalyzerEngine, its own recognisers, en_core_web_sm) over
the same English passages. Chinese has no such baseline: its figures are held against ours one by one.
"""

from __future__ import annotations

import json
import logging
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.privacy.analyzer import Analyzer, NameModels
from studiolo.privacy.filter import PrivacyFilter
from studiolo.privacy.normalize import fold, is_han
from studiolo.privacy.recognizers import rule_families
from studiolo.privacy.recognizers.base import RuleFamily
from studiolo.privacy.recognizers.lac import Lac
from tests.bench.table import Measure, table

LENGTH = 900  # code points of a passage
PASSAGES = 96  # of a language
WARM_UP = 32  # of them
BATCH = 16  # as ingestion takes them
UNIT = "ms CPU/passage"
QUESTION = 500  # code points of a text that is screened alone


def passages(path: Path, *, count: int = PASSAGES) -> list[str]:
    """Neighbouring paragraphs together, cut to one length; a short data set begins anew."""
    articles = json.loads(path.read_text(encoding="utf-8"))["data"]
    text = "\n".join(paragraph["context"] for article in articles for paragraph in article["paragraphs"])
    cut = [text[at : at + LENGTH] for at in range(0, len(text) - LENGTH, LENGTH)]
    return [cut[i % len(cut)] for i in range(count)]


def measured(work: Callable[[Sequence[str]], object], texts: Sequence[str], *, batch: int) -> float:
    """Milliseconds of processor time a passage, all threads of the process together."""
    for at in range(0, WARM_UP, batch):
        work(texts[at : at + batch])
    began = time.process_time()
    for at in range(WARM_UP, len(texts), batch):
        work(texts[at : at + batch])
    return (time.process_time() - began) * 1000 / (len(texts) - WARM_UP)


def plain_presidio(folder: Path) -> Any:
    """Presidio with its own recognisers and the same English model."""
    import tldextract
    from presidio_analyzer import AnalyzerEngine  # noqa: TID251 - the baseline
    from presidio_analyzer.nlp_engine import NlpEngineProvider  # noqa: TID251

    # Its e-mail recogniser would ask the network for the public-suffix list.
    tldextract.tldextract.TLD_EXTRACTOR.suffix_list_urls = ()
    logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)
    model = {"lang_code": "en", "model_name": str(folder)}
    engine = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": [model]}).create_engine()
    return AnalyzerEngine(nlp_engine=engine, supported_languages=["en"])


def run(data: Path, *, home: Path) -> None:
    store = ModelStore(Home(home), load_catalogue())
    english, chinese = passages(data / "xquad.en.json"), passages(data / "xquad.zh.json")
    analyzer = Analyzer(spacy_folder=lambda: store.path("en-core-web-sm"), lac_folder=lambda: store.path("lac"))
    config = min(store.path("en-core-web-sm").rglob("config.cfg"), key=lambda path: len(path.parts))
    with tempfile.TemporaryDirectory() as folder:
        screener = PrivacyFilter(analyzer, path=Path(folder) / "pseudonyms.db")
        single = {
            name: measured(lambda texts: screener.spans(texts[0]), texts, batch=1)
            for name, texts in (("en", english), ("zh", chinese))
        }
        batched = {
            name: measured(screener.spans_batch, texts, batch=BATCH)
            for name, texts in (("en", english), ("zh", chinese))
        }
        plain = plain_presidio(config.parent)
        baseline = Measure("plain Presidio", measured(_each(plain), english, batch=1), UNIT)
        print(table("English", _ours(single["en"], batched["en"]), baseline=baseline))
        print(table("Chinese", _ours(0, batched["zh"])[1:], baseline=Measure("one by one", single["zh"], UNIT)))
        print(parts(store, english=english, chinese=chinese))
        print(alone(screener, analyzer, plain, english=english, chinese=chinese))
        screener.close()


def parts(store: ModelStore, *, english: Sequence[str], chinese: Sequence[str]) -> str:
    """Where the time goes in a batch: a Markdown table."""
    names = NameModels(spacy_folder=lambda: store.path("en-core-web-sm"), lac_folder=lambda: store.path("lac"))
    lac = Lac(store.path("lac"))
    works: list[tuple[str, Callable[[Sequence[str]], object]]] = [
        ("folding", lambda texts: [fold(text) for text in texts]),
        *((f"rules: {f.name}", lambda texts, f=f: [list(f.find(text)) for text in texts]) for f in rule_families()),
        ("names, both models", names.find),
        ("of these: LAC", lambda texts: lac.entities([line for text in texts for line in _chinese_lines(text)])),
        # With no recogniser at all Presidio would load its own.
        ("Presidio's frame", Analyzer.of(names=None, families=[RuleFamily("none", [])]).analyze_many),
    ]
    lines = ["### In a batch", "", f"| part | English, {UNIT} | Chinese, {UNIT} |", "|---|---:|---:|"]
    for name, work in works:
        lines.append(f"| {name} | {' | '.join(f'{measured(work, t, batch=BATCH):.2f}' for t in (english, chinese))} |")
    return "\n".join(lines) + "\n"


def alone(
    screener: PrivacyFilter, analyzer: Analyzer, plain: Any, *, english: Sequence[str], chinese: Sequence[str]
) -> str:
    """What a text of QUESTION code points costs, median of elapsed time: a Markdown table."""
    rules = Analyzer.of(names=None)
    works: list[tuple[str, Callable[[str], object]]] = [
        ("folding", fold),
        ("all rules, one after another", lambda text: [list(family.find(text)) for family in rule_families()]),
        ("all rules in Presidio's frame", rules.analyze),
        ("rules and names", analyzer.analyze),
        ("the whole filter, with policy and pseudonyms", lambda text: screener.screen(text, library_id="bench")),
    ]
    texts = [[text[:QUESTION] for text in some] for some in (english, chinese)]
    theirs = _median_ms(lambda text: plain.analyze(text, language="en"), texts[0])
    lines = [
        f"### A text of {QUESTION} characters, alone",
        "",
        "| part | English, ms | times faster | Chinese, ms |",
        "|---|---:|---:|---:|",
        f"| plain Presidio (baseline) | {theirs:.2f} | 1.00 | - |",
    ]
    for name, work in works:
        ours = [_median_ms(work, some) for some in texts]
        faster = "-" if work is fold else f"{theirs / ours[0]:.2f}"  # it finds nothing
        lines.append(f"| {name} | {ours[0]:.2f} | {faster} | {ours[1]:.2f} |")
    return "\n".join(lines) + "\n"


def _median_ms(work: Callable[[str], object], texts: Sequence[str]) -> float:
    for text in texts[:WARM_UP]:
        work(text)
    times = []
    for text in texts[WARM_UP:]:
        began = time.perf_counter()
        work(text)
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def _chinese_lines(text: str) -> list[str]:
    return [line for line in fold(text).text.split("\n") if any(map(is_han, line))]


def _each(engine: Any) -> Callable[[Sequence[str]], object]:
    return lambda texts: [engine.analyze(text, language="en") for text in texts]


def _ours(single: float, batched: float) -> list[Measure]:
    return [Measure("one by one", single, UNIT), Measure(f"in batches of {BATCH}", batched, UNIT)]
