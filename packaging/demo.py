"""`make demo`: the whole way, as a stranger walks it. Models are pulled, the samples added, three questions answered.

Uses the engine as every client does: a process of its own, spoken to through `studiolo.client`. Keeps everything in
`.demo-home` (or STUDIOLO_HOME), so a second run finds models and documents there and starts answering at once.
Plain text; works without a terminal. Exit code 0 done, 1 failed with one line.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from studiolo.cli.sentences import is_chinese, sentence
from studiolo.cli.terminal import use_utf8
from studiolo.client.spawn import attach_or_spawn
from studiolo.engine import Engine
from studiolo.errors import StudioloError, error_for
from studiolo.events import Delta, Event, Failed, FileDone, Finished, LeftOut, Progress
from studiolo.jobs import CancelToken
from studiolo.models.pull_client import pull_process
from studiolo.paths import Home
from studiolo.shapes import Answer
from studiolo.types import AddResult, Question, Redaction

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "assets" / "samples"
MODELS = ("qwen2.5-coder-0.5b", "multilingual-e5-small", "en-core-web-sm", "lac")
QUESTIONS = (
    "How long is the term of the lease?",
    "乙方的紧急联系人是谁？",
    "What is the phone number of Ines Carvalho?",
)


class Screen:
    """Writes to the terminal, or to a file where there is none: there no line is ever written over."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._live = out.isatty()
        self._colours = self._live and "NO_COLOR" not in os.environ
        self._shown = ""

    def heading(self, text: str) -> None:
        """A title, with room above it."""
        self.line()
        self.line(f"\033[1m{text}\033[0m" if self._colours else text)

    def line(self, text: str = "") -> None:
        """One line; what `passing` showed is gone."""
        self.passing("")
        print(text, file=self._out, flush=True)

    def passing(self, text: str) -> None:
        """Something for the moment, written over by what comes next. Nothing without a terminal."""
        if self._live and text != self._shown:
            print(f"\r\033[K{text}", end="", file=self._out, flush=True)
            self._shown = text

    def piece(self, text: str) -> None:
        """A piece of an answer, as it comes."""
        self.passing("")
        print(text.replace("\n", "\n  "), end="", file=self._out, flush=True)


def counted(redactions: Sequence[Redaction]) -> str:
    """`3 PERSON, 1 PHONE`."""
    return ", ".join(f"{item.count} {item.type}" for item in redactions) or "nothing"


