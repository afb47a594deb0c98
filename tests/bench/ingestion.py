"""Taking documents in, by the whole engine, against a plain loop over the same passages; and how soon they are found.

The set is named by DATA: a folder of PDFs (files are taken in order of name until `PAGES` pages). The baseline, in the
same run: for each file pypdf's text of every page, then `SentenceTransformer.encode` in float32 with its own defaults
over the very passages that the engine made. The engine parses, screens for personal data and embeds. Both are run
`ROUNDS` times in turns, because a machine's speed changes within minutes; the figure is the median of the rounds'
ratios. Parse, screen and embed are also timed apart. `--data` may also name a single PDF.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path

from studiolo.bootstrap import open_local
from studiolo.events import FileDone
from studiolo.home_format import prepare_home
from studiolo.knowledge.parsers.child import ParserProcess
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.settings import Settings
from tests.bench.table import Measure, table
from tests.real.conftest import link_models

MODEL = "multilingual-e5-small"
PAGES = 100
ROUNDS = int(os.environ.get("INGESTION_ROUNDS", "3"))


def run(data: Path, *, home: Path) -> None:
    files = chosen([data] if data.is_file() else sorted(data.rglob("*.pdf")))
    model = ModelStore(Home(home), load_catalogue()).path(MODEL)
    ours: list[float] = []
    plain: list[dict[str, float]] = []
    parts: dict[str, float] = {}
    for turn in range(ROUNDS):
        passages, seconds, alone = engine_loop(files, home, parts=not turn)
        parts = alone or parts
        ours.append(seconds)
        plain.append(plain_loop(files, passages, model))
        print(f"round {turn + 1}: {sum(plain[-1].values()):.1f} s against {seconds:.1f} s", flush=True)
    ratios = [sum(one.values()) / seconds for one, seconds in zip(plain, ours, strict=True)]
    middle = {part: statistics.median(one[part] for one in plain) for part in plain[0]}
    whole = Measure("pypdf and encode in a plain loop", statistics.median(sum(one.values()) for one in plain), "s")
    print()
    print(
        table(
            "The same passages",
            [Measure("the engine, screening included", statistics.median(ours), "s")],
            baseline=whole,
        )
    )
    print(
        f"The rounds' ratios: {', '.join(f'{ratio:.2f}' for ratio in ratios)}; median {statistics.median(ratios):.2f}\n"
    )
    print("| part | plain loop | the engine, alone |\n|---|---:|---:|")
    print(f"| parse | {middle['parse']:.1f} s | {parts['parse']:.1f} s |")
    print(f"| screen | - | {parts['screen']:.1f} s |")
    print(f"| embed | {middle['embed']:.1f} s | {parts['embed']:.1f} s |")


def engine_loop(files: list[Path], home: Path, *, parts: bool) -> tuple[dict[str, list[str]], float, dict[str, float]]:
    """The passages by file, the seconds that a fresh engine took for them and, where `parts`, those of each part."""
    with tempfile.TemporaryDirectory() as folder:
        mine = Home(Path(folder) / "home")
        prepare_home(mine)
        link_models(mine, Home(home))
        engine = open_local(mine, environ={}, settings=Settings())  # type: ignore[call-arg]
        base = engine._parts.knowledge
        base.embed(["warm up"])
        engine._parts.screener.spans("Warm up. 预热。")
        began = time.perf_counter()
        ended = [event.result for event in engine.add(files) if isinstance(event, FileDone)]
        seconds = time.perf_counter() - began
        assert all(result.status == "added" for result in ended), ended
        passages = {
            document.path: [p.text for p in base.passages("default", document.id)] for document in base.documents()
        }
        alone: dict[str, float] = {}
        if parts:
            count = sum(len(texts) for texts in passages.values())
            print(f"{len(files)} files, {sum(result.pages for result in ended)} pages, {count} passages\n", flush=True)
            alone = {"parse": parsing(files), "screen": screening(engine, passages), "embed": embedding(base, passages)}
        engine.close()
    return passages, seconds, alone


def chosen(files: list[Path]) -> list[Path]:
    """Files up to `PAGES` pages in all (at least one)."""
    import pypdfium2

    taken: list[Path] = []
    pages = 0
    for path in files:
        with pypdfium2.PdfDocument(path) as document:
            length = len(document)
        if taken and pages + length > PAGES:
            continue
        taken.append(path)
        pages += length
    return taken


def parsing(files: list[Path]) -> float:
    parser = ParserProcess()
    began = time.perf_counter()
    for path in files:
        parser.parse(path)
    seconds = time.perf_counter() - began
    parser.close()
    return seconds


def screening(engine, passages: dict[str, list[str]]) -> float:
    many = engine._parts.knowledge._tools.screen_many
    began = time.perf_counter()
    for texts in passages.values():
        for at in range(0, len(texts), 16):
            many(texts[at : at + 16])
    return time.perf_counter() - began


def embedding(base, passages: dict[str, list[str]]) -> float:
    embedder = base._embedder(MODEL)
    began = time.perf_counter()
    for texts in passages.values():
        embedder.embed_passages(texts)
    return time.perf_counter() - began


def plain_loop(files: list[Path], passages: dict[str, list[str]], folder: Path) -> dict[str, float]:
    """What a first version of such a program does."""
    import logging

    import pypdf
    from sentence_transformers import SentenceTransformer  # noqa: TID251 - the baseline

    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    model.encode(["warm up"])
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # its remarks are long, and quote the file
    parse = embed = 0.0
    for path in files:
        began = time.perf_counter()
        for page in pypdf.PdfReader(path).pages:
            page.extract_text()
        parse += time.perf_counter() - began
        texts = ["passage: " + text for text in passages[str(path.resolve())]]
        began = time.perf_counter()
        model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
        embed += time.perf_counter() - began
    return {"parse": parse, "embed": embed}
