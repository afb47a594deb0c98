"""`studiolo doctor`."""

from __future__ import annotations

import click

from studiolo import wire
from studiolo.cli.sentences import sentence
from studiolo.cli.session import open_engine
from studiolo.cli.terminal import DONE, FAILED, Terminal
from studiolo.errors import StudioloError
from studiolo.types import Check

MARKS = {"ok": "ok     ", "warning": "warning", "failed": "FAILED "}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def doctor(terminal: Terminal, as_json: bool) -> int:
    """Check what works on this machine."""
    try:
        with open_engine(terminal) as engine:
            checks = engine.doctor()
    except StudioloError as error:  # a home that does not open is what a doctor is asked about
        checks = [Check("home", "failed", sentence(error, chinese=terminal.chinese))]
    if as_json:
        terminal.json({"checks": wire.plain(checks)})
    else:
        for check in checks:
            terminal.text(f"{MARKS[check.state]}  {check.name}  {check.detail}".rstrip())
    return FAILED if any(check.state == "failed" for check in checks) else DONE
