"""What is hidden: the policy of all libraries or of one, edited beside a text that shows what it does."""

from __future__ import annotations

import copy
from typing import Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from studiolo.errors import Code
from studiolo_desktop.look import Look
from studiolo_desktop.models.policy import PolicyModel
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.confirm import Confirm
from studiolo_desktop.ui.common.controls import button, label, set_role
from studiolo_desktop.ui.common.scroll import ScrollColumn
from studiolo_desktop.ui.privacy.choice import Choice
from studiolo_desktop.ui.privacy.own_lists import OwnLists
from studiolo_desktop.ui.privacy.policy_preview import PreviewPane
from studiolo_desktop.ui.privacy.policy_words import (
    EVERYWHERE,
    action_choices,
    direction_choices,
    problem_words,
    profile_choices,
    type_words,
    types_of,
)


class PolicyPage(QWidget):
    """One page of the privacy dialog."""

    def __init__(self, look: Look, policy: PolicyModel) -> None:
        super().__init__()
        self._look = look
        self._policy = policy
        self._direction = EVERYWHERE
        self._just_saved = False  # until something is edited
        self._showing = False  # the fields are being filled: nobody has edited anything
        self.rows: dict[str, Choice] = {}
        self.library, self.profile, self.direction = Choice(look), Choice(look), Choice(look)
        self._library_label, self._profile_label, self._direction_label = label(), label(), label()
        self._explained = label(role="small", wrap=True)
        self._types = QGridLayout()
        self.own = OwnLists(look)
        self.pane = PreviewPane(look)
        self.note = label(role="small", wrap=True)
        self.save_button = button(policy.save, role="primary")
        self.revert_button = button(policy.revert)
        self._assemble()
        self.library.chosen.connect(self._library_chosen)
        self.profile.chosen.connect(self._profile_chosen)
        self.direction.chosen.connect(self._direction_chosen)
        self.own.edited.connect(self._own_edited)
        self.pane.edited.connect(lambda text: policy.look_at(text, self._direction or "question"))
        policy.changed.connect(self._fill)
        policy.previewed.connect(self._previewed)
        policy.saved.connect(self._saved)
        self.relook()

    def enter(self) -> None:
        """The page is shown: an untouched policy is read again."""
        self._policy.look_at(self.pane.text.toPlainText(), self._direction or "question")
        if not self._policy.dirty:
            self._policy.open(self._policy.name)

    def _assemble(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.M)
        form = ScrollColumn(margin=0, gap=Space.M)
        form.column.setContentsMargins(0, 0, Space.L, 0)
        head = QWidget()
        grid = QGridLayout(head)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(Space.M)
        grid.setVerticalSpacing(Space.S)
        grid.setColumnStretch(1, 1)
        for line, (name, choice) in enumerate(
            (
                (self._library_label, self.library),
                (self._profile_label, self.profile),
                (self._direction_label, self.direction),
            )
        ):
            grid.addWidget(name, line, 0)
            grid.addWidget(choice, line, 1)
        form.append(head)
        form.append(self._explained)
        types = QWidget()
        types.setLayout(self._types)
        self._types.setContentsMargins(0, 0, 0, 0)
        self._types.setHorizontalSpacing(Space.M)
        self._types.setVerticalSpacing(Space.XS)
        self._types.setColumnStretch(0, 1)
        form.append(types)
        form.append(self.own)
        sides = QHBoxLayout()
        sides.setSpacing(Space.L)
        sides.addWidget(form, 4)
        sides.addWidget(self.pane, 3)
        column.addLayout(sides, 1)
        foot = QHBoxLayout()
        foot.setSpacing(Space.S)
        foot.addWidget(self.note, 1)
        foot.addWidget(self.revert_button)
        foot.addWidget(self.save_button)
        column.addLayout(foot)

    def leave(self) -> None:
        """It is out of sight; nothing has to be put away."""

    def relook(self) -> None:
        """New words, new colours."""
        tr = self._look.tr
        self._library_label.setText(tr("policy.for"))
        self._profile_label.setText(tr("policy.starts_from"))
        self._direction_label.setText(tr("policy.where"))
        self.save_button.setText(tr("policy.save"))
        self.revert_button.setText(tr("policy.revert"))
        self.own.relook()
        self.pane.relook()
        self._fill()

    @Slot()
    def _fill(self) -> None:
        """Show the draft as it is."""
        tr, policy = self._look.tr, self._policy
        self._showing = True
        names = [("", tr("policy.all_libraries")), *((n, self._look.library_name(n)) for n in policy.libraries)]
        self.library.offer(names, value=policy.name, what=tr("policy.for"))
        profiles = profile_choices(self._look, of_home=not policy.name)
        self.profile.offer(profiles, value=str(policy.draft.get("profile", "")), what=tr("policy.starts_from"))
        self.direction.offer(direction_choices(self._look), value=self._direction, what=tr("policy.where"))
        self._explain()
        self.own.show_section(policy.draft)
        self._fill_types()
        self._showing = False
        self._previewed()

    def _explain(self) -> None:
        view = self._policy.view
        chosen = str(self._policy.draft.get("profile", "")) or (view.profile if view is not None else "")
        self._explained.setText(self._look.tr(f"policy.explain_{chosen}") if chosen else "")

    def _fill_types(self) -> None:
        """A row for each type, with what becomes of it in the direction that is chosen."""
        wanted = types_of(self._policy.draft, self.own.custom())
        table = self._table()
        if list(self.rows) != wanted:
            while (item := self._types.takeAt(0)) is not None:
                widget = item.widget()
                if widget is not None:
                    widget.hide()
                    widget.deleteLater()
            self.rows = {}
            for line, kind in enumerate(wanted):
                choice = Choice(self._look)
                choice.chosen.connect(lambda action, kind=kind: self._action_chosen(kind, action))
                self.rows[kind] = choice
                self._types.addWidget(QLabel(), line, 0)
                self._types.addWidget(choice, line, 1)
        for line, (kind, choice) in enumerate(self.rows.items()):
            name = type_words(self._look, kind)
            item = self._types.itemAtPosition(line, 0)
            widget = item.widget() if item is not None else None
            if isinstance(widget, QLabel):
                widget.setTextFormat(Qt.TextFormat.PlainText)
                widget.setText(name)
            choice.offer(action_choices(self._look), value=str(table.get(kind, "")), what=name)

    def _table(self) -> dict[str, Any]:
        draft = self._policy.draft
        if self._direction == EVERYWHERE:
            return dict(draft.get("types", {}))
        return dict(draft.get("directions", {}).get(self._direction, {}))

    def _changed(self) -> dict[str, Any]:
        return copy.deepcopy(self._policy.draft)

    @Slot(str)
    def _library_chosen(self, name: str) -> None:
        """Another library; what was changed and not saved goes only where the person says so."""
        if not self._policy.dirty:
            self._policy.open(name)
            return
        tr = self._look.tr
        dialog = Confirm(self._look, text=tr("policy.leave_sure"), yes=tr("policy.leave"), parent=self.window())
        dialog.accepted.connect(lambda: self._policy.open(name))
        dialog.rejected.connect(self._fill)
        dialog.open()

    @Slot(str)
    def _profile_chosen(self, profile: str) -> None:
        self._edit({**self._changed(), "profile": profile})
        self._explain()

    def _action_chosen(self, kind: str, action: str) -> None:
        draft = self._changed()
        table = self._table()
        table.pop(kind, None)
        if action:
            table[kind] = action
        if self._direction == EVERYWHERE:
            draft["types"] = table
        else:
            draft["directions"] = {**draft.get("directions", {}), self._direction: table}
        self._edit(draft)

    @Slot(str)
    def _direction_chosen(self, direction: str) -> None:
        self._direction = direction
        self._fill_types()
        self._policy.look_at(self.pane.text.toPlainText(), direction or "question")

    @Slot()
    def _own_edited(self) -> None:
        if not self._showing:
            self._edit({**self._changed(), "custom": self.own.custom(), "allow": self.own.allow()})

    def _edit(self, draft: dict[str, Any]) -> None:
        self._just_saved = False
        self._policy.edit(draft)
        self._refresh_foot("")

    @Slot()
    def _previewed(self) -> None:
        policy = self._policy
        problem = policy.problem
        words = "" if problem is None else problem_words(self._look, problem)
        key = str(problem.values.get("key", "")) if problem is not None and problem.code is Code.BAD_POLICY else ""
        here = self.own.complain(key, words)
        self.pane.show_preview(policy.preview if problem is None else None)
        self._refresh_foot("" if here else words, bad=True)

    @Slot()
    def _saved(self) -> None:
        self._just_saved = True
        self._refresh_foot("")

    def _refresh_foot(self, words: str, *, bad: bool = False) -> None:
        policy = self._policy
        saved = self._just_saved and not words
        self.note.setText(self._look.tr("policy.saved") if saved else words)
        set_role(self.note, "danger" if bad and words else "good" if saved else "small")
        fits = policy.problem is None or policy.problem.code is not Code.BAD_POLICY
        self.save_button.setEnabled(policy.dirty and fits and not policy.saving)
        self.revert_button.setEnabled(policy.dirty)
