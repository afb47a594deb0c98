"""`studiolo add`."""

from __future__ import annotations

import sys
import time

import click

from studiolo.cli.progress import Bar
from studiolo.cli.sentences import sentence_of
from studiolo.cli.session import open_engine
from studiolo.cli.terminal import DONE, FAILED, Terminal, existing, one_line
from studiolo.cli.words import STATES, reason_words
from studiolo.cli.work import run_to_end
from studiolo.errors import Code, error_for
from studiolo.shapes import file_shape, summary_shape
from studiolo.types import DEFAULT_LIBRARY, AddResult, DocumentStatus


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--library", "-l", default=DEFAULT_LIBRARY, show_default=True, help="Library, made if it does not exist.")
@click.option(
    "--ask-password", is_flag=True, help="Ask for passwords to try on locked files; an empty line ends the list."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON line a file, then a summary.")
@click.pass_obj
def add(terminal: Terminal, *, paths: tuple[str, ...], library: str, ask_password: bool, as_json: bool) -> int:
    """Add files or folders to a library."""
    files = [existing(path) for path in paths]
    passwords = _passwords(terminal) if ask_password else ()
    began = time.monotonic()
    with open_engine(terminal) as engine:
        results = run_to_end(
            lambda cancel: engine.add(files, library=library, cancel=cancel, passwords=passwords),
            terminal,
            ingestion=True,
            each=lambda result, bar: _show(result, terminal, bar, as_json=as_json),
        )
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
        line = f"{result.status}\t{one_line(result.path)}\t{result.pages} p\t{result.passages} passages"
        if result.reason:  # something of it is missing
            chinese = terminal.chinese
            colon = "：" if chinese else ": "
            line += f"\t{STATES[DocumentStatus.PARTIAL][chinese]}{colon}{reason_words(result.reason, chinese=chinese)}"
        terminal.text(line)


def _passwords(terminal: Terminal) -> tuple[str, ...]:
    """Passwords from the person, without echo, or from the lines of a pipe; never from the arguments."""
    from getpass import getpass

    found: list[str] = []
    while True:
        if sys.stdin.isatty():
            one = getpass(terminal.word("password"), stream=sys.stderr)
        else:
            one = sys.stdin.readline().rstrip("\r\n")
        if not one:
            return tuple(found)
        found.append(one)


def _reason(result: AddResult, terminal: Terminal) -> str:
    error = error_for(result.reason, {"path": result.path, **result.values})
    return sentence_of(Code(error.code), error.values, chinese=terminal.chinese)
