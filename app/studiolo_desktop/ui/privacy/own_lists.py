"""A person's own: entities that are hidden because they say so, and what is never hidden."""

from __future__ import annotations

import re
from typing import Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from studiolo_desktop.look import Look
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.controls import IconButton, button, label
from studiolo_desktop.ui.privacy.choice import Choice
from studiolo_desktop.ui.privacy.policy_words import action_choices

_LINES = 3
_ENTITY = re.compile(r"(?:^|\.)custom\.([^.]+)")


class Lines(QPlainTextEdit):
    """A list of texts, one a line."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "field")
        self.setTabChangesFocus(True)
        self.setFixedHeight(self.fontMetrics().lineSpacing() * _LINES + 2 * Space.S + Space.XS)

    def name(self, text: str, hint: str) -> None:
        """What it is."""
        self.setAccessibleName(text)
        self.setPlaceholderText(hint)

    def items(self) -> list[str]:
        """The lines that hold something."""
        return [line.strip() for line in self.toPlainText().splitlines() if line.strip()]

    def show_items(self, items: list[str]) -> None:
        """Show a list."""
        self.setPlainText("\n".join(items))


class EntityCard(QFrame):
    """One entity of a person's own."""

    edited = Signal()
    removed = Signal(object)

    def __init__(self, look: Look, name: str, listed: dict[str, Any]) -> None:
        super().__init__()
        self._look = look
        self._kept = {key: value for key, value in listed.items() if key not in ("words", "patterns", "action")}
        self.setProperty("role", "panel")
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        column.setSpacing(Space.S)
        head = QHBoxLayout()
        self.name_field = QLineEdit(name)
        self.action = Choice(look)
        self.remove_button = IconButton(look, "trash", lambda: self.removed.emit(self), size_px=17)
        head.addWidget(self.name_field, 1)
        head.addWidget(self.action)
        head.addWidget(self.remove_button)
        column.addLayout(head)
        grid = QGridLayout()
        grid.setHorizontalSpacing(Space.S)
        self.words, self.patterns = Lines(), Lines()
        grid.addWidget(self.words, 0, 0)
        grid.addWidget(self.patterns, 0, 1)
        column.addLayout(grid)
        self.note = label(role="danger", wrap=True)
        self.note.setVisible(False)
        column.addWidget(self.note)
        self.words.show_items(listed.get("words", []))
        self.patterns.show_items(listed.get("patterns", []))
        self._action = str(listed.get("action", ""))
        self.relook()
        for field in (self.name_field, self.words, self.patterns):
            field.textChanged.connect(self.edited)
        self.action.chosen.connect(self._chosen)

    @property
    def type_name(self) -> str:
        """The name as a policy file writes it."""
        return re.sub(r"[\s-]+", "_", self.name_field.text().strip()).upper()

    def listed(self) -> dict[str, Any]:
        """As it stands in the section."""
        told: dict[str, Any] = dict(self._kept)
        for key, field in (("words", self.words), ("patterns", self.patterns)):
            if items := field.items():
                told[key] = items
        if self._action:
            told["action"] = self._action
        return told

    def relook(self) -> None:
        """New words, new colours."""
        tr = self._look.tr
        self.name_field.setPlaceholderText(tr("policy.own_name"))
        self.name_field.setAccessibleName(tr("policy.own_name"))
        choices = [("", tr("policy.action_pseudonymise")), *action_choices(self._look)[1:]]
        choices = [one for one in choices if one[0] != "pseudonymise" or self._action == "pseudonymise"]
        self.action.offer(choices, value=self._action, what=tr("policy.becomes"))
        self.words.name(tr("policy.words"), tr("policy.words"))
        self.patterns.name(tr("policy.patterns"), tr("policy.patterns"))
        self.remove_button.name(tr("policy.own_remove"))
        self.remove_button.repaint_icon()

    def complain(self, text: str) -> None:
        """Say what is wrong here; "" = nothing."""
        self.note.setText(text)
        self.note.setVisible(bool(text))

    @Slot(str)
    def _chosen(self, action: str) -> None:
        self._action = action
        self.edited.emit()


