"""Pictures of the window in its states, light and dark, English and Chinese: `python -m tests.window.screenshots OUT`.

The engine behind it is scripted, so that a picture depends on nothing but the window. `--font` names the family a
bare machine should stand in for the system's own.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication
from tests.window import scripted
from tests.window.scripted import Connector, ScriptedEngine, document, scripted_pull

from studiolo.errors import Code
from studiolo.paths import Home
from studiolo.types import Redaction
from studiolo_desktop.bootstrap import Desktop

DOCUMENTS = (
    document("lease-alder-wharf.pdf", redactions=(Redaction("PERSON", 4), Redaction("BANK_ACCOUNT", 1))),
    document("meeting-note-2026-04-14.md", pages=0, passages=3, redactions=(Redaction("PERSON", 2),)),
    document("劳动合同.pdf", pages=3, passages=9, redactions=(Redaction("PERSON", 2), Redaction("CN_ID", 2))),
    document("espresso-machine-manual.pdf", pages=14, passages=52),
)


class Stage:
    """One window over one scripted engine."""

    def __init__(self, app: QApplication, engine: ScriptedEngine, *, theme: str, language: str, size: str) -> None:
        self.app = app
        self.engine = engine
        self.pull_gate = threading.Event()
        self._folder = tempfile.TemporaryDirectory()
        self.desktop = Desktop(
            app,
            home=Home(Path(self._folder.name)),
            connect=Connector(engine),
            pull=scripted_pull(lambda: engine, gate=self.pull_gate),
            samples=(Path("/documents/lease-alder-wharf.pdf"),),
        )
        self.desktop.look.choose_theme(theme)
        self.desktop.look.choose_language(language)
        width, height = (int(part) for part in size.split("x"))
        self.desktop.window.resize(width, height)
        self.desktop.start()
        self.until(lambda: self.desktop.models.known and self.desktop.library.known)

    def until(self, done: Callable[[], bool], *, limit_s: float = 20.0) -> None:
        """Let the window work until `done`."""
        end = time.monotonic() + limit_s
        while not done():
            self.app.processEvents()
            time.sleep(0.005)
            if time.monotonic() > end:
                raise TimeoutError
        self.settle()

    def settle(self) -> None:
        """Let layouts and timers come to rest."""
        end = time.monotonic() + 0.15
        while time.monotonic() < end:
            self.app.processEvents()
            time.sleep(0.005)

    def close(self) -> None:
        self.engine.gate.set()
        self.pull_gate.set()
        self.desktop.window.close()
        self._folder.cleanup()


def seeded(engine: ScriptedEngine, language: str) -> ScriptedEngine:
    """A few earlier conversations."""
    titles = (
        ("How often must the espresso machine be descaled?", "Who may approve a hotel above the limit?")
        if language == "en"
        else ("咖啡机多久需要除垢一次？", "员工笔记本电脑的密码要求是什么？")
    )
    for number, title in enumerate(titles, start=1):
        engine.history[f"old{number}"] = []
        engine.titles[f"old{number}"] = title
    if language == "zh":
        engine.answer, engine.hits = scripted.ANSWER_ZH, scripted.HITS_ZH
        engine.quotes = {1: "试用期为三个月，自2026年4月1日起计算。"}
    return engine


def question(language: str) -> str:
    return (
        "How long is the term of the lease, and when does the deposit come back?"
        if language == "en"
        else "试用期有多长？工资是多少？"
    )


def first_run(stage: Stage, _language: str) -> None:
    pass


def fetching(stage: Stage, _language: str) -> None:
    stage.desktop.models.pull_starter()
    stage.until(lambda: stage.desktop.models.fetching is not None and stage.desktop.models.fetching.done_bytes > 0)


def ready(stage: Stage, _language: str) -> None:
    pass


def adding(stage: Stage, _language: str) -> None:
    stage.engine.hold_file = "espresso-machine-manual.pdf"
    stage.engine.fails = {
        "scan-of-old-letter.pdf": (Code.EMPTY_DOCUMENT, {}),
        "budget.numbers": (Code.UNKNOWN_FORMAT, {"known": "PDF, text, Markdown, HTML"}),
    }
    names = (
        "lease-alder-wharf.pdf",
        "scan-of-old-letter.pdf",
        "budget.numbers",
        "espresso-machine-manual.pdf",
        "劳动合同.pdf",
        "travel-expense-policy.html",
    )
    stage.desktop.window.add_paths([Path("/documents") / name for name in names])
    stage.until(
        lambda: any(row.stage == "embed" and row.name == stage.engine.hold_file for row in stage.desktop.library.files)
    )
    stage.settle()


def answering(stage: Stage, language: str) -> None:
    stage.engine.hold_after = 21 if language == "en" else 3
    stage.desktop.chat.ask(question(language))
    stage.until(lambda: len(stage.desktop.chat.turns[-1].answer) > (60 if language == "en" else 12))


def sources(stage: Stage, language: str) -> None:
    stage.desktop.chat.ask(question(language))
    stage.until(lambda: not stage.desktop.chat.busy)
    stage.desktop.window.show_source(stage.desktop.chat.turns[-1], 1)
    stage.settle()


def crashed(stage: Stage, language: str) -> None:
    answering(stage, language)
    stage.engine.crash()
    stage.until(lambda: stage.desktop.notices.latest is not None)


def dropping(stage: Stage, _language: str) -> None:
    stage.desktop.window._overlay.appear("default")
    stage.settle()


STATES: dict[str, tuple[Callable[[Stage, str], None], bool, bool]] = {  # what to do, models installed, documents there
    "first-run": (first_run, False, False),
    "fetching": (fetching, False, False),
    "empty": (ready, True, False),
    "ready": (ready, True, True),
    "adding": (adding, True, False),
    "answering": (answering, True, True),
    "sources": (sources, True, True),
    "crashed": (crashed, True, True),
    "dropping": (dropping, True, True),
}


def mime(paths: list[Path]) -> QMimeData:
    """What a file manager drops."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--font", default="")
    parser.add_argument("--size", default="1240x800")
    parser.add_argument("--only", action="append", choices=[*STATES, "models"])
    parser.add_argument("--theme", action="append", choices=["light", "dark"])
    parser.add_argument("--language", action="append", choices=["en", "zh"])
    wanted = parser.parse_args()
    wanted.folder.mkdir(parents=True, exist_ok=True)
    app = QApplication([])
    app.setStyle("Fusion")
    if wanted.font:
        font = QFont(wanted.font)
        font.setPixelSize(14)
        app.setFont(font)
    for name in wanted.only or [*STATES, "models"]:
        for theme in wanted.theme or ["light", "dark"]:
            for language in wanted.language or ["en", "zh"]:
                act, installed, documents = STATES.get(name, (ready, True, True))
                engine = seeded(ScriptedEngine(installed=installed, documents=DOCUMENTS if documents else ()), language)
                stage = Stage(app, engine, theme=theme, language=language, size=wanted.size)
                try:
                    act(stage, language)
                    shown = stage.desktop.window
                    if name == "models":
                        engine.install("qwen-1.5b", installed=False)
                        stage.desktop.models.refresh()
                        stage.settle()
                        stage.desktop.window.manage_models()
                        stage.settle()
                        shown = stage.desktop.window._models_dialog
                    shown.grab().save(str(wanted.folder / f"{name}-{theme}-{language}.png"))
                finally:
                    stage.close()


if __name__ == "__main__":
    main()
