"""What an engine that stays reads ahead, and when: `conversation.idle` over the engine's parts. Any thread."""

from __future__ import annotations

from studiolo.background import Background
from studiolo.conversation.idle import Ahead, ReadingAhead, ToRead
from studiolo.conversation.turn import library_scope
from studiolo.parts import Parts
from studiolo.settings import Settings
from studiolo.types import AheadStatus, Check

OF_BUDGET = 0.9  # the rest is left to what is read because somebody asked


def reads_ahead(settings: Settings) -> bool:
    """Whether a person wants it, and there is somewhere to keep it."""
    return settings.read_ahead and settings.readings_mb > 0


def reading_ahead(parts: Parts, *, background: Background) -> ReadingAhead:
    """Reading ahead over these parts, not begun yet."""

    def may() -> bool:
        """Whether a person wants it, nobody waits, nothing else is under way, and the machine has time for it."""
        return (
            reads_ahead(parts.settings)
            and not (parts.scheduler.busy or parts.knowledge.busy or background.busy)
            and parts.idle()
        )

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
        share=lambda: parts.settings.read_ahead_share,
    )


def ahead_status(parts: Parts, ahead: Ahead) -> AheadStatus:
    """How far reading ahead is, and what it takes."""
    kept, on = parts.readings.statistics(), reads_ahead(parts.settings)
    return AheadStatus(
        on=on,
        done=ahead.done,
        total=ahead.total,
        working=ahead.working and on,
        size_bytes=kept.size_bytes,
        budget_bytes=kept.budget_bytes,
    )


def readings_check(parts: Parts, ahead: Ahead) -> Check:
    """What `doctor` says of it."""
    kept, on = parts.readings.statistics(), reads_ahead(parts.settings)
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
