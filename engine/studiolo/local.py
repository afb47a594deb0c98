"""LocalEngine: the Engine whose work is done in this process. Each method is a few lines over the part that knows.

Whoever opens it must hold the home's lock (`studiolo.home_lock`): there is one engine a home.
Threads: any; each part guards itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from studiolo import __version__
from studiolo.ahead import AheadSwitch, reading_ahead, readings_check
from studiolo.background import Background
from studiolo.conversation.chat import answer_chat
from studiolo.conversation.injection import is_suspicious
from studiolo.conversation.kept import KeptConversations
from studiolo.conversation.sources import shown_hits
from studiolo.conversation.turn import Turns, library_scope
from studiolo.doctor import examine
from studiolo.errors import Code, PolicyBlock, StudioloError, UserError
from studiolo.events import Event, FileDone, Finished
from studiolo.inference.compare import compare
from studiolo.inference.quantize import quantize, source_of
from studiolo.inference.readings_key import model_group
from studiolo.inference.sample_texts import sample_texts
from studiolo.isolation.seal import self_test
from studiolo.jobs import CancelToken
from studiolo.models.adapters import adapter_files
from studiolo.originals import forget_library, forget_upload
from studiolo.parts import Parts
from studiolo.privacy.policy import ANSWER, DIRECTIONS, PROFILE_NAMES, Policy
from studiolo.privacy.policy_file import profile as profile_policy
from studiolo.privacy.strictness import stricter
from studiolo.reports import document_report
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
    Document,
    DocumentReport,
    EngineStatus,
    Hit,
    Integrity,
    Library,
    Model,
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
    ServiceClass,
    Statistics,
    Turn,
    Watched,
)


class LocalEngine:
    """See `studiolo.engine.Engine` for what each method promises."""

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
        self._kept = KeptConversations(parts.history, parts.screener)
        self._background = Background(parts.knowledge, learn=self._learn, evict=parts.readings.forget)
        self._switch = AheadSwitch(parts)
        self._ahead = reading_ahead(parts, background=self._background, switch=self._switch)
        self._stays = False

    def start_background(self) -> None:
        """Go on with what a kill interrupted, and watch folders: for an engine that stays (`studiolo.background`)."""
        self._background.start()
        self._parts.knowledge.start_watching(self._heard)
        self._stays = True
        if self._switch.on:
            self._ahead.start()

    def status(self) -> EngineStatus:
        """Who the engine is and whether its model is loaded."""
        ahead = self._ahead.progress
        try:
            model = self._chat_model(None)
        except UserError:
            model = ""
        return EngineStatus(
            version=__version__,
            pid=os.getpid(),
            home=str(self._parts.home.root),
            model=model,
            model_loaded=bool(model) and self._parts.scheduler.loaded == model,
            sealed=self_test().sealed,
            busy=self._parts.scheduler.busy,
            reading=self._parts.knowledge.busy or self._background.busy,
            ahead=ahead.done,
            ahead_of=ahead.total,
            reading_ahead=ahead.working,
        )

    def doctor(self) -> list[Check]:
        """What works on this machine and what does not."""
        parts = self._parts
        checks = examine(
            parts.home,
            store=parts.store,
            settings=parts.settings,
            protection=parts.screener.protection,
            loaded=parts.scheduler.loaded,
        )
        return [*checks[:-1], readings_check(parts, self._ahead.progress, on=self._switch.on), checks[-1]]

    def ahead(self) -> AheadStatus:
        """How far reading ahead is, and what it takes."""
        return self._switch.status(self._ahead.progress)

    def set_ahead(self, *, on: bool | None = None, budget_mb: int | None = None) -> AheadStatus:
        """Pause it, go on, or give it another budget."""
        self._switch.set(on=on, budget_mb=budget_mb)
        if self._stays and self._switch.on:
            self._ahead.start()
            self._ahead.wake()
        return self.ahead()

    def warm_up(self) -> None:
        """Load the chat model, the embedder and the filter at the same time, and wait for them.

        What is missing shows when it is needed, not here.
        """
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(3, thread_name_prefix="warm") as pool:
            tasks = [pool.submit(task) for task in (self._warm_model, self._warm_search, self._warm_filter)]
        for task in tasks:
            error = task.exception()
            if error is not None and not isinstance(error, UserError):
                raise error

    def _warm_model(self) -> None:
        with self._parts.scheduler.lease(self._chat_model(None)):
            pass

    def _warm_search(self) -> None:
        self._parts.knowledge.search("warm up", library=DEFAULT_LIBRARY, limit=1)

    def _warm_filter(self) -> None:
        self._parts.screener.spans("Warm up. \u9884\u70ed\u3002")

    # knowledge

    def libraries(self) -> list[Library]:
        """All libraries."""
        return self._parts.knowledge.libraries()

    def create_library(self, name: str, *, embedder: str | None = None) -> Library:
        """Make a library, or give the one of that name."""
        if embedder:
            self._check_embedder(embedder)
        return self._parts.knowledge.create_library(name, embedder or None)

    def remove_library(self, name: str) -> None:
        """Remove a library with all its documents and what conversations quote of them."""
        name = name.strip()
        self._parts.knowledge.remove_library(name)
        self._parts.screener.forget(library_scope(name))
        self._parts.policies.forget(name)
        self._parts.readings.forget(name)
        forget_library(self._parts.home, name)

    def statistics(self, library: str = DEFAULT_LIBRARY) -> Statistics:
        """What a library holds and takes up."""
        knowledge = self._parts.knowledge
        return replace(knowledge.statistics(library), watched=tuple(knowledge.watched(library)))

    def check(self, library: str = DEFAULT_LIBRARY) -> Integrity:
        """Compare what was taken in with what can be found, and repair it."""
        found = self._parts.knowledge.check(library)
        if found.documents:
            self._parts.knowledge.read_again(library, found.documents)
        self._background.mend(library)
        return found

    def change_embedder(self, library: str, embedder: str, *, cancel: CancelToken | None = None) -> Iterator[Event]:
        """Embed a library anew by another model."""
        if library not in {known.name for known in self.libraries()}:
            raise UserError(Code.UNKNOWN_LIBRARY, library=library)
        self._check_embedder(embedder)
        return self._background.change_embedder(library, embedder, cancel=cancel or CancelToken())

    def _check_embedder(self, model_id: str) -> None:
        model = self._parts.store.get(model_id)
        if model.kind != "embedder":
            raise UserError(Code.MODEL_KIND, model=model_id, kind=model.kind, needed="embedder")

    def export_library(
        self, library: str, path: Path, *, paths: bool = False, cancel: CancelToken | None = None
    ) -> Iterator[Event]:
        """Write a library into one file."""
        if library in {known.name for known in self.libraries()}:
            self._parts.audit.record("exported", direction="export", reader="owner", scope=library_scope(library))
        return self._parts.knowledge.export_library(library, path, paths=paths, cancel=cancel or CancelToken())

    def import_library(
        self, path: Path, *, name: str | None = None, cancel: CancelToken | None = None
    ) -> Iterator[Event]:
        """Take a library from a file."""
        before = {library.name for library in self.libraries()}
        for event in self._parts.knowledge.import_library(path, name=name, cancel=cancel or CancelToken()):
            if isinstance(event, Finished) and event.reason == "stop":
                for library in {library.name for library in self.libraries()} - before:
                    for document in self.documents(library):
                        self._learn(library, document.id)
            yield event

    def watch(self, library: str, folder: Path, *, polling: bool | None = None) -> None:
        """Keep a library in step with a folder."""
        self._parts.knowledge.watch(library, folder, polling=polling)

    def unwatch(self, library: str, folder: Path) -> None:
        """Watch a folder no more."""
        self._parts.knowledge.unwatch(library, folder)

    def watched(self, library: str = DEFAULT_LIBRARY) -> list[Watched]:
        """The folders that a library is kept in step with."""
        return self._parts.knowledge.watched(library)

    def add(
        self,
        paths: Sequence[Path],
        *,
        library: str = DEFAULT_LIBRARY,
        cancel: CancelToken | None = None,
        passwords: Sequence[str] = (),
    ) -> Iterator[Event]:
        """Add files or folders to a library."""
        for event in self._parts.knowledge.add(
            paths, library=library, cancel=cancel or CancelToken(), passwords=tuple(passwords)
        ):
            self._heard(library, event)
            yield event

    def _heard(self, library: str, event: Event) -> None:
        if isinstance(event, FileDone) and event.result.status in ("added", "updated"):
            self._learn(library, event.result.document_id)
            self._ahead.wake()

    def _learn(self, library: str, document_id: str) -> None:
        """Give every value of a document its pseudonym now, so that a question that names one is recognised."""
        for passage in self._parts.knowledge.passages(library, document_id):
            if passage.spans is not None:
                with suppress(PolicyBlock):  # what the policy blocks never comes to need one
                    self._parts.screener.screen(
                        passage.text, library_id=library_scope(library), spans=passage.spans, direction="passage"
                    )

    def documents(self, library: str = DEFAULT_LIBRARY) -> list[Document]:
        """The documents of a library, by name."""
        return self._parts.knowledge.documents(library)

    def document(self, document_id: str, *, library: str = DEFAULT_LIBRARY) -> Document:
        """One document by its id."""
        return self._documents_of([document_id], library)[0]

    def document_passages(self, document_id: str, *, library: str = DEFAULT_LIBRARY) -> list[Passage]:
        """A document's passages in order."""
        return self._parts.knowledge.passages(library, self.document(document_id, library=library).id)

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
        found = self.document(document_id, library=library)
        return self._parts.knowledge.page(
            library, found.id, page, width=width, passage=passage, quotes=quotes, passwords=passwords
        )

    def document_report(self, document_id: str, *, library: str = DEFAULT_LIBRARY) -> DocumentReport:
        """What the filter has found in a document."""
        document = self.document(document_id, library=library)
        rules = self._parts.policies.of(library.strip()).policy
        passages = self._parts.knowledge.passages(library, document.id) if document.passages else []
        return document_report(document, passages, screener=self._parts.screener, rules=rules)

    def remove_document(
        self, document_id: str, *, library: str = DEFAULT_LIBRARY, conversations: QuotesOf = "keep"
    ) -> None:
        """Remove a document."""
        self.remove_documents([document_id], library=library, conversations=conversations)

    def remove_documents(
        self, document_ids: Sequence[str], *, library: str = DEFAULT_LIBRARY, conversations: QuotesOf = "keep"
    ) -> None:
        """Remove documents, their text, and what conversations quote of them."""
        documents = self._documents_of(document_ids, library)
        ids = [document.id for document in documents]
        if conversations == "remove":  # else the knowledge base says so (`on_removal`), whoever removes documents
            self._parts.history.forget_documents(ids, turns="remove")
        try:
            self._parts.knowledge.remove_documents(ids, library=library)
        except StudioloError:
            left = {document.id for document in self.documents(library)}
            self._parts.history.know_again(left)
            self._parts.readings.know_again(*left)
            raise
        self._ahead.wake()  # what is known of the passages counts the removed ones too
        for document in documents:
            forget_upload(self._parts.home, document.path)

    def quoting(self, document_ids: Sequence[str]) -> list[Conversation]:
        """The conversations whose turns rest on any of the documents."""
        return self._parts.history.quoting(document_ids)

    def _documents_of(self, document_ids: Sequence[str], library: str) -> list[Document]:
        known = {document.id: document for document in self.documents(library)}
        for document_id in document_ids:
            if document_id not in known:
                raise UserError(Code.UNKNOWN_DOCUMENT, document=document_id)
        return [known[document_id] for document_id in dict.fromkeys(document_ids)]

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
        if not query.strip():
            raise UserError(Code.BAD_REQUEST, field="query", problem="empty")
        found = self._parts.knowledge.search(query, library=library, limit=limit, document=document)
        hits = [replace(hit, suspicious=is_suspicious(hit.passage)) for hit in found]
        return shown_hits(hits, self._parts.screener, scope=library_scope(library.strip()), reader=reader)

    def embed(self, texts: Sequence[str], *, model: str | None = None) -> list[list[float]]:
        """One unit-length vector a text."""
        return self._parts.knowledge.embed(texts, model=model)

    # conversation

    def ask(self, question: Question, *, cancel: CancelToken | None = None) -> Iterator[Event]:
        """Answer a question; the turn is stored."""
        if not question.text.strip():
            raise UserError(Code.BAD_REQUEST, field="question", problem="empty")
        model_id = self._chat_model(question.model)
        if question.library is not None:
            known = {library.name for library in self.libraries()}
            if question.library not in known:
                raise UserError(Code.UNKNOWN_LIBRARY, library=question.library)
            if question.document is not None:
                self._parts.knowledge.document(question.library, question.document)
        tokens = min(question.sampling.max_tokens, self._parts.settings.answer_tokens)
        sampling = replace(question.sampling, max_tokens=tokens)
        adapters = adapter_files(question.adapters, model_id, store=self._parts.store)
        question = replace(question, sampling=sampling, limit=question.limit or self._parts.settings.passages)
        token = cancel or CancelToken()
        events = self._turns.ask(question, model_id=model_id, adapters=adapters, cancel=token)
        return self._in_class(question.service, events, token)

    def _in_class(self, service: ServiceClass, events: Iterator[Event], cancel: CancelToken) -> Iterator[Event]:
        """Scripts begin to search and to screen when no person's request is read or written: both take processors."""
        if service == "batch":
            self._parts.scheduler.give_way(lambda: cancel.cancelled)
        yield from events

    def chat(self, chat: Chat, *, cancel: CancelToken | None = None) -> Iterator[Event]:
        """Answer a conversation that the client keeps."""
        model_id = self._chat_model(chat.model)
        token = cancel or CancelToken()
        events = answer_chat(
            chat,
            model_id=model_id,
            adapters=adapter_files(chat.adapters, model_id, store=self._parts.store),
            screener=self._parts.screener,
            models=self._parts.scheduler,
            cancel=token,
            monotonic=self._parts.monotonic,
            meter=self._parts.meter,
        )
        return self._in_class(chat.service, events, token)

    def conversations(self) -> list[Conversation]:
        """All conversations, the latest first."""
        return self._parts.history.conversations()

    def turns(self, conversation_id: str) -> list[Turn]:
        """A conversation's turns in order, as the owner may read them."""
        return self._kept.turns(conversation_id)

    def remove_conversation(self, conversation_id: str) -> None:
        """Remove a conversation and its turns."""
        self._kept.remove(conversation_id)

    def model_saw(self, turn_id: str) -> str:
        """The screened prompt of a turn as the model read it."""
        return self._parts.history.seen(turn_id).text

    def seen(self, turn_id: str) -> Seen:
        """The screened prompt of a turn, whole and in its parts."""
        return self._parts.history.seen(turn_id)

    def reveal(self, turn_id: str, token: str) -> Revealed:
        """The value of one token that the model read or wrote in a turn."""
        return self._kept.reveal(turn_id, token)

    def screening(self, turn_id: str, *, prompt: bool = False) -> Screening:
        """A stored turn as the owner reads it and as the model saw it."""
        return self._kept.screening(turn_id, prompt=prompt)

    # privacy

    def policy(self, library: str = "") -> PolicyView:
        """The privacy policy of a library, or the home's."""
        return self._parts.policies.view(self._policy_of(library))

    def set_policy(self, library: str, section: Mapping[str, Any]) -> PolicyView:
        """Put a section in place of what the home's policy file says of a library, or of the home."""
        name = self._policy_of(library)
        libraries = [name] if name else [library.name for library in self.libraries()]
        self._changed(libraries, lambda: self._parts.policies.set(name, section))
        return self._parts.policies.view(name)

    def load_policy(self) -> PolicyView:
        """Read the home's policy file again."""
        self._changed([library.name for library in self.libraries()], self._parts.policies.load)
        return self._parts.policies.view("")

    def _changed(self, libraries: list[str], change: Callable[[], None]) -> None:
        """Change the policy of some libraries, and put right what rests on it."""
        policies = self._parts.policies
        before = {} if policies.fault else {name: policies.of(name) for name in libraries}
        change()
        self._ahead.wake()
        tightened = [name for name in libraries if name not in before or stricter(policies.of(name), before[name])]
        self._background.rescreen(libraries, stricter=tightened)

    def _policy_of(self, library: str) -> str:
        """The name of a library that is there, or ""."""
        name = library.strip()
        if name and name not in {known.name for known in self.libraries()}:
            raise UserError(Code.UNKNOWN_LIBRARY, library=library)
        return name

    def preview_policy(
        self, library: str, section: Mapping[str, Any], text: str, *, direction: str = "question"
    ) -> PolicyPreview:
        """What a text would become if a section were set; nothing is changed."""
        if direction not in DIRECTIONS or direction == ANSWER:
            raise UserError(Code.BAD_REQUEST, field="direction", problem="unknown_direction")
        rules = self._parts.policies.draft(self._policy_of(library), section)
        return self._parts.screener.preview(text, rules=rules, direction=direction)

    def audit(self, *, limit: int = 100, before: int | None = None, after: int | None = None) -> list[AuditRecord]:
        """Records of the audit log in order."""
        return self._parts.audit.records(limit=limit, before=before, after=after)

    def verify_audit(self) -> AuditReport:
        """Whether the audit log is what was written."""
        return self._parts.audit.verify()

    def redact(self, text: str, *, profile: str | None = None) -> Redacted:
        """The text with its personal data replaced by masks."""
        return self._parts.screener.redact(text, policy=_profile(profile))

    def redact_many(self, texts: Sequence[str], *, profile: str | None = None) -> list[Redacted]:
        """The same for several texts, in order."""
        policy = _profile(profile)
        return [self._parts.screener.redact(text, policy=policy) for text in texts]

    def redact_file(self, path: Path, *, profile: str | None = None, passwords: Sequence[str] = ()) -> Redacted:
        """The same for what a document says."""
        policy = _profile(profile)
        text = self._parts.knowledge.read_text(path, passwords=passwords)
        return self._parts.screener.redact(text, policy=policy)

    def pseudonyms(self, library: str = DEFAULT_LIBRARY, *, reveal: bool = False) -> list[Pseudonym]:
        """The tokens of a library."""
        return self._parts.screener.pseudonyms(self._scope(library), reveal=reveal)

    def forget_person(self, library: str, name: str) -> int:
        """Erase one person with all forms of the name, or any other value."""
        if not name.strip():
            raise UserError(Code.BAD_REQUEST, field="name", problem="empty")
        return self._parts.screener.forget(self._scope(library), name=name)

    def forget_pseudonyms(self, library: str | None = None) -> int:
        """Erase all pseudonyms of a library, or of all libraries and conversations."""
        if library is None:
            return self._parts.screener.forget_all()
        return self._parts.screener.forget(self._scope(library))

    def protect_pseudonyms(self, by: Protection, *, passphrase: str | None = None) -> None:
        """Keep the table's key another way from now on."""
        self._parts.screener.protect(by, passphrase=passphrase)

    def _scope(self, library: str) -> str:
        if library not in {known.name for known in self.libraries()}:
            raise UserError(Code.UNKNOWN_LIBRARY, library=library)
        return library_scope(library)

    # models

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

    def import_model(self, path: Path) -> Model:
        """Take a model file from this machine."""
        return self._parts.store.import_file(path)

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

    def _chat_model(self, wanted: str | None) -> str:
        """The chat model to use. Raises UserError: unknown_model, model_missing, model_kind."""
        store = self._parts.store
        chosen = wanted or self._parts.settings.chat_model or store.best_chat_model()
        model = store.get(chosen)
        if model.kind != "chat":
            raise UserError(Code.MODEL_KIND, model=chosen, kind=model.kind, needed="chat")
        if not model.installed:
            raise UserError(Code.MODEL_MISSING, model=chosen)
        return chosen


def _profile(name: str | None) -> Policy | None:
    """The policy of that name; None = the home's. Raises UserError(bad_request)."""
    if name is None:
        return None
    if name not in PROFILE_NAMES:
        raise UserError(Code.BAD_REQUEST, field="profile", problem="unknown_profile")
    return profile_policy(name)
