"""`studiolo search`."""

from __future__ import annotations

import time

import click

from studiolo.cli.answers import hit_lines
from studiolo.cli.session import open_engine
from studiolo.cli.terminal import DONE, Terminal
from studiolo.shapes import ranked_by, search_shape
from studiolo.types import DEFAULT_LIBRARY


@click.command()
@click.argument("query")
@click.option("--library", "-l", default=DEFAULT_LIBRARY, show_default=True, help="Library to search.")
@click.option("--document", "-d", default=None, help="Limit to one document: its name or id.")
@click.option("-k", "--limit", default=5, show_default=True, type=click.IntRange(1, 100), help="Passages at most.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def search(terminal: Terminal, *, query: str, library: str, document: str | None, limit: int, as_json: bool) -> int:
    """Find the passages that fit a query best."""
    with open_engine(terminal) as engine:
        began = time.monotonic()
        hits = engine.search(query, library=library, limit=limit, document=document)
        seconds = time.monotonic() - began
    if as_json:
        terminal.json(search_shape(query, hits, seconds=seconds))
        return DONE
    if not hits:
        terminal.say("nothing_found")
    if ranked_by(hits) == "words":
        terminal.say("by_words")
    for number, hit in enumerate(hits, start=1):
        terminal.text(hit_lines(number, hit, terminal))
    return DONE
