"""The seal's state, always in sight at the foot of the side bar; pressing it leads to its proof."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy

from studiolo_desktop.bridge.supervisor import EngineState, Supervisor
from studiolo_desktop.look import Look
from studiolo_desktop.models.seal import SealModel, SealState

_ICON = 18


class SealButton(QPushButton):
    """One line: an icon and a few words, which end in an ellipsis where they do not fit."""

    wanted = Signal()  # the proof

    def __init__(self, look: Look, supervisor: Supervisor, seal: SealModel) -> None:
        super().__init__()
        self._look = look
        self._supervisor = supervisor
        self._seal = seal
        self._words = self._short = ""  # the short ones where the whole do not fit
        self.setProperty("role", "seal")
        self.setAutoDefault(False)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setIconSize(QSize(_ICON, _ICON))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.clicked.connect(lambda _checked=False: self.wanted.emit())
        seal.changed.connect(self.refresh)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Say how it is now."""
        tr, tokens = self._look.tr, self._look.tokens
        state = self._supervisor.state
        words, tip, icon, colour = tr(f"engine.{state.value}"), tr("seal.open"), "shield-open", tokens.muted
        match self._seal.state:
            case SealState.SEALED:
                words, tip, icon, colour = tr("engine.sealed"), tr("engine.sealed_tip"), "shield", tokens.accent
            case SealState.ALONE:
                words, tip = tr("engine.sealed_alone"), tr("engine.sealed_alone_tip")
            case SealState.OPEN:
                words, tip = f"{tr('engine.ready')} · {tr('engine.not_sealed')}", tr("engine.not_sealed_tip")
            case SealState.AWAY if state is EngineState.FAILED:
                icon, colour = "alert", tokens.danger
        self._words = words
        self._short = tr("engine.sealed_short") if self._seal.state is SealState.SEALED else words
        self.setAccessibleName(words)
        self.setAccessibleDescription(tip)
        self.setToolTip(tip)
        self.setIcon(self._look.icon(icon, colour=colour, size_px=_ICON))
        self._elide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Elide anew."""
        super().resizeEvent(event)
        self._elide()

    def minimumSizeHint(self) -> QSize:
        """Any width will do."""
        return QSize(40, super().minimumSizeHint().height())

    def _elide(self) -> None:
        room = max(0, self.width() - _ICON - 20)
        metrics = QFontMetrics(self.font())
        words = self._words if metrics.horizontalAdvance(self._words) <= room else self._short
        self.setText(" " + metrics.elidedText(words, Qt.TextElideMode.ElideRight, room))
