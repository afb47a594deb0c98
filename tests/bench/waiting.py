"""How long a person waits for the first word while documents are added, against the same with nothing under way.

Needs no DATA. A home with the sample documents, everything real: questions are asked in turns, one with nothing under
way and one while a folder of new documents is read, screened and embedded and the engine may read ahead besides. A
question to the model alone has next to nothing to read, so what is longer is waiting; one over five passages takes as
long as these are, which differ while documents are added.
"""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
import threading
import time
from pathlib import Path

from studiolo.bootstrap import Replacements, open_local
from studiolo.jobs import CancelToken
from studiolo.local import LocalEngine
from studiolo.paths import Home
from studiolo.settings import Settings
from studiolo.shapes import Answer
from studiolo.types import Question, Sampling
from tests.bench.table import Measure, table

MODEL = "qwen2.5-coder-1.5b"
SAMPLES = Path(__file__).resolve().parent.parent.parent / "assets" / "samples"
ROUNDS = 5
DOCUMENTS = 60
PARAGRAPHS = 40
KINDS = {"to the model alone": None, "over five passages": "default"}
QUESTIONS = (
    "How long is the notice period?",
    "Who keeps the keys of the archive?",
    "What does the insurance cover?",
    "租金什么时候支付？",
    "Where does the committee meet?",
)


def run(data: Path, *, home: Path) -> None:
    """Print one table."""
    with tempfile.TemporaryDirectory() as folder:
        own = Home(Path(folder) / "home")
        shutil.copytree(home / "models", own.models, copy_function=os.link)
        settings = Settings(chat_model=MODEL)  # type: ignore[call-arg]
        engine = open_local(own, environ=os.environ, settings=settings, replacements=Replacements())
        list(engine.add([SAMPLES], library="default"))
        _first_token(engine, "What are these documents about?", "default")  # loads the model
        times: dict[str, list[tuple[float, float]]] = {kind: [] for kind in KINDS}
        for number in range(ROUNDS):
            alone = [_first_token(engine, f"{number + 1}. {QUESTIONS[number]}", library) for library in KINDS.values()]
            with _Adding(engine, _documents(Path(folder) / f"new {number}", number)):
                for (kind, library), before in zip(KINDS.items(), alone, strict=True):
                    after = _first_token(engine, f"{number + 6}. {QUESTIONS[number]}", library)
                    times[kind].append((before, after))
        engine.close()
    for kind, pairs in times.items():
        beside = [after for _, after in pairs]
        baseline = Measure("nothing else under way", statistics.median(before for before, _ in pairs), "s")
        rows = [
            Measure("while documents are added, median", statistics.median(beside), "s"),
            Measure("while documents are added, worst", max(beside), "s"),
        ]
        print(table(f"First token of a question {kind}, {MODEL}", rows, baseline=baseline))
        more = [after - before for before, after in pairs]
        print(f"\nlonger by {statistics.median(more):+.2f} s (median of pairs), {max(more):+.2f} s at most\n")


def _first_token(engine: LocalEngine, text: str, library: str | None) -> float:
    answer = Answer()
    question = Question(text, library=library, sampling=Sampling(max_tokens=2))
    for event in engine.ask(question, cancel=CancelToken()):
        answer.take(event)
    assert answer.failure is None
    assert answer.timings is not None
    return answer.timings.first_token_s


class _Adding:
    """Documents are being added for as long as the block runs."""

    def __init__(self, engine: LocalEngine, folder: Path) -> None:
        self._cancel = CancelToken()
        self._thread = threading.Thread(target=self._add, args=(engine, folder))

    def _add(self, engine: LocalEngine, folder: Path) -> None:
        list(engine.add([folder], library="default", cancel=self._cancel))

    def __enter__(self) -> None:
        self._thread.start()
        time.sleep(2.0)  # all of its steps are at work then
        assert self._thread.is_alive(), "too few documents"

    def __exit__(self, *_: object) -> None:
        self._cancel.cancel()
        self._thread.join()


def _documents(folder: Path, number: int) -> Path:
    """Texts that no other has a passage of."""
    folder.mkdir()
    for at in range(DOCUMENTS):
        told = [
            f"Paragraph {number}-{at}-{place}: Anna Kern of house {place} wrote to the committee about the well, "
            f"and the committee answered on day {at} that the water of well {number} is clear. 第{place}段：井水清澈。"
            for place in range(PARAGRAPHS)
        ]
        (folder / f"letters {number} {at}.txt").write_text("\n\n".join(told), encoding="utf-8")
    return folder
