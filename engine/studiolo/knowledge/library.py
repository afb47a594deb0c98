"""The knowledge base: libraries of documents, adding to them and searching them. What the engine talks to.

Joins the shelf (SQLite), the passages (LanceDB), parsing, embedding and retrieval; each is loaded when it is first
needed. Knows neither the privacy filter (it is handed a function) nor any model that writes. All methods may be called
from any thread; writes take turns.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from studiolo.cpu import require_avx2
from studiolo.errors import Code, EnvironmentFault, StudioloError, UserError
from studiolo.events import Event, Failed
from studiolo.jobs import CancelToken
from studiolo.knowledge import ingest
from studiolo.knowledge.chunking import Sizes
from studiolo.knowledge.parsers.blocks import Budget
from studiolo.knowledge.parsers.child import ParserProcess
from studiolo.knowledge.retrieval import Retrieval, Weights, named
from studiolo.knowledge.seams import Screen, Shelved, TextEmbedder
from studiolo.knowledge.shelf import LibraryRow, Pending, Shelf, checked_name
from studiolo.knowledge.store import PassageStore
from studiolo.paths import Home
from studiolo.types import DEFAULT_LIBRARY, Document, Hit, Library, Passage


class KnowledgeBase:
    """All libraries of a home."""

    def __init__(
        self,
        home: Home,
        *,
        embedder_for: Callable[[str], TextEmbedder],
        screen: Screen,
        clock: Callable[[], float],
        default_embedder: str = "multilingual-e5-small",
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex[:16],
        budget: Budget | None = None,
        sizes: Sizes | None = None,
        weights: Weights | None = None,
    ) -> None:
        """Open the home's knowledge and finish what a crash left undone.

        `embedder_for` gives the embedder of a model id and owns it; it is asked once an id. Raises EnvironmentFault:
        newer_format, damaged_store, disk_full, no_permission.
        """
        self._embedder_for = embedder_for
        self._embedders: dict[str, TextEmbedder] = {}
        self._embedders_lock = threading.Lock()
        self._shelves: dict[str, tuple[int, tuple[Shelved, ...]]] = {}
        self._default_embedder = default_embedder
        self._clock = clock
        self._new_id = new_id
        self._shelf = Shelf(home.knowledge_db)
        self._store = PassageStore(home.lance)
        self._retrieval = Retrieval(self._store, weights=weights)
        self._parser = ParserProcess(budget=budget)
        self._writing = threading.Lock()
        self._intake = ingest.Intake(
            shelf=self._shelf,
            store=self._store,
            parser=self._parser,
            screen=screen,
            writing=self._writing,
            turns=ingest.Turns(),
            clock=clock,
            new_id=new_id,
            budget=budget or Budget(),
            sizes=sizes or Sizes(),
        )
        self._recover()

    # libraries

    def libraries(self) -> list[Library]:
        """All libraries by name; `default` always exists."""
        self._library(DEFAULT_LIBRARY)
        return self._shelf.libraries()

    def create_library(self, name: str, embedder: str | None = None) -> Library:
        """Make a library, or give the one of that name (whatever its embedder). Raises UserError(bad_request)."""
        wanted = checked_name(name)
        self._make(wanted, embedder or self._default_embedder)
        return next(library for library in self._shelf.libraries() if library.name == wanted)

    def remove_library(self, name: str) -> None:
        """Remove a library with all its documents. Raises UserError(unknown_library)."""
        library = self._library(name)
        with self._writing:
            note = self._shelf.remove_library(library.id)
            self._store.drop(library.id)
            self._shelf.done(note)

    # documents

    def documents(self, library: str = DEFAULT_LIBRARY) -> list[Document]:
        """A library's documents by name, also those that could not be read. Raises UserError(unknown_library)."""
        return self._shelf.documents(self._library(library))

    def document(self, library: str, name_or_id: str) -> Document:
        """A document by id or by name. Raises UserError: unknown_library, unknown_document."""
        return self._matching(self._library(library), name_or_id)[0]

    def passages(self, library: str, document_id: str) -> list[Passage]:
        """A document's passages in order. Raises UserError: unknown_library, unknown_document."""
        row = self._library(library)
        document = self._matching(row, document_id)[0]
        hits = [Hit(passage, 1.0) for passage in self._store.passages(row.id, document.id)]
        return [hit.passage for hit in named(hits, {document.id: document.name})]

    def remove_document(self, document_id: str, *, library: str = DEFAULT_LIBRARY) -> None:
        """Remove a document and every trace of its text. Raises UserError: unknown_library, unknown_document."""
        row = self._library(library)
        with self._writing:
            record = self._shelf.with_id(row, document_id)
            if record is None:
                raise UserError(Code.UNKNOWN_DOCUMENT, document=document_id)
            note = self._shelf.remove(record)
            if record.document.passages:
                self._store.delete(row.id, document_id)
                self._store.purge(row.id)
            self._shelf.done(note)

    def add(
        self, paths: Sequence[Path], *, library: str = DEFAULT_LIBRARY, cancel: CancelToken | None = None
    ) -> Iterator[Event]:
        """Add files and folders to a library, made if it does not exist. See `ingest.add` for the events.

        Where the library's embedder is not to be had the stream is Failed at once. Raises UserError(bad_request) for a
        name that cannot be a library's.
        """
        row = self._make(checked_name(library), self._default_embedder)
        return self._add(paths, row, cancel or CancelToken())

    def _add(self, paths: Sequence[Path], library: LibraryRow, cancel: CancelToken) -> Iterator[Event]:
        try:
            require_avx2()  # before a file is read and embedded in vain
            embedder = self._embedder(library.embedder)
            yield from ingest.add(self._intake, paths, library=library, embedder=embedder, cancel=cancel)
        except StudioloError as error:
            yield Failed(code=error.code.value, values=error.values)

    # finding

    def search(
        self,
        query: str,
        *,
        library: str = DEFAULT_LIBRARY,
        limit: int = 5,
        document: str | None = None,
        context: Sequence[str] = (),
    ) -> list[Hit]:
        """The passages that fit best, best first.

        `document` (id or name) limits it; `context` holds earlier questions, the latest last. Raises UserError:
        unknown_library, unknown_document, bad_request, and what the embedder raises.
        """
        if limit < 1:
            raise UserError(Code.BAD_REQUEST, field="limit", problem="below_1")
        row = self._library(library)
        wanted = [found.id for found in self._matching(row, document)] if document is not None else None
        names = self._shelf.names(row.id)
        if not query.strip() or not names:
            return []
        require_avx2()
        if not self._store.exists(row.id) and self._shelf.names(row.id):  # asked again: it may just have been emptied
            raise EnvironmentFault(Code.DAMAGED_STORE, store="passages")
        hits = self._retrieval.search(
            query,
            library_id=row.id,
            embedder=self._embedder(row.embedder),
            limit=limit,
            documents=wanted,
            context=context,
            shelved=self._shelved(row, names),
        )
        return named(hits, names)

    def embed(self, texts: Sequence[str], *, model: str | None = None) -> list[list[float]]:
        """One unit-length vector a text, as passages are embedded."""
        if not texts:
            return []
        vectors: list[list[float]] = self._embedder(model or self._default_embedder).embed_passages(texts).tolist()
        return vectors

    def close(self) -> None:
        """End the parser process and let go of the files. The embedders are their owner's."""
        self._parser.close()
        with self._writing:
            self._store.close()
            self._shelf.close()

    # inside

    def _library(self, name: str) -> LibraryRow:
        """The library of that name; `default` is made when it is first asked for."""
        found = self._shelf.library(name.strip())
        if found is not None:
            return found
        if name.strip() == DEFAULT_LIBRARY:
            return self._make(DEFAULT_LIBRARY, self._default_embedder)
        raise UserError(Code.UNKNOWN_LIBRARY, library=name)

    def _make(self, name: str, embedder: str) -> LibraryRow:
        self._shelf.put_library(LibraryRow(self._new_id(), name, embedder, self._clock()))
        made = self._shelf.library(name)
        assert made is not None
        return made

    def _shelved(self, library: LibraryRow, names: dict[str, str]) -> tuple[Shelved, ...]:
        """The library's documents as searching knows them: the same object until one of them changes."""
        titles = self._shelf.titles(library.id)
        version = hash(tuple((document.id, document.name, document.sha256) for document, _ in titles))
        with self._embedders_lock:
            kept = self._shelves.get(library.id)
        if kept is not None and kept[0] == version:
            return kept[1]
        openings = self._store.openings(library.id)
        shelved = tuple(
            Shelved(
                id=document.id,
                name=document.name,
                title=title,
                path=document.path,
                added_at=document.added_at,
                opening=openings.get(document.id, ""),
            )
            for document, title in titles
            if document.id in names
        )
        with self._embedders_lock:
            self._shelves[library.id] = (version, shelved)
        return shelved

    def _matching(self, library: LibraryRow, name_or_id: str) -> list[Document]:
        """Documents of that id, else of that name, else of that name without case or suffix; never none."""
        documents = self._shelf.documents(library)
        wanted = name_or_id.strip().casefold()
        tests: tuple[Callable[[Document], bool], ...] = (
            lambda document: document.id == name_or_id,
            lambda document: name_or_id in (document.name, document.path),
            lambda document: document.name.casefold() == wanted,
            lambda document: Path(document.name).stem.casefold() == wanted,
        )
        for fits in tests:
            found = [document for document in documents if fits(document)]
            if found:
                return found
        raise UserError(Code.UNKNOWN_DOCUMENT, document=name_or_id)

    def _embedder(self, model_id: str) -> TextEmbedder:
        with self._embedders_lock:
            if model_id not in self._embedders:
                self._embedders[model_id] = self._embedder_for(model_id)
            return self._embedders[model_id]

    def _recover(self) -> None:
        """Bring to an end what was begun: a noted write that reached the store counts, any other never was."""
        for step in self._shelf.pending():
            self._finish(step)
            self._shelf.done(step.id)
        for _, document_id in self._shelf.unfinished():
            self._shelf.forget(document_id)

    def _finish(self, step: Pending) -> None:
        if step.step == "write" and step.record is not None:
            if self._store.content_of(step.library_id, step.document_id) == step.content:
                self._shelf.put(step.record)
        elif step.step == "remove":
            self._store.delete(step.library_id, step.document_id)
            self._store.purge(step.library_id)
        elif step.step == "drop":
            self._store.drop(step.library_id)
