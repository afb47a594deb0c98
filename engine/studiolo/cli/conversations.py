"""`studiolo conversations`."""

from __future__ import annotations

import time

import click

from studiolo import wire
from studiolo.cli.session import open_engine
from studiolo.cli.terminal import DONE, Terminal
from studiolo.transcripts import transcript_markdown


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def conversations(context: click.Context, as_json: bool) -> int:
    """List, search, show, name, pin, export or remove conversations; see what the model saw."""
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


@conversations.command("search")
@click.argument("query")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def search_conversations(terminal: Terminal, query: str, as_json: bool) -> int:
    """Find conversations by their titles and by what was asked and answered in them."""
    with open_engine(terminal) as engine:
        found = engine.find_conversations(query)
    if as_json:
        terminal.json({"found": wire.plain(found)})
        return DONE
    for one in found:
        terminal.text(f"{one.conversation.id}\t{one.turn_id or '-'}\t{one.excerpt or one.conversation.title}")
    return DONE


@conversations.command("rename")
@click.argument("conversation")
@click.argument("title")
@click.pass_obj
def rename_conversation(terminal: Terminal, conversation: str, title: str) -> int:
    """Give a conversation another title, screened as the policy wants titles to be."""
    with open_engine(terminal) as engine:
        terminal.text(engine.change_conversation(conversation, title=title).title)
    return DONE


@conversations.command("pin")
@click.argument("conversation")
@click.option("--off", is_flag=True, help="Pin it no longer.")
@click.pass_obj
def pin_conversation(terminal: Terminal, conversation: str, off: bool) -> int:
    """Keep a conversation at the head of the window's list."""
    with open_engine(terminal) as engine:
        engine.change_conversation(conversation, pinned=not off)
    terminal.say("unpinned" if off else "pinned")
    return DONE


@conversations.command("export")
@click.argument("conversation")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with the turns of all branches.")
@click.pass_obj
def export_conversation(terminal: Terminal, conversation: str, as_json: bool) -> int:
    """Write a conversation to stdout as Markdown, screened as the policy wants exports to be."""
    with open_engine(terminal) as engine:
        exported = engine.export_conversation(conversation)
    if as_json:
        terminal.json(wire.plain(exported))
    else:
        terminal.text(transcript_markdown(exported), end="")
    return DONE


@conversations.command("show-turn")
@click.argument("turn")
@click.pass_obj
def show_turn(terminal: Terminal, turn: str) -> int:
    """Show the branch that another version of a question stands in, named by its turn's id, from now on."""
    with open_engine(terminal) as engine:
        engine.show_turn(turn)
    terminal.say("shown")
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
