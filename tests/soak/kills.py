"""`kill -9` at a random moment of ingesting 40 files, sometimes a second one while the rest resumes.

Holds after each: what was reported done is complete; whatever says it is complete is; nothing is there twice; the rest
resumes by itself, and then every file is complete and the stores agree.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.soak.papers import folder_of_papers
from tests.soak.scenario import Round

ROOT = Path(__file__).resolve().parent.parent.parent
FILES = 40


class Kills:
    """The scenario; a round is one home and one or two kills. A quick run leaves it to `LightKills`."""

    name = "kills"
    rounds = 100
    quick_s = 0.0
    engine = "real"

    def start(self, folder: Path) -> None:
        self._models = Path(os.environ.get("STUDIOLO_TEST_HOME") or ROOT / ".cache" / "home") / "models"
        self._papers = folder / "papers"
        shutil.rmtree(self._papers, ignore_errors=True)
        self._paths = [str(path.resolve()) for path in folder_of_papers(self._papers, files=FILES, seed="kills")]
        self._whole_s = 0.0

    def play(self, this: Round) -> None:
        home = this.folder / "home"
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        link(home, self._models)
        if not self._whole_s:  # how long it takes undisturbed: kills fall anywhere in it
            self._whole_s = self._undisturbed(this.folder / "measured")
        reported = self._killed(home, after_s=this.random.uniform(0.0, self._whole_s))
        if this.random.random() < 0.3:
            self._killed(home, after_s=this.random.uniform(0.0, self._whole_s), add=False)
        first, last = self._looked(home)
        assert set(reported) <= set(first["complete"]), "a file was reported done and is not complete"
        assert first["claimed"] == first["complete"], "a file says it is complete and is not"
        assert not first["twice"], "a file is there twice"
        assert not last["twice"], "a file is there twice"
        if first["documents"]:  # else the kill came before the files were accepted at all
            assert last["complete"] == sorted(self._paths), "not every file was gone on with"
        assert last["sound"], "the stores do not agree"
        assert not last["busy"]

    def stop(self) -> None:
        """Nothing is open between rounds."""

    def _undisturbed(self, home: Path) -> float:
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        link(home, self._models)
        with self._started(home, str(self._papers)) as (_, lines):
            began = 0.0
            for line in iter(lines.get, ""):
                if line == "ready":
                    began = time.monotonic()
                if line == "finished":
                    return time.monotonic() - began
        raise AssertionError("the undisturbed run did not finish")

    def _killed(self, home: Path, *, after_s: float, add: bool = True) -> list[str]:
        """Kill a run so long after it began to add (or to resume); the files it had reported done by then."""
        arguments = [str(self._papers)] if add else []
        with self._started(home, *arguments) as (process, lines):
            first = lines.get(timeout=120)
            assert first, "the engine did not start"
            deadline = time.monotonic() + after_s
            while time.monotonic() < deadline and process.poll() is None:
                time.sleep(0.005)
            process.send_signal(signal.SIGKILL)
            process.wait()
            rest = list(iter(lines.get, ""))
        done = [json.loads(line) for line in rest if line.startswith("[")]
        assert all(status == "added" for status, _, _ in done), f"{done}"
        return [path for _, _, path in done]

    def _looked(self, home: Path) -> tuple[dict, dict]:
        with self._started(home) as (process, lines):
            found = [json.loads(line) for line in iter(lines.get, "") if line.startswith("{")]
            process.wait(timeout=60)
        assert len(found) == 2, "the home could not be opened"
        return found[0], found[1]

    @contextlib.contextmanager
    def _started(self, home: Path, *arguments: str):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.soak.ingester", self.engine, str(home), *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        lines: queue.Queue[str] = queue.Queue()

        def listen() -> None:
            for line in process.stdout:
                lines.put(line.strip())
            lines.put("")

        reader = threading.Thread(target=listen, daemon=True)
        reader.start()
        try:
            yield process, lines
        finally:
            process.kill()
            process.wait()
            reader.join()
            process.stdout.close()


def link(home: Path, models: Path) -> None:
    """Give a home the models, and what was measured of the embedder, without copying them."""
    (home / "models").symlink_to(models)
    if (models.parent / "cache").is_dir():
        (home / "cache").symlink_to(models.parent / "cache")


class LightKills(Kills):
    """The same without model files: ten times as many kills of the same stores."""

    name = "light-kills"
    rounds = 1000
    quick_s = 6.0
    engine = "light"
