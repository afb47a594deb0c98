"""Libraries and documents of the engine that runs in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from studiolo.conversation.injection import is_suspicious
from studiolo.conversation.sources import shown_hits
from studiolo.conversation.turn import library_scope
from studiolo.errors import Code, StudioloError, UserError
from studiolo.events import Event, Finished
from studiolo.jobs import CancelToken
from studiolo.local.core import LocalCore
from studiolo.originals import forget_library, forget_upload
from studiolo.reports import document_report
from studiolo.types import (
    DEFAULT_LIBRARY,
    PAGE_WIDTH,
    Conversation,
    Document,
    DocumentReport,
    Embedded,
    Hit,
    Integrity,
    Library,
    LibraryMap,
    PageView,
    Passage,
    QuotesOf,
    Reader,
    Statistics,
    Watched,
)
from studiolo.warming import SEARCH


class LocalKnowledge(LocalCore):
    """Libraries, their documents, and searching them."""

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

    def library_map(self, library: str = DEFAULT_LIBRARY) -> LibraryMap:
        """A library's passages as points."""
        return self._parts.knowledge.library_map(library)

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
        soon = SEARCH in self._warming.loading  # by words until then, where words find something
        found = self._parts.knowledge.search(query, library=library, limit=limit, document=document, by_words=soon)
        hits = [replace(hit, suspicious=is_suspicious(hit.passage)) for hit in found]
        return shown_hits(hits, self._parts.screener, scope=library_scope(library.strip()), reader=reader)

    def embed(self, texts: Sequence[str], *, model: str | None = None) -> Embedded:
        """One unit-length vector a text, and what they cost in tokens."""
        return self._parts.knowledge.embed(texts, model=model)
