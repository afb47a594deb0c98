"""The settings of a home while an engine runs: what is in force, and changes of single ones, checked and then kept.

The file belongs to a person and to the window too, so it is read again before something is written. Whoever has to
follow a change hears of it (`heard`). Threads: any.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from studiolo.errors import Code, UserError
from studiolo.settings import CHOICES, Settings, change_settings, changed, load_settings
from studiolo.types import Setting, SettingValue

Heard = Callable[[Settings, Settings], None]  # what was, what is


class Preferences:
    """The settings of one home."""

    def __init__(self, path: Path, settings: Settings, *, from_file: bool = True) -> None:
        """`from_file`: `settings` are what the file says; else somebody brought them, and they go before the file."""
        self._path = path
        self._now = settings
        self._written = settings if from_file else None
        self._lock = threading.Lock()
        self._heard: list[Heard] = []

    @property
    def now(self) -> Settings:
        """What is in force."""
        return self._now

    def hear(self, heard: Heard) -> None:
        """Call `heard` after every change, on the thread that made it."""
        self._heard.append(heard)

    def listing(self) -> list[Setting]:
        """Every setting with its value, its default and its bounds; what was written meanwhile counts from now on."""
        with self._lock:
            before = self._now
            if self._written is not None:
                self._take(load_settings(self._path))
        self._tell(before)
        return settings_listing(self._now)

    def change(self, changes: Mapping[str, SettingValue]) -> None:
        """Set some settings. Raises UserError(bad_request), naming the first that does not fit; then none is changed.

        Also raises what reading and writing the file raises.
        """
        for name in changes:
            if name not in Settings.model_fields or name == "format":
                raise UserError(Code.BAD_REQUEST, field=f"settings.{name}", problem="unknown_setting")
        with self._lock:
            before = self._now
            changed(before, changes)
            written = change_settings(self._path, changes)
            if self._written is None:
                self._now = changed(before, changes)
            else:
                self._take(written)
        self._tell(before)

    def _take(self, written: Settings) -> None:
        """What differs from what the file said last is in force; what somebody brought beside it stays."""
        last = self._written or written
        fresh = {
            name: getattr(written, name)
            for name in Settings.model_fields
            if getattr(written, name) != getattr(last, name)
        }
        self._written = written
        self._now = self._now.model_copy(update=fresh)

    def _tell(self, before: Settings) -> None:
        if self._now != before:
            for heard in self._heard:
                heard(before, self._now)


def settings_listing(settings: Settings) -> list[Setting]:
    """Settings as they are listed, in the order of their definition."""
    listed = []
    for name, field in Settings.model_fields.items():
        if name == "format":
            continue
        bounds = {
            key: getattr(rule, key) for rule in field.metadata for key in ("ge", "gt", "le") if hasattr(rule, key)
        }
        listed.append(
            Setting(
                name=name,
                value=getattr(settings, name),
                default=field.default,
                least=bounds.get("ge", bounds.get("gt")),
                most=bounds.get("le"),
                choices=CHOICES.get(name, ()),
                about=field.description or "",
            )
        )
    return listed
