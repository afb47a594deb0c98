"""`studiolo documents`."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Sequence

import click

from studiolo import wire
from studiolo.cli.libraries import check_library
from studiolo.cli.session import open_engine
from studiolo.cli.terminal import DONE, Terminal, one_line
from studiolo.cli.words import redaction_words, state_words
from studiolo.engine import Engine
from studiolo.errors import Code, UserError
from studiolo.types import DEFAULT_LIBRARY, Document, QuotesOf

_LIBRARY = click.option("--library", "-l", default=DEFAULT_LIBRARY, show_default=True, help="Library to look in.")


@click.group()
def documents() -> None:
    """List, show, check or remove the documents of a library."""


@documents.command("list")
@_LIBRARY
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
        state = state_words(document, chinese=terminal.chinese)
        terminal.text(
            f"{document.id}\t{one_line(document.name)}\t{document.pages} p\t{document.passages} passages\t{state}"
        )
    return DONE


@documents.command("show")
@click.argument("document")
@_LIBRARY
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with the passages.")
@click.pass_obj
def show_document(terminal: Terminal, document: str, library: str, as_json: bool) -> int:
    """Show a document, named by its id, its name or its path: how far it is, and what is in it."""
    with open_engine(terminal) as engine:
        found = _find(engine.documents(library), document)
        passages = engine.document_passages(found.id, library=library)
        report = engine.document_report(found.id, library=library)
    languages = Counter(passage.language for passage in passages)
    if as_json:
        more = {
            "languages": dict(languages),
            "passages_in_order": wire.plain(passages),
            "report": wire.plain(report),
        }
        terminal.json({"library": library, "document": wire.plain(found), **more})
        return DONE
    facts = {
        "doc_name": one_line(found.name),
        "doc_path": one_line(found.path),
        "doc_id": found.id,
        "doc_state": state_words(found, chinese=terminal.chinese),
        "doc_pages": str(found.pages),
        "doc_passages": str(found.passages),
        "doc_languages": ", ".join(f"{language or '?'} {count}" for language, count in languages.most_common()),
        "doc_personal": redaction_words(found.redactions) or "0",
        "doc_added": time.strftime("%Y-%m-%d %H:%M", time.localtime(found.added_at)),
    }
    for name, value in facts.items():
        terminal.text(f"{terminal.word(name)}\t{value}")
    for finding in report.findings:
        pages = f"\tp. {', '.join(map(str, finding.pages))}" if finding.pages else ""
        terminal.text(f"{terminal.word('doc_finding')}\t{finding.type}\t{finding.count}\t{finding.action}{pages}")
    if report.unscreened:
        terminal.text(f"{terminal.word('doc_unscreened')}\t{report.unscreened}")
    return DONE


@documents.command("remove")
@click.argument("names", nargs=-1, required=True, metavar="DOCUMENT...")
@_LIBRARY
@click.option(
    "--conversations",
    type=click.Choice(["keep", "remove"]),
    default=None,
    help="What becomes of answers that quote them: kept without their quotes, or removed.  [default: asks, or keep]",
)
@click.pass_obj
def remove_documents(terminal: Terminal, names: tuple[str, ...], library: str, conversations: QuotesOf | None) -> int:
    """Remove documents, named by their ids, names or paths. The files themselves stay."""
    with open_engine(terminal) as engine:
        known = engine.documents(library)
        ids = list(dict.fromkeys(_find(known, name).id for name in names))
        engine.remove_documents(ids, library=library, conversations=conversations or _asked(engine, ids, terminal))
    terminal.say("removed")
    return DONE


@documents.command("check")
@_LIBRARY
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def check_documents(terminal: Terminal, library: str, as_json: bool) -> int:
    """Compare what was read with what can be found, and repair it (as `libraries check` does)."""
    return check_library(terminal, library, as_json=as_json)


def _asked(engine: Engine, ids: Sequence[str], terminal: Terminal) -> QuotesOf:
    """What a person at a terminal wants; a script is not asked, and keeps them."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return "keep"
    count = len(engine.quoting(ids))
    if not count:
        return "keep"
    return "remove" if click.confirm(terminal.word("quoted", count=count), default=False, err=True) else "keep"


def _find(found: list[Document], wanted: str) -> Document:
    for key in ("id", "path", "name"):
        same = [document for document in found if getattr(document, key) == wanted]
        if len(same) == 1:
            return same[0]
        if same:
            raise UserError(Code.BAD_REQUEST, field="document", problem="several have this name, give the id")
    raise UserError(Code.UNKNOWN_DOCUMENT, document=wanted)
