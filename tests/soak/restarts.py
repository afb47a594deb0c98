"""`kill -9` of a served engine at a random moment, while clients ask, chat, search and add documents; then a restart.

Holds after each: the engine starts again through the product's own way, under a lock and a handshake of its own, and
nothing of the killed one runs on; every turn whose end was reported is there as it was reported, word for word; no
other turn is shown as whole unless all of it was written, and none as running; what was reported added is there and can
be found by its words; then the filter and the search by meaning answer, and no document is there twice.

How long each took after the restart stands in the log, in seconds and, for a machine that is busy with other things, in
processor seconds. No time is asserted.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import statistics
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psutil

from studiolo.client.remote import RemoteEngine
from studiolo.client.spawn import EngineProcess, attach_or_spawn, start_engine_process
from studiolo.handshake import announced
from studiolo.home_format import prepare_home
from studiolo.home_lock import holder_pid
from studiolo.paths import Home
from studiolo.settings import Settings, save_settings
from studiolo.types import DEFAULT_LIBRARY
from tests.soak.clients import Clients, Reported
from tests.soak.scenario import Round

ROOT = Path(__file__).resolve().parent.parent.parent
SMALL = "smollm2-135m"
MOST_HEARD = 250  # events that the clients have been told when the kill comes, at most: a slow machine gets as far
MOST_MORE_S = 0.3  # between two events, too
START_S = (0.0, 4.0)  # the same, where the engine is killed again while it starts
AGAIN = 0.2  # how often that is
PATIENCE_S = 120.0
KNOWN = "The lighthouse keeper paints the boat every spring.\n"
MEANT = "谁给船刷油漆？"  # has no word in common with what answers it: only meaning finds it
FILTERED = "Write to anna.kern@example.org or call 13800138000."
STEPS = ("healthz", "home open", "search by words and history", "filter and search by meaning")

Times = dict[str, list[float]]  # by step: seconds, and processor seconds of the engine


class Restarts:
    """The scenario: a round is one kill under load, in one home that all rounds of a run share."""

    name = "restarts"
    rounds = 50
    quick_s = 1.0  # one round: the home is made and the engine started in it

    def start(self, folder: Path) -> None:
        self._home = Home((folder / "home").resolve())
        self._papers = (folder / "papers").resolve()
        self._times = folder / "times.json"
        for old in (self._home.root, self._papers):
            shutil.rmtree(old, ignore_errors=True)
        self._papers.mkdir(parents=True)
        self._reported = Reported()
        self._process: EngineProcess | None = None

    def play(self, this: Round) -> None:
        process = self._process or self._first()
        assert process.alive(), "the engine ended by itself between two rounds"
        clients = Clients(process.engine, self._reported, papers=self._papers, seed=this.random.getrandbits(32))
        clients.start()
        clients.wait_heard(this.random.randrange(MOST_HEARD), timeout_s=PATIENCE_S)
        time.sleep(this.random.uniform(0.0, MOST_MORE_S))
        assert process.alive(), "the engine ended by itself under load"
        before = process.pid
        _kill(before, process)
        clients.stop(PATIENCE_S)
        process.terminate()
        if this.random.random() < AGAIN:
            self._killed_while_starting(this.random)
        began = time.monotonic()
        answered: list[list[float]] = []
        process = self._started(alive=lambda: answered.append(_taken(began, _announced_process(self._home))))
        engine = psutil.Process(process.pid)
        times = {STEPS[0]: answered[0], STEPS[1]: _taken(began, engine)}
        assert process.pid != before
        self._check_taken_over(process.pid)
        newest = self._reported.newest()
        while not _finds(process.engine, newest):
            assert time.monotonic() - began < PATIENCE_S, "a document that was reported added is not found by its words"
            time.sleep(0.02)
        self._check_history(process.engine)
        times[STEPS[2]] = _taken(began, engine)
        assert "anna.kern" not in process.engine.redact(FILTERED).text, "the filter lets an address through"
        while not any(hit.by == "meaning" and "lighthouse" in hit.passage.text for hit in process.engine.search(MEANT)):
            assert time.monotonic() - began < PATIENCE_S, "nothing is found by its meaning"
            time.sleep(0.02)
        times[STEPS[3]] = _taken(began, engine)
        self._check_documents(process.engine)
        self._note(this.number, times)

    def stop(self) -> None:
        if getattr(self, "_process", None) is not None:
            assert self._process is not None
            self._process.terminate()

    def report(self) -> str:
        """What the rounds so far took after their restarts, and what was reported by then."""
        kept = list(_kept(self._times).values())
        if not kept:
            return ""
        lines = [
            f"{self.name}: {len(kept)} restarts; median and worst seconds from the start; processor seconds by then"
        ]
        for step in STEPS:
            columns = zip(*(times[step] for times in kept), strict=True)
            lines.append(f"  {step}: " + "; ".join(f"{statistics.median(one):.2f}, {max(one):.2f}" for one in columns))
        return "\n".join([*lines, f"  this run: {self._reported.summary()}"]) + "\n"

    def _first(self) -> EngineProcess:
        _make_home(self._home)
        process = self._started()
        known = self._papers / "known.txt"
        known.write_text(KNOWN, encoding="utf-8")
        list(process.engine.add([known], library=DEFAULT_LIBRARY))
        return process

    def _started(self, alive: Callable[[], None] = lambda: None) -> EngineProcess:
        self._process = attach_or_spawn(
            self._home, environ=os.environ, wait_s=PATIENCE_S, timeout_s=PATIENCE_S, alive=alive
        )
        assert self._process.ours, "an engine was taken for running that is not"
        return self._process

    def _killed_while_starting(self, source: random.Random) -> None:
        process = start_engine_process(self._home, environ=os.environ, port=0)
        time.sleep(source.uniform(*START_S))
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()

    def _check_taken_over(self, pid: int) -> None:
        found = announced(self._home)
        assert found is not None and found.pid == pid, "the handshake is another engine's"  # noqa: PT018
        assert holder_pid(self._home) == pid, "the lock is another engine's"

    def _check_history(self, engine: RemoteEngine) -> None:
        """Every turn of every conversation, against what was reported of it."""
        there = {conversation.id for conversation in engine.conversations()}
        assert {told.conversation for told in self._reported.turns.values()} <= there, "a conversation is lost"
        seen: Counter[str] = Counter()
        for conversation in there:
            for turn in engine.turns(conversation):
                seen[turn.id] += 1
                self._reported.check(turn)
        lost = [told for told in self._reported.turns.values() if not seen[told.id]]
        assert not lost, f"{len(lost)} turns that had begun are lost"
        assert set(seen.values()) <= {1}, "a turn is there twice"

    def _check_documents(self, engine: RemoteEngine) -> None:
        documents = engine.documents()
        paths = Counter(document.path for document in documents)
        assert set(paths.values()) <= {1}, "a document is there twice"
        ready = {document.path for document in documents if document.status == "ready"}
        assert set(self._reported.documents) <= ready, "a document that was reported added is not ready"

    def _note(self, number: int, times: Times) -> None:
        kept = _kept(self._times)
        kept[str(number)] = times
        self._times.write_text(json.dumps(kept), encoding="utf-8")


def _kept(path: Path) -> dict[str, Times]:
    """Times by round, those of earlier runs too."""
    try:
        found: dict[str, Times] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _make_home(home: Home) -> None:
    from tests.real.conftest import link_models

    prepare_home(home)
    link_models(home, Home(Path(os.environ.get("STUDIOLO_TEST_HOME") or ROOT / ".cache" / "home")))
    save_settings(home.settings_file, Settings(chat_model=SMALL, answer_tokens=48))  # type: ignore[call-arg]


def _kill(pid: int, process: EngineProcess) -> None:
    """Kill the engine; its children have to end by themselves."""
    engine = psutil.Process(pid)
    children = engine.children(recursive=True)
    engine.kill()
    assert _until(lambda: process.poll() is not None), "a killed engine does not end"
    _, left = psutil.wait_procs(children, timeout=PATIENCE_S)
    assert not left, f"{len(left)} processes of a killed engine run on"


def _taken(began: float, engine: psutil.Process) -> list[float]:
    used = engine.cpu_times()
    return [time.monotonic() - began, used.user + used.system]


def _announced_process(home: Home) -> psutil.Process:
    """The engine that has just said where it is."""
    found = announced(home)
    assert found is not None, "an engine answers and has not been announced"
    return psutil.Process(found.pid)


def _until(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)
    return true()


def _finds(engine: RemoteEngine, word: str) -> bool:
    """Whether the document is found that has this word."""
    return not word or any(word in hit.passage.text for hit in engine.search(word))
