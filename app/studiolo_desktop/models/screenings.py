"""Turns from both sides: what the owner reads, what the model saw, and where the two differ. No widget, no thread.

A turn is asked about once it has ended, and again when its conversation is shown anew.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot

from studiolo.types import Revealed, Screening
from studiolo_desktop.bridge.calls import Calls
from studiolo_desktop.bridge.problem import Problem
from studiolo_desktop.models.chat import ChatModel


class Screenings(QObject):
    """The screenings of the turns on screen, by the turns' ids."""

    arrived = Signal(str)  # turn id

    def __init__(self, calls: Calls, chat: ChatModel, *, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._calls = calls
        self._known: dict[str, Screening | None] = {}  # None: asked for, or not to be had
        chat.reset.connect(self.forget)

    def of(self, turn_id: str) -> Screening | None:
        """A turn's, if it is known by now."""
        return self._known.get(turn_id)

    def want(self, turn_id: str) -> None:
        """Ask for a turn's, unless that was done; `arrived` tells when it is there."""
        if turn_id in self._known:
            return
        self._known[turn_id] = None

        def take(screening: Screening) -> None:
            if turn_id in self._known:
                self._known[turn_id] = screening
                self.arrived.emit(turn_id)

        # Without it the texts stand there without chips, as they would anyway.
        self._calls.run(lambda engine: engine.screening(turn_id), then=take, failed=lambda _problem: None)

    def whole(self, turn_id: str, *, then: Callable[[Screening], None], failed: Callable[[Problem], None]) -> None:
        """A turn's with all text that the model read."""
        self._calls.run(lambda engine: engine.screening(turn_id, prompt=True), then=then, failed=failed)

    def reveal(
        self, turn_id: str, token: str, *, then: Callable[[Revealed], None], failed: Callable[[Problem], None]
    ) -> None:
        """What a token stands for; the engine writes down that it was asked."""
        self._calls.run(lambda engine: engine.reveal(turn_id, token), then=then, failed=failed)

    @Slot()
    def forget(self) -> None:
        """Another conversation is shown, or this one anew."""
        self._known.clear()
