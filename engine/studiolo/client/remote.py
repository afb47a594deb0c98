"""RemoteEngine: the Engine of another process, asked over loopback HTTP.

A connection that is refused or breaks is EnvironmentFault(engine_gone): raised by plain calls and by a stream that
could not be opened, and a final Failed event of a stream that had begun. Threads: any; each stream is read by one.
"""

from __future__ import annotations

import inspect
import threading
import time
import uuid
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import httpx

from studiolo import wire
from studiolo.client import exchange
from studiolo.client.dial import Dial, transport
from studiolo.client.exchange import CONNECT_S, LONG_S, QUIET_S, Request
from studiolo.client.exchange import library_path as _library
from studiolo.client.exchange import segment as _segment
from studiolo.client.socket_end import end_socket
from studiolo.errors import Code, StudioloError
from studiolo.events import Event, Failed, Finished
from studiolo.jobs import CancelToken
from studiolo.types import (
    COMPARED_TOKENS,
    DEFAULT_LIBRARY,
    PAGE_WIDTH,
    AheadStatus,
    AuditRecord,
    AuditReport,
    Chat,
    Check,
    Conversation,
    ConversationExport,
    ConversationFound,
    Document,
    DocumentReport,
    Embedded,
    EngineStatus,
    Hit,
    Integrity,
    Library,
    LibraryMap,
    Model,
    ModelFit,
    PageView,
    Passage,
    PolicyPreview,
    PolicyView,
    Protection,
    Pseudonym,
    Question,
    QuotesOf,
    Reader,
    Redacted,
    Revealed,
    Screening,
    Seen,
    Setting,
    SettingValue,
    Statistics,
    Turn,
    Watched,
)

T = TypeVar("T")

CANCEL_PATIENCE_S = 3.0  # a cancelled stream that has not ended by then is cut off


class RemoteStream(Iterator[Event]):
    """A stream of events that is already open on the server, so that it must be let go of even if never read."""

    def __init__(self, events: Generator[Event], response: httpx.Response, on_leave: Callable[[], None] | None) -> None:
        self._events = events
        self._response = response
        self._on_leave = on_leave

    def __next__(self) -> Event:
        return next(self._events)

    def close(self) -> None:
        """Leave it; the work is cancelled if it has not ended."""
        unread = inspect.getgeneratorstate(self._events) == inspect.GEN_CREATED
        self._events.close()
        if unread and not self._response.is_closed:
            self._response.close()
            if self._on_leave is not None:
                self._on_leave()

    def __del__(self) -> None:
        if inspect.getgeneratorstate(self._events) != inspect.GEN_RUNNING:
            self.close()


