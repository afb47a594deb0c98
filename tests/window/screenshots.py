"""Pictures of the window in its states, light and dark, English and Chinese: `python -m tests.window.screenshots OUT`.

The engine behind it is scripted, so that a picture depends on nothing but the window. With `--home` it is the real
one, over that home and its models: the samples are added, a question is asked, the engine is killed while it answers.
With `--readme HOME` it makes the two pictures of the README, over a new home that borrows the models of HOME.
`--font` names the family that stands in for the system's own on a bare machine.
"""

from __future__ import annotations

import argparse
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication, QWidget
from tests.window import privacy_screens, scripted
from tests.window.library_screens import LIBRARY_STATES
from tests.window.scripted import Connector, ScriptedEngine, document, scripted_pull

from studiolo.errors import Code
from studiolo.paths import Home
from studiolo.types import Redaction
from studiolo_desktop.bootstrap import Desktop, desktop
from studiolo_desktop.bridge.problem import Problem
from studiolo_desktop.bridge.supervisor import EngineState
from studiolo_desktop.ui.common.confirm import Confirm
from studiolo_desktop.ui.settings.shortcuts import ShortcutsDialog

DOCUMENTS = (
    document("lease-alder-wharf.pdf", redactions=(Redaction("PERSON", 4), Redaction("BANK_ACCOUNT", 1))),
    document("meeting-note-2026-04-14.md", pages=0, passages=3, redactions=(Redaction("PERSON", 2),)),
    document("劳动合同.pdf", pages=3, passages=9, redactions=(Redaction("PERSON", 2), Redaction("CN_ID", 2))),
    document("espresso-machine-manual.pdf", pages=14, passages=52),
)


class Stage:
    """One window over one scripted engine."""

    def __init__(
        self, app: QApplication, engine: ScriptedEngine, *, theme: str, language: str, size: str, text: int = 100
    ) -> None:
        self.app = app
        self.engine = engine
        self.pull_gate = threading.Event()
        self.shown: QWidget | None = None  # another window than the main one
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
        self.desktop.look.choose_text_percent(text)
        width, height = (int(part) for part in size.split("x"))
        self.desktop.window.resize(width, height)
        self.desktop.start()
        self.until(lambda: self.desktop.models.known and self.desktop.library.known)

    def until(self, done: Callable[[], bool], *, limit_s: float = 20.0, settle: bool = True) -> None:
        """Let the window work until `done`."""
        end = time.monotonic() + limit_s
        while not done():
            self.app.processEvents()
            time.sleep(0.005)
            if time.monotonic() > end:
                raise TimeoutError
        if settle:
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
        self.desktop.window.deleteLater()  # else every later change of the look reaches it, too
        self.desktop.deleteLater()
        self.app.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        self.app.processEvents()
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
    stage.desktop.window.show_source(stage.desktop.chat.turns[-1], 0)
    stage.settle()


LONG_ANSWER = """The deposit is **two monthly rents** [1]:

| month | rent | deposit |
|---|---:|---:|
| March | 1,430 | 2,860 |
| 三月 | 1,430 | 2,860 |

With $r = 1430$ it is \\(d = 2 \\times r\\), or in code:

```python
def deposit(rent: float, months: int = 2) -> float:
    \"\"\"What is paid before moving in.\"\"\"
    return months * rent  # 押金
```

\\[ d = \\sum_{i=1}^{n} r_i \\approx \\frac{n}{2} \\]

It comes back within thirty days [2]."""


def rich_answer(stage: Stage, language: str) -> None:
    stage.engine.answer = LONG_ANSWER
    stage.desktop.window.resize(1240, 1000)
    stage.desktop.chat.ask(question(language))
    stage.until(lambda: not stage.desktop.chat.busy)


def versions(stage: Stage, language: str) -> None:
    for text in (question(language), "How high is the deposit?" if language == "en" else "押金是多少？"):
        if stage.desktop.chat.turns:
            stage.desktop.chat.edit(stage.desktop.chat.turns[0], text)
        else:
            stage.desktop.chat.ask(text)
        stage.until(lambda: not stage.desktop.chat.busy)
    stage.desktop.chat.ask(question(language))
    stage.until(lambda: not stage.desktop.chat.busy)
    view = stage.desktop.window.transcript.view(stage.desktop.chat.turns[-1])
    view.tools.edit()
    stage.settle()


