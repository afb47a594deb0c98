"""The parser process: reads a request, parses one file, answers, and waits for the next. Started by `child.py` only.

Imports nothing heavy. Requests come as JSON lines on stdin; answers go as JSON lines to what was stdout, which is then
pointed elsewhere so that no library can write into the answers. While a file is read they say which page is under way;
the blocks come in pieces at the end, so that neither side holds a large document twice. When the parent goes away the
process ends itself.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO

from studiolo.errors import Code, UserError
from studiolo.knowledge.parsers import Budget, parse
from studiolo.knowledge.parsers.blocks import Block, OutOfTime, Parsed, Reading

_PIECE_CHARACTERS = 500_000  # of text in one line of an answer
_SPARE_CPU_S = 5
_NICENESS = 10


def main() -> None:
    """Serve until stdin closes."""
    output = os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    _limit_core_dumps()
    _stand_back()
    requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, requests), daemon=True).start()
    server = _Server(output)
    while True:
        server.serve(requests.get())


def _listen(source: BinaryIO, requests: queue.SimpleQueue[dict[str, Any]]) -> None:
    for line in source:
        requests.put(json.loads(line))
    os._exit(0)  # the parent is gone; whatever is being parsed is wanted by nobody


class _Server:
    """Answers requests one after another; holds what outlives one: the room that recognition was given."""

    def __init__(self, output: BinaryIO) -> None:
        self._output = output
        self._budget = Budget()
        self._recognises = False
        self._until = 0.0
        self._under_way = False  # whether a page is

    def serve(self, request: dict[str, Any]) -> None:
        """One file, or one page of it as a picture."""
        self._budget = Budget(**request["budget"])
        self._until = time.monotonic() + request["time_s"]
        self._under_way = False
        _limit_processor(request["time_s"])
        self._limit_memory()
        if "draw" in request:
            self._guarded(lambda: [_drawn(request)])
            return
        reading = Reading(
            passwords=tuple(request["passwords"]),
            skip=frozenset(request["skip"]).union(range(*request["after"])),
            page=self._page,
            slow=self._slow,
            keep=self._keep,
            kept={int(page): value for page, value in request["kept"].items()},
        )
        path = _path(request)
        self._guarded(lambda: _pieces(parse(path, budget=self._budget, reading=reading)))

    def _guarded(self, work: Callable[[], Iterable[dict[str, Any]]]) -> None:
        """Tell what `work` gives, or why it came to nothing."""
        try:
            self._tell(*work())
        except UserError as error:
            if error.code is Code.FILE_TOO_LARGE and self._under_way:  # memory ran out: another try leaves the page out
                self._tell({"lost": error.code.value})
                return
            self._tell({"error": error.code.value, "values": error.values})
        except OutOfTime:
            self._tell({"error": Code.PARSE_TIMEOUT.value, "values": {"limit_s": self._budget.time_s}})
        except MemoryError:
            self._tell({"lost": Code.FILE_TOO_LARGE.value})
        except Exception:  # noqa: BLE001 - the edge of this process; a foreign file may break a parser in any way
            self._tell({"lost": Code.DAMAGED_FILE.value})

    def _tell(self, *messages: dict[str, Any]) -> None:
        for message in messages:
            # Names may hold half a surrogate pair for a byte that is no text.
            self._output.write(json.dumps(message, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
        self._output.flush()

    def _page(self, page: int, pages: int) -> None:
        self._under_way = 0 < page <= pages
        self._tell({"page": page, "pages": pages})
        if page <= pages and time.monotonic() > self._until:
            raise OutOfTime

    def _slow(self) -> None:
        self._until += self._budget.ocr_page_time_s
        _limit_processor(self._budget.ocr_page_time_s)
        if not self._recognises:
            self._recognises = True
            self._limit_memory()
        self._tell({"slow": True})

    def _keep(self, page: int, value: str) -> None:
        self._tell({"keep": page, "value": value})

    def _limit_memory(self) -> None:
        with contextlib.suppress(ImportError):  # Windows: the parent's clock is the only limit
            import resource

            wanted = self._budget.memory_bytes + (self._budget.ocr_memory_bytes if self._recognises else 0)
            hard = resource.getrlimit(resource.RLIMIT_AS)[1]
            resource.setrlimit(resource.RLIMIT_AS, (_within(wanted, hard), hard))


def _path(request: dict[str, Any]) -> Path:
    return Path(os.fsdecode(bytes.fromhex(request["path"])))


def _drawn(request: dict[str, Any]) -> dict[str, Any]:
    from studiolo.knowledge.parsers.drawing import draw

    made = draw(_path(request), passwords=request["passwords"], **request["draw"])
    picture = base64.b64encode(made.png).decode("ascii")
    return {"picture": picture, "size": [made.width, made.height], "pages": made.pages, "boxes": made.boxes}


def _pieces(parsed: Parsed) -> Iterable[dict[str, Any]]:
    """The answer in lines of bounded length: blocks, text that goes on the last block, and the end."""
    blocks: list[list[Any]] = []
    size = 0
    for block in parsed.blocks:
        if size + len(block.text) > _PIECE_CHARACTERS and blocks:
            yield {"blocks": blocks}
            blocks, size = [], 0
        blocks.append(_row(block))
        size += len(block.text)
        if size > _PIECE_CHARACTERS:
            yield {"blocks": blocks}
            blocks, size = [], 0
            for start in range(_PIECE_CHARACTERS, len(block.text), _PIECE_CHARACTERS):
                yield {"more": block.text[start : start + _PIECE_CHARACTERS]}
    if blocks:
        yield {"blocks": blocks}
    gaps = [(gap.reason, gap.first, gap.last, gap.name) for gap in parsed.gaps]
    yield {"title": parsed.title, "pages": parsed.pages, "gaps": gaps}


def _row(block: Block) -> list[Any]:
    text = block.text[:_PIECE_CHARACTERS]
    return [block.kind, text, block.page, block.level, block.label, block.row, block.header]


def _stand_back() -> None:
    """Low priority for processor and disk: reading files must not slow down whoever works with the machine."""
    import psutil

    process = psutil.Process()
    with contextlib.suppress(OSError, psutil.Error):
        process.nice(getattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS", _NICENESS))
    idle = getattr(psutil, "IOPRIO_CLASS_IDLE", getattr(psutil, "IOPRIO_VERYLOW", None))
    if idle is not None:  # macOS has none
        with contextlib.suppress(OSError, psutil.Error):
            process.ionice(idle)


def _limit_core_dumps() -> None:
    """A core file would hold the document's text."""
    with contextlib.suppress(ImportError):  # Windows
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_processor(more_s: float) -> None:
    """`more_s` from now on, as a last resort should the parent be unable to kill."""
    with contextlib.suppress(ImportError):  # Windows
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
        wanted = int(used.ru_utime + used.ru_stime + more_s) + _SPARE_CPU_S
        if soft != resource.RLIM_INFINITY:  # what the file has left is not taken away by one page's allowance
            wanted = max(wanted, soft)
        resource.setrlimit(resource.RLIMIT_CPU, (_within(wanted, hard), hard))


def _within(wanted: int, hard: int) -> int:
    return wanted if hard < 0 else min(wanted, hard)  # RLIM_INFINITY is negative


if __name__ == "__main__":
    main()