def shortened(quote: str, *, limit: int = 200) -> str:
    """A quote on one line of bearable length."""
    line = " ".join(quote.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def explained(error: StudioloError) -> str:
    """An error in the person's language."""
    return sentence(error, chinese=is_chinese(os.environ))


def megabytes(size: int) -> str:
    """`491 MB`."""
    return f"{size / 1e6:.0f} MB"


def since_start_s() -> float:
    """Seconds since this process was started, its own imports among them."""
    import psutil

    return time.time() - psutil.Process().create_time()


def raise_failed(event: Event) -> None:
    """Raise the error that a stream ended with."""
    if isinstance(event, Failed):
        raise error_for(event.code, event.values)


def pull_models(engine: Engine, *, home: Home, screen: Screen) -> None:
    """Fetch the models that are not here."""
    screen.heading("Models")
    known = {model.id: model for model in engine.models()}
    for model_id in MODELS:
        model = known[model_id]
        label = f"  {model.id:24} {megabytes(model.size_bytes):>8}  {model.licence}"
        if model.installed:
            screen.line(f"{label}, here already")
            continue
        screen.line(label)
        began = time.monotonic()
        shown_tenth = 0
        for event in pull_process(model_id, home, CancelToken()):
            raise_failed(event)
            if isinstance(event, Progress) and event.total:
                screen.passing(f"    {event.stage} {megabytes(event.done)} of {megabytes(event.total)}")
                tenth = 10 * event.done // event.total
                if not sys.stdout.isatty() and event.stage == "pull" and tenth >= shown_tenth + 2:
                    screen.line(f"    {tenth * 10} %")
                    shown_tenth = tenth
        screen.line(f"    pulled and checked in {time.monotonic() - began:.0f} s")


def add_samples(engine: Engine, *, screen: Screen) -> None:
    """Add the sample documents; files that have not changed are not read again."""
    screen.heading("Documents")
    results: list[AddResult] = []
    began = time.monotonic()
    for event in engine.add([SAMPLES]):
        raise_failed(event)
        if isinstance(event, Progress):
            screen.passing(f"  {event.stage} {Path(event.item).name} {event.done}/{event.total}")
        elif isinstance(event, FileDone):
            results.append(event.result)
            if event.result.status != "unchanged":
                screen.line(file_line(event.result))
    unchanged = sum(result.status == "unchanged" for result in results)
    screen.line(f"  {len(results)} documents, {unchanged} of them unchanged, {time.monotonic() - began:.1f} s")
    found: dict[str, int] = {}
    for document in engine.documents():
        for item in document.redactions:
            found[item.type] = found.get(item.type, 0) + item.count
    screened = [Redaction(name, found[name]) for name in sorted(found)]
    screen.line(f"  personal data found in them: {counted(screened)}")


def file_line(result: AddResult) -> str:
    """What became of one file."""
    name = Path(result.path).name
    if result.status == "failed":
        return f"  {name}: {explained(error_for(result.reason, result.values))}"
    pages = f"{result.pages} pages, " if result.pages else ""
    return f"  {result.status} {name}: {pages}{result.passages} passages, {result.seconds:.1f} s"


def question_read(prompt: str) -> str:
    """The question as it stands in a screened prompt, with pseudonyms; empty where it is not found."""
    found = re.findall(r"^(?:Question: |问题：)(.+?)(?:<\||$)", prompt, flags=re.MULTILINE)
    return str(found[-1]) if found else ""


def ask(engine: Engine, question: str, *, screen: Screen, first: bool) -> None:
    """Ask one question; print the answer as it comes, its sources, what was screened and the timings."""
    screen.heading(f"Question: {question}")
    answer = Answer()
    for event in engine.ask(Question(text=question)):
        raise_failed(event)
        if isinstance(event, Delta):
            if not answer.text:
                if first:
                    screen.line(f"  (started answering {since_start_s():.1f} s after the start of the demonstration)")
                screen.piece("  ")
            screen.piece(event.text)
        elif isinstance(event, Progress):
            screen.passing(f"  {event.stage} {event.done}/{event.total}")
        elif isinstance(event, LeftOut):
            screen.line(f"  left out for want of room: {event.passages} passages, {event.turns} turns")
        elif isinstance(event, Finished) and answer.text:
            screen.line()
        answer.take(event)
    for citation in answer.citations:
        where = f"{citation.document}, page {citation.page}" if citation.page else citation.document
        checked = "stands there" if citation.verified else "not verified"
        screen.line(f"  [{citation.marker}] {where}: “{shortened(citation.quote)}” ({checked})")
    if not answer.citations:
        screen.line("  the answer cites nothing")
    read = question_read(engine.model_saw(answer.started.turn_id))
    if read not in ("", question):
        screen.line(f"  the model read: {read}")
    screen.line(f"  screened before the model read it: {counted(answer.redactions)}")
    timings, usage = answer.timings, answer.usage
    screen.line(
        f"  search {timings.retrieve_s:.2f} s, first word {timings.first_token_s:.2f} s, all {timings.total_s:.2f} s; "
        f"{usage.prompt_tokens} tokens read ({usage.reused_tokens} of them known), {usage.completion_tokens} written"
    )


@contextmanager
def engine_of(home: Home) -> Iterator[Engine]:
    """A running engine on the home, ended afterwards if it was started here."""
    process = attach_or_spawn(home, environ=os.environ)
    try:
        yield process.engine
    finally:
        process.terminate()


def main() -> int:
    """Run the demonstration."""
    use_utf8()
    home = Home(Path(os.environ.get("STUDIOLO_HOME") or ROOT / ".demo-home").expanduser().absolute())
    screen = Screen(sys.stdout)
    screen.line(f"Studiolo, everything on this machine. Home: {home.root}")
    try:
        with engine_of(home) as engine:
            pull_models(engine, home=home, screen=screen)
            add_samples(engine, screen=screen)
            for number, question in enumerate(QUESTIONS):
                ask(engine, question, screen=screen, first=number == 0)
    except StudioloError as error:
        screen.line()
        print(f"demo: {explained(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        screen.line()
        return 1
    screen.line()
    screen.line("Try your own: STUDIOLO_HOME=.demo-home .venv/bin/studiolo add FOLDER, or `make app` for the window.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
