"""The settings as the window shows and changes them. No widget, no thread.

The engine's are asked of the engine, which checks and keeps them; the window's own are kept by the composition root,
and can be changed while no engine runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count

from PySide6.QtCore import QObject, Signal, Slot

from studiolo.engine import Engine
from studiolo.types import PolicyView, Setting, SettingValue
from studiolo_desktop.bridge.calls import Calls
from studiolo_desktop.bridge.problem import Problem
from studiolo_desktop.bridge.supervisor import EngineChange, EngineState, Supervisor

PROFILES = ("open", "balanced", "strict")


class PreferencesModel(QObject):
    """What is set."""

    changed = Signal()
    refused = Signal(str, object)  # the setting, Problem
    window_changed = Signal()

    def __init__(
        self,
        calls: Calls,
        supervisor: Supervisor,
        *,
        keep: Callable[[Mapping[str, SettingValue]], None],
        tray: bool = False,
        notifications: bool = True,
        accepted_licences: str = "",
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._calls = calls
        self._keep = keep
        self._numbers = count(1)
        self._latest = 0
        self.tray, self.notifications = tray, notifications
        self._accepted = {name for name in accepted_licences.split(",") if name}
        self.settings: dict[str, Setting] = {}
        self.policy: PolicyView | None = None
        self.reachable = False
        supervisor.changed.connect(self._engine_changed)

    @property
    def profile(self) -> str:
        """The privacy profile of the home, "" while it is not known."""
        return self.policy.profile if self.policy is not None else ""

    @Slot()
    def refresh(self) -> None:
        """Ask the engine what is set."""
        number = next(self._numbers)
        self._calls.run(
            lambda engine: engine.settings(), then=lambda found: self._arrived(number, found), failed=_ignored
        )
        self._calls.run(lambda engine: engine.policy(), then=self._policy_arrived, failed=_ignored)

    def set(self, name: str, value: SettingValue) -> None:
        """Change one of the engine's settings; `refused` says why it was not."""
        number = next(self._numbers)
        self._calls.run(
            lambda engine: engine.change_settings({name: value}),
            then=lambda found: self._arrived(number, found),
            failed=lambda problem: self.refused.emit(name, problem),
        )

    def set_profile(self, profile: str) -> None:
        """Another privacy profile for the home; what else its policy says stays."""

        def change(engine: Engine) -> PolicyView:
            return engine.set_policy("", {**engine.policy().section, "profile": profile})

        self._calls.run(
            change,
            then=self._policy_arrived,
            failed=lambda problem: self.refused.emit("profile", problem),
        )

    def set_window(self, name: str, value: bool) -> None:
        """Change one of the window's own: "tray", "notifications"."""
        setattr(self, name, value)
        self._keep({name: value})
        self.window_changed.emit()

    def accepts(self, licence: str) -> bool:
        """Whether the person has accepted a licence's conditions."""
        return licence.replace(",", " ") in self._accepted

    def accept(self, licence: str) -> None:
        """The person has."""
        self._accepted.add(licence.replace(",", " "))
        self._keep({"accepted_licences": ",".join(sorted(self._accepted))})

    def _arrived(self, number: int, found: list[Setting]) -> None:
        if number < self._latest:
            return  # overtaken by a later change
        self._latest = number
        self.settings = {setting.name: setting for setting in found}
        self.changed.emit()

    def _policy_arrived(self, found: PolicyView) -> None:
        self.policy = found
        self.changed.emit()

    @Slot(object)
    def _engine_changed(self, change: EngineChange) -> None:
        self.reachable = change.state is EngineState.READY
        if self.reachable:
            self.refresh()
        self.changed.emit()


def _ignored(_problem: Problem) -> None:
    """An engine that is away is announced by the supervisor; what was known stays on screen."""
