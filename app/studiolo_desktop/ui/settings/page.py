"""Which settings there are, in their groups, and what each is bound to. The dialog shows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from studiolo.types import SettingValue
from studiolo_desktop.look import Look
from studiolo_desktop.models.catalogue import ModelsModel
from studiolo_desktop.models.preferences import PROFILES, PreferencesModel
from studiolo_desktop.theme import TEXT_PERCENTS
from studiolo_desktop.ui.settings.rows import ActionRow, ChoiceRow, NumberRow, SettingRow, SwitchRow

GROUPS = ("look", "answers", "libraries", "privacy", "machine", "window", "help")
CONTEXTS = (2048, 4096, 8192, 16384, 32768)
MB_A_GB = 1024


@dataclass(frozen=True)
class Doors:
    """What opens from the settings."""

    models: Callable[[], None]
    documents: Callable[[], None]
    privacy: Callable[[], None]
    shortcuts: Callable[[], None]
    diagnostics: Callable[[], None]
    has_tray: Callable[[], bool]


class SettingsPage:
    """The rows by group, kept in step with what is set."""

    def __init__(self, look: Look, preferences: PreferencesModel, models: ModelsModel, doors: Doors) -> None:
        self._look = look
        self._preferences = preferences
        self._models = models
        self._doors = doors
        self.language = ChoiceRow(look, "language", lambda value: look.choose_language(str(value)))
        self.theme = ChoiceRow(look, "theme", lambda value: look.choose_theme(str(value)))
        self.text = ChoiceRow(look, "text_percent", lambda value: look.choose_text_percent(int(value)))
        self.chat_model = ChoiceRow(look, "chat_model", lambda value: models.choose(str(value)))
        self.profile = ChoiceRow(look, "profile", lambda value: preferences.set_profile(str(value)))
        self.embedder = self._chosen("embedder")
        self.context = self._chosen("context_tokens")
        self.read_ahead = SwitchRow(look, "read_ahead", lambda on: preferences.set("read_ahead", on))
        self.numbers = {
            "passages": self._number("passages"),
            "answer_tokens": self._number("answer_tokens", unit="settings.unit_tokens"),
            "threads": self._number("threads", at_least="settings.threads_all"),
            "unload_minutes": self._number(
                "unload_minutes", unit="settings.unit_minutes", at_least="settings.unload_never", whole=False
            ),
            "read_ahead_share": self._number("read_ahead_share", unit="settings.unit_percent", scale=100, whole=False),
            "readings_mb": self._number("readings_mb", unit="settings.unit_gb", scale=1 / MB_A_GB, decimals=1),
        }
        self.notifications = SwitchRow(look, "notifications", lambda on: preferences.set_window("notifications", on))
        self.tray = SwitchRow(look, "tray", lambda on: preferences.set_window("tray", on))
        self.groups: dict[str, list[SettingRow]] = {
            "look": [self.language, self.theme, self.text],
            "answers": [
                self.chat_model,
                ActionRow(look, "models", doors.models, text="settings.models_open"),
                self.numbers["passages"],
                self.numbers["answer_tokens"],
            ],
            "libraries": [
                self.embedder,
                ActionRow(look, "folders", doors.documents, text="settings.folders_open"),
            ],
            "privacy": [self.profile, ActionRow(look, "policy", doors.privacy, text="settings.policy_open")],
            "machine": [
                self.context,
                self.numbers["unload_minutes"],
                self.numbers["threads"],
                self.read_ahead,
                self.numbers["read_ahead_share"],
                self.numbers["readings_mb"],
            ],
            "window": [self.notifications, self.tray],
            "help": [
                ActionRow(look, "shortcuts", doors.shortcuts, text="settings.shortcuts_open"),
                ActionRow(look, "diagnostics", doors.diagnostics, text="settings.diagnostics_save"),
            ],
        }

    @property
    def rows(self) -> list[SettingRow]:
        """All of them, in order."""
        return [row for group in GROUPS for row in self.groups[group]]

    def relook(self) -> None:
        """New words."""
        for row in self.rows:
            row.relook()
        self.refresh()

    def refresh(self) -> None:
        """Show what is set."""
        look, tr = self._look, self._look.tr
        self.language.offer([(value, tr(f"settings.language_{value or 'system'}")) for value in ("", "en", "zh")],
                            look.language)  # fmt: skip
        self.theme.offer([(value, tr(f"settings.theme_{value}")) for value in ("system", "light", "dark")], look.theme)
        percents = sorted({*TEXT_PERCENTS, look.text_percent})
        self.text.offer([(n, tr("settings.percent", n=n)) for n in percents], look.text_percent)
        chosen = self._models.chosen
        self.chat_model.offer([(m.id, m.title) for m in self._models.chat_models], chosen.id if chosen else None)
        self.notifications.box.setChecked(self._preferences.notifications)
        has_tray = self._doors.has_tray()
        self.tray.box.setChecked(self._preferences.tray and has_tray)
        self.tray.box.setEnabled(has_tray)
        self.tray.about.setText(tr("settings.tray_about") if has_tray else tr("settings.tray_none"))
        self._refresh_profile()
        self._refresh_engines()

    def refused(self, name: str, text: str) -> None:
        """The engine would not set it: say why, and show what is set."""
        row = next((row for row in self.rows if row.key == name), None)
        if row is not None:
            self.refresh()
            row.show_trouble(text)

    def _refresh_profile(self) -> None:
        tr, profile = self._look.tr, self._preferences.profile
        choices = [(name, tr(f"settings.profile_{name}")) for name in PROFILES]
        if profile and profile not in PROFILES:
            choices.append((profile, tr("settings.profile_other")))
        self.profile.offer(choices, profile)

    def _refresh_engines(self) -> None:
        settings, tr = self._preferences.settings, self._look.tr
        there = self._preferences.reachable and bool(settings)
        for row in (self.profile, self.embedder, self.context, self.read_ahead, *self.numbers.values()):
            row.control.setEnabled(there)
            row.show_trouble("")
        for name, number in self.numbers.items():
            if name in settings:
                found = settings[name]
                number.bound(_least(name, found.least), found.most or 0)
                number.show_value(float(found.value))
                number.show_default(found.value == found.default)
        if "read_ahead" in settings:
            self.read_ahead.box.setChecked(bool(settings["read_ahead"].value))
        if "context_tokens" in settings:
            tokens = int(settings["context_tokens"].value)
            choices = sorted({*CONTEXTS, tokens})
            self.context.offer([(n, tr("settings.context_tokens_n", n=f"{n:,}")) for n in choices], tokens)
            self.context.show_default(tokens == settings["context_tokens"].default)
        if "embedder" in settings:
            value = settings["embedder"].value
            known = [model for model in self._models.items if model.kind == "embedder"]
            self.embedder.offer([(m.id, m.title) for m in known if m.installed or m.id == value], value)
            self.embedder.show_default(value == settings["embedder"].default)

    def _chosen(self, name: str) -> ChoiceRow:
        return ChoiceRow(
            self._look,
            name,
            lambda value: self._preferences.set(name, value),
            on_reset=lambda: self._reset(name),
        )

    def _number(
        self,
        name: str,
        *,
        unit: str = "",
        at_least: str = "",
        scale: float = 1.0,
        decimals: int = 0,
        whole: bool = True,
    ) -> NumberRow:
        def set_(value: float) -> None:
            wanted: SettingValue = round(value) if whole else round(value, 4)
            self._preferences.set(name, wanted)

        return NumberRow(
            self._look,
            name,
            set_,
            unit=unit,
            at_least=at_least,
            scale=scale,
            decimals=decimals,
            on_reset=lambda: self._reset(name),
        )

    def _reset(self, name: str) -> None:
        self._preferences.set(name, self._preferences.settings[name].default)


def _least(name: str, least: float | None) -> float:
    """A share of nothing is not what is meant by little."""
    return max(0.05, least or 0.0) if name == "read_ahead_share" else least or 0.0
