"""The parser process: reads a request, parses one file, answers, and waits for the next. Started by `child.py` only.

Imports nothing heavy. Requests come as JSON lines on stdin; answers go as JSON lines to what was stdout, which is then
pointed elsewhere so that no library can write into the answers. When the parent goes away the process ends itself.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from pathlib import Path
from typing import Any, BinaryIO

from studiolo.errors import Code, UserError
from studiolo.knowledge.parsers import Budget, parse


def main() -> None:
    """Serve until stdin closes."""
    answers = os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    _limit_core_dumps()
    requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, requests), daemon=True).start()
    while True:
        request = requests.get()
        answers.write(json.dumps(_answer(request)).encode("ascii") + b"\n")
        answers.flush()


def _listen(source: BinaryIO, requests: queue.SimpleQueue[dict[str, Any]]) -> None:
    for line in source:
        requests.put(json.loads(line))
    os._exit(0)  # the parent is gone; whatever is being parsed is wanted by nobody


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    budget = Budget(time_s=request["time_s"], memory_bytes=request["memory_bytes"], size_bytes=request["size_bytes"])
    _limit_resources(budget)
    try:
        parsed = parse(Path(os.fsdecode(bytes.fromhex(request["path"]))), budget=budget)
    except UserError as error:
        return {"error": error.code.value, "values": error.values}
    except MemoryError:
        return {"error": Code.FILE_TOO_LARGE.value, "values": {"limit_bytes": budget.memory_bytes}}
    except Exception:  # noqa: BLE001 - the edge of this process; a foreign file may break a parser in any way
        return {"error": Code.DAMAGED_FILE.value, "values": {}}
    blocks = [(block.kind, block.text, block.page, block.level) for block in parsed.blocks]
    return {"title": parsed.title, "pages": parsed.pages, "blocks": blocks}


def _limit_core_dumps() -> None:
    """A core file would hold the document's text."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_resources(budget: Budget) -> None:
    """Memory, and processor time as a last resort should the parent be unable to kill."""
    try:
        import resource
    except ImportError:  # Windows: the parent's clock is the only limit
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    wanted = budget.memory_bytes if hard == resource.RLIM_INFINITY else min(budget.memory_bytes, hard)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime + budget.time_s) + 5
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (seconds if hard == resource.RLIM_INFINITY else min(seconds, hard), hard))


if __name__ == "__main__":
    main()