def pinned(stage: Stage, _language: str) -> None:
    stage.desktop.conversations.pin("old1", pinned=True)
    stage.until(lambda: any(one.pinned for one in stage.desktop.conversations.items))


def conversation_menu(stage: Stage, language: str) -> None:
    pinned(stage, language)
    earlier = stage.desktop.window.sidebar.earlier
    menu = earlier.menu(stage.desktop.conversations.items[0])
    menu.setParent(stage.desktop.window, Qt.WindowType.Widget)  # so that it is in the picture of the window
    menu.setGeometry(90, 190, menu.sizeHint().width(), menu.sizeHint().height())
    menu.show()
    stage.settle()


def searching(stage: Stage, language: str) -> None:
    stage.desktop.chat.ask(question(language))
    stage.until(lambda: not stage.desktop.chat.busy)
    stage.desktop.window.sidebar.earlier.field.setText("thirty" if language == "en" else "三个月")
    stage.until(lambda: stage.desktop.conversations.found is not None)


def renaming(stage: Stage, _language: str) -> QWidget | None:
    stage.desktop.window.sidebar.earlier.rename(stage.desktop.conversations.items[0])
    stage.settle()
    return stage.desktop.window.findChild(Confirm)


def crashed(stage: Stage, language: str) -> None:
    answering(stage, language)
    stage.engine.crash()
    stage.until(lambda: stage.desktop.notices.latest is not None)


def dropping(stage: Stage, _language: str) -> None:
    stage.desktop.window._overlay.appear("default")
    stage.settle()


def models(stage: Stage, _language: str) -> QWidget:
    stage.engine.install("qwen-1.5b", installed=False)
    stage.engine.measured.add("qwen-0.5b")
    stage.engine.free_bytes = 1_500_000_000
    stage.desktop.models.refresh()
    stage.settle()
    stage.desktop.window.openings.show_models()
    stage.settle()
    return stage.desktop.window.openings.models_dialog


def quantizing(stage: Stage, _language: str) -> QWidget:
    stage.engine.hold_jobs = True
    stage.desktop.jobs.quantize("qwen-1.5b", "q4_0")
    stage.until(lambda: stage.desktop.jobs.running is not None and stage.desktop.jobs.running.done > 0)
    stage.desktop.window.openings.show_models()
    stage.settle()
    return stage.desktop.window.openings.models_dialog


def terms(stage: Stage, _language: str) -> QWidget:
    stage.desktop.models.import_file(Path("/models/llama-3.2-1b.gguf"))
    stage.until(lambda: bool(stage.desktop.window.findChildren(Confirm)))
    return stage.desktop.window.findChildren(Confirm)[-1]


def settings(stage: Stage, _language: str) -> QWidget:
    stage.desktop.window.openings.show_settings()
    stage.until(lambda: bool(stage.desktop.preferences.settings) and bool(stage.desktop.preferences.profile))
    return stage.desktop.window.openings.settings_dialog


def settings_end(stage: Stage, language: str) -> QWidget:
    dialog = settings(stage, language)
    bar = dialog._list.verticalScrollBar()
    bar.setValue(bar.maximum())
    stage.settle()
    return dialog


def settings_found(stage: Stage, language: str) -> QWidget:
    dialog = settings(stage, language)
    dialog.search.setText("memory" if language == "en" else "内存")
    stage.settle()
    return dialog


def shortcuts(stage: Stage, _language: str) -> QWidget:
    stage.desktop.window.openings.show_shortcuts()
    stage.settle()
    return stage.desktop.window.findChild(ShortcutsDialog)


def disk_full(stage: Stage, _language: str) -> None:
    stage.desktop.notices.report(Problem(Code.DISK_FULL, {"path": "/home/ada/.local/share/studiolo"}))
    stage.settle()


