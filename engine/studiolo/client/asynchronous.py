"""AsyncClient: what `Client` does, for asyncio.

    from studiolo.client import AsyncClient

    async with await AsyncClient.attach() as client:
        answers = await asyncio.gather(*(client.ask(question) for question in questions))
        async for event in client.ask_events("How long is the term?"):
            ...

A cancelled task, and a stream that is left, cancel the work in the engine. Requests and answers are those of
`exchange.py`. Threads: the loop's; starting an engine takes a thread of its own.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from inspect import isawaitable
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import anyio
import httpx
from anyio import to_thread

from studiolo import wire
from studiolo.client import exchange, reach
from studiolo.client.dial import Dial
from studiolo.client.dial_async import async_transport
from studiolo.client.exchange import CONNECT_S, QUIET_S, Request
from studiolo.client.reach import Messages, Paths
from studiolo.client.spawn import EngineProcess
from studiolo.errors import Code, StudioloError
from studiolo.events import Event, Failed
from studiolo.paths import Home
from studiolo.shapes import Answer
from studiolo.types import DEFAULT_LIBRARY, AddResult, Document, EngineStatus, Hit, Library, Question, Reader, Redacted

T = TypeVar("T")

LEAVE_S = 5.0  # for telling the engine that nobody waits for a job any more


class AsyncClient:
    """A running engine, asked by an asyncio program; an async context manager. See `Client` for what it promises."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        timeout_s: float = 300.0,
        process: EngineProcess | None = None,
        dial: Dial | None = None,
    ) -> None:
        """Connects to nothing yet. `dial` makes the connections where this process may not."""
        self.url = url
        self._client = httpx.AsyncClient(
            **exchange.options(url, token, timeout_s),
            transport=None if dial is None else async_transport(dial, limits=exchange.LIMITS),
        )
        self._process = process
        self._leaving: set[asyncio.Future[None]] = set()

    @classmethod
    async def attach(
        cls,
        home: Home | str | os.PathLike[str] | None = None,
        *,
        start: bool = True,
        token_file: str | os.PathLike[str] | None = None,
        environ: Mapping[str, str] | None = None,
        timeout_s: float = 300.0,
    ) -> Self:
        """See `Client.attach`."""
        found = await to_thread.run_sync(lambda: reach.reach(home, environ=environ, start=start, token_file=token_file))
        return cls(found.url, found.token, timeout_s=timeout_s, process=found.process)

    async def alive(self) -> int:
        """The engine's pid, 0 where none answers."""
        try:
            response = await self._client.get("/healthz", timeout=exchange.ALIVE_S)
        except (httpx.HTTPError, RuntimeError):
            return 0
        return exchange.pid_in(response)

    async def status(self) -> EngineStatus:
        """Who the engine is and whether its model is loaded."""
        return await self._send(exchange.status())

    async def libraries(self) -> list[Library]:
        """All libraries."""
        return await self._send(exchange.libraries())

    async def create_library(self, name: str, *, embedder: str | None = None) -> Library:
        """Make a library, or give the one of that name."""
        return await self._send(exchange.create_library(name, embedder))

    async def documents(self, library: str = DEFAULT_LIBRARY) -> list[Document]:
        """The documents of a library, by name."""
        return await self._send(exchange.documents(library))

    async def remove_documents(self, document_ids: Sequence[str], *, library: str = DEFAULT_LIBRARY) -> None:
        """Remove documents and their text."""
        await self._send(exchange.remove_documents(document_ids, library=library, conversations="keep"))

    async def add(
        self,
        paths: Paths,
        *,
        library: str = DEFAULT_LIBRARY,
        passwords: Sequence[str] = (),
        on_event: Callable[[Event], object | Awaitable[object]] | None = None,
    ) -> list[AddResult]:
        """Add files and folders, and wait for it; `on_event` may be a coroutine function."""
        results: list[AddResult] = []
        async with aclosing(self.add_events(paths, library=library, passwords=passwords)) as events:
            async for event in events:
                told = None if on_event is None else on_event(event)
                if isawaitable(told):
                    await told
                reach.note(event, results)
        return results

    async def add_events(
        self, paths: Paths, *, library: str = DEFAULT_LIBRARY, passwords: Sequence[str] = ()
    ) -> AsyncGenerator[Event]:
        """The same as it happens. Leaving it early (close it with `contextlib.aclosing`) cancels it."""
        job = asyncio.ensure_future(
            self._send(exchange.add(reach.paths_of(paths), library=library, passwords=passwords))
        )
        last = False
        try:
            number = await asyncio.shield(job)  # a job whose number we never learnt could not be stopped
            async with aclosing(self._stream("GET", f"/api/jobs/{number}/events", None)) as events:
                async for event in events:
                    last = wire.is_last(event)
                    yield event
        finally:
            if not last:
                left = asyncio.ensure_future(self._leave(job))
                self._leaving.add(left)
                left.add_done_callback(self._leaving.discard)

    async def search(
        self,
        query: str,
        *,
        library: str = DEFAULT_LIBRARY,
        limit: int = 5,
        document: str | None = None,
        reader: str = Reader.OWNER,
    ) -> list[Hit]:
        """The passages that fit best, best first."""
        return await self._send(exchange.search(query, library=library, limit=limit, document=document, reader=reader))

    async def ask(
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
    ) -> Answer:
        """Answer a question, and wait for it."""
        events = self.ask_events(
            question,
            library=library,
            document=document,
            model=model,
            conversation_id=conversation_id,
            limit=limit,
            whole=whole,
            max_tokens=max_tokens,
        )
        return await _read(events)

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
    ) -> AsyncGenerator[Event]:
        """The same as it is written."""
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
        return self._stream("POST", "/api/ask", exchange.ask_body(asked))

    async def chat(self, messages: Messages, *, model: str | None = None, max_tokens: int | None = None) -> Answer:
        """Answer a conversation that the program keeps."""
        return await _read(self.chat_events(messages, model=model, max_tokens=max_tokens))

    def chat_events(
        self, messages: Messages, *, model: str | None = None, max_tokens: int | None = None
    ) -> AsyncGenerator[Event]:
        """The same as it is written."""
        said = reach.said(messages, model=model, max_tokens=max_tokens)
        return self._stream("POST", "/api/chat", exchange.chat_body(said))

    async def redact(self, text: str, *, profile: str | None = None) -> Redacted:
        """The text with its personal data replaced by `<TYPE>`."""
        return await self._send(exchange.redact(text, profile=profile))

    async def redact_many(self, texts: Sequence[str], *, profile: str | None = None) -> list[Redacted]:
        """The same for several texts, in order."""
        return await self._send(exchange.redact_many(texts, profile=profile))

    async def redact_file(
        self, path: str | os.PathLike[str], *, profile: str | None = None, passwords: Sequence[str] = ()
    ) -> Redacted:
        """The same for what a document says."""
        return await self._send(exchange.redact_file(Path(path), profile=profile, passwords=passwords))

    async def aclose(self) -> None:
        """Let go of the engine; one that was started for this client ends."""
        with anyio.CancelScope(shield=True):
            await asyncio.gather(*self._leaving)
            await self._client.aclose()
            if self._process is not None:
                await to_thread.run_sync(self._process.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    # the wire

    async def _send(self, request: Request[T]) -> T:
        patience = httpx.USE_CLIENT_DEFAULT if request.timeout_s is None else request.timeout_s
        with exchange.translated():
            response = await self._client.request(
                request.method, request.path, timeout=patience, **exchange.content(request.body)
            )
        return request.read(exchange.plain(response))

    async def _stream(self, method: str, path: str, body: object) -> AsyncGenerator[Event]:
        """Events to the last. What the engine refuses is raised; what breaks on the way is a final Failed."""
        sent = exchange.content(body)
        with exchange.translated():
            request = self._client.build_request(
                method, path, timeout=httpx.Timeout(QUIET_S, connect=CONNECT_S), **sent
            )
            response = await self._client.send(request, stream=True)
        try:
            if response.is_error:
                with exchange.translated():
                    await response.aread()
                raise exchange.error_in(response)
            async for event in _events(response):
                yield event
                if wire.is_last(event):
                    return
        finally:
            with anyio.CancelScope(shield=True):
                await response.aclose()

    async def _leave(self, job: Awaitable[str]) -> None:
        """Ask the engine to stop a job that nobody waits for any more: a task of its own, for nothing cancels that."""
        with suppress(StudioloError, httpx.HTTPError, RuntimeError):
            await self._client.request("DELETE", f"/api/jobs/{await job}", timeout=LEAVE_S)


async def _events(response: httpx.Response) -> AsyncIterator[Event]:
    reader = wire.SseReader()
    try:
        async for line in response.aiter_lines():
            event = reader.feed(line)
            if event is not None:
                yield event
    except httpx.HTTPError:
        pass
    except StudioloError as error:
        yield Failed(error.code.value, error.values)
        return
    yield Failed(Code.ENGINE_GONE.value)  # nobody reads on behind the last event


async def _read(events: AsyncGenerator[Event]) -> Answer:
    answer = Answer()
    async with aclosing(events):
        async for event in events:
            answer.take(event)
    return reach.whole_answer(answer)
