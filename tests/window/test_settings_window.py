"""The settings: each works at once and is kept, is found by what one would call it, and says why it was refused."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QShortcut
from PySide6.QtWidgets import QLabel, QPushButton
from tests.window.scripted import ScriptedEngine

from studiolo.errors import Code, UserError
from studiolo.settings import Settings, load_settings
from studiolo_desktop.texts import TEXTS
from studiolo_desktop.texts_settings import SEARCH_WORDS
from studiolo_desktop.ui.settings.dialog import SettingsDialog
from studiolo_desktop.ui.settings.rows import ChoiceRow
from studiolo_desktop.ui.settings.shortcuts import OF_PARTS, ShortcutsDialog, listed


def opened(qtbot, desktop) -> SettingsDialog:
    desktop.window.sidebar.settings_button.click()
    dialog = desktop.window.openings.settings_dialog
    qtbot.waitUntil(lambda: bool(desktop.preferences.settings) and desktop.preferences.profile != "")
    return dialog


def choose(row: ChoiceRow, value: object) -> None:
    """As by the menu."""
    row.fill()
    next(action for action in row.button.menu_.actions() if action.data() == value).trigger()


def test_appearance_and_language_work_at_once_and_are_kept(qtbot, open_window, home):
    desktop, _ = open_window()
    page = opened(qtbot, desktop).page
    choose(page.theme, "dark")
    assert desktop.look.tokens.name == "dark"
    assert page.theme.button.text().strip() == "Dark"
    choose(page.language, "zh")
    assert page.theme.title.text() == "主题"
    assert page.theme.button.accessibleName() == "主题：深色"
    assert desktop.window.sidebar.new_button.text() == "新对话"
    choose(page.text, 150)
    qtbot.waitUntil(
        lambda: (
            (kept := load_settings(home.settings_file)).theme == "dark"
            and kept.language == "zh"
            and kept.text_percent == 150
        )
    )


def test_the_engine_keeps_what_is_its_own(qtbot, open_window):
    desktop, connector = open_window()
    page = opened(qtbot, desktop).page
    passages = page.numbers["passages"]
    assert (passages.box.value(), passages.box.minimum(), passages.box.maximum()) == (5, 1, 20)
    assert not passages.reset_button.isVisible()
    passages.box.setValue(9)
    qtbot.waitUntil(lambda: connector.engine.set.passages == 9)
    qtbot.waitUntil(passages.reset_button.isVisible)
    assert passages.reset_button.accessibleName() == "Set “Passages per answer” back to its default"
    passages.reset_button.click()
    qtbot.waitUntil(lambda: connector.engine.set.passages == 5 and passages.box.value() == 5)
    page.read_ahead.box.click()
    qtbot.waitUntil(lambda: connector.engine.set.read_ahead is False)
    choose(page.context, 16384)
    qtbot.waitUntil(lambda: connector.engine.set.context_tokens == 16384)
    page.numbers["read_ahead_share"].box.setValue(80)
    qtbot.waitUntil(lambda: connector.engine.set.read_ahead_share == 0.8)
    page.numbers["readings_mb"].box.setValue(2)
    qtbot.waitUntil(lambda: connector.engine.set.readings_mb == 2048)


def test_the_privacy_profile_changes_and_the_rest_of_the_policy_stays(qtbot, open_window):
    engine = ScriptedEngine()
    engine.policies[""] = {"allow": {"words": ["北风公司"]}}
    desktop, _ = open_window(engine)
    page = opened(qtbot, desktop).page
    assert page.profile.value == "balanced"
    choose(page.profile, "strict")
    qtbot.waitUntil(lambda: engine.policies[""] == {"allow": {"words": ["北风公司"]}, "profile": "strict"})
    qtbot.waitUntil(lambda: page.profile.value == "strict")


@pytest.mark.parametrize(("language", "said"), [("en", "try again"), ("zh", "重试")])
def test_what_is_refused_is_said_where_it_was_set(qtbot, open_window, language, said):
    desktop, connector = open_window()
    desktop.look.choose_language(language)
    page = opened(qtbot, desktop).page

    def refuse(changes):
        raise UserError(Code.BAD_REQUEST, field="settings.passages", problem="less_than_equal 20")

    connector.engine.change_settings = refuse
    row = page.numbers["passages"]
    row.box.setValue(12)
    qtbot.waitUntil(row.trouble.isVisible)
    assert said in row.trouble.text()
    assert row.box.value() == 5  # what is set


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("font", {"text_percent"}),
        ("dark mode", {"theme"}),
        ("内存", {"context_tokens", "unload_minutes"}),
        ("字体", {"text_percent"}),
        ("privacy", {"profile"}),
        ("disk", {"readings_mb"}),
        ("cpu cores", {"threads"}),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_setting_is_found_by_what_one_would_call_it(qtbot, open_window, typed, found, language):
    desktop, _ = open_window()
    desktop.look.choose_language(language)
    dialog = opened(qtbot, desktop)
    dialog.search.setText(typed)
    shown = {row.key for row in dialog.page.rows if row.isVisible()}
    assert found <= shown
    assert len(shown) < len(dialog.page.rows) / 2
    dialog.search.setText("nothing is called 这样")
    assert dialog.none.isVisible()
    assert not any(row.isVisible() for row in dialog.page.rows)
    dialog.search.clear()
    assert all(row.isVisible() for row in dialog.page.rows)


def test_every_setting_of_a_home_is_in_the_window_or_left_out_on_purpose(qtbot, open_window):
    desktop, _ = open_window()
    keys = {row.key for row in opened(qtbot, desktop).page.rows}
    assert Settings.model_fields.keys() - keys == {"format", "accepted_licences"}
    assert SEARCH_WORDS.keys() == keys


def test_without_an_engine_the_windows_own_settings_can_still_be_changed(qtbot, open_window):
    desktop, _ = open_window(ready=False)
    desktop.window.show()
    desktop.window.openings.show_settings()
    dialog = desktop.window.openings.settings_dialog
    assert dialog.waiting.isVisible()
    assert not dialog.page.numbers["passages"].box.isEnabled()
    choose(dialog.page.theme, "dark")
    assert desktop.look.tokens.name == "dark"


def test_the_whole_window_grows_with_the_text(qtbot, open_window, qapp):
    desktop, _ = open_window()
    button = desktop.window.sidebar.new_button
    before = button.sizeHint().height(), desktop.window.composer.send_button.width(), qapp.font().pixelSize()
    desktop.look.choose_text_percent(200)
    after = button.sizeHint().height(), desktop.window.composer.send_button.width(), qapp.font().pixelSize()
    assert all(large > small * 1.4 for small, large in zip(before, after, strict=True))
    desktop.look.larger(0)
    qtbot.waitUntil(lambda: desktop.window.composer.send_button.width() == before[1])
    assert qapp.font().pixelSize() == before[2]


def test_text_is_made_larger_and_smaller_by_steps(open_window):
    desktop, _ = open_window(ready=False)
    for steps, expected in ((1, 110), (1, 125), (-1, 110), (0, 100), (-9, 75), (20, 200)):
        desktop.look.larger(steps)
        assert desktop.look.text_percent == expected


def test_every_shortcut_of_the_window_is_in_the_overview(qtbot, open_window):
    desktop, _ = open_window()
    own = desktop.window.findChildren(QShortcut, options=Qt.FindChildOption.FindDirectChildrenOnly)
    assert own
    assert all(made.whatsThis() in TEXTS for made in own)
    desktop.look.choose_language("zh")
    desktop.window.openings.show_shortcuts()
    dialog = desktop.window.findChild(ShortcutsDialog)
    shown = {label.text() for label in dialog.findChildren(QLabel)}
    for keys, key in (*listed(desktop.window), *OF_PARTS):
        assert {keys, TEXTS[key][1]} <= shown
    assert len({keys for keys, _ in dialog.lines}) == len(dialog.lines)  # none is taken twice
    dialog.close()


def test_settings_open_what_belongs_to_them(qtbot, open_window):
    desktop, _ = open_window()
    dialog = opened(qtbot, desktop)
    rows = {row.key: row for row in dialog.page.rows}
    rows["models"].button.click()
    assert desktop.window.openings.models_dialog.isVisible()
    desktop.window.openings.models_dialog.close()
    desktop.window.toggle_pane()
    rows["folders"].button.click()
    assert desktop.window.pane.isVisible()
    assert not dialog.isVisible()
    rows["shortcuts"].button.click()
    shown = desktop.window.findChild(ShortcutsDialog)
    assert [b.text() for b in shown.findChildren(QPushButton)] == ["Close"]
    shown.close()
