"""The seal: who is sealed, and the proof, run before the person's eyes."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from studiolo.client.proof import OPEN, Proof, Tried
from studiolo_desktop.look import Look
from studiolo_desktop.models.seal import SealModel, SealState
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.controls import button, label, set_role
from studiolo_desktop.ui.privacy.table import Table


class SealPage(QWidget):
    """One page of the privacy dialog."""

    def __init__(self, look: Look, seal: SealModel) -> None:
        super().__init__()
        self._look = look
        self._model = seal
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.M)
        head = QHBoxLayout()
        head.setSpacing(Space.M)
        self._icon = QLabel()
        head.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(Space.XS)
        self.state = label(role="strong", wrap=True)
        self.explained = label(role="muted", wrap=True)
        words.addWidget(self.state)
        words.addWidget(self.explained)
        head.addLayout(words, 1)
        column.addLayout(head)
        row = QHBoxLayout()
        self.prove_button = button(seal.prove, role="primary")
        self.stop_button = button(seal.stop)
        row.addWidget(self.prove_button)
        row.addWidget(self.stop_button)
        row.addStretch(1)
        column.addLayout(row)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 0)
        column.addWidget(self.bar)
        self.result = label(role="strong", wrap=True)
        column.addWidget(self.result)
        self.table = Table(look)
        column.addWidget(self.table, 1)
        self._rest = QWidget()
        column.addWidget(self._rest, 1)
        seal.changed.connect(self.refresh)
        self.refresh()

    def enter(self) -> None:
        """The page is shown."""
        self.refresh()

    def leave(self) -> None:
        """It is out of sight; nothing has to be put away."""

    def relook(self) -> None:
        """New words, new colours."""
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show how it is, and what the proof came to."""
        tr, model = self._look.tr, self._model
        sealed = model.state is SealState.SEALED
        colour = self._look.tokens.accent if sealed else self._look.tokens.muted
        self._icon.setPixmap(self._look.pixmap("shield" if sealed else "shield-open", colour=colour, size_px=36))
        self.state.setText(tr("seal.engine") if sealed and not model.window_sealed else tr(f"seal.{model.state.value}"))
        self.explained.setText(tr("seal.explained") if model.provable else tr("seal.not_here"))
        self.prove_button.setText(tr("seal.prove_again") if model.proof else tr("seal.prove"))
        self.prove_button.setVisible(model.provable and not model.proving)
        self.stop_button.setText(tr("seal.stop"))
        self.stop_button.setVisible(model.proving)
        self.bar.setVisible(model.proving)
        self.bar.setAccessibleName(tr("seal.proving"))
        self._refresh_result()

    def _refresh_result(self) -> None:
        tr, model = self._look.tr, self._model
        proof = model.proof
        text, role = "", "strong"
        if model.proving:
            text, role = tr("seal.proving"), "muted"
        elif model.problem is not None:
            text, role = self._look.sentence(model.problem).what, "danger"
        elif proof is not None:
            text, role = self._summary(proof), "strong" if proof.holds else "danger"
        self.result.setText(text)
        self.result.setVisible(bool(text))
        set_role(self.result, role)
        self.table.setVisible(proof is not None)
        self._rest.setVisible(proof is None)
        if proof is not None:
            rows = [(tr(f"way.{way.way}"), self._sealed(way), self._control(way)) for way in proof.ways]
            bad = {number for number, way in enumerate(proof.ways) if not way.refused}
            heads = (tr("seal.way"), tr("seal.inside"), tr("seal.outside"))
            self.table.fill(heads, rows, name=tr("seal.table"), bad=bad)

    def _summary(self, proof: Proof) -> str:
        return self._look.tr(
            "seal.holds" if proof.holds else "seal.fails",
            refused=sum(way.refused for way in proof.ways),
            ways=len(proof.ways),
            sealed=proof.arrived_sealed,
            control=proof.arrived_control,
        )

    def _sealed(self, way: Tried) -> str:
        tr = self._look.tr
        return tr("seal.refused") if way.refused else tr("seal.got_out", error=way.sealed)

    def _control(self, way: Tried) -> str:
        tr = self._look.tr
        if way.control == OPEN:
            return tr("seal.got_through")
        return tr("seal.reached", error=way.control) if way.provable else tr("seal.nobody", error=way.control)
