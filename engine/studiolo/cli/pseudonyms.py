"""`studiolo pseudonyms`."""

from __future__ import annotations

import sys
from collections import Counter

import click

from studiolo import wire
from studiolo.cli.session import open_engine
from studiolo.cli.terminal import DONE, Terminal, one_line
from studiolo.types import DEFAULT_LIBRARY, Protection, Pseudonym

_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object.")
_LIBRARY = click.option("--library", default=DEFAULT_LIBRARY, show_default=True, help="Whose pseudonyms.")


@click.group()
def pseudonyms() -> None:
    """List or erase pseudonyms, or choose what keeps their key."""


@pseudonyms.command("list")
@_LIBRARY
@click.option("--reveal", is_flag=True, help="Show the values, too; only at a terminal.")
@_JSON
@click.pass_obj
def list_pseudonyms(terminal: Terminal, library: str, *, reveal: bool, as_json: bool) -> int:
    """List the tokens of a library, their types, and how many of each type there are."""
    if reveal and not sys.stdout.isatty():  # a pipe or a file would keep what nobody meant to keep
        raise click.UsageError("--reveal shows values at a terminal only")
    with open_engine(terminal) as engine:
        found = engine.pseudonyms(library, reveal=reveal)
    counts = Counter(pseudonym.type for pseudonym in found)
    if as_json:
        terminal.json(
            {"pseudonyms": [_plain(one, reveal=reveal) for one in found], "counts": dict(sorted(counts.items()))}
        )
        return DONE
    for one in found:
        terminal.text("\t".join([one.token, one.type, *one.same_as, *([one_line(one.value)] if reveal else [])]))
    terminal.note(
        ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items())) or terminal.word("nothing_found")
    )
    return DONE


@pseudonyms.command("forget")
@click.argument("name", required=False)
@_LIBRARY
@click.option("--all", "everything", is_flag=True, help="All pseudonyms of the library.")
@click.option("--all-libraries", is_flag=True, help="All pseudonyms of all libraries and conversations.")
@click.confirmation_option("--yes", prompt="Erase? The tokens in stored answers can then never be read back")
@click.pass_obj
def forget(terminal: Terminal, name: str | None, library: str, *, everything: bool, all_libraries: bool) -> int:
    """Erase one person with all forms of the name: NAME is the name, another value, or a token."""
    if [name is not None, everything, all_libraries].count(True) != 1:
        raise click.UsageError("give one of NAME, --all and --all-libraries")
    with open_engine(terminal) as engine:
        if name is not None:
            erased = engine.forget_person(library, name)
        else:
            erased = engine.forget_pseudonyms(None if all_libraries else library)
    terminal.say("erased", count=erased)
    return DONE


@pseudonyms.command("protect")
@click.argument("by", type=click.Choice(["keyring", "passphrase", "file"]))
@click.pass_obj
def protect(terminal: Terminal, by: Protection) -> int:
    """Keep the key in the system keyring, under a passphrase that is asked for, or in a file of the home.

    The same changes a passphrase. From then on STUDIOLO_PASSPHRASE must hold it wherever the home is opened.
    """
    passphrase = None
    if by == "passphrase":
        passphrase = click.prompt(terminal.word("new_passphrase"), hide_input=True, confirmation_prompt=True, err=True)
    with open_engine(terminal) as engine:
        engine.protect_pseudonyms(by, passphrase=passphrase)
    terminal.say("protected", by=by)
    return DONE


def _plain(one: Pseudonym, *, reveal: bool) -> dict[str, object]:
    plain: dict[str, object] = wire.plain(one)
    if not reveal:
        del plain["value"]
    return plain
