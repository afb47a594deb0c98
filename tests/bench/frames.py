"""Smoothness of the window: frame times while an answer of 5,000 pieces is written and 2,000 messages are scrolled.

Needs no DATA and no home: the engine behind the window is scripted, and nothing is shown on a screen. A frame is what
the main thread does between two waits (events, layout, painting), in its own processor time, so that others on the
machine count little; its time on the clock stands beside it. What takes over 50 ms is counted. The baseline of
writing lays the whole answer out anew each time, as is done where nothing is kept of the frame before.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from tests.bench.table import Measure, table

DELTAS = 5_000
MESSAGES = 2_000
STEPS = 1_500  # of scrolling
STEP_PX = 90
LONGEST_MS = 50.0
BASE_PIECES = 1_200  # of the answer, for the baseline: it grows with the square
PARAGRAPHS = (
    "The lease runs for a **fixed term of three years**, from 1 March 2026 to 28 February 2029 [1]. It ends by itself.",
    "- No notice is needed [1].\n- It may be extended [1].\n- The deposit comes back in thirty days [2].",
    "租约为期**三年**，自 2026 年 3 月 1 日起至 2029 年 2 月 28 日止 [1]。期满自动终止，无需另行通知 [2]。",
    '```python\ndef rent(months: int) -> float:\n    """What is due."""\n    return 1_430.0 * months  # a month\n```',
    "| month | rent | due |\n|---|---:|---|\n| March | 1,430 | 1st |\n| April | 1,430 | 1st |",
)


class Frames:
    """The frames of one stretch of work, in milliseconds."""

    def __init__(self) -> None:
        self.own: list[float] = []
        self.clock: list[float] = []

    def take(self, work: Callable[[], object]) -> None:
        began, used = time.perf_counter(), time.thread_time()
        work()
        own = (time.thread_time() - used) * 1000
        if own > 0.1:  # else nothing was there to be done
            self.own.append(own)
            self.clock.append((time.perf_counter() - began) * 1000)

    def p(self, share: int, *, clock: bool = False) -> float:
        return statistics.quantiles(self.clock if clock else self.own, n=100)[share - 1]

    def print(self, name: str) -> None:
        over = sum(one > LONGEST_MS for one in self.own)
        print(
            f"| {name} | {len(self.own)} | {self.p(50):.1f} | {self.p(95):.1f} | {max(self.own):.1f} "
            f"| {self.p(95, clock=True):.1f} | {over} |"
        )


def run(data: Path, *, home: Path) -> None:
    """Print two tables."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    app = QApplication.instance() or QApplication([])
    whole = writing(app, pieces=BASE_PIECES, whole=True)
    short = writing(app, pieces=BASE_PIECES)
    long = writing(app, pieces=DELTAS)
    opened, scrolled = scrolling(app)
    print("### Frames\n")
    print("| what | frames | p50, ms | p95, ms | longest, ms | p95 on the clock, ms | over 50 ms |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    whole.print(f"writing {BASE_PIECES:,} pieces, laid out whole each time")
    short.print(f"writing {BASE_PIECES:,} pieces")
    long.print(f"writing {DELTAS:,} pieces")
    opened.print(f"opening {MESSAGES:,} messages")
    scrolled.print(f"scrolling {MESSAGES:,} messages")
    print()
    baseline = Measure(f"{BASE_PIECES:,} pieces, whole", whole.p(95), "ms")
    print(
        table(
            "p95 of writing",
            [
                Measure(f"{BASE_PIECES:,} pieces", short.p(95), "ms"),
                Measure(f"{DELTAS:,} pieces", long.p(95), "ms"),
            ],
            baseline=baseline,
        )
    )


@contextmanager
def window(app, engine):  # type: ignore[no-untyped-def]
    """A window over a scripted engine, ready."""
    from studiolo.paths import Home
    from studiolo_desktop.bootstrap import Desktop
    from tests.window.scripted import Connector, scripted_pull

    with tempfile.TemporaryDirectory() as folder:
        desktop = Desktop(app, home=Home(Path(folder)), connect=Connector(engine), pull=scripted_pull(lambda: engine))
        desktop.look.choose_theme("light")
        desktop.look.choose_language("en")
        desktop.start()
        until(app, lambda: desktop.models.known and desktop.library.known)
        settle(app)
        try:
            yield desktop
        finally:
            engine.gate.set()
            desktop.window.close()
            desktop.close()
            settle(app)


def until(app, done, frames: Frames | None = None) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + 300
    while not done():
        if time.monotonic() > end:
            raise TimeoutError
        if frames is None:
            app.processEvents()
        else:
            frames.take(app.processEvents)
        time.sleep(0.001)


def settle(app) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + 0.5
    while time.monotonic() < end:
        app.processEvents()
        time.sleep(0.002)


def writing(app, *, pieces: int, whole: bool = False) -> Frames:  # type: ignore[no-untyped-def]
    """An answer of so many pieces, a piece each millisecond: ten times as fast as the fastest model writes here."""
    from studiolo_desktop.ui.chat.rich_text import AnswerText
    from tests.window.scripted import ScriptedEngine

    words: list[str] = []
    while len(words) < pieces:
        words += [word for paragraph in PARAGRAPHS for word in f"{paragraph}\n\n".split(" ")]
    engine = ScriptedEngine(delay_s=0.001)
    engine.answer = " ".join(words[:pieces])
    frames = Frames()
    with window(app, engine) as desktop:
        kept = mock.patch.object(AnswerText, "_grow", AnswerText._show_whole) if whole else mock.MagicMock()
        with kept:
            desktop.chat.ask("How long is the term of the lease?")
            until(app, lambda: not desktop.chat.busy, frames)
            for _ in range(20):
                frames.take(app.processEvents)
    return frames


def scrolling(app) -> tuple[Frames, Frames]:  # type: ignore[no-untyped-def]
    """A long conversation opened, then scrolled up and down a step a frame."""
    from tests.window.scripted import ScriptedEngine

    engine = ScriptedEngine()
    question = type("Q", (), {"text": "How long is the term? 租期多长？", "model": None})()
    engine.history["long"] = [
        engine._turn(f"t{n}", "long", question, "\n\n".join(PARAGRAPHS[: 1 + n % 5]), "complete")
        for n in range(MESSAGES)
    ]
    engine.titles["long"] = "A long one"
    opened, scrolled = Frames(), Frames()
    with window(app, engine) as desktop:
        desktop.chat.open("long")
        until(app, lambda: len(desktop.chat.turns) == MESSAGES, opened)
        for _ in range(50):
            opened.take(app.processEvents)
            time.sleep(0.005)
        bar = desktop.window.transcript.verticalScrollBar()
        for way in (-1, 1):
            for _ in range(STEPS):
                bar.setValue(bar.value() + way * STEP_PX)
                scrolled.take(app.processEvents)
                time.sleep(0.004)
    return opened, scrolled
