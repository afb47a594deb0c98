"""A text of the person's own, and what the policy would make of it while it is being changed."""

from __future__ import annotations

from collections import Counter

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QVBoxLayout, QWidget

from studiolo.types import PolicyPreview, Redaction
from studiolo_desktop.look import Look
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.controls import label, set_role
from studiolo_desktop.ui.privacy.value_chips import units_before

_HIDING = ("mask", "pseudonymise")
_LEAVING = ("allow", "flag")


class PreviewPane(QWidget):
    """The right side of the policy's page."""

    edited = Signal(str)  # the text

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._sample = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        self._title = label(role="section")
        self.text = QPlainTextEdit()
        self.text.setProperty("role", "field")
        self.text.setTabChangesFocus(True)
        self._seen_title = label(role="section")
        self.seen = QPlainTextEdit()
        self.seen.setProperty("role", "field")
        self.seen.setReadOnly(True)
        self.seen.setTabChangesFocus(True)
        self.note = label(role="small", wrap=True)
        for widget, stretch in (
            (self._title, 0),
            (self.text, 1),
            (self._seen_title, 0),
            (self.seen, 1),
            (self.note, 0),
        ):
            column.addWidget(widget, stretch)
        self.text.textChanged.connect(self._changed)
        self.relook()

    def relook(self) -> None:
        """New words, new colours; a sample that nobody changed speaks the new language, too."""
        tr = self._look.tr
        self._title.setText(tr("policy.try"))
        self.text.setAccessibleName(tr("policy.try"))
        self._seen_title.setText(tr("policy.seen"))
        self.seen.setAccessibleName(tr("policy.seen"))
        if self.text.toPlainText() == self._sample:
            self._sample = tr("policy.sample")
            self.text.setPlainText(self._sample)

    def show_preview(self, preview: PolicyPreview | None) -> None:
        """Mark what was found in the text, and show what the model would read; None: it cannot be told."""
        self.seen.setEnabled(preview is not None)
        if preview is None:
            self.text.setExtraSelections([])
            self.note.setText("")
            return
        tr, tokens = self._look.tr, self._look.tokens
        refused = tr("policy.refused", what=tr.hidden(Redaction(kind, 1) for kind in preview.blocked))
        self.seen.setPlainText(refused if preview.blocked else preview.text)
        text = self.text.toPlainText()
        marks: list[QTextEdit.ExtraSelection] = []
        for found in preview.found:
            if found.end > len(text) or found.action == "allow":
                continue
            mark = QTextEdit.ExtraSelection()
            form = QTextCharFormat()
            if found.action in _HIDING:
                form.setBackground(QColor(tokens.veil))
                form.setForeground(QColor(tokens.veil_ink))
            elif found.action == "block":
                form.setBackground(QColor(tokens.danger_soft))
            else:
                form.setUnderlineStyle(QTextCharFormat.UnderlineStyle.DotLine)
                form.setUnderlineColor(QColor(tokens.muted))
            cursor = QTextCursor(self.text.document())
            cursor.setPosition(units_before(text, found.start))
            cursor.setPosition(units_before(text, found.end), QTextCursor.MoveMode.KeepAnchor)
            mark.cursor, mark.format = cursor, form
            marks.append(mark)
        self.text.setExtraSelections(marks)
        self.note.setText(self._summary(preview))
        set_role(self.note, "danger" if preview.blocked else "small")

    def _summary(self, preview: PolicyPreview) -> str:
        tr = self._look.tr
        hidden = Counter(found.type for found in preview.found if found.action in _HIDING)
        left = Counter(found.type for found in preview.found if found.action in _LEAVING)
        said = []
        if preview.blocked:
            said.append(tr("policy.blocked"))
        elif hidden:
            said.append(tr("policy.hides", what=tr.hidden(Redaction(kind, n) for kind, n in hidden.items())))
        else:
            said.append(tr("policy.hides_nothing"))
        if left and not preview.blocked:
            said.append(tr("policy.leaves", what=tr.hidden(Redaction(kind, n) for kind, n in left.items())))
        return " ".join(said)

    @Slot()
    def _changed(self) -> None:
        self.edited.emit(self.text.toPlainText())
