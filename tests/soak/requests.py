"""Many kinds of requests over one model at the same time, and what must hold whatever runs beside them.

A round is ten requests of ten threads over the smallest real model: questions of persons and of scripts, passages read
ahead, prompts composed from what was read ahead, whole documents, answers by a grammar or with their log-probabilities,
answers that must be reproducible; a third of them is cancelled or left at a random step. The context holds a few of
them only, so places are given away and taken up again, and the store of readings has room for a part of what is read,
so readings are evicted all the time.

Holds after each: an answer ends as it was to end; no marker of another request of the round stands in it; one that must
be reproducible is, word for word, what it was alone; a question whose answer is known is answered rightly after every
round, alone. After the first 50 requests the memory of the process grows no more.
"""

from __future__ import annotations

import gc
import os
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from studiolo.inference.lease import Lease
from studiolo.inference.readings import ReadingStore
from studiolo.inference.runtime import LlamaRuntime
from studiolo.inference.scheduler import Scheduler
from studiolo.inference.steps import Ended, Piece, Prompt, Service
from studiolo.inference.template import TemplateMessage
from studiolo.jobs import CancelToken
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.types import Sampling
from tests.soak.scenario import Round

MODEL = "smollm2-135m"
CELLS = 1024
STORE_BYTES = 24 << 20  # some thousand tokens: less than a round reads
AT_ONCE = 10
SETTLED = 50  # requests after which the memory no longer grows
GROWTH_BYTES = 24 << 20  # what one round's threads and buffers may take more than another's
TOPICS = ("the harbour", "die Brücke", "苹果园", "the lantern", "老石桥", "the violin")
SYSTEM = "You answer from passages."
GRAMMAR = 'root ::= "yes" | "no"'


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of request: how its prompt is made, and how it is answered."""

    name: str
    prompt: Callable[[Lease, str, random.Random], Prompt]
    sampling: Callable[[random.Random], Sampling]
    service: Service = Service.PERSON


class Requests:
    """The scenario."""

    name = "requests"
    rounds = 50  # of ten requests
    quick_s = 6.0

    def start(self, folder: Path) -> None:
        home = Home(Path(os.environ["STUDIOLO_TEST_HOME"]))
        models = ModelStore(home, load_catalogue())
        store = ReadingStore(folder / "readings", budget_bytes=STORE_BYTES, keep_free_bytes=0)
        self._scheduler = Scheduler(
            lambda model: LlamaRuntime(
                models.path(model), model_id=model, context_tokens=CELLS, threads=2, store=store, digest="ab" * 32
            )
        )
        self._known: dict[int, str] = {}
        self._played = 0
        self._settled = 0
        with self._scheduler.lease(MODEL) as lease:
            self._right = self._answer(lease)

    def play(self, this: Round) -> None:
        with self._scheduler.lease(MODEL) as lease:
            clients = [_Client(lease, random.Random(f"{this.number}/{at}"), this.number, at) for at in range(AT_ONCE)]
            for client in clients:
                client.start()
            for client in clients:
                client.join()
            for client in clients:
                client.check(clients)
                if client.seed is not None and client.ended == Ended("length"):
                    known = self._known.setdefault(client.seed, _text(lease, *_reproducible(lease, client.seed)))
                    assert client.text == known, "not what it was alone"
            assert self._answer(lease) == self._right, "the next request is answered otherwise"
        self._played += AT_ONCE
        gc.collect()
        held = psutil.Process().memory_info().rss
        if self._played <= SETTLED:
            self._settled = max(self._settled, held)
        else:
            assert held < self._settled + GROWTH_BYTES, f"grown by {(held - self._settled) >> 20} MB"

    def stop(self) -> None:
        self._scheduler.close()

    def _answer(self, lease: Lease) -> str:
        """From an empty context, so that it must be the same each time."""
        prompt = lease.compose([TemplateMessage("user", ("What is the capital of France?",))])
        return _text(lease, prompt, Sampling(max_tokens=12, reproducible=True))


class _Client(threading.Thread):
    """One request. `seed`: that of a reproducible one."""

    def __init__(self, lease: Lease, rng: random.Random, number: int, at: int) -> None:
        super().__init__(daemon=True)
        self._lease, self._rng = lease, rng
        self.marker = f"Q{number:02d}{'ABCDEFGHIJ'[at]}{rng.randrange(10_000, 100_000)}X"
        self._kind = rng.choice(KINDS)
        self.seed = rng.randrange(6) if self._kind.name == "reproducible" else None
        self._leaves = rng.choice((None, None, "cancel", "leave"))
        self._leaves_at = rng.randrange(1, 12)
        self.text = ""
        self.ended: Ended | None = None
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._ask()
        except BaseException as error:
            self._error = error

    def _ask(self) -> None:
        if self.seed is not None:
            prompt, sampling = _reproducible(self._lease, self.seed)
        else:
            prompt, sampling = self._kind.prompt(self._lease, self.marker, self._rng), self._kind.sampling(self._rng)
        cancel = CancelToken()
        steps = self._lease.generate(prompt, sampling=sampling, cancel=cancel, service=self._kind.service)
        for count, step in enumerate(steps, 1):
            if isinstance(step, Piece):
                self.text += step.text
            elif isinstance(step, Ended):
                self.ended = step
            if count == self._leaves_at and self._leaves == "cancel":
                cancel.cancel()
            elif count == self._leaves_at and self._leaves == "leave":
                steps.close()  # type: ignore[attr-defined]
                return

    def check(self, all_of_round: list[_Client]) -> None:
        if self._error is not None:
            raise AssertionError(f"{self._kind.name} failed") from self._error
        if self._leaves != "leave":
            assert self.ended is not None, f"{self._kind.name} did not end"
            assert self._leaves == "cancel" or self.ended.reason != "cancelled", f"{self._kind.name} was cancelled"
        if self._kind.name == "grammar" and self.ended == Ended("stop"):
            assert self.text in ("yes", "no"), "not what the grammar allows"
        others = [one.marker for one in all_of_round if one is not self and one.marker in self.text]
        assert not others, f"{self._kind.name} has the words of another request"


def _asking(lease: Lease, marker: str, rng: random.Random) -> Prompt:
    text = f"Repeat {marker} and tell of {rng.choice(TOPICS)}. " + "really " * rng.randrange(0, 60) + f"Say {marker}."
    return lease.compose([TemplateMessage("user", (text,))])


def _passage(rng: random.Random) -> str:
    topic = rng.choice(TOPICS)
    return (
        f"Passage {rng.randrange(40)} of {topic}: " + f"{topic} stood there for years. " * rng.randrange(2, 12) + "\n\n"
    )


def _ahead(lease: Lease, _marker: str, rng: random.Random) -> Prompt:
    return lease.ahead(_passage(rng), behind=SYSTEM, groups=("document",))


def _composed(lease: Lease, marker: str, rng: random.Random) -> Prompt:
    passages = [_passage(rng) for _ in range(3)]
    user = TemplateMessage("user", (*passages, f"Say {marker} twice: {marker}"), (SYSTEM,) * 3)
    return lease.compose([TemplateMessage("system", (SYSTEM,)), user])


def _document(lease: Lease, marker: str, rng: random.Random) -> Prompt:
    number = rng.randrange(4)
    document = "".join(_passage(random.Random(f"{number}/{at}")) for at in range(4))
    user = TemplateMessage("user", (document, f"Say {marker} twice: {marker}"))
    return lease.compose([TemplateMessage("system", (SYSTEM,)), user], exact=document)


def _reproducible(lease: Lease, seed: int) -> tuple[Prompt, Sampling]:
    prompt = lease.compose([TemplateMessage("user", (f"Tell a story about {TOPICS[seed % len(TOPICS)]}.",))])
    return prompt, Sampling(max_tokens=10, temperature=1.0, seed=seed, reproducible=True)


def _greedy(rng: random.Random) -> Sampling:
    return Sampling(max_tokens=rng.randrange(1, 30))


def _warm(rng: random.Random) -> Sampling:
    return Sampling(max_tokens=rng.randrange(1, 30), temperature=1.0, seed=rng.randrange(1000), stop=("\n\n",))


KINDS = (
    Kind("person", _asking, _greedy),
    Kind("warm", _asking, _warm),
    Kind("script", _asking, _warm, Service.SCRIPT),
    Kind("ahead", _ahead, lambda _: Sampling(max_tokens=1), Service.IDLE),
    Kind("ahead", _ahead, lambda _: Sampling(max_tokens=1), Service.IDLE),
    Kind("composed", _composed, _greedy),
    Kind("composed", _composed, _greedy, Service.SCRIPT),
    Kind("document", _document, _greedy),
    Kind("grammar", _asking, lambda _: Sampling(max_tokens=8, grammar=GRAMMAR)),
    Kind("logprobs", _asking, lambda rng: Sampling(max_tokens=rng.randrange(1, 20), logprobs=3)),
    Kind("reproducible", _asking, _greedy),
)


def _text(lease: Lease, prompt: Prompt, sampling: Sampling) -> str:
    steps = lease.generate(prompt, sampling=sampling, cancel=CancelToken())
    return "".join(step.text for step in steps if isinstance(step, Piece))
