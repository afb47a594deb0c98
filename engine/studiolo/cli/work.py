"""A command that is one long piece of work: its progress on stderr, Ctrl+C as cancelling, its failure as an error."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from studiolo.cli.interrupt import cancel_on_interrupt
from studiolo.cli.progress import Bar, progress_bar
from studiolo.cli.terminal import Terminal
from studiolo.engine import Engine
from studiolo.errors import error_for
from studiolo.events import Event, Failed, FileDone, Finished, Progress, Tally
from studiolo.jobs import CancelToken
from studiolo.types import AddResult

_POLL_S = 0.2


def run_to_end(
    work: Callable[[CancelToken], Iterator[Event]],
    terminal: Terminal,
    *,
    ingestion: bool = False,
    each: Callable[[AddResult, Bar], None] | None = None,
) -> list[AddResult]:
    """Read a stream to its end and give the files it has finished with; `each` is told of them as they come.

    Raises StudioloError where it failed, KeyboardInterrupt where it was cancelled.
    """
    results: list[AddResult] = []
    with progress_bar(ingestion=ingestion, chinese=terminal.chinese) as bar, cancel_on_interrupt() as cancel:
        for event in work(cancel):
            match event:
                case Progress():
                    bar.show(event)
                case Tally():
                    bar.tally(event)
                case FileDone():
                    results.append(event.result)
                    if each is not None:
                        each(event.result, bar)
                case Failed():
                    raise error_for(event.code, event.values)
                case Finished(reason="cancelled"):
                    raise KeyboardInterrupt
                case _:
                    pass
    return results


def wait_until_read(engine: Engine, terminal: Terminal) -> None:
    """Wait until the engine has read everything that it is reading; Ctrl+C leaves it to go on another time."""
    if not engine.status().reading:
        return
    terminal.say("reading_again")
    with cancel_on_interrupt() as cancel:
        while engine.status().reading:
            if cancel.cancelled:
                raise KeyboardInterrupt
            time.sleep(_POLL_S)
