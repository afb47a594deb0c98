"""Settings: defaults, unknown keys of a newer version, and errors that name the field."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from studiolo.errors import Code, EnvironmentFault, UserError
from studiolo.paths import Home, home_from
from studiolo.settings import Settings, load_settings, save_settings


def test_no_file_means_defaults(home: Home) -> None:
    assert load_settings(home.settings_file) == Settings()


def test_a_round_trip_keeps_what_this_version_does_not_know(home: Home) -> None:
    home.root.mkdir()
    home.settings_file.write_text(json.dumps({"passages": 7, "from_the_future": True}))
    save_settings(home.settings_file, load_settings(home.settings_file))
    stored = json.loads(home.settings_file.read_text())
    assert (stored["passages"], stored["from_the_future"]) == (7, True)


def test_a_value_that_does_not_fit_names_its_field(home: Home) -> None:
    home.root.mkdir()
    home.settings_file.write_text(json.dumps({"passages": 700}))
    with pytest.raises(UserError) as caught:
        load_settings(home.settings_file)
    assert caught.value.values["field"] == "settings.passages"


@pytest.mark.parametrize(
    ("text", "code"), [("{", Code.DAMAGED_STORE), ("[1]", Code.DAMAGED_STORE), ('{"format": 99}', Code.NEWER_FORMAT)]
)
def test_a_file_that_cannot_be_read(home: Home, text: str, code: Code) -> None:
    home.root.mkdir()
    home.settings_file.write_text(text)
    with pytest.raises(EnvironmentFault) as caught:
        load_settings(home.settings_file)
    assert caught.value.code is code


def test_what_is_no_file_is_said_to_be_unreadable(home: Home) -> None:
    home.settings_file.mkdir(parents=True)
    with pytest.raises(UserError) as caught:
        load_settings(home.settings_file)
    assert caught.value.code is Code.FILE_UNREADABLE


def test_a_full_disk_leaves_the_old_settings_and_nothing_else(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    save_settings(home.settings_file, Settings(passages=7))

    def full(_path: Path, *_: object, **__: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(EnvironmentFault) as caught:
        save_settings(home.settings_file, Settings(passages=8))
    assert caught.value.code is Code.DISK_FULL
    assert load_settings(home.settings_file).passages == 7
    assert [path.name for path in home.root.iterdir()] == ["settings.json"]


def test_the_home_moves(tmp_path) -> None:
    assert home_from({"STUDIOLO_HOME": str(tmp_path / "书房")}).root == tmp_path / "书房"
    assert "studiolo" in str(home_from({}).root)
