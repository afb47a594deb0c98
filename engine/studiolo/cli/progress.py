"""A progress bar on stderr, for a person at a terminal; nothing where stderr is a file or a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from studiolo.cli.terminal import visible
from studiolo.events import Progress as ProgressEvent

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Bar:
    """Shows the latest progress event."""

    def __init__(self, shown: Progress | None, *, as_bytes: bool) -> None:
        self._shown = shown
        self._as_bytes = as_bytes
        self._task: TaskID | None = None

    def show(self, event: ProgressEvent) -> None:
        """Move the bar."""
        if self._shown is None:
            return
        if self._task is None:
            self._task = self._shown.add_task("", total=None)
        item = event.item.replace("\\", "/").rsplit("/", 1)[-1]
        self._shown.update(
            self._task,
            description=_plain(visible(f"{event.stage} {item}".strip())),
            completed=event.done,
            total=event.total or None,
        )

    def line(self, text: str) -> None:
        """A line to stderr above the bar."""
        if self._shown is None:
            print(visible(text), file=sys.stderr, flush=True)
        else:
            self._shown.console.print(_plain(visible(text)), soft_wrap=True, highlight=False)


@contextmanager
def progress_bar(*, as_bytes: bool = False) -> Iterator[Bar]:
    """A bar that goes away at the end of the block."""
    if not sys.stderr.isatty():
        yield Bar(None, as_bytes=as_bytes)
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    count = DownloadColumn() if as_bytes else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), count, TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        yield Bar(shown, as_bytes=as_bytes)


def _plain(text: str) -> str:
    """A file name is no markup."""
    from rich.markup import escape

    return escape(text.encode("utf-8", "replace").decode("utf-8"))
