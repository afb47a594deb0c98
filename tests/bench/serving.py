"""How long a person waits for the first word beside 15 clients of class batch, against the same with nobody else.

Needs no DATA. SERVING_MODEL and SERVING_MINUTES (10) in the environment. An engine process with named tokens: one
interactive client sends a prompt of some 300 tokens every 20 seconds, while the batch clients ask without a pause, half
of them a library; before and after, it asks alone. Then four interactive clients come one shortly after the other: in
which order they get their first words. Meanwhile: errors, and the memory of the engine.
"""

from __future__ import annotations

import os
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Self

import psutil

from studiolo.client.remote import RemoteEngine
from studiolo.client.spawn import EngineProcess, spawn_engine
from studiolo.errors import StudioloError
from studiolo.events import Delta, Event, Failed, Finished
from studiolo.home_format import prepare_home
from studiolo.paths import Home
from studiolo.settings import Settings, save_settings
from studiolo.tokens import TokenStore
from studiolo.types import DEFAULT_LIBRARY, Chat, Message, Question, Sampling, ServiceClass
from tests.bench.table import Measure, table
from tests.soak.papers import chinese, folder_of_papers, sentence

MODEL = os.environ.get("SERVING_MODEL", "smollm2-135m")
MINUTES = float(os.environ.get("SERVING_MINUTES", "10"))
DOCUMENTS = 12
BATCH_CLIENTS = 15
INTERACTIVE_CLIENTS = 4
EVERY_S = 20.0
LEAST = 8  # prompts of a measurement
PROMPT_WORDS = 14  # sentences of a prompt: some 300 tokens
ANSWER_TOKENS = 48
APART_S = 0.1  # of clients that come one after the other
COMINGS = 6  # of all four
SETTLED_S = 60.0  # after which the memory is to stay as it is
READY_S = 600.0
QUESTIONS = ("Who keeps the brass keys?", "谁保管铜钥匙？", "What does the surveyor count?", "二楼的租户修理什么？")


@dataclass(slots=True)
class Heard:
    """What one request heard: seconds since it was sent, None where it failed."""

    first_word_s: float | None = None
    first_token_s: float | None = None  # as the engine measured it
    before_s: float | None = None  # of that, before the model began to read it: screening, waiting for a place
    prompt_tokens: int = 0
    error: str = ""


@dataclass(slots=True)
class Load:
    """Batch clients that ask without a pause for as long as the block runs, and what became of it."""

    engines: Sequence[RemoteEngine]
    done: Counter[int] = field(default_factory=Counter)  # requests by client
    errors: Counter[str] = field(default_factory=Counter)
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(len(self.engines))]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, number: int) -> None:
        dice = random.Random(number)
        while not self._over.is_set():
            heard = _ask(self.engines[number], dice) if number % 2 else _chat(self.engines[number], dice)
            self.done[number] += not heard.error
            if heard.error:
                self.errors[heard.error] += 1
                time.sleep(0.2)


