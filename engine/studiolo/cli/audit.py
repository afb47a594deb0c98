"""`studiolo audit`."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import click

from studiolo import wire
from studiolo.cli.session import open_engine
from studiolo.cli.terminal import DONE, FAILED, Terminal
from studiolo.engine import Engine
from studiolo.errors import disk_fault
from studiolo.shapes import audit_line, audit_shape
from studiolo.types import AuditRecord

PAGE = 1000  # records asked for at once


@click.group(invoke_without_command=True)
@click.pass_context
def audit(context: click.Context) -> int:
    """List, verify or export what the privacy filter did.

    Each record says when, in which direction, for which reader, and how many values of which type; never a value.
    """
    if context.invoked_subcommand is not None:
        return DONE
    return _list(context.obj, limit=20, as_json=False)


@audit.command("list")
@click.option("--limit", "-n", default=20, show_default=True, type=click.IntRange(1, 10_000), help="Records at most.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def list_records(terminal: Terminal, limit: int, as_json: bool) -> int:
    """List the last records, the latest last."""
    return _list(terminal, limit=limit, as_json=as_json)


@audit.command("verify")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def verify(terminal: Terminal, as_json: bool) -> int:
    """Check that no record was changed, removed or cut off."""
    with open_engine(terminal) as engine:
        report = engine.verify_audit()
    if as_json:
        terminal.json({**wire.plain(report), "sound": report.sound})
    elif report.sound:
        terminal.text(terminal.word("audit_sound", first=report.first, last=report.last, head=report.head))
    else:
        terminal.text(terminal.word(f"audit_{report.problem}", record=report.record or "?", last=report.last))
    return DONE if report.sound else FAILED


@audit.command("export")
@click.argument("file", default="-", metavar="[FILE|-]")
@click.option("--json", "as_json", is_flag=True, help="The same: each record is a line of JSON.")
@click.pass_obj
def export(terminal: Terminal, file: str, as_json: bool) -> int:  # noqa: ARG001 - the lines are JSON already
    """Write all records as they stand in the log, one a line, to FILE or to standard output.

    A line's hash is the SHA-256 of the line with an empty hash in it, and the next line holds it as `previous`.
    """
    with open_engine(terminal) as engine:
        if file == "-":
            _write(engine, sys.stdout)
            return DONE
        target = Path(file).absolute()
        partial = target.with_name(target.name + ".partial")
        try:
            with partial.open("w", encoding="ascii") as out:
                _write(engine, out)
            partial.replace(target)
        except OSError as error:
            raise disk_fault(error, target.parent) from None
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
    return DONE


def _write(engine: Engine, out: TextIO) -> None:
    after = 0
    while records := engine.audit(limit=PAGE, after=after):
        out.writelines(audit_line(record) + "\n" for record in records)
        after = records[-1].number


def _list(terminal: Terminal, *, limit: int, as_json: bool) -> int:
    with open_engine(terminal) as engine:
        records = engine.audit(limit=limit)
    if as_json:
        terminal.json({"records": [audit_shape(record) for record in records]})
        return DONE
    for record in records:
        terminal.text(_line(record))
    return DONE


def _line(record: AuditRecord) -> str:
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.time))
    found = ", ".join(f"{one.count} {one.type} ({one.rule})" for one in record.found)
    who = record.reader or "-"
    return (
        f"{record.number}\t{when}\t{record.event}\t{record.direction or '-'}\t{who}\t{record.library or '-'}\t{found}"
    )
