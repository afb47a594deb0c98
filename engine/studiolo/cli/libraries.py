"""`studiolo libraries`."""

from __future__ import annotations

import click

from studiolo import wire
from studiolo.cli.session import open_engine
from studiolo.cli.terminal import DONE, Terminal


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def libraries(context: click.Context, as_json: bool) -> int:
    """List, make or remove libraries."""
    if context.invoked_subcommand is not None:
        return DONE
    return _list(context.obj, as_json=as_json)


@libraries.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def list_libraries(terminal: Terminal, as_json: bool) -> int:
    """List all libraries (the same as without a word)."""
    return _list(terminal, as_json=as_json)


@libraries.command("create")
@click.argument("name")
@click.pass_obj
def create_library(terminal: Terminal, name: str) -> int:
    """Make a library."""
    with open_engine(terminal) as engine:
        terminal.text(engine.create_library(name).name)
    return DONE


@libraries.command("remove")
@click.argument("name")
@click.confirmation_option("--yes", prompt="Remove the library with all its documents?")
@click.pass_obj
def remove_library(terminal: Terminal, name: str) -> int:
    """Remove a library with all its documents (the files themselves stay)."""
    with open_engine(terminal) as engine:
        engine.remove_library(name)
    terminal.say("removed")
    return DONE


def _list(terminal: Terminal, *, as_json: bool) -> int:
    with open_engine(terminal) as engine:
        found = engine.libraries()
    if as_json:
        terminal.json({"libraries": wire.plain(found)})
        return DONE
    for library in found:
        counts = f"{library.documents} documents\t{library.passages} passages"
        terminal.text(f"{library.name}\t{counts}\t{library.embedder}")
    return DONE
