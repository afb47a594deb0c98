"""`studiolo redact`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from studiolo.cli.redact_lines import redact_lines
from studiolo.cli.session import open_engine
from studiolo.cli.terminal import DONE, FAILED, Terminal
from studiolo.engine import Engine
from studiolo.errors import Code, UserError
from studiolo.shapes import redacted_shape
from studiolo.types import Entity, Redacted

LIMIT_BYTES = 1 << 30  # of a text; a device need not come to an end
PIECE = 5_000_000  # code points that are sent to the engine at once


@click.command()
@click.argument("file", default="-", metavar="[FILE|-]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object with the offsets of what was found.")
@click.option("--jsonl", "as_lines", is_flag=True, help="The input is JSON lines; so is the output, line for line.")
@click.option("--field", "fields", multiple=True, help="With --jsonl: redact this field alone (a.b for one inside).")
@click.option("--profile", "--policy", default=None, help="By which policy: balanced, open or strict.")
@click.pass_obj
def redact(
    terminal: Terminal, *, file: str, as_json: bool, as_lines: bool, fields: tuple[str, ...], profile: str | None
) -> int:
    """Mask the personal data in a text.

    The text is UTF-8, from FILE or from standard input (-). Of a document (PDF, Word, mail, ...) the text is redacted
    that would be read into a library. With --jsonl each text in a line's values is redacted, and numbers that are
    personal data; names of fields stay. A line that cannot be read comes out as {"error": ..., "line": ...}.
    """
    if fields and not as_lines:
        raise click.UsageError("--field needs --jsonl")
    with open_engine(terminal) as engine:
        if as_lines:
            total, bad = _lines(engine, file, terminal, fields=fields, profile=profile)
            if bad:
                terminal.say("bad_lines", count=bad, total=total)
            return FAILED if bad else DONE
        redacted = _redacted(engine, file, profile=profile)
    if as_json:
        terminal.json(redacted_shape(redacted))
    else:
        terminal.text(redacted.text, end="" if redacted.text.endswith("\n") else "\n")
    return DONE


def _lines(
    engine: Engine, file: str, terminal: Terminal, *, fields: tuple[str, ...], profile: str | None
) -> tuple[int, int]:
    if file == "-":
        return redact_lines(engine, sys.stdin.buffer, terminal, fields=fields, profile=profile)
    try:
        source = Path(file).open("rb")  # noqa: SIM115 - closed below; opening alone is translated
    except FileNotFoundError:
        raise UserError(Code.FILE_MISSING, path=file) from None
    except (OSError, ValueError):
        raise UserError(Code.FILE_UNREADABLE, path=file) from None
    with source:
        return redact_lines(engine, source, terminal, fields=fields, profile=profile)


def _redacted(engine: Engine, file: str, *, profile: str | None) -> Redacted:
    from studiolo.knowledge.parsers import is_known, is_plain
    from studiolo.privacy.portions import cuts

    path = Path(file)
    text = _text(file) if file == "-" or is_plain(path) or not is_known(path) else None
    if text is None:
        return engine.redact_file(path, profile=profile)
    texts, entities = [], []
    for start, end in cuts(text, PIECE):
        found = engine.redact(text[start:end], profile=profile)
        texts.append(found.text)
        entities += [Entity(one.type, one.start + start, one.end + start, one.score) for one in found.entities]
    return Redacted("".join(texts), tuple(entities))


def _text(file: str) -> str | None:
    """The text as it stands, line ends included: offsets are promised in code points of the input.

    None where the file is a known format's that is not UTF-8, so that its parser must read it.
    """
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
        from studiolo.knowledge.parsers import is_known

        if file != "-" and is_known(Path(file)):
            return None
        raise UserError(Code.UNKNOWN_FORMAT, path=file, suffix=Path(file).suffix, known="UTF-8") from None
    except (OSError, ValueError):
        raise UserError(Code.FILE_UNREADABLE, path=file) from None