# what to do (it gives the widget to look at, None = the window), models installed, documents there
STATES: dict[str, tuple[Callable[[Stage, str], QWidget | None], bool, bool]] = {
    "first-run": (first_run, False, False),
    "fetching": (fetching, False, False),
    "empty": (ready, True, False),
    "ready": (ready, True, True),
    "adding": (adding, True, False),
    "answering": (answering, True, True),
    "sources": (sources, True, True),
    "crashed": (crashed, True, True),
    "dropping": (dropping, True, True),
    "rich-answer": (rich_answer, True, True),
    "versions": (versions, True, True),
    "pinned": (pinned, True, True),
    "conversation-menu": (conversation_menu, True, True),
    "searching": (searching, True, True),
    "renaming": (renaming, True, True),
    **LIBRARY_STATES,
    "models": (models, True, True),
    "quantizing": (quantizing, True, True),
    "terms": (terms, True, True),
    "settings": (settings, True, True),
    "settings-end": (settings_end, True, True),
    "settings-found": (settings_found, True, True),
    "shortcuts": (shortcuts, True, True),
    "disk-full": (disk_full, True, True),
    **{name: (act, True, True) for name, act in privacy_screens.SCREENS.items()},
}


class RealStage(Stage):
    """The same over the real engine of a home."""

    def __init__(self, app: QApplication, *, home: Path, size: str) -> None:
        self.app = app
        self.desktop = desktop(app, environ={**os.environ, "STUDIOLO_HOME": str(home)})
        width, height = (int(part) for part in size.split("x"))
        self.desktop.window.resize(width, height)
        self.desktop.start()
        self.until(lambda: self.desktop.models.known and self.desktop.library.known, limit_s=120)

    def close(self) -> None:
        self.desktop.window.close()

    def shoot(self, path: Path) -> None:
        """The window as it is at this very moment."""
        self.desktop.window.grab().save(str(path))

    def picture(self, name: str, folder: Path) -> None:
        """The window as it is now, in every theme and language."""
        look = self.desktop.look
        for theme in ("light", "dark"):
            for language in ("en", "zh"):
                look.choose_theme(theme)
                look.choose_language(language)
                for _ in range(5):
                    self.app.processEvents()
                self.desktop.window.grab().save(str(folder / f"{name}-{theme}-{language}.png"))


def real_engine(app: QApplication, *, home: Path, folder: Path, size: str) -> None:
    """The way from an empty window to an answer with sources, and over a killed engine."""
    stage = RealStage(app, home=home, size=size)
    desk = stage.desktop
    try:
        stage.picture("real-empty", folder)
        desk.window.add_samples()
        stage.until(lambda: any(row.stage for row in desk.library.files), limit_s=300)
        stage.picture("real-adding", folder)
        stage.until(lambda: not desk.library.busy, limit_s=600)
        for row in desk.library.files:
            print("not added:", row.name, row.problem)
        for number, words in enumerate((question("en"), "劳动合同的试用期有多长？"), start=1):
            desk.chat.new_conversation()
            desk.chat.ask(words)
            stage.until(lambda: len(desk.chat.turns[-1].answer) > 8 or not desk.chat.busy, limit_s=300)
            stage.picture(f"real-answering-{number}", folder)
            stage.until(lambda: not desk.chat.busy, limit_s=300)
            turn = desk.chat.turns[-1]
            print(turn.state, turn.problem, len(turn.sources), len(turn.citations), turn.hidden, turn.timings)
            desk.window.show_source(turn, turn.citations[0].marker if turn.citations else 1)
            stage.picture(f"real-sources-{number}", folder)
        desk.chat.ask(question("en"))
        stage.until(lambda: len(desk.chat.turns[-1].answer) > 8 or not desk.chat.busy, limit_s=300)
        os.kill(desk.supervisor.status.pid, signal.SIGKILL)
        stage.until(lambda: desk.notices.latest is not None and desk.notices.latest.about == "engine", limit_s=60)
        stage.picture("real-crashed", folder)
        stage.until(lambda: desk.supervisor.state is EngineState.READY, limit_s=120)
        stage.until(lambda: desk.chat.turns[-1].state == "interrupted", limit_s=30)
        stage.picture("real-restarted", folder)
        print("turns after the restart:", [(turn.state, len(turn.answer)) for turn in desk.chat.turns])
    finally:
        stage.close()