class OwnLists(QWidget):
    """Both lists."""

    edited = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.cards: list[EntityCard] = []
        self._kept_allow: dict[str, Any] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        self._own_title = label(role="section")
        self._own_hint = label(role="small", wrap=True)
        column.addWidget(self._own_title)
        column.addWidget(self._own_hint)
        self._cards = QVBoxLayout()
        self._cards.setSpacing(Space.S)
        column.addLayout(self._cards)
        row = QHBoxLayout()
        self.add_button = button(self._add, role="text")
        row.addWidget(self.add_button)
        row.addStretch(1)
        column.addLayout(row)
        self._allow_title = label(role="section")
        self._allow_hint = label(role="small", wrap=True)
        column.addWidget(self._allow_title)
        column.addWidget(self._allow_hint)
        allow = QHBoxLayout()
        allow.setSpacing(Space.S)
        self.allow_words, self.allow_patterns = Lines(), Lines()
        allow.addWidget(self.allow_words)
        allow.addWidget(self.allow_patterns)
        column.addLayout(allow)
        self.allow_note = label(role="danger", wrap=True)
        self.allow_note.setVisible(False)
        column.addWidget(self.allow_note)
        for field in (self.allow_words, self.allow_patterns):
            field.textChanged.connect(self.edited)
        self.relook()

    def show_section(self, section: dict[str, Any]) -> None:
        """Show what a section lists."""
        self.blockSignals(True)
        for card in self.cards:
            self._drop(card)
        self.cards = []
        for name, listed in section.get("custom", {}).items():
            self._put(name, dict(listed))
        allow = section.get("allow", {})
        self._kept_allow = {key: value for key, value in allow.items() if key not in ("words", "patterns")}
        self.allow_words.show_items(allow.get("words", []))
        self.allow_patterns.show_items(allow.get("patterns", []))
        self.blockSignals(False)

    def custom(self) -> dict[str, Any]:
        """A person's own entities, as the section holds them; a card without a name is none yet."""
        return {card.type_name: card.listed() for card in self.cards if card.type_name}

    def allow(self) -> dict[str, Any]:
        """What is never hidden, as the section holds it."""
        told: dict[str, Any] = dict(self._kept_allow)
        for key, field in (("words", self.allow_words), ("patterns", self.allow_patterns)):
            if items := field.items():
                told[key] = items
        return told

    def complain(self, key: str, text: str) -> bool:
        """Say what is wrong with what stands under `key`; whether it stands here. "" clears."""
        found = _ENTITY.search(key)
        for card in self.cards:
            card.complain(text if found is not None and card.type_name == found[1] else "")
        ours = "allow" in key.split(".")
        self.allow_note.setText(text if ours else "")
        self.allow_note.setVisible(ours and bool(text))
        return ours or any(found is not None and card.type_name == found[1] for card in self.cards)

    def relook(self) -> None:
        """New words, new colours."""
        tr = self._look.tr
        self._own_title.setText(tr("policy.own"))
        self._own_hint.setText(tr("policy.own_hint"))
        self.add_button.setText(tr("policy.own_add"))
        self._allow_title.setText(tr("policy.allow"))
        self._allow_hint.setText(tr("policy.allow_hint"))
        self.allow_words.name(f"{tr('policy.allow')}: {tr('policy.words')}", tr("policy.words"))
        self.allow_patterns.name(f"{tr('policy.allow')}: {tr('policy.patterns')}", tr("policy.patterns"))
        for card in self.cards:
            card.relook()

    def _add(self) -> None:
        self._put("", {}).name_field.setFocus()
        self.edited.emit()

    def _put(self, name: str, listed: dict[str, Any]) -> EntityCard:
        card = EntityCard(self._look, name, listed)
        card.edited.connect(self.edited)
        card.removed.connect(self._remove)
        self.cards.append(card)
        self._cards.addWidget(card)
        return card

    @Slot(object)
    def _remove(self, card: EntityCard) -> None:
        self.cards.remove(card)
        self._drop(card)
        self.add_button.setFocus()
        self.edited.emit()

    def _drop(self, card: EntityCard) -> None:
        card.hide()
        self._cards.removeWidget(card)
        card.deleteLater()
