"""`studiolo conversations`."""

from __future__ import annotations

import time

import click

from studiolo import wire
from studiolo.cli.session import open_engine
from studiolo.cli.terminal import DONE, Terminal


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def conversations(context: click.Context, as_json: bool) -> int:
    """List, show or remove conversations; see what the model saw."""
    if context.invoked_subcommand is not None:
        return DONE
    return _list(context.obj, as_json=as_json)


@conversations.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def list_conversations(terminal: Terminal, as_json: bool) -> int:
    """List all conversations, the latest first (the same as without a word)."""
    return _list(terminal, as_json=as_json)


@conversations.command("show")
@click.argument("conversation")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def show_conversation(terminal: Terminal, conversation: str, as_json: bool) -> int:
    """Show the questions and answers of a conversation, named by its id."""
    with open_engine(terminal) as engine:
        turns = engine.turns(conversation)
    if as_json:
        terminal.json({"id": conversation, "turns": wire.plain(turns)})
        return DONE
    for turn in turns:
        ending = "" if turn.state == "complete" else f"\n({turn.state})"
        terminal.text(f"> {turn.question}\n{turn.answer}{ending}\n({turn.id})\n")
    return DONE


@conversations.command("remove")
@click.argument("conversation")
@click.pass_obj
def remove_conversation(terminal: Terminal, conversation: str) -> int:
    """Remove a conversation, named by its id."""
    with open_engine(terminal) as engine:
        engine.remove_conversation(conversation)
    terminal.say("removed")
    return DONE


@conversations.command("seen")
@click.argument("turn")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with the parts the prompt was put together of.")
@click.pass_obj
def seen_in_turn(terminal: Terminal, turn: str, as_json: bool) -> int:
    """Show what the model read in a turn, named by its id, with pseudonyms in place of values."""
    with open_engine(terminal) as engine:
        seen = engine.seen(turn)
    if as_json:
        terminal.json({"turn": seen.turn_id, "text": seen.text, "parts": wire.plain(seen.parts)})
    else:
        terminal.text(seen.text, end="" if seen.text.endswith("\n") else "\n")
    return DONE


@conversations.command("reveal")
@click.argument("turn")
@click.argument("token")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def reveal_in_turn(terminal: Terminal, turn: str, token: str, as_json: bool) -> int:
    """Show the value that TOKEN (such as PERSON_1) stands for in a turn. The audit log notes it."""
    with open_engine(terminal) as engine:
        revealed = engine.reveal(turn, token)
    if as_json:
        terminal.json(wire.plain(revealed))
    else:
        terminal.text(revealed.value)
    return DONE


def _list(terminal: Terminal, *, as_json: bool) -> int:
    with open_engine(terminal) as engine:
        found = engine.conversations()
    if as_json:
        terminal.json({"conversations": wire.plain(found)})
        return DONE
    for conversation in found:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(conversation.updated_at))
        terminal.text(f"{conversation.id}\t{when}\t{conversation.turns}\t{conversation.title}")
    return DONE