README_MODEL = "qwen2.5-coder-0.5b"  # what a first start offers
README_SIZE = "1280x800"
README_QUESTIONS = (
    "How often must the machine be descaled?",
    "Who has to approve a hotel above the limit?",
    "How long is the term of the lease, and when does it end?",
)


def readme(app: QApplication, *, models: Path, folder: Path) -> None:
    """`window-adding-dark-zh.png` and `window-sources-light-en.png`: a real engine reads the samples and answers."""
    from tests.real.conftest import link_models

    from studiolo.home_format import prepare_home
    from studiolo.settings import Settings, save_settings

    with tempfile.TemporaryDirectory() as root:
        home = Home(Path(root))
        prepare_home(home)
        link_models(home, Home(models))
        save_settings(home.settings_file, Settings(chat_model=README_MODEL))  # type: ignore[call-arg]
        stage = RealStage(app, home=home.root, size=README_SIZE)
        try:
            _readme_adding(stage, folder)
            _readme_sources(stage, folder)
        finally:
            stage.close()


def _readme_adding(stage: RealStage, folder: Path) -> None:
    desk = stage.desktop
    desk.look.choose_theme("dark")
    desk.look.choose_language("zh")
    desk.window.add_samples()
    rows = desk.library.files
    stage.until(
        lambda: (
            not desk.library.busy
            or (
                sum(row.state == "added" for row in rows) >= 2
                and any(row.state == "working" and row.stage == "embed" for row in rows)
            )
        ),
        limit_s=300,
        settle=False,
    )
    stage.shoot(folder / "window-adding-dark-zh.png")
    stage.until(lambda: not desk.library.busy, limit_s=600)


def _readme_sources(stage: RealStage, folder: Path) -> None:
    desk = stage.desktop
    desk.look.choose_theme("light")
    desk.look.choose_language("en")
    for words in README_QUESTIONS:
        desk.chat.new_conversation()
        desk.chat.ask(words)
        stage.until(lambda: not desk.chat.busy, limit_s=300)
        turn = desk.chat.turns[-1]
        print(turn.state, turn.answer, [(c.marker, c.page, c.quote, c.verified) for c in turn.citations])
    while desk.notices.latest is not None:
        desk.notices.dismiss()
    desk.window.show_source(turn, turn.citations[0].marker)
    stage.settle()
    stage.shoot(folder / "window-sources-light-en.png")


@contextmanager
def staged(
    app: QApplication, name: str, *, theme: str, language: str, size: str = "1240x800", text: int = 100
) -> Iterator[QWidget]:
    """The widget that a state is about, as it looks then."""
    act, installed, documents = STATES[name]
    engine = seeded(ScriptedEngine(installed=installed, documents=DOCUMENTS if documents else ()), language)
    stage = Stage(app, engine, theme=theme, language=language, size=size, text=text)
    try:
        found = act(stage, language)
        yield stage.shown or found or stage.desktop.window
    finally:
        stage.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--font", default="")
    parser.add_argument("--size", default="1240x800")
    parser.add_argument("--text", type=int, default=100, help="size of the text, in percent")
    parser.add_argument("--only", action="append", choices=[*STATES])
    parser.add_argument("--theme", action="append", choices=["light", "dark"])
    parser.add_argument("--language", action="append", choices=["en", "zh"])
    parser.add_argument("--home", type=Path)
    parser.add_argument("--readme", type=Path, metavar="HOME")
    wanted = parser.parse_args()
    wanted.folder.mkdir(parents=True, exist_ok=True)
    app = QApplication([])
    app.setStyle("Fusion")
    if wanted.font:
        font = QFont(wanted.font)
        font.setPixelSize(14)
        app.setFont(font)
    if wanted.readme:
        readme(app, models=wanted.readme, folder=wanted.folder)
        return
    if wanted.home:
        real_engine(app, home=wanted.home, folder=wanted.folder, size=wanted.size)
        return
    for name in wanted.only or STATES:
        for theme in wanted.theme or ["light", "dark"]:
            for language in wanted.language or ["en", "zh"]:
                with staged(app, name, theme=theme, language=language, size=wanted.size, text=wanted.text) as shown:
                    shown.grab().save(str(wanted.folder / f"{name}-{theme}-{language}.png"))


if __name__ == "__main__":
    main()
