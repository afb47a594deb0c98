"""What the clients have in common, however they wait: requests as data, answers and errors read, one place for each.

A `Request` says what is asked and how the answer is read; who sends it stands in `remote.py` (threads) and
`asynchronous.py` (asyncio). Must not know either. Threads: values only.
"""

from __future__ import annotations

import functools
import os
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import httpx

from studiolo import wire
from studiolo.errors import Code, EngineBug, EnvironmentFault, StudioloError, error_for
from studiolo.types import Chat, Document, EngineStatus, Hit, Library, Model, Question, Reader, Redacted

T = TypeVar("T")

CONNECT_S = 5.0
ALIVE_S = 2.0
LONG_S = 3600.0  # checking a large library reads all of it
STATUS_S = 15.0  # asked over and over by whoever watches the engine: silence means that it hangs
QUIET_S = 60.0  # the server sends a heartbeat every few seconds: silence means that it hangs
LIMITS = httpx.Limits(max_connections=64)


@dataclass(frozen=True, slots=True)
class Request(Generic[T]):
    """One plain call. `read` makes the result of the answer's JSON; `timeout_s` None takes the client's."""

    method: str
    path: str
    read: Callable[[Any], T]
    body: Any = field(default=None, repr=False)
    timeout_s: float | None = None


def options(url: str, token: str, timeout_s: float) -> dict[str, Any]:
    """How either of httpx's clients is made."""
    return {
        "base_url": url,
        "headers": {"Authorization": f"Bearer {token}"},
        "timeout": httpx.Timeout(timeout_s, connect=CONNECT_S),
        "limits": LIMITS,
        "trust_env": False,  # no proxy stands between a person and their documents
        "follow_redirects": False,
        "verify": _no_tls(),
    }


@functools.cache
def _no_tls() -> ssl.SSLContext:
    """A context that trusts nobody. The engine is on loopback, without TLS; httpx would read all of the system's
    authorities for each client."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def status() -> Request[EngineStatus]:
    """Who the engine is."""
    return Request("GET", "/api/status", lambda found: wire.parse(EngineStatus, found), timeout_s=STATUS_S)


def libraries() -> Request[list[Library]]:
    """All libraries."""
    return listed(Library, "/api/libraries", "libraries")


def create_library(name: str, embedder: str | None) -> Request[Library]:
    """Make a library."""
    body = {"name": name, "embedder": embedder}
    return Request("POST", "/api/libraries", lambda found: wire.parse(Library, found), body)


def documents(library: str) -> Request[list[Document]]:
    """The documents of a library."""
    return listed(Document, f"{library_path(library)}/documents", "documents")


def remove_documents(document_ids: Sequence[str], *, library: str, conversations: str) -> Request[None]:
    """Remove documents."""
    body = {"ids": list(document_ids), "conversations": conversations}
    return Request("DELETE", f"{library_path(library)}/documents", lambda _: None, body)


def models() -> Request[list[Model]]:
    """The catalogue."""
    return listed(Model, "/api/models", "models")


def search(
    query: str, *, library: str, limit: int, document: str | None, reader: str = Reader.OWNER
) -> Request[list[Hit]]:
    """The passages that fit best."""
    body = {"query": query, "library": library, "limit": limit, "document": document, "reader": str(reader)}
    return Request("POST", "/api/search", lambda found: [wire.hit_from(hit) for hit in found["hits"]], body)


def redact(text: str, *, profile: str | None) -> Request[Redacted]:
    """A text without its personal data."""
    return _redact({"text": text}, profile, lambda found: wire.parse(Redacted, found))


def redact_many(texts: Sequence[str], *, profile: str | None) -> Request[list[Redacted]]:
    """The same for several."""
    return _redact(
        {"texts": list(texts)}, profile, lambda found: [wire.parse(Redacted, one) for one in found["results"]]
    )


def redact_file(path: Path, *, profile: str | None, passwords: Sequence[str]) -> Request[Redacted]:
    """The same for what a document says."""
    body = {"path": str(path.absolute()), "passwords": list(passwords)}
    return _redact(body, profile, lambda found: wire.parse(Redacted, found))


def add(paths: Sequence[Path], *, library: str, passwords: Sequence[str]) -> Request[str]:
    """Add files or folders: the id of the job."""
    body = {"paths": [str(path.absolute()) for path in paths], "passwords": list(passwords)}
    return Request("POST", f"{library_path(library)}/documents", lambda found: str(found["job"]), body)


def ask_body(question: Question) -> dict[str, Any]:
    """What /api/ask is asked."""
    return {
        "question": question.text,
        "library": question.library,
        "document": question.document,
        "model": question.model,
        "adapters": [asdict(adapter) for adapter in question.adapters],
        "conversation_id": question.conversation_id,
        "instead_of": question.instead_of,
        "reader": str(question.reader),
        "service": question.service,
        "sampling": asdict(question.sampling),
        "limit": question.limit,
        "whole": question.whole,
        "stream": True,
    }


def chat_body(chat: Chat) -> dict[str, Any]:
    """What /api/chat is asked."""
    return {
        "messages": [wire.plain(message) for message in chat.messages],
        "model": chat.model,
        "adapters": [asdict(adapter) for adapter in chat.adapters],
        "reader": str(chat.reader),
        "service": chat.service,
        "sampling": asdict(chat.sampling),
        "tools": [asdict(tool) for tool in chat.tools],
        "tool_choice": chat.tool_choice,
        "tool_name": chat.tool_name,
        "parallel_tool_calls": chat.parallel_tool_calls,
        "raw": chat.raw,
    }


def listed(kind: type[T], path: str, field_name: str) -> Request[list[T]]:
    """A list of nouns under one name."""
    return Request("GET", path, lambda found: [wire.parse(kind, item) for item in found[field_name]])


def library_path(name: str) -> str:
    """Where a library is found."""
    return f"/api/libraries/{segment(name)}"


def segment(text: str) -> str:
    """One path segment, whatever it holds."""
    return quote(os.fsencode(text), safe="")


def content(body: Any) -> dict[str, Any]:
    """A body as httpx takes it."""
    if body is None:
        return {}
    return {"content": wire.dumps(body).encode("ascii"), "headers": {"Content-Type": "application/json"}}


def pid_in(response: httpx.Response) -> int:
    """The pid that /healthz gave; 0 where it was another program's answer."""
    try:
        answer = response.json()
        return int(answer["pid"]) if answer["service"] == "studiolo" else 0
    except (ValueError, KeyError, TypeError):
        return 0


def plain(response: httpx.Response) -> Any:
    """The JSON of an answer, None for none. Raises what the engine answered instead."""
    if response.is_error:
        raise error_in(response)
    return response.json() if response.content else None


def error_in(response: httpx.Response) -> StudioloError:
    """The error that an answer stands for; its body has been read."""
    try:
        error = response.json()["error"]
        return error_for(str(error["code"]), dict(error.get("values") or {}))
    except (ValueError, KeyError, TypeError):
        return EngineBug(Code.INTERNAL, where=f"http {response.status_code}")


@contextmanager
def translated() -> Iterator[None]:
    """httpx's errors, and those of a client that was closed, as ours."""
    try:
        yield
    except (httpx.HTTPError, httpx.StreamError):
        raise EnvironmentFault(Code.ENGINE_GONE) from None
    except RuntimeError as error:
        if "client has been closed" in str(error):
            raise EnvironmentFault(Code.ENGINE_GONE) from None
        raise


def _redact(body: dict[str, Any], profile: str | None, read: Callable[[Any], T]) -> Request[T]:
    return Request("POST", "/api/redact", read, {**body, "profile": profile}, LONG_S)
