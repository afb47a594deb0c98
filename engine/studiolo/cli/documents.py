"""`studiolo documents`."""

from __future__ import annotations

import click

from studiolo import wire
from studiolo.cli.session import open_engine
from studiolo.cli.terminal import DONE, Terminal, one_line
from studiolo.errors import Code, UserError
from studiolo.types import DEFAULT_LIBRARY, Document


@click.group()
def documents() -> None:
    """List or remove the documents of a library."""


@documents.command("list")
@click.option("--library", "-l", default=DEFAULT_LIBRARY, show_default=True, help="Library to list.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def list_documents(terminal: Terminal, library: str, as_json: bool) -> int:
    """List the documents of a library."""
    with open_engine(terminal) as engine:
        found = engine.documents(library)
    if as_json:
        terminal.json({"library": library, "documents": wire.plain(found)})
        return DONE
    for document in found:
        state = document.status.value + (f" ({document.reason})" if document.reason else "")
        terminal.text(
            f"{document.id}\t{one_line(document.name)}\t{document.pages} p\t{document.passages} passages\t{state}"
        )
    return DONE


@documents.command("remove")
@click.argument("document")
@click.option("--library", "-l", default=DEFAULT_LIBRARY, show_default=True, help="Library to remove it from.")
@click.pass_obj
def remove_document(terminal: Terminal, document: str, library: str) -> int:
    """Remove a document, named by its id, its name or its path."""
    with open_engine(terminal) as engine:
        engine.remove_document(_find(engine.documents(library), document).id, library=library)
    terminal.say("removed")
    return DONE


def _find(found: list[Document], wanted: str) -> Document:
    for key in ("id", "path", "name"):
        same = [document for document in found if getattr(document, key) == wanted]
        if len(same) == 1:
            return same[0]
        if same:
            raise UserError(Code.BAD_REQUEST, field="document", problem="several have this name, give the id")
    raise UserError(Code.UNKNOWN_DOCUMENT, document=wanted)
