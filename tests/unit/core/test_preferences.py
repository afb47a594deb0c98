"""Settings while an engine runs: changed, checked, kept; what others wrote meanwhile counts; what does not fit is
refused whole."""

from __future__ import annotations

import threading

import pytest

from studiolo.errors import Code, UserError
from studiolo.paths import Home
from studiolo.preferences import Preferences
from studiolo.settings import Settings, change_settings, load_settings, save_settings


def opened(home: Home, **given: object) -> Preferences:
    return Preferences(home.settings_file, load_settings(home.settings_file), **given)


def test_a_change_is_in_force_and_kept(home: Home) -> None:
    preferences, told = opened(home), []
    preferences.hear(lambda before, now: told.append((before.passages, now.passages)))
    preferences.change({"passages": 9, "unload_minutes": 5})
    assert (preferences.now.passages, preferences.now.unload_minutes) == (9, 5)
    assert load_settings(home.settings_file).passages == 9
    assert told == [(5, 9)]
    preferences.change({"passages": 9})
    assert len(told) == 1  # nothing is new


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"passages": 9, "context_tokens": 10**9}, "settings.context_tokens"),
        ({"passages": 9, "read_ahead": "yes"}, "settings.read_ahead"),
        ({"passages": 9, "theme": "mauve"}, "settings.theme"),
        ({"passages": 9, "no_such": 1}, "settings.no_such"),
        ({"format": 7}, "settings.format"),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_changed(home: Home, changes: dict, field: str) -> None:
    preferences = opened(home)
    with pytest.raises(UserError) as caught:
        preferences.change(changes)
    assert (caught.value.code, caught.value.values["field"]) == (Code.BAD_REQUEST, field)
    assert preferences.now == Settings()
    assert not home.settings_file.exists()


def test_an_error_names_the_bound(home: Home) -> None:
    with pytest.raises(UserError) as caught:
        opened(home).change({"passages": 99})
    assert caught.value.values["le"] == 20


def test_what_others_wrote_counts_and_is_not_lost(home: Home) -> None:
    preferences = opened(home)
    change_settings(home.settings_file, {"theme": "dark", "answer_tokens": 99})
    preferences.change({"passages": 3})
    kept = load_settings(home.settings_file)
    assert (kept.theme, kept.answer_tokens, kept.passages) == ("dark", 99, 3)
    assert preferences.now == kept
    change_settings(home.settings_file, {"answer_tokens": 77})
    listed = {setting.name: setting for setting in preferences.listing()}
    assert (listed["answer_tokens"].value, listed["answer_tokens"].default) == (77, 512)
    assert preferences.now.answer_tokens == 77


def test_what_somebody_brought_goes_before_the_file(home: Home) -> None:
    save_settings(home.settings_file, Settings(passages=2, theme="dark"))
    preferences = Preferences(home.settings_file, Settings(threads=1), from_file=False)
    preferences.change({"answer_tokens": 64})
    assert preferences.now == Settings(threads=1, answer_tokens=64)
    kept = load_settings(home.settings_file)
    assert (kept.passages, kept.theme, kept.threads, kept.answer_tokens) == (2, "dark", 0, 64)


def test_the_listing_has_bounds_choices_and_an_explanation(home: Home) -> None:
    listed = {setting.name: setting for setting in opened(home).listing()}
    assert set(listed) == set(Settings.model_fields) - {"format"}
    assert (listed["passages"].least, listed["passages"].most) == (1, 20)
    assert listed["theme"].choices == ("system", "light", "dark")
    assert listed["read_ahead"].value is True
    assert listed["context_tokens"].about


def test_many_writers_lose_nothing(home: Home) -> None:
    names = {"passages": 7, "answer_tokens": 99, "theme": "dark", "threads": 3, "readings_mb": 12, "text_percent": 150}
    threads = [
        threading.Thread(target=change_settings, args=(home.settings_file, {name: value}))
        for name, value in names.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = load_settings(home.settings_file)
    assert {name: getattr(kept, name) for name in names} == names
