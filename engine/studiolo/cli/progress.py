"""A progress bar on stderr, for a person at a terminal; nothing where stderr is a file or a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from studiolo.cli.terminal import visible
from studiolo.cli.words import tally_words
from studiolo.events import Progress as ProgressEvent
from studiolo.events import Tally

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Bar:
    """Shows the latest progress event; of an ingestion, how far the whole is and which file is worked on."""

    def __init__(self, shown: Progress | None, *, chinese: bool = False) -> None:
        self._shown = shown
        self._chinese = chinese
        self._task: TaskID | None = None
        self._tally: Tally | None = None

    def show(self, event: ProgressEvent) -> None:
        """Move the bar; of an ingestion, only name what is worked on."""
        item = event.item.replace("\\", "/").rsplit("/", 1)[-1]
        if self._tally is not None:
            self._whole(self._tally, item)
            return
        self._move(f"{event.stage} {item}".strip(), done=event.done, total=event.total)

    def tally(self, event: Tally) -> None:
        """Move the bar of an ingestion: it counts files, the words beside it passages and time."""
        self._tally = event
        self._whole(event, "")

    def _whole(self, tally: Tally, item: str) -> None:
        words = tally_words(tally, chinese=self._chinese)
        self._move(f"{words}  {item}".strip(), done=tally.files, total=tally.files_total)

    def _move(self, words: str, *, done: int, total: int) -> None:
        if self._shown is None:
            return
        if self._task is None:
            self._task = self._shown.add_task("", total=None)
        self._shown.update(self._task, description=_plain(visible(words)), completed=done, total=total or None)

    def line(self, text: str) -> None:
        """A line to stderr above the bar."""
        if self._shown is None:
            print(visible(text), file=sys.stderr, flush=True)
        else:
            self._shown.console.print(_plain(visible(text)), soft_wrap=True, highlight=False)


@contextmanager
def progress_bar(*, as_bytes: bool = False, ingestion: bool = False, chinese: bool = False) -> Iterator[Bar]:
    """A bar that goes away at the end of the block. `ingestion`: its words say the counts and the time left."""
    if not sys.stderr.isatty():
        yield Bar(None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    words, bar = TextColumn("{task.description}"), BarColumn()
    counts = () if ingestion else (DownloadColumn() if as_bytes else MofNCompleteColumn(), TimeRemainingColumn())
    columns = (bar, words) if ingestion else (words, bar, *counts)
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        yield Bar(shown, chinese=chinese)


def _plain(text: str) -> str:
    """A file name is no markup."""
    from rich.markup import escape

    return escape(text.encode("utf-8", "replace").decode("utf-8"))
