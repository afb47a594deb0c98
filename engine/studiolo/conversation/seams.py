"""What a turn needs of its neighbours, as small protocols: whoever wires the engine hands in the real ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from studiolo.inference.lease import Lease
from studiolo.inference.steps import Service
from studiolo.types import Hit, Redaction, Screened, Span


class Retriever(Protocol):
    """Finds passages."""

    def search(
        self, query: str, *, library: str, limit: int, document: str | None = None, context: Sequence[str] = ()
    ) -> list[Hit]:
        """The passages that fit best, best first; `context` holds earlier questions, the latest last."""
        ...

    def whole(self, document: str, *, library: str) -> list[Hit]:
        """All passages of a document (id or name) in order; none where several have that name."""
        ...


class AnswerStream(Protocol):
    """Screens one answer while it is written."""

    @property
    def redactions(self) -> tuple[Redaction, ...]:
        """What was screened or restored so far."""
        ...

    def feed(self, chunk: str) -> str:
        """What of the answer may be shown now."""
        ...

    def cut_short(self) -> str:
        """The model was stopped in the middle: forget the beginning of a pseudonym at the end, and give it."""
        ...

    def finish(self) -> str:
        """The rest, when no more comes."""
        ...


class Screener(Protocol):
    """The privacy filter. Every method fails closed: it raises PolicyBlock rather than let a text through."""

    def screen(
        self,
        text: str,
        *,
        library_id: str,
        spans: Sequence[Span] | None = None,
        direction: str = ...,
        reader: str = ...,
    ) -> Screened:
        """The text with its values replaced by the library's pseudonyms, as `reader` may ask for it."""
        ...

    def screen_again(self, text: str, *, library_id: str, direction: str = ..., reader: str = ...) -> Screened:
        """A text that has pseudonyms in it, from an earlier turn, as the policy is now."""
        ...

    def rules_digest(self, *, library_id: str, reader: str = ...) -> str:
        """What screening depends on beside the text: policy and detector."""
        ...

    def holds_known(self, text: str, *, library_id: str, reader: str = ...) -> bool:
        """Whether a screened text holds a value that has come to be known since."""
        ...

    def stream(self, *, library_id: str, reader: str, seen: Iterable[str] | None = None) -> AnswerStream:
        """A screen for one answer. `seen`: what the model was given; other pseudonyms are not restored."""
        ...

    def tool_arguments(self, *, library_id: str, reader: str, seen: Iterable[str] | None = None) -> AnswerStream:
        """The same for an answer that is JSON, which stays JSON."""
        ...

    def restore(self, text: str, *, library_id: str, reader: str) -> str:
        """A stored text as `reader` may see it."""
        ...


class ModelPool(Protocol):
    """Loaded models."""

    def lease(self, model_id: str) -> AbstractContextManager[Lease]:
        """A model, loaded and kept loaded for the block."""
        ...

    def warm(self, model_id: str) -> None:
        """Begin to load a model, without waiting."""
        ...

    def arriving(self, model_id: str, service: Service) -> AbstractContextManager[None]:
        """For the block, somebody waits for an answer of the model: work that nobody waits for gives way."""
        ...


class LoadedModels(Protocol):
    """Models, for work that loads none."""

    def lease_loaded(self, model_id: str) -> AbstractContextManager[Lease | None]:
        """A model, kept loaded for the block; None where it is not loaded."""
        ...
