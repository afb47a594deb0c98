"""The process that `footprint` measures: goes through the named stages of an engine and says after each what it takes.

    python -m tests.bench._footprint_child HOME STAGE...

The texts to screen come on stdin, a JSON list. Each line on stdout is one stage's memory in bytes by kind. It imports
nothing but the engine, so that nothing else is measured.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studiolo.local import LocalEngine

KINDS = ("rss", "pss", "uss")  # resident, proportional (where the system says), this process's alone
BATCH = 16  # texts screened together, as ingestion takes them


def main(home: str, stages: list[str]) -> None:
    opened: list[LocalEngine] = []
    loading: list[threading.Thread] = []

    def open_engine() -> None:
        import studiolo.server.run  # noqa: F401 - what the engine's process imports before it opens the home
        from studiolo.bootstrap import open_local
        from studiolo.paths import Home

        opened.append(open_local(Home(Path(home)), environ=os.environ))

    def load_embedder() -> None:
        opened[0]._parts.knowledge.embed(["warm up"])  # a search of an empty home would not need it

    def load_all() -> None:
        """As the engine's process does it: chat model, embedder and filter at once."""
        for work in (opened[0].warm_up, load_embedder):
            loading.append(threading.Thread(target=work, name="warm-up"))
            loading[-1].start()

    def screen() -> None:
        texts = json.load(sys.stdin)
        for at in range(0, len(texts), BATCH):
            opened[0]._parts.screener.spans_batch(texts[at : at + BATCH])

    def load_filter() -> None:
        opened[0]._parts.screener.warm()

    works: dict[str, Callable[[], object]] = {
        "open": open_engine,
        "embedder": load_embedder,
        "load all": load_all,
        "filter": load_filter,
        "screen": screen,
    }
    for stage in stages:
        works[stage]()
        print(json.dumps({"stage": stage, **memory_bytes()}), flush=True)
    for thread in loading:
        thread.join()
    opened[0].close()


def memory_bytes() -> dict[str, int]:
    import psutil

    told = psutil.Process().memory_full_info()
    return {kind: getattr(told, kind) for kind in KINDS if hasattr(told, kind)}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
