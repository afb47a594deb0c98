"""How long a person waits for the first word while documents are added, against the same with nothing under way.

Needs no DATA. A home with the sample documents, everything real: questions are asked in turns, one with nothing under
way and one while a folder of new documents is read, screened and embedded and the engine may read ahead besides.
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
        _first_token(engine, "What are these documents about?")  # loads the model
        alone, beside = [], []
        for number in range(ROUNDS):
            alone.append(_first_token(engine, f"{number + 1}. {QUESTIONS[number]}"))
            new = _documents(Path(folder) / f"new {number}", number)
            with _Adding(engine, new):
                beside.append(_first_token(engine, f"{number + 6}. {QUESTIONS[number]}"))
        engine.close()
    baseline = Measure("nothing else under way", statistics.median(alone), "s")
    rows = [
        Measure("while documents are added, median", statistics.median(beside), "s"),
        Measure("while documents are added, worst", max(beside), "s"),
    ]
    print(table(f"First token of a question over five passages, {MODEL}", rows, baseline=baseline))
    more = [after - before for before, after in zip(alone, beside, strict=True)]
    print(f"\nlonger by {statistics.median(more):+.2f} s (median of pairs), {max(more):+.2f} s at most")


def _first_token(engine: LocalEngine, text: str) -> float:
    answer = Answer()
    for event in engine.ask(Question(text, sampling=Sampling(max_tokens=2)), cancel=CancelToken()):
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
