"""The processes that `window` measures: an empty Qt window, the window as its command opens it, one with many messages.

python -m tests.bench._window_child empty|window|memory TURNS
"""

from __future__ import annotations

import json
import sys
import time


def main(what: str, turns: int) -> int:
    return {"empty": empty, "window": window, "memory": lambda: memory(turns)}[what]()


def empty() -> int:
    """A window with nothing in it."""
    from PySide6.QtWidgets import QApplication, QWidget

    app = QApplication([])
    shown = QWidget()
    shown.resize(1240, 800)
    shown.show()
    app.processEvents()
    shown.grab()
    told(usable=True)
    return 0


def window() -> int:
    """The command itself; it ends once it has taken what was typed."""
    from PySide6.QtCore import QTimer

    from studiolo_desktop import __main__ as program
    from studiolo_desktop import bootstrap

    opened = bootstrap.desktop

    def desktop(app, **options):
        made = opened(app, **options)

        def typed() -> None:
            from PySide6.QtTest import QTest

            field = made.window.composer.field
            QTest.keyClicks(field, "a")
            made.window.repaint()
            if made.window.isVisible() and field.toPlainText() == "a":
                told(usable=True)
                timer.stop()
                made.window.close()
                app.quit()

        timer = QTimer(made, interval=0)
        timer.timeout.connect(typed)
        timer.start()
        return made

    bootstrap.desktop = desktop
    return program.main()


def memory(turns: int) -> int:
    """A long conversation over a scripted engine: opened, and looked through from its end to its beginning."""
    from PySide6.QtWidgets import QApplication

    from studiolo.types import Question
    from tests.bench._footprint_child import memory_bytes
    from tests.window import screenshots, scripted

    app = QApplication([])
    app.setStyle("Fusion")
    engine = screenshots.seeded(scripted.ScriptedEngine(documents=screenshots.DOCUMENTS), "en")
    stage = screenshots.Stage(app, engine, theme="light", language="en", size="1240x800")
    told(**memory_bytes())
    engine.titles["long"] = "A long conversation"
    engine.history["long"] = [
        engine._turn(
            f"long-{number}",
            "long",
            Question(f"How long is the term? ({number}) 租期多长？"),
            f"{scripted.ANSWER}\n\n{scripted.ANSWER_ZH}",
            "complete",
            tuple(engine._citation(marker) for marker in sorted(engine.quotes)),
        )
        for number in range(turns)
    ]
    chat = stage.desktop.chat
    chat.open("long")
    stage.until(lambda: len(chat.turns) == turns)
    show_all(stage)
    told(**memory_bytes())
    stage.close()
    return 0


def show_all(stage) -> None:
    """Press "earlier" until there is nothing earlier, and roll through it."""
    from PySide6.QtWidgets import QPushButton

    transcript = stage.desktop.window.transcript
    words = stage.desktop.look.tr("chat.earlier_turns")
    while earlier := [b for b in transcript.findChildren(QPushButton) if b.isVisible() and b.text() == words]:
        earlier[0].click()
        stage.settle()
    bar = transcript.verticalScrollBar()
    for place in range(bar.maximum(), -1, -max(1, bar.pageStep())):
        bar.setValue(place)
        stage.app.processEvents()
        time.sleep(0)


def told(**values: object) -> None:
    print(json.dumps(values), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
