"""What an engine that stays reads ahead, and when: `conversation.idle` over the engine's parts. Any thread."""

from __future__ import annotations

import threading

from studiolo.background import Background
from studiolo.conversation.idle import Ahead, ReadingAhead, ToRead
from studiolo.conversation.turn import library_scope
from studiolo.errors import Code, UserError
from studiolo.parts import Parts
from studiolo.settings import load_settings, save_settings
from studiolo.types import AheadStatus, Check

OF_BUDGET = 0.9  # the rest is left to what is read because somebody asked
MOST_MB = 1_000_000  # as in the settings


class AheadSwitch:
    """Whether documents are read ahead and on how much disk: as the settings say, until a person changes it."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._lock = threading.Lock()
        self._on = parts.settings.read_ahead

    @property
    def on(self) -> bool:
        """Whether a person wants it, and there is somewhere to keep it."""
        return self._on and self._parts.readings.statistics().budget_bytes > 0

    def set(self, *, on: bool | None, budget_mb: int | None) -> None:
        """Change it now and in the settings; None leaves it. Raises UserError(bad_request), EnvironmentFault."""
        if budget_mb is not None and not 0 <= budget_mb <= MOST_MB:
            raise UserError(Code.BAD_REQUEST, field="budget_mb", problem="out_of_range")
        chosen = {"read_ahead": on, "readings_mb": budget_mb}
        with self._lock:
            path = self._parts.home.settings_file
            kept = load_settings(path)
            update = {name: value for name, value in chosen.items() if value is not None}
            save_settings(path, kept.model_copy(update=update))
            if on is not None:
                self._on = on
            if budget_mb is not None:
                self._parts.readings.resize(budget_mb << 20)

    def status(self, ahead: Ahead) -> AheadStatus:
        """How far it is, and what it takes."""
        kept = self._parts.readings.statistics()
        return AheadStatus(
            on=self.on,
            done=ahead.done,
            total=ahead.total,
            working=ahead.working and self.on,
            size_bytes=kept.size_bytes,
            budget_bytes=kept.budget_bytes,
        )


def reading_ahead(parts: Parts, *, background: Background, switch: AheadSwitch) -> ReadingAhead:
    """Reading ahead over these parts, not begun yet."""

    def may() -> bool:
        """Whether it is wanted, nobody waits, nothing else is under way, and the machine is on mains and not busy."""
        return switch.on and not (parts.scheduler.busy or parts.knowledge.busy or background.busy) and parts.idle()

    def room() -> bool:
        """Whether more may be stored without throwing out what people use."""
        kept = parts.readings.statistics()
        return kept.size_bytes < kept.budget_bytes * OF_BUDGET

    def to_read() -> list[ToRead]:
        """All documents, those that were asked about last first, then the newest."""
        asked = {document: place for place, document in enumerate(parts.history.asked_lately())}
        libraries = parts.knowledge.libraries()
        documents = [document for library in libraries for document in parts.knowledge.documents(library.name)]
        documents.sort(key=lambda one: (asked.get(one.id, len(asked)), -one.added_at))
        return [ToRead(one.library, library_scope(one.library), one.id, one.passages) for one in documents]

    return ReadingAhead(
        documents=to_read,
        passages=parts.knowledge.passages,
        screener=parts.screener,
        models=parts.scheduler,
        model_id=lambda: parts.scheduler.loaded,
        may=may,
        room=room,
        share=parts.settings.read_ahead_share,
    )


def readings_check(parts: Parts, ahead: Ahead, *, on: bool) -> Check:
    """What `doctor` says of it."""
    kept = parts.readings.statistics()
    return Check(
        "readings",
        "ok",
        f"{ahead.done} of {ahead.total} read ahead" if on else "off",
        {
            "on": on,
            "done": ahead.done,
            "total": ahead.total,
            "size_bytes": kept.size_bytes,
            "budget_bytes": kept.budget_bytes,
            "damaged": kept.damaged,
        },
    )
