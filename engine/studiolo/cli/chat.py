"""`studiolo chat`: a conversation in the terminal.

It lasts long, so it does not keep the home to itself: it attaches to an engine, or starts one that other commands can
attach to meanwhile.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import replace

import click

from studiolo.cli.answers import adapter_option, adapters_named, ask_aloud, hit_lines
from studiolo.cli.terminal import DONE, Terminal
from studiolo.engine import Engine
from studiolo.errors import Code, StudioloError
from studiolo.shapes import Answer
from studiolo.types import DEFAULT_LIBRARY, Question

QUIT = ("/quit", "/exit", "/q")


@click.command()
@click.option("--library", "-l", default=DEFAULT_LIBRARY, show_default=True, help="Library to answer from.")
@click.option("--document", "-d", default=None, help="Limit to one document: its name or id.")
@click.option("--model", "-m", default=None, help="Model to answer with; see `studiolo models list`.")
@adapter_option
@click.pass_obj
def chat(
    terminal: Terminal, *, library: str, document: str | None, model: str | None, adapters: tuple[str, ...]
) -> int:
    """Talk about a library's documents, in the terminal."""
    from studiolo.client.sealed import sealed_front_end
    from studiolo.client.spawn import attach_or_spawn

    with suppress(ImportError):  # not on every system; the prompt works without
        import readline  # noqa: F401 - importing it gives `input` a history and editing
    uses = adapters_named(adapters)
    with sealed_front_end(terminal.home, environ=terminal.environ, wanted=terminal.sealing) as porter:
        connection = attach_or_spawn(terminal.home, environ=terminal.environ, porter=porter)
        try:
            template = Question("", library=library, document=document, model=model, adapters=uses)
            talk(connection.engine, template, terminal)
        finally:
            connection.close()
    return DONE


def talk(engine: Engine, template: Question, terminal: Terminal) -> None:
    """Ask until the person leaves. An error ends the turn, not the conversation, unless the engine has gone."""
    terminal.say("chat_help")
    last = Answer()
    conversation_id: str | None = None
    while True:
        line = _read_line()
        if line is None or line in QUIT:
            return
        if line == "/new":
            conversation_id = None
        elif line == "/sources":
            _show_sources(last, terminal)
        elif line.startswith("/"):
            terminal.say("chat_help")
        elif line:
            try:
                last = ask_aloud(engine, replace(template, text=line, conversation_id=conversation_id), terminal)
                conversation_id = last.started.conversation_id or conversation_id
            except StudioloError as error:
                if error.code is Code.ENGINE_GONE:
                    raise
                terminal.fail(error)
            except KeyboardInterrupt:
                terminal.say("cancelled")


def _read_line() -> str | None:
    """The next line, None at the end of the input. The prompt goes to stderr: stdout is for answers."""
    try:
        if sys.stdin.isatty() and sys.stdout.isatty():
            return input("> ").strip()  # on a terminal, line editing needs the prompt to be input's own
        line = sys.stdin.readline()
        return line.strip() if line else None
    except (EOFError, KeyboardInterrupt):
        return None


def _show_sources(answer: Answer, terminal: Terminal) -> None:
    if not answer.sources:
        terminal.say("no_sources")
    for number, hit in enumerate(answer.sources, start=1):
        terminal.text(hit_lines(number, hit, terminal))
