"""The clients of an engine that is to be killed: threads that ask, chat, search and add documents until it is gone.

What was reported to them is kept in `Reported`, by which the engine is judged after its restart.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from studiolo.client.remote import RemoteEngine
from studiolo.errors import Code, StudioloError
from studiolo.events import Event, Failed, FileDone, Finished
from studiolo.jobs import CancelToken
from studiolo.shapes import Answer
from studiolo.types import DEFAULT_LIBRARY, Chat, Message, Question, Reader, Sampling, Turn
from tests.soak.papers import paper

ASKERS = 3
QUESTIONS = (
    "Who keeps the brass keys?",
    "谁保管铜钥匙？",
    "What does the surveyor count?",
    "四十一本账簿由谁清点？",
    "Write to Anna Kern, anna.kern@example.org: what is on the third floor?",
)
GONE = Code.ENGINE_GONE.value


@dataclass(slots=True)
class ReportedTurn:
    """What a client was told of one turn. `reason` "" = its end was not reported."""

    id: str
    conversation: str
    question: str = field(repr=False)
    text: str = field(default="", repr=False)
    reason: str = ""


@dataclass(slots=True)
class Reported:
    """All that was reported, over all rounds of a run. Threads: any."""

    turns: dict[str, ReportedTurn] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=dict)  # path -> a word that stands in this one alone

    def newest(self) -> str:
        """The word of the document that was added last."""
        return next(reversed(self.documents.values()), "")

    def check(self, turn: Turn) -> None:
        """Hold a stored turn against what was reported of it."""
        told = self.turns.get(turn.id)
        if told is None:
            assert turn.state in ("failed", "cancelled"), f"a turn that nobody was told of is {turn.state}"
            return
        assert turn.question == told.question, "a turn has another question"
        if told.reason in ("stop", "length"):
            assert turn.state == "complete", f"a turn that was reported stored is {turn.state}"
            assert turn.answer == told.text, "a turn that was reported stored has another answer"
        elif told.reason:
            assert turn.state == told.reason, f"a turn that was reported {told.reason} is {turn.state}"
        elif turn.state == "complete":  # killed between storing and saying so: then all of it must be there
            whole = turn.usage.completion_tokens > 0 and turn.timings.total_s > 0
            assert whole and turn.answer.startswith(told.text), "a part of a turn is shown as whole"  # noqa: PT018
        else:
            assert turn.state in ("failed", "cancelled"), f"a turn that was not finished is {turn.state}"

    def summary(self) -> str:
        """Counts for the log."""
        ends = Counter(turn.reason or "cut off" for turn in self.turns.values())
        told = ", ".join(f"{count} {end}" for end, count in sorted(ends.items()))
        return f"{len(self.turns)} turns ({told}), {len(self.documents)} documents added"


class Clients:
    """Threads that ask an engine for everything until it is gone."""

    def __init__(self, engine: RemoteEngine, reported: Reported, *, papers: Path, seed: int) -> None:
        """`seed`: the same asks the same questions and adds the same documents; which go first is the machine's."""
        self._engine = engine
        self._reported = reported
        self._papers = papers
        self._name = f"{seed:08x}"
        self._over = threading.Event()
        self._wrong: list[BaseException] = []
        works: list[Callable[[random.Random], None]] = [self._ask] * ASKERS + [self._chat, self._search, self._add]
        self._threads = [
            threading.Thread(target=self._until_gone, args=(work, random.Random(f"{seed}/{number}")), name="client")
            for number, work in enumerate(works)
        ]
        self._conversations: list[str] = []
        self._added = 0
        self._heard = 0  # a count to go by, not to rely on: the threads do not lock it

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def wait_heard(self, events: int, *, timeout_s: float) -> None:
        """Wait until they have been told so many events together (or something is wrong)."""
        deadline = time.monotonic() + timeout_s
        while self._heard < events and not self._wrong and time.monotonic() < deadline:
            time.sleep(0.002)

    def stop(self, patience_s: float) -> None:
        """Wait for all of them, once the engine is gone. Raises what they found wrong."""
        self._over.set()
        for thread in self._threads:
            thread.join(patience_s)
        assert not any(thread.is_alive() for thread in self._threads), "a client of a killed engine hangs"
        if self._wrong:
            raise self._wrong[0]

    def _until_gone(self, work: Callable[[random.Random], None], source: random.Random) -> None:
        try:
            while not self._over.is_set():
                work(source)
        except StudioloError as error:
            if error.code.value != GONE:
                self._wrong.append(error)
        except BaseException as error:  # raised by `stop`
            self._wrong.append(error)

    def _ask(self, source: random.Random) -> None:
        go_on = source.choice(self._conversations) if self._conversations and source.random() < 0.4 else None
        stop_at = source.randrange(1, 12) if source.random() < 0.2 else 0  # events after which the person has enough
        text = f"{source.choice(QUESTIONS)} ({source.randrange(10_000)})"
        cancel = CancelToken()
        asked = Question(text, conversation_id=go_on, sampling=Sampling(max_tokens=source.randrange(4, 60)))
        answer = Answer()
        told: ReportedTurn | None = None
        for number, event in enumerate(self._events(self._engine.ask(asked, cancel=cancel)), 1):
            answer.take(event)
            if told is None and answer.turn_id:
                told = ReportedTurn(answer.turn_id, answer.conversation_id, text)
                self._reported.turns[told.id] = told
            if told is not None:
                told.text = answer.text
                told.reason = _reason(event) or told.reason
            if number == stop_at:
                cancel.cancel()
        if told is not None and told.reason in ("stop", "length"):
            self._conversations.append(told.conversation)

    def _chat(self, source: random.Random) -> None:
        message = Message("user", source.choice(QUESTIONS))
        chat = Chat((message,), reader=Reader.OWNER, sampling=Sampling(max_tokens=source.randrange(4, 40)))
        for _ in self._events(self._engine.chat(chat)):
            pass

    def _search(self, source: random.Random) -> None:
        self._engine.search(source.choice(QUESTIONS))
        self._over.wait(0.1)

    def _add(self, source: random.Random) -> None:
        self._added += 1
        suffix = source.choice(("md", "txt", "html"))
        word = f"mark{self._name}x{self._added}"
        name = f"{self._name} {self._added} 文件.{suffix}"
        path = paper(self._papers, name, source, sentences=source.randrange(4, 40), also=f"The word is {word}.")
        for event in self._events(self._engine.add([path], library=DEFAULT_LIBRARY)):
            if isinstance(event, FileDone):
                assert event.result.status == "added", f"{event.result.status} {event.result.reason}"
                self._reported.documents[str(path)] = word

    def _events(self, events: Iterator[Event]) -> Iterator[Event]:
        for event in events:
            _reason(event)
            self._heard += 1
            yield event


def _reason(event: Event) -> str:
    """How a stream ended, "" while it goes on and where the engine is gone; raises where it failed otherwise."""
    if isinstance(event, Failed):
        assert event.code == GONE, f"failed: {event.code}"
        return ""
    return event.reason if isinstance(event, Finished) else ""
