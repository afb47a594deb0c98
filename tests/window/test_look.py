"""Themes, languages, contrast, names for screen readers."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QListWidget, QPlainTextEdit, QTextBrowser
from tests.window.rows import words
from tests.window.scripted import ScriptedEngine, document

from studiolo.settings import load_settings
from studiolo_desktop.theme import DARK, LIGHT, contrast, type_scale


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=lambda t: t.name)
def test_text_meets_wcag_aa_on_every_ground(tokens):
    grounds = [tokens.canvas, tokens.sidebar, tokens.surface, tokens.sunken]
    for ground in grounds:
        assert contrast(tokens.text, ground) >= 7
        for ink in (tokens.muted, tokens.accent, tokens.danger):
            assert contrast(ink, ground) >= 4.5, (ink, ground)
    assert contrast(tokens.on_accent, tokens.accent) >= 4.5
    assert contrast(tokens.accent_ink, tokens.accent_soft) >= 4.5
    assert contrast(tokens.mark_ink, tokens.mark) >= 7
    assert contrast(tokens.veil_ink, tokens.veil) >= 4.5
    assert contrast(tokens.text, tokens.danger_soft) >= 7
    assert contrast(tokens.text, tokens.good_soft) >= 7


def test_the_theme_changes_at_once_and_is_kept(qtbot, open_window, home, qapp):
    desktop, _ = open_window(ScriptedEngine(documents=[document("lease.pdf")]))
    desktop.chat.ask("How long?")
    qtbot.waitUntil(lambda: not desktop.chat.busy)
    desktop.look.choose_theme("dark")
    assert DARK.canvas in qapp.styleSheet()
    assert qapp.palette().window().color().name().upper() == DARK.canvas
    image = desktop.window.grab().toImage()
    assert image.pixelColor(image.width() // 2, image.height() // 2).lightness() < 80
    qtbot.waitUntil(lambda: load_settings(home.settings_file).theme == "dark")
    desktop.look.choose_theme("light")
    assert desktop.window.grab().toImage().pixelColor(image.width() // 2, image.height() // 2).lightness() > 200


def test_the_language_changes_at_once_and_is_kept(qtbot, open_window, home):
    desktop, _ = open_window(ScriptedEngine(documents=[document("lease.pdf")]))
    window = desktop.window
    assert window.sidebar.new_button.text() == "New chat"
    desktop.look.choose_language("zh")
    assert window.sidebar.new_button.text() == "新对话"
    assert window.composer.field.placeholderText() == "就您的文档提问"
    assert words(window.pane.documents)["lease.pdf"] == "6 页  ·  18 个段落"
    assert window.empty.title.text() == "您想了解什么？"
    qtbot.waitUntil(lambda: load_settings(home.settings_file).language == "zh")


def test_a_damaged_settings_file_is_a_notice_and_not_the_end(qtbot, open_window, home):
    home.settings_file.parent.mkdir(parents=True)
    home.settings_file.write_text("{broken", encoding="utf-8")
    desktop, _ = open_window()
    assert desktop.notices.latest.problem.values["store"] == "settings"


def test_every_control_has_a_name(qtbot, open_window):
    engine = ScriptedEngine(documents=[document("lease.pdf")])
    desktop, _ = open_window(engine)
    desktop.chat.ask("How long?")
    qtbot.waitUntil(lambda: not desktop.chat.busy)
    desktop.window.openings.show_models()
    kinds = (QAbstractButton, QPlainTextEdit, QTextBrowser, QListWidget, QLineEdit)
    nameless = [
        (type(widget).__name__, widget.property("role"))
        for kind in kinds
        for widget in desktop.window.findChildren(kind)
        if widget.isVisible() and not widget.accessibleName() and not getattr(widget, "text", str)()
    ]
    assert nameless == []


def test_the_type_scale_is_never_too_small():
    assert type_scale(9).body == 13
    assert type_scale(16).reading == 18


def test_a_narrow_window_leaves_the_room_to_the_conversation(qtbot, open_window):
    desktop, _ = open_window()
    desktop.window.resize(1200, 800)
    assert desktop.window.pane.isVisible()
    desktop.window.resize(760, 600)
    qtbot.waitUntil(lambda: not desktop.window.pane.isVisible())
    assert desktop.window.sidebar.isVisible()
    desktop.window.add_paths([Path("/documents/a.pdf")])  # now the right side is wanted: the left one makes way
    assert desktop.window.pane.isVisible()
    assert not desktop.window.sidebar.isVisible()
    assert sum(desktop.window.splitter.sizes()) <= 760
    desktop.window.toggle_pane()
    assert desktop.window.sidebar.isVisible()
    desktop.window.toggle_pane()
    desktop.window.resize(1200, 800)
    qtbot.waitUntil(desktop.window.pane.isVisible)


def test_choices_in_quick_succession_are_all_kept(qtbot, open_window, home):
    desktop, _ = open_window()
    for _ in range(10):
        desktop.look.choose_theme("light")
        desktop.models.choose("qwen-0.5b")
        desktop.look.choose_language("en")
        desktop.look.choose_theme("dark")
        desktop.models.choose("qwen-1.5b")
        desktop.look.choose_language("zh")
    desktop.window.close()  # waits for what is being written
    kept = load_settings(home.settings_file)
    assert (kept.theme, kept.language, kept.chat_model) == ("dark", "zh", "qwen-1.5b")
    assert desktop.notices.latest is None


def test_the_first_run_card_fits_into_the_smallest_window(qtbot, open_window):
    desktop, _ = open_window(ScriptedEngine(installed=False))
    window = desktop.window
    for language in ("en", "zh"):
        desktop.look.choose_language(language)
        window.resize(window.minimumSize())
        qtbot.waitUntil(lambda: window.size() == window.minimumSize())
        viewport = window.empty.viewport()
        assert window.empty.widget().minimumSizeHint().width() <= viewport.width()
        assert window.empty.widget().width() <= viewport.width()


def test_the_binding_takes_no_reference_to_none_that_is_not_its_own(qtbot, open_window):
    """PySide6 6.12.0 lost one with each call from Qt (PYSIDE-3474): before Python 3.12 a long session dies of it."""
    desktop, _ = open_window()
    pane = desktop.window.pane
    pane.repaint()
    before = sys.getrefcount(None)
    for _ in range(1000):
        pane.repaint()
        desktop.window.composer.send_button.setEnabled(not desktop.window.composer.send_button.isEnabled())
    assert sys.getrefcount(None) > before - 500
