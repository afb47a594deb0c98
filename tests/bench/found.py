"""How soon a text PDF of 100 pages and one of 1,000 can be found by its words and by its meaning; memory; cancelling.

The PDFs are made here, of invented sentences in English and Chinese with a planted one on a late page. Times are from
the call to the first search that finds it on the right page. `2,000 files` are small texts. Memory is the engine's
resident set beyond what it held with its models loaded and nothing taken in.
"""

from __future__ import annotations

import random
import tempfile
import threading
import time
from pathlib import Path

import psutil

from studiolo.bootstrap import open_local
from studiolo.events import FileDone, Finished, Tally
from studiolo.home_format import prepare_home
from studiolo.jobs import CancelToken
from studiolo.paths import Home
from studiolo.settings import Settings
from tests.real.conftest import link_models
from tests.soak.papers import folder_of_papers, sentence
from tests.unit.knowledge.pdf_files import pdf

PLANTED = "The lighthouse keeper of Orrinsay paints the railing turquoise each April."
BY_WORDS = "Orrinsay turquoise"
BY_MEANING = "In which month does the man who looks after the beacon colour the balustrade?"


def run(data: Path, *, home: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        mine = Home(Path(folder) / "home")
        prepare_home(mine)
        link_models(mine, Home(home))
        engine = open_local(mine, environ={}, settings=Settings())  # type: ignore[call-arg]
        engine._parts.knowledge.embed(["warm up"])
        engine._parts.screener.spans("Warm up. 预热。")
        made = Path(folder) / "made"
        made.mkdir()
        print("| what is added | found by words | found by meaning | memory | longest without progress | cancel |")
        print("|---|---:|---:|---:|---:|---:|")
        for pages in (100, 1000):
            path = made / f"{pages}.pdf"
            path.write_bytes(book(pages))
            print(line(engine, f"PDF of {pages} pages", [path], library=f"p{pages}", page=pages - 3), flush=True)
        papers = folder_of_papers(made / "papers", files=2000, seed="found")
        print(line(engine, "2,000 small files", [made / "papers"], library="many", page=0), flush=True)
        assert len(papers) == 2000
        engine.close()


def book(pages: int) -> bytes:
    """A PDF of so many pages of some 300 words."""
    dice = random.Random(f"book {pages}")
    made = []
    for number in range(pages):
        lines = [(sentence(dice), 10.0) for _ in range(22)]
        if number == pages - 4:
            lines[11] = (PLANTED, 10.0)
        made.append(lines)
    return pdf(made)


def line(engine, title: str, paths: list[Path], *, library: str, page: int) -> str:
    """One row: added once to its end, and once more into another library to be cancelled in the middle.

    Found is what stands among the first ten: when it is there is asked, not how well it ranks.
    """
    process = psutil.Process()
    before = process.memory_info().rss
    peak = [before]
    found: dict[str, float] = {}
    over = threading.Event()
    began = time.perf_counter()

    def watch() -> None:
        while not over.wait(0.05):
            peak[0] = max(peak[0], process.memory_info().rss)
            for name, query in (("words", BY_WORDS), ("meaning", BY_MEANING)) if page else ():
                if name not in found:
                    try:
                        hits = engine.search(query, library=library, limit=10)
                    except Exception:
                        continue
                    ready = name == "words" or any(d.status.value == "ready" for d in engine.documents(library))
                    if ready and any(hit.passage.page == page and "Orrinsay" in hit.passage.text for hit in hits):
                        found[name] = time.perf_counter() - began

    watcher = threading.Thread(target=watch)
    watcher.start()
    last, longest = began, 0.0
    passages = 0
    for event in engine.add(paths, library=library):
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
        if isinstance(event, FileDone):
            assert event.result.status == "added", event.result.reason
            passages += event.result.passages
    whole = time.perf_counter() - began
    time.sleep(0.3)
    over.set()
    watcher.join()
    cells = [f"{title} ({passages} passages, {whole:.0f} s)"]
    cells += [f"{found[name]:.1f} s" if name in found else "-" for name in ("words", "meaning")]
    cells += [f"{(peak[0] - before) / 2**20:.0f} MB", f"{longest:.1f} s", f"{cancelled(engine, paths):.2f} s"]
    return f"| {' | '.join(cells)} |"


def cancelled(engine, paths: list[Path]) -> float:
    """The longest of three cancels, each at another moment."""
    worst = 0.0
    for passages in (0, 20, 60):
        cancel = CancelToken()
        asked = 0.0
        for event in engine.add(paths, library="cancelled", cancel=cancel):
            if not asked and isinstance(event, Tally) and event.passages >= passages:
                asked = time.perf_counter()
                cancel.cancel()
            if isinstance(event, Finished):
                worst = max(worst, time.perf_counter() - asked)
        engine.remove_library("cancelled")
    return worst
