"""The store of readings against a model of what must be in it: put, read, spoil, forget, resize, reopen, `kill -9`.

Holds after each step: what the model says is there is there, byte for byte, and nothing else is; what was spoilt is
never given out; what is held stays as it was; files and books agree and keep to the budget. After a kill: nothing
unfinished is left and all that is there is whole.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from studiolo.inference import readings_file as files
from studiolo.inference.readings import ReadingStore, StoredReading
from studiolo.inference.readings_key import ReadingKey
from tests.soak.scenario import Round

ROOT = Path(__file__).resolve().parent.parent.parent
KEYS = 12
STEPS = 60
BUDGET = 60_000
KILL_EVERY = 10  # rounds


@dataclass
class Kept:
    """What the model knows of a reading. `known`: the store has seen its groups since it was opened."""

    payload: bytes
    group: str
    size: int
    known: bool = True
    spoilt: bool = False
    nameless: bool = False  # its header is spoilt


class Readings:
    """The scenario; a round is one folder, and in every tenth the process that writes into it is killed."""

    name = "readings"
    rounds = 20_000
    quick_s = 4.0

    def start(self, folder: Path) -> None:
        """Nothing outlives a round."""

    def play(self, this: Round) -> None:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "readings"
            if this.number % KILL_EVERY == KILL_EVERY - 1:
                killed(this.random, folder)
            Life(this.random, folder).live()

    def stop(self) -> None:
        """Nothing is open between rounds."""


class Life:
    """One folder, its store, and the model: readings by their keys' numbers, the least recently used first."""

    def __init__(self, rng: random.Random, folder: Path) -> None:
        self._rng = rng
        self._folder = folder
        self._budget = BUDGET
        self._store = opened(folder)
        self._store.clear()
        self._model: OrderedDict[int, Kept] = OrderedDict()
        self._held: list[tuple[StoredReading, bytes]] = []

    def live(self) -> None:
        steps = (self._put, self._get, self._get, self._spoil, self._drop, self._forget, self._reopen, self._resize)
        for _ in range(STEPS):
            self._rng.choices(steps, weights=(30, 20, 10, 8, 4, 4, 6, 3))[0]()
            self._check()
        for reading, payload in self._held:
            assert bytes(reading.data) == payload, "what was held changed"
            reading.close()

    def _put(self) -> None:
        number, size = self._rng.randrange(KEYS), self._rng.choice((0, 1, 100, 5_000, 20_000, 70_000))
        group = f"文件 {number % 4}"
        payload = self._rng.randbytes(size)
        whole = files.file_bytes(size, groups=1)
        kept = self._store.put(key(number), payload, tokens=size, groups=[group])
        assert kept == (whole <= self._budget)
        if kept:
            self._shrink(self._budget - whole)
            self._model.pop(number, None)
            self._model[number] = Kept(payload, group, whole)

    def _get(self) -> None:
        number = self._rng.randrange(KEYS)
        expected = self._model.get(number)
        reading = self._store.get(key(number))
        if expected is None or expected.spoilt:
            assert reading is None, "something was given out that is not there, or not whole"
            self._model.pop(number, None)
            return
        assert reading is not None, "a whole reading was not given out"
        assert bytes(reading.data) == expected.payload
        assert reading.tokens == len(expected.payload)
        expected.known = True
        self._model.move_to_end(number)
        if self._rng.random() < 0.2:
            self._held.append((reading, expected.payload))
        else:
            reading.close()

    def _spoil(self) -> None:
        """Flip a bit, or cut: in a copy with the same times, since a mapped file that shrinks ends the process."""
        whole = [number for number, one in self._model.items() if not one.spoilt]
        if not whole:
            return
        number = self._rng.choice(whole)
        one = self._model[number]
        path = file_of(self._folder, number)
        content = bytearray(path.read_bytes())
        header = files.file_bytes(0, groups=1)
        at = self._rng.randrange(len(content) if self._rng.random() < 0.5 else header)
        if self._rng.random() < 0.5:
            content[at] ^= 1 << self._rng.randrange(8)
        else:
            del content[at:]
        copy = self._folder.with_name("copy")
        copy.write_bytes(content)
        times = path.stat()
        os.utime(copy, ns=(times.st_atime_ns, times.st_mtime_ns))
        copy.replace(path)
        one.spoilt = True
        one.nameless = at < header

    def _drop(self) -> None:
        number = self._rng.randrange(KEYS)
        assert self._store.drop(key(number)) == (self._model.pop(number, None) is not None)

    def _forget(self) -> None:
        group = f"文件 {self._rng.randrange(4)}"
        gone = [
            number
            for number, one in self._model.items()
            if (one.nameless and not one.known) or (one.group == group and (one.known or not one.nameless))
        ]
        assert self._store.forget(group) == len(gone)
        for number in gone:
            del self._model[number]
        for one in self._model.values():
            one.known = True

    def _reopen(self) -> None:
        self._store = opened(self._folder, budget=self._budget)
        for number, one in self._model.items():
            one.known = False
            one.size = file_of(self._folder, number).stat().st_size
        self._shrink(self._budget)

    def _resize(self) -> None:
        self._budget = self._rng.choice((BUDGET, BUDGET // 2, BUDGET // 8, 0, BUDGET))
        self._store.resize(self._budget)
        self._shrink(self._budget)

    def _shrink(self, most: int) -> None:
        while self._model and sum(one.size for one in self._model.values()) > most:
            self._model.popitem(last=False)

    def _check(self) -> None:
        there = {number for number in range(KEYS) if self._store.contains(key(number))}
        assert there == set(self._model), "not what must be there"
        state = self._store.statistics()
        assert state.entries == len(self._model)
        assert state.size_bytes == sum(one.size for one in self._model.values()) <= self._budget
        assert sorted(self._folder.iterdir()) == sorted(file_of(self._folder, number) for number in there)


def key(number: int) -> ReadingKey:
    return ReadingKey(
        model="0" * 64,
        build="soak",
        prefix=(1, 2),
        part=(number,),
        key_type="f16",
        value_type="f16",
        flash_attention=True,
    )


def file_of(folder: Path, number: int) -> Path:
    return folder / f"{key(number).digest}.r{files.FORMAT}"


def opened(folder: Path, *, budget: int = BUDGET) -> ReadingStore:
    return ReadingStore(folder, budget_bytes=budget, keep_free_bytes=0)


def killed(rng: random.Random, folder: Path) -> None:
    """Let a process write and read as fast as it can, kill it at a random moment, and look."""
    command = [sys.executable, "-m", "tests.soak.readings", str(folder), str(rng.randrange(1 << 30))]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n", "the writing process did not start"
        time.sleep(rng.uniform(0.0, 0.3))
        process.send_signal(signal.SIGKILL)
    store = opened(folder)
    found = 0
    for number in range(KEYS):
        reading = store.get(key(number))
        if reading is not None:
            found += 1
            with reading:
                assert bytes(reading.data) == bytes([number]) * reading.tokens, "not what was written"
    state = store.statistics()
    assert state.damaged == 0, "a file that was not whole had a reading's name"
    assert found == state.entries == len(list(folder.iterdir())), "something unfinished is left"
    assert state.size_bytes <= BUDGET


def write_for_ever(folder: Path, seed: int) -> None:
    """The process that is killed."""
    rng = random.Random(seed)
    store = opened(folder)
    print("ready", flush=True)
    while True:
        number, size = rng.randrange(KEYS), rng.randrange(20_000)
        store.put(key(number), bytes([number]) * size, tokens=size)
        if (reading := store.get(key(rng.randrange(KEYS)))) is not None:
            reading.close()
        if rng.random() < 0.1:
            store.drop(key(rng.randrange(KEYS)))


if __name__ == "__main__":
    write_for_ever(Path(sys.argv[1]), int(sys.argv[2]))
