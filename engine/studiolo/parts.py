"""What a LocalEngine is made of. Data only."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from studiolo.conversation.history import History
from studiolo.hardware.energy import EnergyMeter
from studiolo.inference.readings import ReadingStore
from studiolo.inference.scheduler import Scheduler
from studiolo.knowledge.library import KnowledgeBase
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.preferences import Preferences
from studiolo.privacy.audit import AuditLog
from studiolo.privacy.filter import PrivacyFilter
from studiolo.privacy.policies import Policies
from studiolo.settings import Settings


@dataclass(frozen=True, slots=True)
class Parts:
    """What an engine is made of; the composition root builds them."""

    home: Home
    preferences: Preferences
    store: ModelStore
    knowledge: KnowledgeBase
    screener: PrivacyFilter
    policies: Policies
    scheduler: Scheduler
    history: History
    audit: AuditLog
    readings: ReadingStore
    idle: Callable[[], bool]  # whether the machine is on mains power and others leave it at rest
    also_close: tuple[Callable[[], None], ...] = ()
    clock: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    meter: Callable[[], EnergyMeter] = EnergyMeter  # begins to measure

    @property
    def settings(self) -> Settings:
        """What is in force now."""
        return self.preferences.now