class Memory:
    """The resident memory of a process, second by second."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.seen: list[tuple[float, int]] = []  # seconds, bytes

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def around(self, at_s: float, *, within_s: float = 10.0) -> float:
        """MB, the median of the seconds around a time."""
        near = [size for when, size in self.seen if abs(when - at_s) <= within_s] or [self.seen[-1][1]]
        return statistics.median(near) / 1e6

    def _watch(self) -> None:
        began = time.monotonic()
        while not self._over.wait(1.0):
            self.seen.append((time.monotonic() - began, self._process.memory_info().rss))


def run(data: Path, *, home: Path) -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory() as folder:
        own = Home(Path(folder) / "home")
        prepare_home(own)
        shutil.copytree(home / "models", own.models, copy_function=os.link, dirs_exist_ok=True)
        if (home / "cache").is_dir():
            shutil.copytree(home / "cache", own.cache, dirs_exist_ok=True)
        save_settings(own.settings_file, Settings(chat_model=MODEL, read_ahead=False))  # type: ignore[call-arg]
        process = spawn_engine(own, environ=os.environ)
        try:
            papers = folder_of_papers(Path(folder) / "papers", files=DOCUMENTS, seed="serving")
            list(process.engine.add(papers, library=DEFAULT_LIBRARY))
            batch = _clients(own, process, "batch", BATCH_CLIENTS)
            persons = _clients(own, process, "interactive", INTERACTIVE_CLIENTS)
            _until_quiet(process.engine)
            _measure(process, persons=persons, batch=batch)
            for engine in (*batch, *persons):
                engine.close()
        finally:
            process.terminate()


def _measure(process: EngineProcess, *, persons: Sequence[RemoteEngine], batch: Sequence[RemoteEngine]) -> None:
    dice = random.Random("serving")
    every_s = min(EVERY_S, MINUTES * 60 / LEAST)
    count = round(MINUTES * 60 / every_s)
    _chat(persons[0], dice)  # loads the model
    _say("asking alone")
    alone = [_chat(persons[0], dice) for _ in range(count // 2)]
    _say("four at once")
    orders = {"alone": [_order(persons, dice) for _ in range(COMINGS)]}
    _say("asking beside batch clients")
    with Memory(process.pid) as memory, Load(batch) as load:
        time.sleep(2.0)
        beside, began = [], time.monotonic()
        while time.monotonic() - began < MINUTES * 60:
            sent = time.monotonic()
            beside.append(_chat(persons[0], dice))
            time.sleep(max(0.0, every_s - (time.monotonic() - sent)))
        lasted = time.monotonic() - began
        done = sorted(load.done[number] for number in range(len(batch)))
        _say(f"four at once beside batch clients; {len(beside)} prompts and {sum(done)} answers of theirs before")
        orders["beside batch clients"] = [_order(persons, dice) for _ in range(COMINGS)]
        held = [memory.around(min(SETTLED_S, lasted / 2)), memory.around(lasted)]
    alone += [_chat(persons[0], dice) for _ in range(count - len(alone))]
    _print_waits(alone, beside)
    errors = load.errors + Counter(one.error for one in (*alone, *beside) if one.error)
    print(
        f"{sum(done)} answers of batch clients in {lasted / 60:.1f} min, {done[0]} to {done[-1]} each; errors: ", end=""
    )
    print(f"{dict(errors) or 'none'}\n")
    settled = Measure("a minute after the load began", held[0], "MB")
    print(table("Memory of the engine", [Measure("at its end", held[1], "MB")], baseline=settled))
    for name, found in orders.items():
        _print_order(name, found)


def _say(what: str) -> None:
    """How far it is: a busy machine takes long."""
    print(f"serving: {what}", file=sys.stderr, flush=True)


def _print_waits(alone: Sequence[Heard], beside: Sequence[Heard]) -> None:
    tokens = statistics.median(one.prompt_tokens for one in (*alone, *beside))
    print(f"{MODEL}: {len(alone)} prompts alone, {len(beside)} beside; {tokens:.0f} tokens in the middle\n")
    kinds: tuple[tuple[str, Callable[[Heard], float | None]], ...] = (
        ("First word at the client", lambda one: one.first_word_s),
        ("First token as the engine measures it", lambda one: one.first_token_s),
        ("Of that, before the model began to read", lambda one: one.before_s),
    )
    for title, told in kinds:
        before = sorted(value for one in alone if (value := told(one)) is not None)
        after = sorted(value for one in beside if (value := told(one)) is not None)
        for share, name in ((0.5, "p50"), (0.95, "p95")):
            baseline = Measure(f"alone, {name}", _at(before, share), "s")
            row = Measure(f"beside {BATCH_CLIENTS} batch clients, {name}", _at(after, share), "s")
            print(table(title, [row], baseline=baseline))
            print(f"{row.value / baseline.value:.2f} times as long\n")


def _at(ordered: Sequence[float], share: float) -> float:
    """The quantile, by nearest rank."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _print_order(name: str, found: Sequence[Sequence[Heard]]) -> None:
    """`found`: of each coming, what the clients heard in order of arrival."""
    whole = [[one.first_word_s for one in heard if one.first_word_s is not None] for heard in found]
    came = [[at * APART_S + took for at, took in enumerate(times)] for times in whole]
    inversions = sum(later < earlier for times in came for earlier, later in pairwise(times))
    pairs = sum(len(times) - 1 for times in came)
    worst = max(max(times, default=0.0) for times in whole)
    missing = sum(len(heard) - len(times) for heard, times in zip(found, whole, strict=True))
    print(
        f"{INTERACTIVE_CLIENTS} interactive clients, {name}: {pairs - inversions} of {pairs} neighbours in order of "
        f"arrival, worst wait {worst:.2f} s, {missing} without an answer; waits in order of arrival (median): "
        + ", ".join(f"{statistics.median(times):.2f} s" for times in zip(*whole, strict=False))
        + "\n"
    )


