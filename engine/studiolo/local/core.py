"""What the parts of the engine that runs in this process share. Each method is a few lines over the part that knows."""

from __future__ import annotations

from contextlib import suppress

from studiolo.adjusting import follow
from studiolo.ahead import reading_ahead
from studiolo.background import Background
from studiolo.conversation.kept import KeptConversations
from studiolo.conversation.turn import Turns, library_scope
from studiolo.errors import Code, PolicyBlock, UserError
from studiolo.events import Event, FileDone
from studiolo.inference.layouts import fastest
from studiolo.parts import Parts
from studiolo.types import (
    Library,
)
from studiolo.warming import Warming


class LocalCore:
    """The parts of one engine, and what more than one of its subjects needs."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._turns = Turns(
            retriever=parts.knowledge,
            screener=parts.screener,
            models=parts.scheduler,
            history=parts.history,
            clock=parts.clock,
            monotonic=parts.monotonic,
            meter=parts.meter,
        )
        self._kept = KeptConversations(parts.history, parts.screener, parts.audit)
        self._background = Background(parts.knowledge, learn=self._learn, evict=parts.readings.forget)
        self._ahead = reading_ahead(parts, background=self._background)
        self._warming = Warming(parts, chat_model=lambda: self._chat_model(None))
        parts.preferences.hear(follow(parts, self._ahead))

    def start_background(self) -> None:
        """Go on with what a kill interrupted, and watch folders: for an engine that stays (`studiolo.background`)."""
        self._background.start()
        self._parts.knowledge.start_watching(self._heard)
        self._ahead.start()

    def libraries(self) -> list[Library]:
        """All libraries."""
        return self._parts.knowledge.libraries()

    def _heard(self, library: str, event: Event) -> None:
        if isinstance(event, FileDone) and event.result.status in ("added", "updated"):
            self._learn(library, event.result.document_id)
            self._ahead.wake()

    def _learn(self, library: str, document_id: str) -> None:
        """Give every value of a document its pseudonym now, so that a question that names one is recognised."""
        for passage in self._parts.knowledge.passages(library, document_id):
            if passage.spans:
                with suppress(PolicyBlock):  # what the policy blocks never comes to need one
                    self._parts.screener.screen(
                        passage.text, library_id=library_scope(library), spans=passage.spans, direction="passage"
                    )

    def _chat_model(self, wanted: str | None) -> str:
        """The chat model to use. Raises UserError: unknown_model, model_missing, model_kind."""
        store = self._parts.store
        chosen = wanted or self._parts.settings.chat_model or fastest(store.best_chat_model(), store=store)
        model = store.get(chosen)
        if model.kind != "chat":
            raise UserError(Code.MODEL_KIND, model=chosen, kind=model.kind, needed="chat")
        if not model.installed:
            raise UserError(Code.MODEL_MISSING, model=chosen)
        return chosen

    def close(self) -> None:
        """Finish what runs and close every store."""
        self._background.close()
        self._ahead.close()
        self._parts.scheduler.close()
        self._parts.knowledge.close()
        self._parts.screener.close()
        self._parts.audit.close()
        self._parts.history.close()
        for close in self._parts.also_close:
            close()
