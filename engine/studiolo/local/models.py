"""The models of the engine that runs in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from studiolo.errors import Code, UserError
from studiolo.events import Event
from studiolo.inference.compare import compare
from studiolo.inference.expected import model_fits
from studiolo.inference.measuring import measure
from studiolo.inference.quantize import quantize, source_of
from studiolo.inference.readings_key import model_group
from studiolo.inference.sample_texts import sample_texts
from studiolo.jobs import CancelToken
from studiolo.local.core import LocalCore
from studiolo.types import (
    COMPARED_TOKENS,
    Model,
    ModelFit,
)


class LocalModels(LocalCore):
    """The catalogue, and what is made and measured of its models."""

    def models(self) -> list[Model]:
        """The catalogue, and what was imported. `default` marks the one that answers, or the one to get first."""
        models = self._parts.store.list()
        first = self._first_choice(models)
        return [replace(model, default=model.id == first) for model in models]

    def _first_choice(self, models: Sequence[Model]) -> str:
        """The chat model that answers; where none is there, the very one a question's error would name."""
        try:
            return self._chat_model(None)
        except UserError as error:
            if any(model.kind == "chat" and model.installed for model in models):
                return ""  # the settings name one that is not there: another must be chosen by hand
            if error.code is Code.MODEL_MISSING:
                return str(error.values["model"])
            return self._parts.store.catalogue.flagged("first_start").id

    def model_fits(self) -> list[ModelFit]:
        """How each chat model would do on this machine."""
        parts = self._parts
        return model_fits(store=parts.store, settings=parts.settings, loaded=parts.scheduler.loaded)

    def import_model(self, path: Path) -> Model:
        """Take a model file from this machine."""
        return self._parts.store.import_file(path)

    def calibrate_model(self, model_id: str, *, cancel: CancelToken | None = None) -> Iterator[Event]:
        """Measure how a model runs fastest here, in a process of its own; its next load uses what was found."""
        parts, token = self._parts, cancel or CancelToken()
        return measure(model_id, store=parts.store, threads=parts.settings.threads, cancel=token)

    def quantize_model(
        self, model_id: str, target: str, *, name: str | None = None, cancel: CancelToken | None = None
    ) -> Iterator[Event]:
        """Make a smaller model of an installed one, in a process of its own."""
        store = self._parts.store
        return quantize(source_of(model_id, store), target, store=store, cancel=cancel or CancelToken(), name=name)

    def compare_models(
        self,
        model_id: str,
        other_id: str,
        *,
        text: Path | None = None,
        tokens: int = COMPARED_TOKENS,
        cancel: CancelToken | None = None,
    ) -> Iterator[Event]:
        """Measure what a model loses and gains against another, in a process of its own."""
        pair = tuple(source_of(named, self._parts.store) for named in (model_id, other_id))

        def texts() -> Sequence[tuple[str, str]]:
            read = self._parts.knowledge.read_text
            return sample_texts(read) if text is None else (("", read(text)),)

        threads = self._parts.settings.threads
        return compare((pair[0], pair[1]), texts, cancel=cancel or CancelToken(), tokens=tokens, threads=threads)

    def remove_model(self, model_id: str) -> None:
        """Remove a model's files, and what it made of documents."""
        digest = self._parts.store.get(model_id).sha256
        self._parts.scheduler.unload(model_id)
        self._parts.store.remove(model_id)
        self._parts.readings.forget(model_group(digest))
        self._ahead.wake()
