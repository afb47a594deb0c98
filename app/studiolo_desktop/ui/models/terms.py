"""Asking for a licence's conditions to be accepted, before a model is fetched or used for the first time."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from studiolo.types import Model
from studiolo_desktop.look import Look
from studiolo_desktop.models.preferences import PreferencesModel
from studiolo_desktop.ui.common.confirm import Confirm


def ask_for_terms(
    look: Look, preferences: PreferencesModel, model: Model, go_on: Callable[[], None], *, parent: QWidget
) -> None:
    """Show what the licence is and where its text stands; `go_on` once it is accepted."""
    tr = look.tr
    dialog = Confirm(
        look,
        title=tr("terms.title"),
        text=tr("terms.body", name=model.title, licence=model.licence, url=model.licence_url or tr("terms.nowhere")),
        yes=tr("terms.accept"),
        parent=parent,
    )

    def accepted() -> None:
        preferences.accept(model.licence)
        go_on()

    dialog.accepted.connect(accepted)
    dialog.open()
