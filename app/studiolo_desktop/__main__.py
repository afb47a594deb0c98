"""`python -m studiolo_desktop`, and the `studiolo-desktop` command."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication


def main() -> int:
    """Open the window; the exit code of the program."""
    from studiolo.client.sealed import start_window_porter, window_sealer

    environ = dict(os.environ)
    porter = start_window_porter(environ)
    seal = window_sealer(porter, environ)
    seal.before_display()  # Qt's own threads then inherit it
    from PySide6.QtCore import QTimer

    from studiolo_desktop.bootstrap import desktop

    app = _application(environ)
    seal.with_display()
    app.setApplicationName("Studiolo")
    app.setApplicationDisplayName("Studiolo")
    app.setDesktopFileName("studiolo")
    app.setStyle("Fusion")  # the one style that draws light and dark alike on every platform
    program = desktop(app, environ=environ, porter=porter, window_sealed=seal.sealed)
    app.aboutToQuit.connect(program.close)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: app.quit())
    awake = QTimer()  # Python handles signals only when it gets to run
    awake.timeout.connect(lambda: None)
    awake.start(500)
    program.start()
    try:
        return app.exec()
    finally:
        program.close()
        if porter is not None:
            porter.close()


def _application(environ: Mapping[str, str]) -> QApplication:
    """The application; in development one that says what keeps its main thread."""
    from PySide6.QtWidgets import QApplication

    from studiolo_desktop.bridge.watchdog import Watchdog

    app = QApplication(sys.argv)
    if environ.get("STUDIOLO_WATCHDOG"):
        Watchdog(told=True, parent=app)
    return app


if __name__ == "__main__":
    sys.exit(main())
