"""`studiolo libraries`."""

from __future__ import annotations

import click

from studiolo import wire
from studiolo.cli.session import open_engine
from studiolo.cli.terminal import DONE, Terminal, existing, one_line
from studiolo.cli.words import STATES, redaction_words
from studiolo.cli.work import run_to_end, wait_until_read
from studiolo.types import DEFAULT_LIBRARY, DocumentStatus

_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object.")


@click.group(invoke_without_command=True)
@_JSON
@click.pass_context
def libraries(context: click.Context, as_json: bool) -> int:
    """List, make, check, move, watch or remove libraries."""
    if context.invoked_subcommand is not None:
        return DONE
    return _list(context.obj, as_json=as_json)


@libraries.command("list")
@_JSON
@click.pass_obj
def list_libraries(terminal: Terminal, as_json: bool) -> int:
    """List all libraries (the same as without a word)."""
    return _list(terminal, as_json=as_json)


@libraries.command("create")
@click.argument("name")
@click.option("--embedder", default=None, metavar="MODEL", help="Model that finds its passages.  [default: settings']")
@click.pass_obj
def create_library(terminal: Terminal, name: str, embedder: str | None) -> int:
    """Make a library."""
    with open_engine(terminal) as engine:
        terminal.text(engine.create_library(name, embedder=embedder).name)
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


@libraries.command("statistics")
@click.argument("name", default=DEFAULT_LIBRARY)
@_JSON
@click.pass_obj
def statistics(terminal: Terminal, name: str, as_json: bool) -> int:
    """Show what a library holds and takes up."""
    with open_engine(terminal) as engine:
        found = engine.statistics(name)
    if as_json:
        terminal.json(wire.plain(found))
        return DONE
    embedder = f"{found.embedder} -> {found.changing_to}" if found.changing_to else found.embedder
    facts = {
        "doc_name": one_line(found.library),
        "lib_documents": ", ".join(
            f"{STATES[DocumentStatus(status)][terminal.chinese]} {count}"
            for status, count in sorted(found.documents.items())
        )
        or "0",
        "doc_pages": str(found.pages),
        "doc_passages": str(found.passages),
        "doc_languages": ", ".join(f"{language or '?'} {count}" for language, count in sorted(found.languages.items())),
        "doc_personal": redaction_words(found.redactions) or "0",
        "lib_size": f"{found.size_bytes / 2**20:.1f} MiB",
        "lib_embedder": embedder,
    }
    for word, value in facts.items():
        terminal.text(f"{terminal.word(word)}\t{value}")
    for folder in found.watched:
        terminal.text(f"{terminal.word('lib_watched')}\t{one_line(folder.folder)}")
    return DONE


@libraries.command("check")
@click.argument("name", default=DEFAULT_LIBRARY)
@_JSON
@click.pass_obj
def check(terminal: Terminal, name: str, as_json: bool) -> int:
    """Compare what was read with what can be found, and repair it: lost documents are read again."""
    return check_library(terminal, name, as_json=as_json)


@libraries.command("embedder")
@click.argument("name")
@click.argument("model")
@click.pass_obj
def change_embedder(terminal: Terminal, name: str, model: str) -> int:
    """Embed a library anew by another model. Search goes on meanwhile; Ctrl+C leaves all as it was."""
    with open_engine(terminal) as engine:
        run_to_end(lambda cancel: engine.change_embedder(name, model, cancel=cancel), terminal)
    terminal.say("embedder_changed", library=name, model=model)
    return DONE


@libraries.command("export")
@click.argument("name")
@click.argument("file")
@click.option("--paths", is_flag=True, help="With the documents' whole paths, not their names alone.")
@click.pass_obj
def export(terminal: Terminal, name: str, file: str, paths: bool) -> int:
    """Write a library with its texts and vectors into one file."""
    target = existing(file)
    with open_engine(terminal) as engine:
        run_to_end(lambda cancel: engine.export_library(name, target, paths=paths, cancel=cancel), terminal)
    terminal.text(str(target))
    return DONE


@libraries.command("import")
@click.argument("file")
@click.option("--name", default=None, help="Its name here.  [default: the one it was exported under]")
@click.pass_obj
def take_in(terminal: Terminal, file: str, name: str | None) -> int:
    """Take a library from a file that `export` wrote."""
    source = existing(file)
    with open_engine(terminal) as engine:
        run_to_end(lambda cancel: engine.import_library(source, name=name, cancel=cancel), terminal)
    terminal.say("imported")
    return DONE


@libraries.command("watch")
@click.argument("name")
@click.argument("folder")
@click.option("--polling/--no-polling", default=None, help="Look through it at intervals.  [default: as it needs]")
@click.pass_obj
def watch(terminal: Terminal, name: str, folder: str, polling: bool | None) -> int:
    """Keep a library in step with a folder, while `studiolo serve` or the window runs."""
    with open_engine(terminal) as engine:
        engine.watch(name, existing(folder), polling=polling)
    return DONE


@libraries.command("unwatch")
@click.argument("name")
@click.argument("folder")
@click.pass_obj
def unwatch(terminal: Terminal, name: str, folder: str) -> int:
    """Watch a folder no more; its documents stay."""
    with open_engine(terminal) as engine:
        engine.unwatch(name, existing(folder))
    return DONE


@libraries.command("watched")
@click.argument("name", default=DEFAULT_LIBRARY)
@_JSON
@click.pass_obj
def watched(terminal: Terminal, name: str, as_json: bool) -> int:
    """List the folders that a library is kept in step with."""
    with open_engine(terminal) as engine:
        found = engine.watched(name)
    if as_json:
        terminal.json({"library": name, "folders": wire.plain(found)})
        return DONE
    for folder in found:
        terminal.text(f"{one_line(folder.folder)}\t{terminal.word(f'watch_{folder.state}')}")
    return DONE


def check_library(terminal: Terminal, name: str, *, as_json: bool) -> int:
    """Check a library, say what was found, and wait until what was lost is read again."""
    with open_engine(terminal) as engine:
        found = engine.check(name)
        if as_json:
            terminal.json({"library": name, **wire.plain(found), "sound": found.sound})
        else:
            counts = {
                "missing": found.missing,
                "damaged": found.damaged,
                "unknown": found.unknown,
                "doubled": found.doubled,
                "without_vector": found.without_vector,
            }
            said = "sound" if found.sound else "repaired"
            terminal.text(terminal.word(said, passages=found.passages, documents=len(found.documents), **counts))
        if not found.sound:
            wait_until_read(engine, terminal)
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
