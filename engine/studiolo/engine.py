"""The engine as its clients see it: one method for each thing a person can ask for.

LocalEngine (`studiolo.local`) does the work in this process; RemoteEngine (`studiolo.client.remote`) asks a running
engine over HTTP. Both pass the same contract tests. All methods may be called from any thread; streams are read by
one thread. Errors are `studiolo.errors.StudioloError`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from studiolo.events import Event
from studiolo.jobs import CancelToken
from studiolo.types import (
    Chat,
    Check,
    Conversation,
    Document,
    EngineStatus,
    Hit,
    Library,
    Model,
    Question,
    Redacted,
    Turn,
)


class Engine(Protocol):
    """Everything a client can ask for."""

    def status(self) -> EngineStatus:
        """Who the engine is and whether its model is loaded."""
        ...

    def doctor(self) -> list[Check]:
        """What works on this machine and what does not."""
        ...

    # knowledge
    def libraries(self) -> list[Library]:
        """All libraries; `default` always exists."""
        ...

    def create_library(self, name: str) -> Library:
        """Make a library, or give the one of that name. Raises UserError(bad_request) on a name that cannot be."""
        ...

    def remove_library(self, name: str) -> None:
        """Remove a library with all its documents. Raises UserError(unknown_library)."""
        ...

    def add(self, paths: Sequence[Path], *, library: str = ..., cancel: CancelToken | None = None) -> Iterator[Event]:
        """Add files (folders are walked) to a library, made if it does not exist.

        Progress and one FileDone a file, then Finished. A file that fails does not stop the others.
        """
        ...

    def documents(self, library: str = ...) -> list[Document]:
        """The documents of a library, by name."""
        ...

    def remove_document(self, document_id: str, *, library: str = ...) -> None:
        """Remove a document and its text. Raises UserError(unknown_document)."""
        ...

    def search(self, query: str, *, library: str = ..., limit: int = 5, document: str | None = None) -> list[Hit]:
        """The passages that fit best, best first."""
        ...

    def embed(self, texts: Sequence[str], *, model: str | None = None) -> list[list[float]]:
        """One unit-length vector a text."""
        ...

    # conversation
    def ask(self, question: Question, *, cancel: CancelToken | None = None) -> Iterator[Event]:
        """Answer a question; the turn is stored. See `studiolo.events` for the order of events."""
        ...

    def chat(self, chat: Chat, *, cancel: CancelToken | None = None) -> Iterator[Event]:
        """Answer a conversation that the client keeps; nothing is stored."""
        ...

    def conversations(self) -> list[Conversation]:
        """All conversations, the latest first."""
        ...

    def turns(self, conversation_id: str) -> list[Turn]:
        """A conversation's turns in order. Raises UserError(unknown_conversation)."""
        ...

    def remove_conversation(self, conversation_id: str) -> None:
        """Remove a conversation and its turns. Raises UserError(unknown_conversation)."""
        ...

    def model_saw(self, turn_id: str) -> str:
        """The screened prompt of a turn as the model read it, with pseudonyms. Raises UserError(bad_request)."""
        ...

    # privacy
    def redact(self, text: str) -> Redacted:
        """The text with its personal data replaced by `<TYPE>` masks, and where it stood."""
        ...

    # models
    def models(self) -> list[Model]:
        """The catalogue, and what was imported beside it."""
        ...

    def import_model(self, path: Path) -> Model:
        """Take a model file from this machine. Raises UserError(damaged_model, file_missing)."""
        ...

    def remove_model(self, model_id: str) -> None:
        """Remove a model's files. Raises UserError(unknown_model, model_missing)."""
        ...

    def close(self) -> None:
        """Finish what runs, and let go of the home (or of the connection)."""
        ...
