"""`studiolo add`."""

from __future__ import annotations

import time

import click

from studiolo.cli.interrupt import cancel_on_interrupt
from studiolo.cli.progress import Bar, progress_bar
from studiolo.cli.sentences import sentence_of
from studiolo.cli.session import open_engine
from studiolo.cli.terminal import DONE, FAILED, Terminal, existing, one_line
from studiolo.errors import Code, error_for
from studiolo.events import Failed, FileDone, Finished, Progress
from studiolo.shapes import file_shape, summary_shape
from studiolo.types import DEFAULT_LIBRARY, AddResult


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--library", "-l", default=DEFAULT_LIBRARY, show_default=True, help="Library, made if it does not exist.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line a file, then a summary.")
@click.pass_obj
def add(terminal: Terminal, *, paths: tuple[str, ...], library: str, as_json: bool) -> int:
    """Add files or folders to a library."""
    began = time.monotonic()
    results: list[AddResult] = []
    files = [existing(path) for path in paths]
    with open_engine(terminal) as engine, progress_bar() as bar, cancel_on_interrupt() as cancel:
        for event in engine.add(files, library=library, cancel=cancel):
            match event:
                case Progress():
                    bar.show(event)
                case FileDone():
                    results.append(event.result)
                    _show(event.result, terminal, bar, as_json=as_json)
                case Failed():
                    raise error_for(event.code, event.values)
                case Finished(reason="cancelled"):
                    raise KeyboardInterrupt
                case _:
                    pass
    failed = sum(result.status == "failed" for result in results)
    if as_json:
        terminal.json(summary_shape(results, seconds=time.monotonic() - began))
    elif failed and len(results) > 1:
        terminal.say("more_failed", failed=failed, total=len(results))
    elif not results:
        terminal.say("no_files")
    return FAILED if failed else DONE


def _show(result: AddResult, terminal: Terminal, bar: Bar, *, as_json: bool) -> None:
    if as_json:
        terminal.json(file_shape(result))
    elif result.status == "failed":
        bar.line(f"studiolo: {_reason(result, terminal)}")
    else:
        terminal.text(f"{result.status}\t{one_line(result.path)}\t{result.pages} p\t{result.passages} passages")


def _reason(result: AddResult, terminal: Terminal) -> str:
    error = error_for(result.reason, {"path": result.path, **result.values})
    return sentence_of(Code(error.code), error.values, chinese=terminal.chinese)
