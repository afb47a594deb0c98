"""LocalEngine: the Engine whose work is done in this process. Each method is a few lines over the part that knows.

Whoever opens it must hold the home's lock (`studiolo.home_lock`): there is one engine a home.
Threads: any; each part guards itself.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from studiolo import __version__
from studiolo.adjusting import change_settings
from studiolo.ahead import ahead_status, readings_check
from studiolo.doctor import examine
from studiolo.errors import UserError
from studiolo.isolation.seal import self_test
from studiolo.local.answers import LocalAnswers
from studiolo.local.knowledge import LocalKnowledge
from studiolo.local.models import LocalModels
from studiolo.local.privacy import LocalPrivacy
from studiolo.types import (
    AheadStatus,
    Check,
    EngineStatus,
    Setting,
    SettingValue,
)


class LocalEngine(LocalKnowledge, LocalAnswers, LocalPrivacy, LocalModels):
    """See `studiolo.engine.Engine` for what each method promises."""

    def status(self) -> EngineStatus:
        """Who the engine is and whether its model is loaded."""
        ahead = self._ahead.progress
        try:
            model = self._chat_model(None)
        except UserError:
            model = ""
        return EngineStatus(
            version=__version__,
            pid=os.getpid(),
            home=str(self._parts.home.root),
            model=model,
            model_loaded=bool(model) and self._parts.scheduler.loaded == model,
            sealed=self_test().sealed,
            busy=self._parts.scheduler.busy,
            reading=self._parts.knowledge.busy or self._background.busy,
            ahead=ahead.done,
            ahead_of=ahead.total,
            reading_ahead=ahead.working,
            loading=self._warming.loading,
        )

    def doctor(self) -> list[Check]:
        """What works on this machine and what does not."""
        parts = self._parts
        checks = examine(
            parts.home,
            store=parts.store,
            settings=parts.settings,
            protection=parts.screener.protection,
            loaded=parts.scheduler.loaded,
        )
        return [*checks[:-1], readings_check(parts, self._ahead.progress), checks[-1]]

    def ahead(self) -> AheadStatus:
        """How far reading ahead is, and what it takes."""
        return ahead_status(self._parts, self._ahead.progress)

    def set_ahead(self, *, on: bool | None = None, budget_mb: int | None = None) -> AheadStatus:
        """Pause it, go on, or give it another budget."""
        wanted: dict[str, SettingValue | None] = {"read_ahead": on, "readings_mb": budget_mb}
        change_settings(self._parts, {name: value for name, value in wanted.items() if value is not None})
        return self.ahead()

    def warm_words(self) -> None:
        """Open the index of words, for an engine that stays; `warm_up` has to follow."""
        self._warming.words()

    def settings(self) -> list[Setting]:
        """The settings of the home."""
        return self._parts.preferences.listing()

    def change_settings(self, changes: Mapping[str, SettingValue]) -> list[Setting]:
        """Set some settings; they count at once."""
        change_settings(self._parts, changes)
        return self._parts.preferences.listing()

    def warm_up(self) -> None:
        """Load the chat model, the embedder and the filter at the same time, and wait for them."""
        self._warming.run()
