"""Client: Studiolo for scripts.

    from studiolo.client import Client

    with Client.attach() as client:
        client.add("contracts", library="contracts", on_event=print)
        answer = client.ask("How long is the term of the lease?", library="contracts")
        print(answer.text, [f"{one.document}, p. {one.page}" for one in answer.citations])
        for event in client.ask_events("And the rent?", library="contracts", conversation_id=answer.conversation_id):
            ...

It asks the engine that runs on the home (the window's, or that of `studiolo serve`); where none does, it starts one for
as long as it is open. `Client(url, token)` asks one of which both are known: with a named token, it can do and see
what that token may. Everything else that an engine can do is `client.engine` (`studiolo.Engine`). `AsyncClient` is the
same for asyncio. Errors are `studiolo.StudioloError` with a `code`. Threads: any; a stream of events is read by one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from studiolo.client import reach
from studiolo.client.reach import Messages, Paths
from studiolo.client.remote import RemoteEngine
from studiolo.client.spawn import EngineProcess
from studiolo.engine import Engine
from studiolo.events import Event
from studiolo.jobs import CancelToken
from studiolo.paths import Home
from studiolo.shapes import Answer
from studiolo.types import DEFAULT_LIBRARY, AddResult, Document, EngineStatus, Hit, Library, Question, Reader, Redacted


class Client:
    """A running engine, asked by a script; a context manager."""

    def __init__(self, url: str, token: str, *, timeout_s: float = 300.0, process: EngineProcess | None = None) -> None:
        """Connects to nothing yet. `timeout_s` is for plain calls; streams may take as long as they say something.

        `process` is ended with the client.
        """
        self._remote = RemoteEngine(url, token, timeout_s=timeout_s)
        self._process = process

    @classmethod
    def attach(
        cls,
        home: Home | str | os.PathLike[str] | None = None,
        *,
        start: bool = True,
        token_file: str | os.PathLike[str] | None = None,
        environ: Mapping[str, str] | None = None,
        timeout_s: float = 300.0,
    ) -> Self:
        """The engine of a home (None: the one the environment names), with the owner's token or that in `token_file`.

        Where none runs, `start` starts one, which ends with the client. Raises EnvironmentFault: engine_gone where none
        runs and none is to be started, home_busy, engine_start; UserError: file_missing, file_unreadable.
        """
        found = reach.reach(home, environ=environ, start=start, token_file=token_file)
        return cls(found.url, found.token, timeout_s=timeout_s, process=found.process)

    @property
    def engine(self) -> Engine:
        """The whole engine, for what has no method here."""
        return self._remote

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._remote.url

    def alive(self) -> int:
        """The engine's pid, 0 where none answers. The only call that needs no token."""
        return self._remote.alive()

    def status(self) -> EngineStatus:
        """Who the engine is and whether its model is loaded. Raises EnvironmentFault(engine_gone)."""
        return self._remote.status()

    def libraries(self) -> list[Library]:
        """All libraries; `default` always exists."""
        return self._remote.libraries()

    def create_library(self, name: str, *, embedder: str | None = None) -> Library:
        """Make a library, or give the one of that name."""
        return self._remote.create_library(name, embedder=embedder)

    def documents(self, library: str = DEFAULT_LIBRARY) -> list[Document]:
        """The documents of a library, by name. Raises UserError(unknown_library)."""
        return self._remote.documents(library)

    def remove_documents(self, document_ids: Sequence[str], *, library: str = DEFAULT_LIBRARY) -> None:
        """Remove documents and their text; answers that quote them stay, without the quotes."""
        self._remote.remove_documents(document_ids, library=library)

    def add(
        self,
        paths: Paths,
        *,
        library: str = DEFAULT_LIBRARY,
        passwords: Sequence[str] = (),
        on_event: Callable[[Event], object] | None = None,
        cancel: CancelToken | None = None,
    ) -> list[AddResult]:
        """Add files and folders, and wait for it: one result a file, with status "added", "updated", "unchanged" or
        "failed". A file that fails stops no other.

        `on_event` is told how far it is: Progress (what is being worked on), Tally (how far the whole is, and the time
        left), FileDone. The library is made if need be.
        """
        results: list[AddResult] = []
        events = self.add_events(paths, library=library, passwords=passwords, cancel=cancel)
        with _left(events):
            for event in events:
                if on_event is not None:
                    on_event(event)
                reach.note(event, results)
        return results

    def add_events(
        self,
        paths: Paths,
        *,
        library: str = DEFAULT_LIBRARY,
        passwords: Sequence[str] = (),
        cancel: CancelToken | None = None,
    ) -> Iterator[Event]:
        """The same as it happens. Leaving the iterator early cancels it; it ends with Finished or Failed."""
        return self._remote.add(reach.paths_of(paths), library=library, passwords=passwords, cancel=cancel)

    def search(
        self,
        query: str,
        *,
        library: str = DEFAULT_LIBRARY,
        limit: int = 5,
        document: str | None = None,
        reader: str = Reader.OWNER,
    ) -> list[Hit]:
        """The passages that fit best, best first; `document` (name or id) limits it to one.

        `reader`: as whom they are read, "masked" without values; of a named token its own profile decides.
        """
        return self._remote.search(query, library=library, limit=limit, document=document, reader=reader)

    def ask(
        self,
        question: str | Question,
        *,
        library: str | None = DEFAULT_LIBRARY,
        document: str | None = None,
        model: str | None = None,
        conversation_id: str | None = None,
        limit: int | None = None,
        whole: bool | None = None,
        max_tokens: int | None = None,
        cancel: CancelToken | None = None,
    ) -> Answer:
        """Answer a question from a library (None: the model alone), and wait for it; the turn is stored.

        `conversation_id` of an earlier answer makes it a follow-up; `limit`: passages at most; `whole`: read the whole
        `document`, where it fits. The answer's `reason` is "stop", "length" (cut at `max_tokens`) or "cancelled".
        Raises StudioloError where it failed.
        """
        events = self.ask_events(
            question,
            library=library,
            document=document,
            model=model,
            conversation_id=conversation_id,
            limit=limit,
            whole=whole,
            max_tokens=max_tokens,
            cancel=cancel,
        )
        return _read(events)

    def ask_events(
        self,
        question: str | Question,
        *,
        library: str | None = DEFAULT_LIBRARY,
        document: str | None = None,
        model: str | None = None,
        conversation_id: str | None = None,
        limit: int | None = None,
        whole: bool | None = None,
        max_tokens: int | None = None,
        cancel: CancelToken | None = None,
    ) -> Iterator[Event]:
        """The same as it is written: see `studiolo.events` for the order. It ends with Finished or Failed."""
        asked = reach.asked(
            question,
            library=library,
            document=document,
            model=model,
            conversation_id=conversation_id,
            limit=limit,
            whole=whole,
            max_tokens=max_tokens,
        )
        return self._remote.ask(asked, cancel=cancel)

    def chat(
        self,
        messages: Messages,
        *,
        model: str | None = None,
        max_tokens: int | None = None,
        cancel: CancelToken | None = None,
    ) -> Answer:
        """Answer a conversation that the script keeps, without documents; nothing is stored.

        `messages`: one text of the user's, or `{"role": ..., "content": ...}` one after another, the last one asking.
        """
        return _read(self.chat_events(messages, model=model, max_tokens=max_tokens, cancel=cancel))

    def chat_events(
        self,
        messages: Messages,
        *,
        model: str | None = None,
        max_tokens: int | None = None,
        cancel: CancelToken | None = None,
    ) -> Iterator[Event]:
        """The same as it is written."""
        return self._remote.chat(reach.said(messages, model=model, max_tokens=max_tokens), cancel=cancel)

    def redact(self, text: str, *, profile: str | None = None) -> Redacted:
        """The text with its personal data replaced by `<TYPE>`, and where it stood (in code points of `text`).

        `profile`: by which policy ("balanced", "open", "strict"); None = the home's.
        """
        return self._remote.redact(text, profile=profile)

    def redact_many(self, texts: Sequence[str], *, profile: str | None = None) -> list[Redacted]:
        """The same for several texts, in order."""
        return self._remote.redact_many(texts, profile=profile)

    def redact_file(
        self, path: str | os.PathLike[str], *, profile: str | None = None, passwords: Sequence[str] = ()
    ) -> Redacted:
        """The same for what a document (PDF, Word, mail ...) says; nothing is stored."""
        return self._remote.redact_file(Path(path), profile=profile, passwords=passwords)

    def close(self) -> None:
        """Let go of the engine; one that was started for this client ends."""
        self._remote.close()
        if self._process is not None:
            self._process.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _read(events: Iterator[Event]) -> Answer:
    answer = Answer()
    with _left(events):
        for event in events:
            answer.take(event)
    return reach.whole_answer(answer)


@contextmanager
def _left(events: Iterator[Event]) -> Iterator[None]:
    """Leave a stream at the end of the block, whatever ended it."""
    try:
        yield
    finally:
        close = getattr(events, "close", None)
        if close is not None:
            close()
