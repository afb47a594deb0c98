"""The knowledge base: libraries of documents, adding to them and searching them. What the engine talks to.

Joins the shelf and the places (SQLite), the passages (LanceDB), the intake and retrieval; each is loaded when it is
first needed. Knows neither the privacy filter (it is handed a function) nor any model that writes. All methods may be
called from any thread; writes take turns.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from studiolo.cpu import require_avx2
from studiolo.database import Database
from studiolo.errors import Code, EnvironmentFault, StudioloError, UserError
from studiolo.events import Event, Failed
from studiolo.jobs import CancelToken
from studiolo.knowledge import migration, rebuild
from studiolo.knowledge.chunking import Sizes
from studiolo.knowledge.exporting import export_library
from studiolo.knowledge.finder import Finder
from studiolo.knowledge.importing import import_library
from studiolo.knowledge.ingest import Tools
from studiolo.knowledge.intake import Intake
from studiolo.knowledge.mapping import library_map
from studiolo.knowledge.pages import Pages
from studiolo.knowledge.parsers.blocks import Budget
from studiolo.knowledge.parsers.child import Cancelled
from studiolo.knowledge.parsers.pool import ParserPool
from studiolo.knowledge.places import Places
from studiolo.knowledge.records import (
    HIDDEN,
    SCHEMA,
    VERSION,
    LibraryRow,
    Record,
    from_version_1,
    from_version_2,
    path_key,
)
from studiolo.knowledge.retrieval import Retrieval, Weights
from studiolo.knowledge.screening import recount, rescreen
from studiolo.knowledge.seams import DocumentRules, NoRules, Reranker, Screen, ScreenMany, Shelved, TextEmbedder
from studiolo.knowledge.shelf import Shelf, checked_name
from studiolo.knowledge.store import FORMAT, PassageStore
from studiolo.knowledge.upkeep import check, statistics, sweep
from studiolo.knowledge.watch import Watcher
from studiolo.knowledge.watched import WatchedFolders, follow
from studiolo.paths import Home
from studiolo.types import (
    DEFAULT_LIBRARY,
    Document,
    DocumentStatus,
    Embedded,
    Hit,
    Integrity,
    Library,
    LibraryMap,
    PageView,
    Passage,
    Statistics,
    Watched,
)


class KnowledgeBase:
    """All libraries of a home."""

    def __init__(
        self,
        home: Home,
        *,
        embedder_for: Callable[[str], TextEmbedder],
        screen: Screen,
        clock: Callable[[], float],
        screen_many: ScreenMany | None = None,
        default_embedder: str = "multilingual-e5-small",
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex[:16],
        budget: Budget | None = None,
        sizes: Sizes | None = None,
        weights: Weights | None = None,
        reranker: Reranker | None = None,
        rules: DocumentRules | None = None,
        detector: int = 1,
        on_removal: Callable[[Sequence[str]], None] = lambda _: None,
        give_way: Callable[[Callable[[], bool]], None] = lambda _over: None,
    ) -> None:
        """Open the home's knowledge and bring removals to an end that a crash cut short; `resume` does the rest.

        `embedder_for` gives the embedder of a model id and owns it; it is asked once an id. `on_removal` is told the
        ids of documents before they are removed, whoever asked for it: what others keep of them is to go first, so that
        a kill leaves a document which can be removed again. `detector` is the version of what `screen` finds: what an
        older one has found does not count. `give_way` waits while somebody needs the processors more. Raises
        EnvironmentFault: newer_format, damaged_store, disk_full, no_permission.
        """
        self._embedder_for = embedder_for
        self._embedders: dict[str, TextEmbedder] = {}
        self._embedders_lock = threading.Lock()
        self._names: dict[str, tuple[int, list[Shelved]]] = {}
        self._default_embedder = default_embedder
        self._on_removal = on_removal
        self._new_id = new_id
        self._clock = clock
        self._database = Database(
            home.knowledge_db,
            store="knowledge",
            version=VERSION,
            schema=SCHEMA,
            migrations={1: from_version_1, 2: from_version_2},
        )
        self._shelf = Shelf(self._database)
        self._places = Places(self._database, detector=detector)
        self._store = PassageStore(home.lance)
        self._finder = Finder(self._store, self._places, self._shelf)
        self._retrieval = Retrieval(self._finder, weights=weights, reranker=reranker)
        self._tools = Tools(
            shelf=self._shelf,
            places=self._places,
            store=self._store,
            screen=screen,
            screen_many=screen_many,
            embedder_for=self._embedder,
            writing=threading.RLock(),
            clock=clock,
            new_id=new_id,
            budget=budget or Budget(),
            sizes=sizes or Sizes(),
            rules=rules or NoRules(),
            give_way=give_way,
        )
        self._parsers = ParserPool(budget=budget)
        self._intake = Intake(self._tools, parser=self._parsers)
        self._pages = Pages(budget=budget)
        self._home = home
        self._folders = WatchedFolders(self._database)
        self._watcher = Watcher(self._folders, add=self._add_watched, remove=self._remove_watched, home=home.root)
        self._recover()

    def resume(self) -> int:
        """Go on with files that a kill interrupted, in the background; gives their number."""
        return self._intake.resume()

    @property
    def busy(self) -> bool:
        """Whether files are being taken in."""
        return self._intake.busy

    # libraries

    def libraries(self) -> list[Library]:
        """All libraries by name; `default` always exists."""
        self._library(DEFAULT_LIBRARY)
        return self._shelf.libraries()

    def use_embedder(self, model_id: str) -> None:
        """Libraries that are made from now on find their passages by this model."""
        self._default_embedder = model_id

    def create_library(self, name: str, embedder: str | None = None) -> Library:
        """Make a library, or give the one of that name (whatever its embedder). Raises UserError(bad_request)."""
        wanted = checked_name(name)
        self._make(wanted, embedder or self._default_embedder)
        return next(library for library in self._shelf.libraries() if library.name == wanted)

    def remove_library(self, name: str) -> None:
        """Remove a library with all its documents. Raises UserError(unknown_library)."""
        library = self._library(name)
        with self._tools.writing:
            self._on_removal([document.id for document in self._shelf.documents(library)])
            self._shelf.remove_library(library.id)
            sweep(self._tools)

    def change_embedder(self, name: str, embedder: str, *, cancel: CancelToken | None = None) -> Iterator[Event]:
        """Embed a library anew by another model; search keeps working meanwhile. See `rebuild.change_embedder`."""
        library = self._library(name)
        try:
            yield from rebuild.change_embedder(self._tools, library, embedder, cancel=cancel or CancelToken())
        except StudioloError as error:
            yield Failed(code=error.code.value, values=error.values)

    def unfinished_changes(self) -> list[tuple[str, str]]:
        """(library, embedder) of changes of embedder that were interrupted."""
        return [(row.name, row.wanted_embedder) for row in self._shelf.rows() if row.wanted_embedder]

    def check(self, name: str) -> Integrity:
        """Compare what was taken in with what can be found, and repair it. Raises UserError(unknown_library).

        Documents whose text was lost are named in the result; `add` of their files reads them again.
        """
        return check(self._tools, self._library(name))

    def mend(self, name: str, *, cancel: CancelToken | None = None) -> int:
        """Embed the passages that lack a vector, as `check` may have found; gives their number."""
        return rebuild.mend(self._tools, self._library(name), cancel=cancel or CancelToken())

    def rescreen(self, name: str, *, cancel: CancelToken | None = None) -> int:
        """Screen what an older filter has screened, and count anew what the documents hold; gives how many passages.

        Raises UserError(unknown_library), and what the filter lacks.
        """
        library, token = self._library(name), cancel or CancelToken()
        done = rescreen(self._tools, library, cancel=token)
        recount(self._tools, library, cancel=token)
        return done

    def statistics(self, name: str) -> Statistics:
        """What a library holds and takes up, without the folders watched. Raises UserError(unknown_library)."""
        return statistics(self._tools, self._library(name))

    def library_map(self, name: str) -> LibraryMap:
        """A library's passages as points. See `mapping.library_map`. Raises UserError(unknown_library), too."""
        return library_map(self._tools, self._library(name))

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
        return self._finder.passages(row.id, self._matching(row, document_id)[0].id)

    def page(
        self,
        library: str,
        document_id: str,
        number: int,
        *,
        width: int,
        passage: str | None = None,
        quotes: Sequence[str] = (),
        passwords: Sequence[str] = (),
    ) -> PageView:
        """A page to be looked at. See `Pages.view`; raises UserError: unknown_library, unknown_document, too."""
        row = self._library(library)
        document = self._matching(row, document_id)[0]
        passages = self._finder.passages(row.id, document.id) if document.passages else []
        return self._pages.view(
            document, passages, page=number, width=width, passage=passage, quotes=quotes, passwords=passwords
        )

    def whole(self, document: str, *, library: str = DEFAULT_LIBRARY) -> list[Hit]:
        """All passages of a document in order; none where several have that name, or it is not all there yet.

        Raises UserError: unknown_library, unknown_document.
        """
        row = self._library(library)
        found = self._matching(row, document)
        if len(found) != 1 or found[0].status not in (DocumentStatus.READY, DocumentStatus.PARTIAL):
            return []
        return [Hit(passage, 1.0) for passage in self._finder.passages(row.id, found[0].id)]

    def read_again(self, library: str, document_ids: Sequence[str]) -> int:
        """Take documents' files in once more, in the background; gives how many of them are known."""
        row = self._library(library)
        with self._tools.writing:
            found = [self._shelf.with_id(row, document_id) for document_id in document_ids]
            keys = [record.path_key for record in found if record is not None]
            self._shelf.enqueue(row.id, keys)
        self._intake.resume()
        return len(keys)

    def remove_document(self, document_id: str, *, library: str = DEFAULT_LIBRARY) -> None:
        """Remove a document and every trace of its text. Raises UserError: unknown_library, unknown_document."""
        self.remove_documents([document_id], library=library)

    def remove_documents(self, document_ids: Sequence[str], *, library: str = DEFAULT_LIBRARY) -> None:
        """Remove documents together, which costs little more than removing one. Raises as `remove_document`."""
        row = self._library(library)
        with self._tools.writing:
            records: list[Record] = []
            for document_id in document_ids:
                record = self._shelf.with_id(row, document_id)
                if record is None:
                    raise UserError(Code.UNKNOWN_DOCUMENT, document=document_id)
                records.append(record)
            self._on_removal([record.document.id for record in records])
            self._places.remove(records)
            self._shelf.changed()
            sweep(self._tools)
            self._shelf.settle()

    def add(
        self,
        paths: Sequence[Path],
        *,
        library: str = DEFAULT_LIBRARY,
        cancel: CancelToken | None = None,
        passwords: Sequence[str] = (),
    ) -> Iterator[Event]:
        """Add files and folders to a library, made if it does not exist. See `Intake.add` for the events.

        Where the library's embedder is not to be had the stream is Failed at once. Raises UserError(bad_request) for a
        name that cannot be a library's.
        """
        row = self._make(checked_name(library), self._default_embedder)
        return self._add(paths, row, cancel or CancelToken(), tuple(passwords))

    def _add(
        self, paths: Sequence[Path], library: LibraryRow, cancel: CancelToken, passwords: tuple[str, ...]
    ) -> Iterator[Event]:
        try:
            require_avx2()  # before a file is read and embedded in vain
            self._embedder(library.embedder)
            self._intake.resume()
            yield from self._intake.add(paths, library=library, cancel=cancel, passwords=passwords)
        except StudioloError as error:
            yield Failed(code=error.code.value, values=error.values)

    # watched folders

    def watch(self, name: str, folder: Path, *, polling: bool | None = None) -> None:
        """Let a library follow a folder, as far as `start_watching` has been or is called.

        `polling` None: as the file system needs it. A folder that is watched already is watched on, as `polling` says
        now. Raises UserError: unknown_library, file_missing, bad_request (`problem`: not_a_folder, inside_home, and
        inside_watched or holds_watched, because a library follows no folder twice).
        """
        follow(self._folders, self._library(name).id, folder, home=self._home.root, polling=polling)

    def unwatch(self, name: str, folder: Path) -> None:
        """Follow a folder no more; its documents stay. Raises UserError: unknown_library, bad_request (not_watched)."""
        if not self._folders.remove(self._library(name).id, path_key(folder)):
            raise UserError(Code.BAD_REQUEST, field="folder", problem="not_watched")

    def watched(self, name: str) -> list[Watched]:
        """The folders a library follows, by their paths. Raises UserError(unknown_library)."""
        return [
            Watched(folder.path, folder.polling, folder.state if self._watcher.running else "paused")
            for folder in self._folders.all(self._library(name).id)
        ]

    def start_watching(self, told: Callable[[str, Event], None] | None = None) -> None:
        """Watch in the background until `close`; `told` hears (library, event) of all that is taken in.

        For the engine, which stays; whoever opens a home for one task does not watch.
        """

        def named(library_id: str, event: Event) -> None:
            library = self._shelf.library_of_id(library_id)
            if told is not None and library is not None:
                told(library.name, event)

        self._watcher.start(named)

    def _add_watched(self, library_id: str, paths: Sequence[Path], cancel: CancelToken) -> Iterator[Event]:
        library = self._shelf.library_of_id(library_id)
        if library is not None:
            yield from self._add(paths, library, cancel, ())

    def _remove_watched(self, library_id: str, document_ids: Sequence[str]) -> None:
        with self._tools.writing:
            library = self._shelf.library_of_id(library_id)
            if library is not None:
                there = [one for one in document_ids if self._shelf.with_id(library, one) is not None]
                self.remove_documents(there, library=library.name)

    # as one file

    def export_library(
        self, name: str, path: Path, *, paths: bool = False, cancel: CancelToken | None = None
    ) -> Iterator[Event]:
        """Write a library into one file, readable for its owner alone: it holds the documents' text as it is.

        Progress (stage "write", in passages), then Finished; the file is there whole or not at all, and replaces one
        of that name. `paths`: with the documents' whole paths, not their names alone.
        Raises UserError(unknown_library).
        """
        library = self._library(name)
        try:
            yield from export_library(
                self._tools, self._database, library, path, paths=paths, cancel=cancel or CancelToken()
            )
        except StudioloError as error:
            yield Failed(code=error.code.value, values=error.values)

    def import_library(
        self, path: Path, *, name: str | None = None, cancel: CancelToken | None = None
    ) -> Iterator[Event]:
        """Make a library of an exported file: named as it was or `name`, with a number where that name is taken.

        Progress (stages "read", "screen", "embed"), then Finished; the library is there whole or not at all. Which
        it is, `libraries` says; its documents' files are not here. Raises UserError(bad_request) for a name that
        cannot be a library's.
        """
        wanted = None if name is None else checked_name(name)
        try:
            require_avx2()
            yield from import_library(
                self._tools, path, name=wanted, default_embedder=self._default_embedder, cancel=cancel or CancelToken()
            )
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
        by_words: bool = False,
    ) -> list[Hit]:
        """The passages that fit best, best first.

        `document` (id or name) limits it; `context` holds earlier questions, the latest last. `by_words`: without
        meaning, for which an embedder would have to be loaded, as long as words find anything. Raises UserError:
        unknown_library, unknown_document, bad_request, and what the embedder raises.
        """
        if limit < 1:
            raise UserError(Code.BAD_REQUEST, field="limit", problem="below_1")
        row = self._library(library)
        wanted = [found.id for found in self._matching(row, document)] if document is not None else None
        shelved = self._shelved(row.id)
        if not query.strip() or not shelved:
            return []
        require_avx2()
        if not self._store.exists(row.id) and self._shelf.shelved(row.id):  # again: it may just have been emptied
            raise EnvironmentFault(Code.DAMAGED_STORE, store="passages")
        return self._retrieval.search(
            query,
            library_id=row.id,
            embedder=self._embedder(row.embedder),
            limit=limit,
            documents=wanted,
            context=context,
            shelved=shelved,
            by_words=by_words,
        )

    def open_words(self, name: str) -> None:
        """Open a library's index of words, so that the first search need not. Raises UserError(unknown_library)."""
        row = self._library(name)
        if self._shelved(row.id):
            require_avx2()
            self._finder.keyword(row.id, "open", limit=1)

    def embed(self, texts: Sequence[str], *, model: str | None = None) -> Embedded:
        """One unit-length vector a text, as passages are embedded."""
        if not texts:
            return Embedded()
        embedder = self._embedder(model or self._default_embedder)
        return Embedded(embedder.embed_passages(texts).tolist(), sum(map(embedder.count_tokens, texts)))

    def read_text(self, path: Path, *, passwords: Sequence[str] = ()) -> str:
        """What a document says, as it would be read into a library; nothing is stored. Raises UserError."""
        try:
            return self._parsers.parse(path.absolute(), passwords=passwords).text
        except Cancelled:
            raise EnvironmentFault(Code.ENGINE_GONE) from None

    def close(self) -> None:
        """End the watching and the intake's threads and let go of the files. The embedders are their owner's."""
        self._watcher.close()
        self._pages.close()
        self._intake.close()
        with self._tools.writing:
            self._store.close()
            self._database.close()

    # inside

    def _recover(self) -> None:
        """Move an older format's passages, and drop what a kill left behind.

        That LanceDB's files are damaged or the disk is full is no reason not to open: it is said when they are used,
        and what could not be dropped stays noted.
        """
        self._places.unstored()
        for library in self._shelf.rows():
            if library.name.startswith(HIDDEN):  # an import that a kill cut short
                self._shelf.remove_library(library.id)
        with suppress(EnvironmentFault):
            if self._store.format < FORMAT:
                for library in self._shelf.rows():
                    migration.move(self._tools, library)
                self._store.upgraded()
            sweep(self._tools)

    def _shelved(self, library_id: str) -> Sequence[Shelved]:
        """What a question may call the library's documents: the same object until a document changes."""
        revision = self._shelf.revision
        with self._embedders_lock:
            kept = self._names.get(library_id)
        if kept is None or kept[0] != revision:
            kept = (revision, self._shelf.shelved(library_id))
            with self._embedders_lock:
                self._names[library_id] = kept
        return kept[1]

    def _library(self, name: str) -> LibraryRow:
        """The library of that name; `default` is made when it is first asked for."""
        found = self._shelf.library(name.strip())
        if found is not None and not found.name.startswith(HIDDEN):
            return found
        if name.strip() == DEFAULT_LIBRARY:
            return self._make(DEFAULT_LIBRARY, self._default_embedder)
        raise UserError(Code.UNKNOWN_LIBRARY, library=name)

    def _make(self, name: str, embedder: str) -> LibraryRow:
        self._shelf.put_library(LibraryRow(self._new_id(), name, embedder, self._clock()))
        made = self._shelf.library(name)
        assert made is not None
        return made

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
