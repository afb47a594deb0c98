"""The quiet bar above the composer: one notice, what to do about it, and a way to close it."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout

from studiolo_desktop.look import Look
from studiolo_desktop.models.notices import Notice, Notices
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.controls import IconButton, button, label, restyle

GOOD_NEWS_MS = 6000  # good news leaves by itself, bad news stays until it is read
_ICONS = {"bad": ("alert", "danger"), "good": ("check", "accent"), "info": ("info", "muted")}


class NoticeBar(QFrame):
    """Shows the latest notice, and is not there when there is none."""

    def __init__(self, look: Look, notices: Notices) -> None:
        super().__init__()
        self._look = look
        self._notices = notices
        self.setProperty("role", "notice")
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L, Space.S, Space.S, Space.S)
        row.setSpacing(Space.M)
        self._icon = QLabel()
        self.what = label(role="strong", wrap=True, selectable=True)
        self.todo = label(role="muted", wrap=True, selectable=True)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(self.what)
        texts.addWidget(self.todo)
        self.action_button = button(self._act)
        self._close = IconButton(look, "close", self._notices.dismiss, size_px=16)
        for control in (self.action_button, self._close):
            control.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the caret where one was writing
        row.addWidget(self._icon)
        row.addLayout(texts, 1)
        row.addWidget(self.action_button)
        row.addWidget(self._close)
        self._leave = QTimer(self, singleShot=True, interval=GOOD_NEWS_MS)
        self._leave.timeout.connect(self._notices.dismiss)
        notices.changed.connect(self.refresh)
        look.changed.connect(self.refresh)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show what the model says."""
        notice = self._notices.latest
        self._leave.stop()
        self.setVisible(notice is not None)
        if notice is None:
            return
        what, todo = self._words(notice)
        self.what.setText(what)
        self.todo.setText(todo)
        self.todo.setVisible(bool(todo))
        self.setAccessibleName(f"{self._look.tr('notice.name')}: {what} {todo}".strip())
        icon, colour = _ICONS[notice.tone]
        self._icon.setPixmap(self._look.pixmap(icon, colour=getattr(self._look.tokens, colour), size_px=20))
        self.action_button.setVisible(notice.action is not None)
        if notice.action is not None:
            self.action_button.setText(self._look.tr(notice.action_key))
        self._close.name(self._look.tr("notice.dismiss"))
        self._close.repaint_icon()
        if self.property("tone") != notice.tone:
            self.setProperty("tone", notice.tone)
            restyle(self)
        if notice.tone == "good":
            self._leave.start()

    def _words(self, notice: Notice) -> tuple[str, str]:
        if notice.problem is not None:
            sentence = self._look.sentence(notice.problem)
            return sentence.what, sentence.todo
        return self._look.tr(notice.key, **notice.values), ""

    def _act(self) -> None:
        notice = self._notices.latest
        if notice is not None and notice.action is not None:
            notice.action()
