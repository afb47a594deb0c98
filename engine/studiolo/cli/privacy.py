"""`studiolo privacy`."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from studiolo import wire
from studiolo.cli.session import open_engine
from studiolo.cli.terminal import DONE, Terminal, existing, one_line
from studiolo.errors import Code, UserError
from studiolo.privacy.policies import read_policy_at
from studiolo.types import PolicyView

_LIBRARY = click.option("--library", "-l", default="", help="Library that is meant.  [default: the home itself]")
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object.")


@click.group()
def privacy() -> None:
    """Show, set or check what personal data may be seen where.

    The policy is the file privacy.toml in the home. What is changed here counts at once; a file that was edited by
    hand counts from `studiolo privacy load` on.
    """


@privacy.command("show")
@_LIBRARY
@_JSON
@click.pass_obj
def show(terminal: Terminal, library: str, as_json: bool) -> int:
    """Show the policy that counts, for the home or for a library."""
    with open_engine(terminal) as engine:
        found = engine.policy(library)
    _tell(terminal, found, as_json=as_json)
    return DONE


@privacy.command("set")
@_LIBRARY
@click.option("--profile", type=click.Choice(["open", "balanced", "strict"]), help="What it starts from.")
@click.option("--type", "types", multiple=True, metavar="TYPE=ACTION", help="Action of a type (or default).")
@click.option("--direction", "directions", multiple=True, metavar="DIRECTION:TYPE=ACTION", help="In one direction.")
@click.option("--reader", "readers", multiple=True, metavar="READER:TYPE=ACTION", help="In answers for one reader.")
@click.option("--keep-last", "kept", multiple=True, metavar="TYPE=N", help="Digits that stay visible in a mask.")
@click.option("--refuse", "refused", multiple=True, metavar="TYPE", help="Take in no file with such values.")
@click.option("--accept", "accepted", multiple=True, metavar="TYPE", help="Take them in again.")
@click.option("--word", "words", multiple=True, metavar="TYPE=WORD", help="A word of an entity of your own.")
@click.option("--pattern", "patterns", multiple=True, metavar="TYPE=REGEX", help="A pattern of one.")
@click.option("--allow", "allowed", multiple=True, metavar="WORD", help="What is no secret.")
@click.option("--file", "file", default=None, help="A TOML file with the whole section, in place of what there is.")
@_JSON
@click.pass_obj
def change(terminal: Terminal, /, library: str, file: str | None, as_json: bool, **changes: Any) -> int:
    """Change the policy of the home or of a library. Actions: allow, flag, mask, pseudonymise, block."""
    whole = None if file is None else _section_in(existing(file))
    with open_engine(terminal) as engine:
        section = copy.deepcopy(engine.policy(library).section) if whole is None else whole
        found = engine.set_policy(library, _changed(section, **changes))
    _tell(terminal, found, as_json=as_json)
    return DONE


@privacy.command("check")
@click.argument("file", default=None, required=False)
@click.pass_obj
def check(terminal: Terminal, file: str | None) -> int:
    """Check a policy file (without a name the home's), and change nothing."""
    path = terminal.home.policy_file if file is None else existing(file)
    if file is not None and not path.is_file():
        raise UserError(Code.FILE_MISSING, path=str(path))
    read_policy_at(path)
    terminal.say("policy_sound")
    return DONE


@privacy.command("load")
@_JSON
@click.pass_obj
def load(terminal: Terminal, as_json: bool) -> int:
    """Let the home's policy file count, as after it was edited by hand."""
    with open_engine(terminal) as engine:
        found = engine.load_policy()
    _tell(terminal, found, as_json=as_json)
    return DONE


def _section_in(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise UserError(Code.FILE_MISSING, path=str(path))
    raw = dict(read_policy_at(path).raw)
    raw.pop("format", None)
    return raw


def _changed(
    section: dict[str, Any],
    *,
    profile: str | None,
    types: Sequence[str],
    directions: Sequence[str],
    readers: Sequence[str],
    kept: Sequence[str],
    refused: Sequence[str],
    accepted: Sequence[str],
    words: Sequence[str],
    patterns: Sequence[str],
    allowed: Sequence[str],
) -> dict[str, Any]:
    """A section of the policy file with changes made to it."""
    if profile is not None:
        section["profile"] = profile
    for kind, action in _pairs(types, "--type"):
        section.setdefault("types", {})[kind] = action
    for key, given, option in (("directions", directions, "--direction"), ("readers", readers, "--reader")):
        for where, action in _pairs(given, option):
            name, colon, kind = where.partition(":")
            if not colon:
                raise click.BadParameter(f"{option} needs NAME:TYPE=ACTION")
            section.setdefault(key, {}).setdefault(name, {})[kind] = action
    for kind, number in _pairs(kept, "--keep-last"):
        section.setdefault("keep_last", {})[kind] = int(number) if number.isdecimal() else number
    if refused or accepted:
        types_now = [*section.get("refuse", []), *refused]
        section["refuse"] = [kind for kind in dict.fromkeys(types_now) if kind not in accepted]
    for key, given, option in (("words", words, "--word"), ("patterns", patterns, "--pattern")):
        for kind, value in _pairs(given, option):
            _add(section.setdefault("custom", {}).setdefault(kind, {}), key, value)
    for word in allowed:
        _add(section.setdefault("allow", {}), "words", word)
    return section


def _pairs(given: Sequence[str], option: str) -> list[tuple[str, str]]:
    pairs = []
    for one in given:
        name, equals, value = one.partition("=")
        if not equals:
            raise click.BadParameter(f"{option} needs NAME=VALUE")
        pairs.append((name.strip(), value))
    return pairs


def _add(table: dict[str, Any], key: str, value: str) -> None:
    table[key] = list(dict.fromkeys([*table.get(key, []), value]))


def _tell(terminal: Terminal, view: PolicyView, *, as_json: bool) -> None:
    if as_json:
        terminal.json(wire.plain(view))
        return
    if view.library:
        terminal.text(f"{terminal.word('doc_name')}\t{one_line(view.library)}")
    terminal.text(f"{terminal.word('policy_profile')}\t{view.profile}")
    for kind, action in view.types.items():
        terminal.text(f"{terminal.word('policy_type')}\t{kind}\t{action}")
    for word, tables in (("policy_direction", view.directions), ("policy_reader", view.readers)):
        for name, table in tables.items():
            said = ", ".join(f"{kind} {action}" for kind, action in table.items())
            terminal.text(f"{terminal.word(word)}\t{name}\t{said}")
    for word, names in (("policy_custom", view.custom), ("policy_refuse", view.refuse)):
        if names:
            terminal.text(f"{terminal.word(word)}\t{', '.join(names)}")