def _order(persons: Sequence[RemoteEngine], dice: random.Random) -> list[Heard]:
    """All come one shortly after the other, in this order."""
    seeds = [dice.getrandbits(32) for _ in persons]

    def come(number: int) -> Heard:
        time.sleep(number * APART_S)
        return _chat(persons[number], random.Random(seeds[number]))

    with ThreadPoolExecutor(len(persons)) as pool:
        return list(pool.map(come, range(len(persons))))


def _chat(engine: RemoteEngine, dice: random.Random) -> Heard:
    """A prompt of some 300 tokens that begins like no other."""
    lines = [sentence(dice) if at % 4 else chinese(dice) for at in range(PROMPT_WORDS)]
    chat = Chat(
        (Message("user", f"{' '.join(lines)} What is said here?"),), sampling=Sampling(max_tokens=ANSWER_TOKENS)
    )
    return _heard(lambda: engine.chat(chat))


def _ask(engine: RemoteEngine, dice: random.Random) -> Heard:
    text = f"{dice.choice(QUESTIONS)} ({dice.randrange(100_000)})"
    return _heard(lambda: engine.ask(Question(text, sampling=Sampling(max_tokens=ANSWER_TOKENS))))


def _heard(send: Callable[[], Iterator[Event]]) -> Heard:
    heard, sent = Heard(), time.monotonic()
    try:
        events: list[Event] = []
        for event in send():
            if isinstance(event, Delta) and heard.first_word_s is None:
                heard.first_word_s = time.monotonic() - sent
            events = [event]
        last = events[-1]
        if isinstance(last, Failed):
            heard.error = last.code
        elif isinstance(last, Finished):
            timings, usage = last.timings, last.usage
            heard.first_token_s, heard.prompt_tokens = timings.first_token_s, usage.prompt_tokens
            if timings.read_tokens_per_s:
                reading_s = (usage.prompt_tokens - usage.reused_tokens) / timings.read_tokens_per_s
                heard.before_s = timings.first_token_s - reading_s
    except StudioloError as error:
        heard.error = error.code.value
    return heard


def _clients(home: Home, process: EngineProcess, service: ServiceClass, count: int) -> list[RemoteEngine]:
    """Clients with a named token each; those of persons see values, so that nothing is held back from them."""
    store = TokenStore(home, clock=time.time)
    scopes = ("ask", "search") if service == "batch" else ("ask", "search", "restore")
    secrets = [store.create(f"{service}-{number}", scopes=scopes, service=service)[1] for number in range(count)]
    return [RemoteEngine(process.engine.url, secret) for secret in secrets]


def _until_quiet(engine: RemoteEngine) -> None:
    """Until what starting begins is done, and documents are taken in."""
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        status = engine.status()
        if status.model_loaded and not status.reading and not status.busy:
            return
        time.sleep(0.5)
