"""`studiolo redact`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from studiolo.cli.session import open_engine
from studiolo.cli.terminal import DONE, Terminal
from studiolo.errors import Code, UserError
from studiolo.shapes import redacted_shape

LIMIT_BYTES = 10_000_000  # what the API takes


@click.command()
@click.argument("file", default="-", metavar="[FILE|-]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object with the offsets of what was found.")
@click.pass_obj
def redact(terminal: Terminal, file: str, as_json: bool) -> int:
    """Mask the personal data in a text.

    The text is UTF-8, from FILE or from standard input (-).
    """
    text = _read(file)
    with open_engine(terminal) as engine:
        redacted = engine.redact(text)
    if as_json:
        terminal.json(redacted_shape(redacted))
    else:
        terminal.text(redacted.text, end="" if redacted.text.endswith("\n") else "\n")
    return DONE


def _read(file: str) -> str:
    """The text as it stands, line ends included: offsets are promised in code points of the input."""
    try:
        if file == "-":
            raw = sys.stdin.buffer.read(LIMIT_BYTES + 1)
        else:
            with Path(file).open("rb") as source:  # may be a pipe or a device, which need not come to an end
                raw = source.read(LIMIT_BYTES + 1)
        if len(raw) > LIMIT_BYTES:
            raise UserError(Code.FILE_TOO_LARGE, path=file, limit_bytes=LIMIT_BYTES)
        return raw.decode("utf-8")
    except FileNotFoundError:
        raise UserError(Code.FILE_MISSING, path=file) from None
    except UnicodeDecodeError:
        raise UserError(Code.UNKNOWN_FORMAT, path=file, suffix=Path(file).suffix, known="UTF-8") from None
    except (OSError, ValueError):
        raise UserError(Code.FILE_UNREADABLE, path=file) from None
