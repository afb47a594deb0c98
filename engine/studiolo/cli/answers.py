"""An answer in the terminal: its text as it comes, then its sources; all else on stderr."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from studiolo.cli.interrupt import cancel_on_interrupt
from studiolo.cli.terminal import Terminal, one_line
from studiolo.cli.words import place_words
from studiolo.engine import Engine
from studiolo.errors import Code, UserError
from studiolo.events import Delta, Event, LeftOut, Progress
from studiolo.shapes import Answer
from studiolo.types import AdapterUse, Citation, Hit, Question

adapter_option = click.option(
    "--adapter",
    "-a",
    "adapters",
    multiple=True,
    metavar="NAME[:SCALE]",
    help="LoRA adapter to answer with, and what its changes are multiplied by (1); several may be named.",
)


def adapters_named(named: Sequence[str]) -> tuple[AdapterUse, ...]:
    """What `--adapter` names. Raises UserError(bad_request); what a scale may be, the engine says."""
    found = []
    for one in named:
        name, colon, scale = one.partition(":")  # no model's id holds a colon
        try:
            found.append(AdapterUse(name, float(scale) if colon else 1.0))
        except ValueError:
            raise UserError(Code.BAD_REQUEST, field="--adapter", problem="adapter_scale") from None
    return tuple(found)


def ask_quietly(engine: Engine, question: Question, terminal: Terminal) -> Answer:
    """The answer, read to its end; a source that gives orders is told of on stderr.

    Raises StudioloError where it failed; KeyboardInterrupt where it was cancelled.
    """
    answer = Answer()
    with cancel_on_interrupt() as cancel:
        for event in engine.ask(question, cancel=cancel):
            answer.take(event)
    _check(answer)
    _warn(answer.sources, terminal)
    return answer


def ask_aloud(engine: Engine, question: Question, terminal: Terminal) -> Answer:
    """The answer, written to stdout while it comes, its sources after it. Raises as `ask_quietly` does."""
    answer = Answer()
    with cancel_on_interrupt() as cancel:
        for event in _written(engine.ask(question, cancel=cancel), terminal):
            answer.take(event)
    if answer.text and not answer.text.endswith("\n"):
        terminal.text()
    _check(answer)
    _write_sources(answer, terminal)
    _warn(answer.sources, terminal)
    return answer


def _warn(hits: Sequence[Hit], terminal: Terminal) -> None:
    """Say on stderr which passages try to give orders."""
    found = [hit.passage for hit in hits if hit.suspicious]
    if found:
        places = "; ".join(_place(one.document, one.page, one.label, terminal) for one in found)
        terminal.say("suspicious_sources", count=len(found), places=places)


def _written(events: Iterator[Event], terminal: Terminal) -> Iterator[Event]:
    for event in events:
        match event:
            case Delta():
                terminal.text(event.text, end="")
            case LeftOut():
                terminal.say("left_out", passages=event.passages, turns=event.turns)
            case Progress(stage="load") if event.done == 0:
                terminal.say("loading")
            case _:
                pass
        yield event


def _write_sources(answer: Answer, terminal: Terminal) -> None:
    if answer.citations:
        terminal.text(f"\n{terminal.word('sources')}")
        for citation in answer.citations:
            terminal.text(_citation_line(citation, terminal))
    if answer.reason == "length":
        terminal.say("length")
    if answer.redactions:
        counts = ", ".join(f"{item.count} {item.type}" for item in answer.redactions)
        terminal.say("screened", counts=counts)
    _write_figures(answer, terminal)


def _write_figures(answer: Answer, terminal: Terminal) -> None:
    timings, usage = answer.timings, answer.usage
    terminal.say("timings", first=timings.first_token_s, total=timings.total_s)
    if usage.completion_tokens:
        terminal.say(
            "tokens",
            read=usage.prompt_tokens - usage.reused_tokens,
            reused=usage.reused_tokens,
            read_speed=timings.read_tokens_per_s,
            written=usage.completion_tokens,
            speed=timings.write_tokens_per_s,
        )
    if timings.energy_j is not None:
        terminal.say("energy", joules=timings.energy_j)


def _citation_line(citation: Citation, terminal: Terminal) -> str:
    place = _place(citation.document, citation.page, citation.label, terminal)
    quote = " ".join(citation.quote.split())
    line = f"[{citation.marker}] {place}: “{quote}”" if quote else f"[{citation.marker}] {place}"
    line = f"{line} ({terminal.word('suspicious')})" if citation.suspicious else line
    return line if citation.verified else f"{line} ({terminal.word('unverified')})"


def hit_lines(number: int, hit: Hit, terminal: Terminal) -> str:
    """A passage as text: where it stands, then what it says."""
    passage = hit.passage
    place = _place(passage.document, passage.page, passage.label, terminal)
    warning = f" ({terminal.word('suspicious')})" if hit.suspicious else ""
    return f"{number}. {place}  ({hit.score:.3f}){warning}\n   {' '.join(passage.text.split())}"


def _place(document: str, page: int, label: str, terminal: Terminal) -> str:
    where = place_words(page, label, chinese=terminal.chinese)
    return f"{one_line(document)}, {where}" if where else one_line(document)


def _check(answer: Answer) -> None:
    if answer.failure is not None:
        raise answer.failure
    if answer.reason == "cancelled":
        raise KeyboardInterrupt