class RemoteEngine:
    """See `studiolo.engine.Engine` for what each method promises."""

    def __init__(self, url: str, token: str, *, timeout_s: float = 300.0, dial: Dial | None = None) -> None:
        """Connects to nothing yet. `timeout_s` is for plain calls; streams may take as long as they say something.

        `dial` makes the connections where this process may not.
        """
        self.url = url
        self._client = httpx.Client(
            **exchange.options(url, token, timeout_s),
            transport=None if dial is None else transport(dial, limits=exchange.LIMITS),
        )

    def alive(self, *, timeout_s: float = exchange.ALIVE_S) -> int:
        """The engine's pid as its /healthz gives it, 0 where it does not answer."""
        try:
            return exchange.pid_in(self._client.get("/healthz", timeout=timeout_s))
        except httpx.HTTPError:
            return 0

    def status(self) -> EngineStatus:
        """Who the engine is and whether its model is loaded."""
        return self._send(exchange.status())

    def doctor(self) -> list[Check]:
        """What works on that machine and what does not."""
        return self._list(Check, "/api/doctor", "checks")

    def settings(self) -> list[Setting]:
        """The settings of the home."""
        return self._list(Setting, "/api/settings", "settings")

    def change_settings(self, changes: Mapping[str, SettingValue]) -> list[Setting]:
        """Set some settings; they count at once."""
        found = self._call("PATCH", "/api/settings", {"settings": dict(changes)})["settings"]
        return [wire.parse(Setting, item) for item in found]

    def ahead(self) -> AheadStatus:
        """How far reading ahead is, and what it takes."""
        return wire.parse(AheadStatus, self._call("GET", "/api/ahead"))

    def set_ahead(self, *, on: bool | None = None, budget_mb: int | None = None) -> AheadStatus:
        """Pause it, go on, or give it another budget."""
        return wire.parse(AheadStatus, self._call("PUT", "/api/ahead", {"on": on, "budget_mb": budget_mb}))

    # knowledge

    def libraries(self) -> list[Library]:
        """All libraries."""
        return self._send(exchange.libraries())

    def create_library(self, name: str, *, embedder: str | None = None) -> Library:
        """Make a library, or give the one of that name."""
        return self._send(exchange.create_library(name, embedder))

    def remove_library(self, name: str) -> None:
        """Remove a library with all its documents."""
        self._call("DELETE", _library(name))

    def statistics(self, library: str = DEFAULT_LIBRARY) -> Statistics:
        """What a library holds and takes up."""
        return wire.parse(Statistics, self._call("GET", f"{_library(library)}/statistics"))

    def library_map(self, library: str = DEFAULT_LIBRARY) -> LibraryMap:
        """A library's passages as points."""
        return wire.parse(LibraryMap, self._call("GET", f"{_library(library)}/map"))

    def check(self, library: str = DEFAULT_LIBRARY) -> Integrity:
        """Compare what was taken in with what can be found, and repair it."""
        return wire.parse(Integrity, self._call("POST", f"{_library(library)}/check", timeout_s=LONG_S))

    def change_embedder(self, library: str, embedder: str, *, cancel: CancelToken | None = None) -> Iterator[Event]:
        """Embed a library anew by another model. Leaving early cancels."""
        return self._job("PUT", f"{_library(library)}/embedder", {"model": embedder}, cancel)

    def export_library(
        self, library: str, path: Path, *, paths: bool = False, cancel: CancelToken | None = None
    ) -> Iterator[Event]:
        """Write a library into one file; a relative path is taken from this process's folder. Leaving early cancels."""
        body = {"path": str(path.absolute()), "paths": paths}
        return self._job("POST", f"{_library(library)}/export", body, cancel)

    def import_library(
        self, path: Path, *, name: str | None = None, cancel: CancelToken | None = None
    ) -> Iterator[Event]:
        """Take a library from a file; a relative path is taken from this process's folder. Leaving early cancels."""
        return self._job("POST", "/api/libraries/import", {"path": str(path.absolute()), "name": name}, cancel)

    def watch(self, library: str, folder: Path, *, polling: bool | None = None) -> None:
        """Keep a library in step with a folder; a relative path is taken from this process's folder."""
        self._call("POST", f"{_library(library)}/watched", {"folder": str(folder.absolute()), "polling": polling})

    def unwatch(self, library: str, folder: Path) -> None:
        """Watch a folder no more; a relative path is taken from this process's folder."""
        self._call("DELETE", f"{_library(library)}/watched", {"folder": str(folder.absolute())})

    def watched(self, library: str = DEFAULT_LIBRARY) -> list[Watched]:
        """The folders that a library is kept in step with."""
        return self._list(Watched, f"{_library(library)}/watched", "folders")

    def add(
        self,
        paths: Sequence[Path],
        *,
        library: str = DEFAULT_LIBRARY,
        cancel: CancelToken | None = None,
        passwords: Sequence[str] = (),
    ) -> Iterator[Event]:
        """Add files or folders; relative paths are taken from this process's folder. Leaving early cancels."""
        return self._job_events(exchange.add(paths, library=library, passwords=passwords), cancel)

    def documents(self, library: str = DEFAULT_LIBRARY) -> list[Document]:
        """The documents of a library, by name."""
        return self._send(exchange.documents(library))

    def document(self, document_id: str, *, library: str = DEFAULT_LIBRARY) -> Document:
        """One document by its id."""
        return wire.parse(Document, self._call("GET", f"{_library(library)}/documents/{_segment(document_id)}"))

    def document_passages(self, document_id: str, *, library: str = DEFAULT_LIBRARY) -> list[Passage]:
        """A document's passages in order."""
        return self._list(Passage, f"{_library(library)}/documents/{_segment(document_id)}/passages", "passages")

    def page(
        self,
        document_id: str,
        page: int,
        *,
        library: str = DEFAULT_LIBRARY,
        passage: str | None = None,
        quotes: Sequence[str] = (),
        width: int = PAGE_WIDTH,
        passwords: Sequence[str] = (),
    ) -> PageView:
        """A page of a document to be looked at."""
        path = f"{_library(library)}/documents/{_segment(document_id)}/pages/{page}"
        body = {"passage": passage, "quotes": list(quotes), "width": width, "passwords": list(passwords)}
        return wire.page_from(self._call("POST", path, body))

    def remove_document(
        self, document_id: str, *, library: str = DEFAULT_LIBRARY, conversations: QuotesOf = "keep"
    ) -> None:
        """Remove a document."""
        path = f"{_library(library)}/documents/{_segment(document_id)}?conversations={conversations}"
        self._call("DELETE", path)

    def remove_documents(
        self, document_ids: Sequence[str], *, library: str = DEFAULT_LIBRARY, conversations: QuotesOf = "keep"
    ) -> None:
        """Remove documents, their text, and what conversations quote of them."""
        self._send(exchange.remove_documents(document_ids, library=library, conversations=conversations))

    def quoting(self, document_ids: Sequence[str]) -> list[Conversation]:
        """The conversations whose turns rest on any of the documents."""
        found = self._call("POST", "/api/conversations/quoting", {"ids": list(document_ids)})["conversations"]
        return [wire.parse(Conversation, item) for item in found]

    def search(
        self,
        query: str,
        *,
        library: str = DEFAULT_LIBRARY,
        limit: int = 5,
        document: str | None = None,
        reader: str = Reader.OWNER,
    ) -> list[Hit]:
        """The passages that fit best."""
        return self._send(exchange.search(query, library=library, limit=limit, document=document, reader=reader))

    def embed(self, texts: Sequence[str], *, model: str | None = None) -> Embedded:
        """One unit-length vector a text, and what they cost in tokens."""
        if not texts:
            return Embedded()
        body = {"input": list(texts), "model": model or "", "encoding_format": "float"}
        found = self._call("POST", "/v1/embeddings", body)
        vectors = [list(map(float, entry["embedding"])) for entry in found["data"]]
        return Embedded(vectors, int(found["usage"]["prompt_tokens"]))

    # conversation

    def ask(self, question: Question, *, cancel: CancelToken | None = None) -> Iterator[Event]:
        """Answer a question; the turn is stored."""
        return self._named_stream("/api/ask", exchange.ask_body(question), cancel)

    def chat(self, chat: Chat, *, cancel: CancelToken | None = None) -> Iterator[Event]:
        """Answer a conversation that the client keeps."""
        return self._named_stream("/api/chat", exchange.chat_body(chat), cancel)

    def conversations(self) -> list[Conversation]:
        """All conversations, the latest first."""
        return self._list(Conversation, "/api/conversations", "conversations")

    def turns(self, conversation_id: str) -> list[Turn]:
        """A conversation's turns in order."""
        return self._list(Turn, f"/api/conversations/{_segment(conversation_id)}", "turns")

    def change_conversation(
        self, conversation_id: str, *, title: str | None = None, pinned: bool | None = None
    ) -> Conversation:
        """Rename a conversation, or pin it."""
        body = {"title": title, "pinned": pinned}
        return wire.parse(Conversation, self._call("PUT", f"/api/conversations/{_segment(conversation_id)}", body))

    def find_conversations(self, query: str, *, limit: int = 50) -> list[ConversationFound]:
        """The conversations in which something was said."""
        found = self._call("POST", "/api/conversations/search", {"query": query, "limit": limit})["found"]
        return [wire.parse(ConversationFound, item) for item in found]

    def export_conversation(self, conversation_id: str) -> ConversationExport:
        """A conversation as the policy lets it be written out."""
        path = f"/api/conversations/{_segment(conversation_id)}/export"
        return wire.parse(ConversationExport, self._call("GET", path, timeout_s=LONG_S))

    def show_turn(self, turn_id: str) -> None:
        """Show the branch that a turn is in."""
        self._call("PUT", f"/api/turns/{_segment(turn_id)}/shown")

    def remove_conversation(self, conversation_id: str) -> None:
        """Remove a conversation and its turns."""
        self._call("DELETE", f"/api/conversations/{_segment(conversation_id)}")

    def model_saw(self, turn_id: str) -> str:
        """The screened prompt of a turn as the model read it."""
        return str(self._call("GET", f"/api/turns/{_segment(turn_id)}/seen")["text"])

    def seen(self, turn_id: str) -> Seen:
        """The screened prompt of a turn, whole and in its parts."""
        found = self._call("GET", f"/api/turns/{_segment(turn_id)}/seen")
        return wire.parse(Seen, {"turn_id": found["turn"], "text": found["text"], "parts": found["parts"]})

    def reveal(self, turn_id: str, token: str) -> Revealed:
        """The value of one token that the model read or wrote in a turn."""
        return wire.parse(Revealed, self._call("POST", f"/api/turns/{_segment(turn_id)}/reveal", {"token": token}))

    def screening(self, turn_id: str, *, prompt: bool = False) -> Screening:
        """A stored turn as the owner reads it and as the model saw it."""
        path = f"/api/turns/{_segment(turn_id)}/screening?prompt={str(prompt).lower()}"
        return wire.parse(Screening, self._call("GET", path))

    def document_report(self, document_id: str, *, library: str = DEFAULT_LIBRARY) -> DocumentReport:
        """What the filter has found in a document."""
        path = f"{_library(library)}/documents/{_segment(document_id)}/report"
        return wire.parse(DocumentReport, self._call("GET", path))

    # privacy

    def policy(self, library: str = "") -> PolicyView:
        """The privacy policy of a library, or the home's."""
        return wire.parse(PolicyView, self._call("GET", f"/api/privacy?library={_segment(library)}"))

    def set_policy(self, library: str, section: Mapping[str, Any]) -> PolicyView:
        """Put a section in place of what the home's policy file says of a library, or of the home."""
        return wire.parse(PolicyView, self._call("PUT", "/api/privacy", {"library": library, "policy": section}))

    def preview_policy(
        self, library: str, section: Mapping[str, Any], text: str, *, direction: str = "question"
    ) -> PolicyPreview:
        """What a text would become if a section were set; nothing is changed."""
        body = {"library": library, "policy": section, "text": text, "direction": direction}
        return wire.parse(PolicyPreview, self._call("POST", "/api/privacy/preview", body))

    def load_policy(self) -> PolicyView:
        """Read the home's policy file again."""
        return wire.parse(PolicyView, self._call("POST", "/api/privacy/load"))

    def audit(self, *, limit: int = 100, before: int | None = None, after: int | None = None) -> list[AuditRecord]:
        """Records of the audit log in order."""
        asked = {"limit": limit, "before": before, "after": after}
        query = urlencode({name: value for name, value in asked.items() if value is not None})
        return self._list(AuditRecord, f"/api/audit?{query}", "records")

    def verify_audit(self) -> AuditReport:
        """Whether the audit log is what was written."""
        return wire.parse(AuditReport, self._call("GET", "/api/audit/verify", timeout_s=LONG_S))

    def redact(self, text: str, *, profile: str | None = None) -> Redacted:
        """The text with its personal data replaced by masks."""
        return self._send(exchange.redact(text, profile=profile))

    def redact_many(self, texts: Sequence[str], *, profile: str | None = None) -> list[Redacted]:
        """The same for several texts, in order."""
        return self._send(exchange.redact_many(texts, profile=profile))

    def redact_file(self, path: Path, *, profile: str | None = None, passwords: Sequence[str] = ()) -> Redacted:
        """The same for what a document says; a relative path is taken from this process's folder."""
        return self._send(exchange.redact_file(path, profile=profile, passwords=passwords))

    def pseudonyms(self, library: str = DEFAULT_LIBRARY, *, reveal: bool = False) -> list[Pseudonym]:
        """The tokens of a library."""
        return self._list(Pseudonym, f"{_library(library)}/pseudonyms?reveal={str(reveal).lower()}", "pseudonyms")

    def forget_person(self, library: str, name: str) -> int:
        """Erase one person with all forms of the name, or any other value."""
        return int(self._call("DELETE", f"{_library(library)}/pseudonyms", {"name": name})["erased"])

    def forget_pseudonyms(self, library: str | None = None) -> int:
        """Erase all pseudonyms of a library, or of all libraries and conversations."""
        path = "/api/pseudonyms" if library is None else f"{_library(library)}/pseudonyms"
        return int(self._call("DELETE", path)["erased"])

    def protect_pseudonyms(self, by: Protection, *, passphrase: str | None = None) -> None:
        """Keep the table's key another way from now on."""
        self._call("PUT", "/api/pseudonyms/protection", {"by": by, "passphrase": passphrase})

    # models

    def models(self) -> list[Model]:
        """The catalogue, and what was imported beside it."""
        return self._send(exchange.models())

    def model_fits(self) -> list[ModelFit]:
        """How each chat model would do on that machine."""
        return self._list(ModelFit, "/api/models/fits", "fits")

    def calibrate_model(self, model_id: str, *, cancel: CancelToken | None = None) -> Iterator[Event]:
        """Measure how a model runs fastest there. Leaving early cancels."""
        return self._job("POST", "/api/models/calibrate", {"model": model_id}, cancel)

    def import_model(self, path: Path) -> Model:
        """Take a model file from that machine; a relative path is taken from this process's folder."""
        return wire.parse(Model, self._call("POST", "/api/models", {"path": str(path.absolute())}))

    def quantize_model(
        self, model_id: str, target: str, *, name: str | None = None, cancel: CancelToken | None = None
    ) -> Iterator[Event]:
        """Make a smaller model of an installed one. Leaving early cancels."""
        return self._job("POST", "/api/models/quantize", {"model": model_id, "to": target, "name": name}, cancel)

    def compare_models(
        self,
        model_id: str,
        other_id: str,
        *,
        text: Path | None = None,
        tokens: int = COMPARED_TOKENS,
        cancel: CancelToken | None = None,
    ) -> Iterator[Event]:
        """Measure a model against another; `text` is taken from this process's folder. Leaving early cancels."""
        path = None if text is None else str(text.absolute())
        body = {"model": model_id, "other": other_id, "text": path, "tokens": tokens}
        return self._job("POST", "/api/models/compare", body, cancel)

    def remove_model(self, model_id: str) -> None:
        """Remove a model's files."""
        self._call("DELETE", f"/api/models/{_segment(model_id)}")

    def close(self) -> None:
        """Let go of the connection; the engine runs on."""
        self._client.close()

    # the wire

    def _send(self, request: Request[T]) -> T:
        return request.read(self._call(request.method, request.path, request.body, timeout_s=request.timeout_s))

    def _list(self, kind: type[T], path: str, field: str) -> list[T]:
        return self._send(exchange.listed(kind, path, field))

    def _call(self, method: str, path: str, body: Any = None, *, timeout_s: float | None = None) -> Any:
        patience = httpx.USE_CLIENT_DEFAULT if timeout_s is None else timeout_s
        with exchange.translated():
            response = self._client.request(method, path, timeout=patience, **exchange.content(body))
        return exchange.plain(response)

    def _job(self, method: str, path: str, body: Any, cancel: CancelToken | None) -> Iterator[Event]:
        return self._job_events(Request(method, path, lambda found: str(found["job"]), body), cancel)

    def _job_events(self, request: Request[str], cancel: CancelToken | None) -> Iterator[Event]:
        """The events of the job that a request begins."""
        if cancel is not None and cancel.cancelled:
            return iter([Finished("cancelled")])  # a job, once there, may be quicker than the wish to stop it
        job = self._send(request)
        return self._stream(
            "GET", f"/api/jobs/{job}/events", None, cancel=cancel, cancel_path=f"/api/jobs/{job}", leaving_cancels=True
        )

    def _named_stream(self, path: str, body: Any, cancel: CancelToken | None) -> Iterator[Event]:
        name = uuid.uuid4().hex
        return self._stream("POST", path, body, cancel=cancel, cancel_path=f"/api/streams/{name}", name=name)

    def _stream(
        self,
        method: str,
        path: str,
        body: Any,
        *,
        cancel: CancelToken | None,
        cancel_path: str,
        name: str = "",
        leaving_cancels: bool = False,
    ) -> Iterator[Event]:
        """Open a stream now, so that an early error is raised here; its events are read by the caller's thread."""
        token = cancel or CancelToken()
        headers = {wire.STREAM_HEADER: name} if name else {}
        sent = exchange.content(body)
        ended = threading.Event()
        opened: list[httpx.Response] = []

        def cut() -> None:
            for response in opened:
                end_socket(response)

        def stop() -> None:
            threading.Thread(
                target=self._stop, args=(cancel_path, ended, cut), name="cancel-stream", daemon=True
            ).start()

        token.on_cancel(stop)
        try:
            with exchange.translated():
                request = self._client.build_request(
                    method,
                    path,
                    content=sent.get("content"),
                    headers={**sent.get("headers", {}), **headers},
                    timeout=httpx.Timeout(QUIET_S, connect=CONNECT_S),
                )
                response = self._client.send(request, stream=True)
                opened.append(response)
                if response.is_error:
                    response.read()
                    raise exchange.error_in(response)
        except BaseException:
            ended.set()
            for response in opened:
                response.close()
            raise
        on_leave = self._canceller(cancel_path) if leaving_cancels else None
        return RemoteStream(self._events(response, token, ended, on_leave), response, on_leave)

    def _events(
        self, response: httpx.Response, token: CancelToken, ended: threading.Event, on_leave: Callable[[], None] | None
    ) -> Generator[Event]:
        last: Event | None = None
        try:
            for event in wire.read_sse(response.iter_lines()):
                if wire.is_last(event):
                    last = event
                    break
                yield event
        except httpx.HTTPError:
            last = None
        except StudioloError as error:
            last = Failed(error.code.value, error.values)
        except GeneratorExit:
            if on_leave is not None:
                on_leave()
            raise
        finally:
            ended.set()
            response.close()
        if last is None:
            last = Finished("cancelled") if token.cancelled else Failed(Code.ENGINE_GONE.value)
        yield last

    def _canceller(self, path: str) -> Callable[[], None]:
        def leave() -> None:
            try:
                self._client.request("DELETE", path, timeout=5.0)
            except (httpx.HTTPError, RuntimeError):
                return  # the engine is gone, and the work with it

        return leave

    def _stop(self, path: str, ended: threading.Event, cut: Callable[[], None]) -> None:
        """Ask the engine to stop a stream; asks again while the stream is not known yet, and cuts it off at last."""
        deadline = time.monotonic() + CANCEL_PATIENCE_S
        asked = False
        while not ended.wait(0.02) and time.monotonic() < deadline:
            if not asked:
                try:
                    asked = self._client.request("DELETE", path, timeout=CANCEL_PATIENCE_S).is_success
                except (httpx.HTTPError, RuntimeError):
                    break
        if not ended.is_set():
            cut()
