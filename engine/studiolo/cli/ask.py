"""`studiolo ask`."""

from __future__ import annotations

import click

from studiolo.cli.answers import adapter_option, adapters_named, ask_aloud, ask_quietly
from studiolo.cli.session import open_engine
from studiolo.cli.terminal import DONE, Terminal
from studiolo.shapes import answer_shape
from studiolo.types import DEFAULT_LIBRARY, Question


@click.command()
@click.argument("question")
@click.option("--library", "-l", default=DEFAULT_LIBRARY, show_default=True, help="Library to answer from.")
@click.option("--document", "-d", default=None, help="Limit to one document: its name or id.")
@click.option(
    "--whole/--passages",
    default=None,
    help="Read the whole document, where it fits, or passages of it. Default: the whole one where it was read before.",
)
@click.option("--model", "-m", default=None, help="Model to answer with; see `studiolo models list`.")
@adapter_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object, when the answer is complete.")
@click.pass_obj
def ask(
    terminal: Terminal,
    *,
    question: str,
    library: str,
    document: str | None,
    whole: bool | None,
    model: str | None,
    adapters: tuple[str, ...],
    as_json: bool,
) -> int:
    """Answer a question from a library's documents."""
    asked = Question(
        question, library=library, document=document, model=model, whole=whole, adapters=adapters_named(adapters)
    )
    with open_engine(terminal) as engine:
        if as_json:
            terminal.json(answer_shape(ask_quietly(engine, asked, terminal)))
        else:
            ask_aloud(engine, asked, terminal)
    return DONE
