"""Appearance and language, as a menu. Every choice works at once."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from studiolo_desktop.look import Look

_THEMES = (("system", "settings.theme_system"), ("light", "settings.theme_light"), ("dark", "settings.theme_dark"))
_LANGUAGES = (("", "settings.language_system"), ("en", "settings.language_en"), ("zh", "settings.language_zh"))


def settings_menu(look: Look, parent: QWidget, *, on_privacy: Callable[[], None]) -> QMenu:
    """The menu; it deletes itself when it closes."""
    menu = QMenu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=True)
    menu.addAction(look.tr("privacy.open")).triggered.connect(on_privacy)
    menu.addSeparator()
    _section(look, menu, title="settings.theme", choices=_THEMES, chosen=look.theme, choose=look.choose_theme)
    menu.addSeparator()
    _section(
        look, menu, title="settings.language", choices=_LANGUAGES, chosen=look.language, choose=look.choose_language
    )
    return menu


def _section(
    look: Look,
    menu: QMenu,
    *,
    title: str,
    choices: tuple[tuple[str, str], ...],
    chosen: str,
    choose: Callable[[str], None],
) -> None:
    heading = menu.addAction(look.tr(title))
    heading.setEnabled(False)
    group = QActionGroup(menu)
    for value, key in choices:
        action = menu.addAction(look.tr(key))
        action.setCheckable(True)
        action.setChecked(value == chosen)
        group.addAction(action)
        action.triggered.connect(lambda _on=False, value=value: choose(value))
