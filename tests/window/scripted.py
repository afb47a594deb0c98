"""A scripted engine: canned documents, models and events, so that the window's own behaviour can be tested.

It implements `studiolo.engine.Engine` for the methods the window uses. Tests steer it: `gate` holds an answer in the
middle, `crash()` makes it go away as a killed process does.
"""

from __future__ import annotations

import hashlib
import math
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tests.window import scripted_pages
from tests.window.scripted_privacy import ScriptedPrivacy

from studiolo.errors import Code, EnvironmentFault, UserError
from studiolo.events import Cited, Delta, Event, FileDone, Finished, Progress, Redacted, Retrieved, Started, Tally
from studiolo.jobs import CancelToken
from studiolo.models.licences import has_conditions
from studiolo.preferences import settings_listing
from studiolo.settings import Settings, changed
from studiolo.types import (
    DEFAULT_LIBRARY,
    PAGE_WIDTH,
    AddResult,
    Chat,
    Check,
    Citation,
    Conversation,
    ConversationExport,
    ConversationFound,
    Document,
    DocumentReport,
    DocumentStatus,
    Embedded,
    EngineStatus,
    ExportedCitation,
    ExportedTurn,
    Finding,
    Hit,
    Library,
    LibraryMap,
    MapPoint,
    Mark,
    Model,
    ModelFit,
    PageView,
    Passage,
    Protection,
    Question,
    QuotesOf,
    Redaction,
    Revealed,
    Screening,
    Setting,
    SettingValue,
    Sides,
    Timings,
    Turn,
    Usage,
    Watched,
)
from studiolo.types import Redacted as RedactedText

LEASE = (
    "3. Term. The lease begins on 1 March 2026 and runs for a fixed term of three years. It ends on 28 February 2029 "
    "without notice having to be given. The parties may agree in writing on an extension of twelve months, no later "
    "than three months before the end of the term."
)
DEPOSIT = (
    "5. Deposit. Before moving in, the tenant pays a deposit of two monthly rents, EUR 2,860 in all, into the account "
    "named in annex B. The landlord returns it within thirty days after the keys are handed back."
)
NOTE = "Ms Wen Yalan asked whether the balcony repair counts against the deposit. The office will ring back by Friday."
CONTRACT = "第四条 试用期为三个月，自2026年4月1日起计算。试用期工资为每月人民币12,000元，不低于约定工资的百分之八十。"

ANSWER = (
    "The lease runs for a **fixed term of three years**, from 1 March 2026 to 28 February 2029 [1].\n\n"
    "- It ends by itself; no notice is needed [1].\n"
    "- The parties may extend it in writing by twelve months [1].\n"
    "- The deposit of two monthly rents comes back within thirty days after the keys are returned [2]."
)
ANSWER_ZH = "试用期为**三个月**，自 2026 年 4 月 1 日起计算 [1]。试用期工资为每月人民币 12,000 元 [1]。"

QUOTES = {
    1: "The lease begins on 1 March 2026 and runs for a fixed term of three years.",
    2: "The landlord returns it within thirty days after the keys are handed back.",
}


def hit(document: str, page: int, text: str, score: float = 0.8, language: str = "en") -> Hit:
    """A passage of a document."""
    key = hashlib.sha256(f"{document}{page}{text}".encode()).hexdigest()[:10]
    passage = Passage(
        id=key,
        document_id=document,
        document=document,
        page=page,
        page_end=page,
        start=0,
        end=len(text),
        heading=(),
        text=text,
        language=language,
        spans=(),
    )
    return Hit(passage, score)


HITS = (
    hit("lease-alder-wharf.pdf", 2, LEASE, 0.93),
    hit("lease-alder-wharf.pdf", 4, DEPOSIT, 0.71),
    hit("meeting-note-2026-04-14.md", 0, NOTE, 0.44),
)
HITS_ZH = (hit("劳动合同.pdf", 1, CONTRACT, 0.9, "zh"),)


def model(model_id: str, **values: object) -> Model:
    """A model of the catalogue."""
    base: dict[str, object] = {
        "kind": "chat",
        "title": model_id,
        "size_bytes": 491_400_064,
        "memory_bytes": 780_000_000,
        "licence": "Apache-2.0",
        "languages": ("en", "zh"),
        "licence_url": "https://www.apache.org/licenses/LICENSE-2.0",
        "sha256": "0" * 64,
        "installed": True,
    }
    return Model(id=model_id, **{**base, **values})  # type: ignore[arg-type]


def catalogue(*, installed: bool) -> list[Model]:
    """Two chat models, an embedder and two name finders."""
    return [
        model("qwen-0.5b", title="Qwen2.5 Coder 0.5B Instruct (Q4_K_M)", installed=installed, default=True),
        model(
            "qwen-1.5b",
            title="Qwen2.5 Coder 1.5B Instruct (Q4_K_M)",
            size_bytes=1_117_320_768,
            memory_bytes=1_700_000_000,
            installed=installed,
        ),
        model("multilingual-e5-small", kind="embedder", title="multilingual-e5-small (4 bit)", size_bytes=78_000_000,
              licence="MIT", memory_bytes=500_000_000, installed=installed),
        model("en-names", kind="names", title="en_core_web_sm 3.8.0", size_bytes=12_800_000, licence="MIT",
              memory_bytes=120_000_000, installed=installed),
        model("zh-names", kind="names", title="LAC", size_bytes=30_100_000, memory_bytes=90_000_000,
              installed=installed),
    ]  # fmt: skip


def document(name: str, **values: object) -> Document:
    """A document that was read."""
    base: dict[str, object] = {
        "library": DEFAULT_LIBRARY,
        "path": f"/documents/{name}",
        "sha256": "0" * 64,
        "size_bytes": 120_000,
        "status": DocumentStatus.READY,
        "reason": "",
        "pages": 6,
        "passages": 18,
        "added_at": 1_775_000_000.0,
    }
    return Document(id=name, name=name, **{**base, **values})  # type: ignore[arg-type]


def map_points(hits: Sequence[Hit]) -> tuple[MapPoint, ...]:
    """The passages of hits as points, on a circle."""
    angles = [2 * math.pi * number / max(1, len(hits)) for number in range(len(hits))]
    return tuple(
        MapPoint(
            passage=one.passage.id,
            document_id=one.passage.document_id,
            document=one.passage.document,
            page=one.passage.page,
            x=math.cos(angle),
            y=math.sin(angle),
            text=one.passage.text[:160],
        )
        for one, angle in zip(hits, angles, strict=True)
    )


class ScriptedEngine(ScriptedPrivacy):
    """One engine, which a test can hold, watch and kill."""

    def __init__(
        self,
        *,
        installed: bool = True,
        documents: Sequence[Document] = (),
        delay_s: float = 0.0,
        free_bytes: int = 9_000_000_000,
    ) -> None:
        self.catalogue = catalogue(installed=installed)
        self.stored = {DEFAULT_LIBRARY: list(documents)}
        self.history: dict[str, list[Turn]] = {}
        self.titles: dict[str, str] = {}
        self.pinned: set[str] = set()
        self.shown: dict[str, str] = {}  # the end of the branch on screen, by conversation
        self.export_redactions: tuple[Redaction, ...] = ()
        self.answer, self.hits, self.quotes = ANSWER, HITS, QUOTES
        self.redactions = (Redaction("PERSON", 3), Redaction("PHONE_NUMBER", 1))
        self.appended = ""  # what the engine adds when the model has ended: markers it found itself
        self.screened_in_answer: tuple[Redaction, ...] = ()
        self.values: dict[str, tuple[str, str]] = {}  # what is shown of a value -> its type, its token ("" = made up)
        self.secrets: dict[str, str] = {}  # token -> what is revealed of it
        self.screened_turns: list[tuple[str, bool]] = []
        self.revealed: list[tuple[str, str]] = []
        self.delay_s = delay_s
        self.sealed = True
        self.ahead_now = 0
        self.asked: list[Question] = []
        self.added: list[Path] = []
        self.removed: list[tuple[str, QuotesOf]] = []
        self.pages: list[tuple[str, int, tuple[str, ...]]] = []  # document, page and quotes of each that was asked for
        self.page_reason = ""  # why pages have no picture
        self.page_password = ""  # with which a locked file opens
        self.found: list[Hit] | None = None  # what a search finds; None: the hits of an answer
        self.searched: list[str] = []
        self.folders: dict[str, list[Watched]] = {}
        self.map_points: tuple[MapPoint, ...] = ()
        self.map_passages = 0
        self.passwords: tuple[str, ...] = ()
        self.fails: dict[str, tuple[Code, dict[str, str]]] = {}  # by file name
        self.partial: dict[str, Code] = {}  # files read in part, by name
        self.set = Settings()
        self.checks: list[Check] = []
        self.free_bytes = free_bytes
        self.measured: set[str] = set()
        self.hold_jobs = False  # work on models waits for `gate`
        self.hold_after: int | None = None  # deltas of an answer, then it waits for `gate`
        self.hold_file = ""  # the file at which an ingestion waits for `gate`
        self._prepare_privacy()
        self.gate = threading.Event()
        self.gone = threading.Event()

    def crash(self) -> None:
        """Go away, as a killed process does."""
        self.gone.set()

    def _here(self) -> None:
        if self.gone.is_set():
            raise EnvironmentFault(Code.ENGINE_GONE)

    def _wait(self, cancel: CancelToken | None) -> bool:
        """Wait for the gate; True where somebody cancelled."""
        while not self.gate.wait(0.005):
            self._here()
            if cancel is not None and cancel.cancelled:
                return True
        return False

    def status(self) -> EngineStatus:
        self._here()
        return EngineStatus(
            "0.1.0", 4242, "/home/of/tests", "qwen-0.5b", True, self.sealed, False, ahead=self.ahead_now
        )

    def doctor(self) -> list[Check]:
        self._here()
        memory = {"total_bytes": 16_000_000_000, "available_bytes": 9_000_000_000}
        cpu = {"processor": "Example 8-Core", "cores": 8, "threads": 8}
        return [Check("cpu", "ok", "", cpu), Check("memory", "ok", "", memory), *self.checks]

    def settings(self) -> list[Setting]:
        self._here()
        return settings_listing(self.set)

    def change_settings(self, changes: Mapping[str, SettingValue]) -> list[Setting]:
        self._here()
        self.set = changed(self.set, changes)
        return self.settings()

    def model_fits(self) -> list[ModelFit]:
        self._here()
        chat = [m for m in self.catalogue if m.kind == "chat"]
        return [
            ModelFit(
                model=m.id,
                needed_bytes=m.memory_bytes,
                free_bytes=self.free_bytes,
                total_bytes=16_000_000_000,
                fits=m.memory_bytes <= self.free_bytes,
                write_tokens_s=44.2 if m.id in self.measured else round(2e10 / m.size_bytes, 1),
                measured=m.id in self.measured,
            )
            for m in chat
        ]

    def calibrate_model(self, model_id: str, *, cancel: CancelToken | None = None) -> Iterator[Event]:
        self._here()
        for event in self._job("calibrate", model_id, cancel):
            if event == Finished():
                self.measured.add(model_id)
            yield event

    def quantize_model(
        self, model_id: str, target: str, *, name: str | None = None, cancel: CancelToken | None = None
    ) -> Iterator[Event]:
        self._here()
        made = f"{model_id}-{target}"
        for event in self._job("quantize", made, cancel):
            if isinstance(event, Finished) and event.reason == "stop":
                self.catalogue.append(model(made, title=f"Qwen2.5 ({target.upper()})", size_bytes=300_000_000))
            yield event

    def _job(self, stage: str, item: str, cancel: CancelToken | None) -> Iterator[Event]:
        """Two steps; where a test holds jobs, it waits between them."""
        yield Progress(stage, 1, 0, item)
        if self.hold_jobs and self._wait(cancel):
            yield Finished(reason="cancelled")
            return
        yield Progress(stage, 2, 0, item)
        yield Finished()

    def libraries(self) -> list[Library]:
        self._here()
        return [Library(name, "e5", len(docs), 0, 0.0) for name, docs in self.stored.items()]

    def create_library(self, name: str, *, embedder: str | None = None) -> Library:
        self._here()
        self.stored.setdefault(name, [])
        return Library(name, "e5", 0, 0, 0.0)

    def remove_library(self, name: str) -> None:
        self._here()
        del self.stored[name]

    def watch(self, library: str, folder: Path, *, polling: bool | None = None) -> None:
        self._here()
        if any(Path(one.folder) in folder.parents for one in self.folders.get(library, [])):
            raise UserError(Code.BAD_REQUEST, field="folder", problem="inside_watched")
        self.folders.setdefault(library, []).append(Watched(str(folder), bool(polling), "watching"))

    def unwatch(self, library: str, folder: Path) -> None:
        self._here()
        self.folders[library] = [one for one in self.folders.get(library, []) if one.folder != str(folder)]

    def watched(self, library: str = DEFAULT_LIBRARY) -> list[Watched]:
        self._here()
        return list(self.folders.get(library, []))

    def library_map(self, library: str = DEFAULT_LIBRARY) -> LibraryMap:
        self._here()
        if library not in self.stored:
            raise UserError(Code.UNKNOWN_LIBRARY, library=library)
        points = self.map_points if library == DEFAULT_LIBRARY else ()
        return LibraryMap(library, points, self.map_passages or len(points), 0 if points else self.map_passages)

    def document(self, document_id: str, *, library: str = DEFAULT_LIBRARY) -> Document:
        for one in self.documents(library):
            if one.id == document_id:
                return one
        raise UserError(Code.UNKNOWN_DOCUMENT, document=document_id)

    def document_report(self, document_id: str, *, library: str = DEFAULT_LIBRARY) -> DocumentReport:
        one = self.document(document_id, library=library)
        findings = tuple(
            Finding(found.type, found.count, "pseudonymise", (1, 2) if one.pages else ()) for found in one.redactions
        )
        return DocumentReport(document_id, library, findings, one.passages)

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
        one = self.document(document_id, library=library)
        self.pages.append((document_id, page, tuple(quotes)))
        if not (1 <= page <= one.pages if one.pages else page == 0):
            raise UserError(Code.BAD_REQUEST, field="page", problem="no_such_page")
        here = [hit.passage for hit in self.hits if hit.passage.document_id == document_id and hit.passage.page == page]
        chosen = next((found for found in here if found.id == passage), None)
        if passage is not None and chosen is None:
            raise UserError(Code.BAD_REQUEST, field="passage", problem="not_on_this_page")
        text = "\n\n".join(found.text for found in here) or f"{one.name}\n\nPage {page} of {one.pages}."
        text = text if one.passages else ""
        wanted = tuple(quotes) or ((chosen.text,) if chosen is not None else ())
        ranges = scripted_pages.ranges_of(text, wanted)
        locked = bool(self.page_password) and self.page_password not in passwords
        if not one.pages:
            return scripted_pages.text_page(document_id, text, ranges)
        if locked or self.page_reason:
            reason = "needs_password" if locked else self.page_reason
            return PageView(document_id, page, one.pages, text, 0, ranges, reason=reason)
        return scripted_pages.drawn_page(document_id, page, one.pages, text, ranges, width)

    def documents(self, library: str = DEFAULT_LIBRARY) -> list[Document]:
        self._here()
        if library not in self.stored:
            raise UserError(Code.UNKNOWN_LIBRARY, library=library)
        return sorted(self.stored[library], key=lambda d: d.name)

    def quoting(self, document_ids: Sequence[str]) -> list[Conversation]:
        self._here()
        return [
            conversation
            for conversation in self.conversations()
            for turn in self.history[conversation.id]
            if any(source.passage.document_id in document_ids for source in turn.sources)
        ]

    def remove_document(
        self, document_id: str, *, library: str = DEFAULT_LIBRARY, conversations: QuotesOf = "keep"
    ) -> None:
        self._here()
        self.removed.append((document_id, conversations))
        for key, turns in list(self.history.items()):
            if conversations == "remove":
                self.history[key] = [t for t in turns if document_id not in {s.passage.document_id for s in t.sources}]
                if not self.history[key]:
                    del self.history[key]
            else:
                self.history[key] = [_without(turn, document_id) for turn in turns]
        self.stored[library] = [d for d in self.stored[library] if d.id != document_id]

    def add(
        self,
        paths: Sequence[Path],
        *,
        library: str = DEFAULT_LIBRARY,
        cancel: CancelToken | None = None,
        passwords: Sequence[str] = (),
    ) -> Iterator[Event]:
        self._here()
        self.passwords = tuple(passwords)
        for path in paths:
            others = [d for d in self.stored.get(library, []) if d.name != path.name]
            reading = document(path.name, library=library, path=str(path), status=DocumentStatus.READING, passages=0)
            before = list(self.stored.get(library, []))
            self.stored[library] = [*others, reading]
            for stage, steps in (("parse", 1), ("screen", 6), ("embed", 6), ("write", 1)):
                for step in range(steps):
                    yield Progress(stage=stage, done=step + 1, total=steps, item=str(path))
                    time.sleep(self.delay_s)
                    self._here()
                if stage == "screen":
                    yield Tally(len(self.added), len(paths), 6, 18, 40, 12.34, 75.0)
                if stage == "embed" and self.hold_file == path.name and self._wait(cancel):
                    self.stored[library] = before
                    yield Finished(reason="cancelled")
                    return
            if path.name in self.fails:
                code, values = self.fails[path.name]
                self.stored[library] = before
                result = AddResult(str(path), "failed", code.value, values={"path": str(path), **values})
            else:
                self.added.append(path)
                fresh = document(path.name, library=library)
                self.stored.setdefault(library, [])
                self.stored[library] = [d for d in self.stored[library] if d.id != fresh.id] + [fresh]
                reason = self.partial.get(path.name, "")
                result = AddResult(str(path), "added", str(reason), pages=6, passages=18, document_id=fresh.id)
            yield FileDone(result)
        yield Finished()

    def search(
        self,
        query: str,
        *,
        library: str = DEFAULT_LIBRARY,
        limit: int = 5,
        document: str | None = None,
        reader: str = "owner",
    ) -> list[Hit]:
        self._here()
        self.searched.append(query)
        return list((self.hits if self.found is None else self.found)[:limit])

    def embed(self, texts: Sequence[str], *, model: str | None = None) -> Embedded:
        return Embedded([[1.0] for _ in texts])

    def ask(self, question: Question, *, cancel: CancelToken | None = None) -> Iterator[Event]:
        self._here()
        self.asked.append(question)
        conversation_id = question.conversation_id or f"c{len(self.history) + 1}"
        turns = self.history.setdefault(conversation_id, [])
        self.titles.setdefault(conversation_id, question.text[:60])
        turn_id = f"{conversation_id}-t{len(turns) + 1}"
        branch = self.turns(conversation_id)
        follows = branch[-1].id if branch else ""
        if question.instead_of:
            follows = next(turn.follows for turn in turns if turn.id == question.instead_of)
        self.shown[conversation_id] = turn_id

        def stored(*state: object) -> Turn:
            return replace(self._turn(turn_id, conversation_id, question, *state), follows=follows)

        turns.append(stored("", "running"))
        yield Started(conversation_id, turn_id, question.model or "qwen-0.5b")
        hidden = self.redactions
        yield Redacted("passages", hidden)
        yield Retrieved(self.hits, 0.1)
        for done in range(100, 901, 200):
            yield Progress("read", done, 900)
        written = ""
        for index, word in enumerate(self.answer.split(" ")):
            if self.hold_after == index and self._wait(cancel):
                turns[-1] = stored(written, "cancelled")
                yield Finished(reason="cancelled")
                return
            self._here()
            time.sleep(self.delay_s)
            piece = (" " if index else "") + word
            written += piece
            yield Delta(piece)
        if self.screened_in_answer:
            yield Redacted("answer", self.screened_in_answer)
        if self.appended:
            written += self.appended
            yield Delta(self.appended)
        citations = tuple(self._citation(n) for n in sorted(self.quotes) if n <= len(self.hits))
        for citation in citations:
            yield Cited(citation)
        timings = Timings(retrieve_s=0.1, first_token_s=0.9, total_s=4.2, write_tokens_per_s=18.25, energy_j=61.5)
        turns[-1] = stored(written, "complete", citations, hidden, timings)
        yield Finished(timings=timings, usage=Usage(900, 0, 60))

    def _citation(self, marker: int) -> Citation:
        passage = self.hits[marker - 1].passage
        quote = self.quotes[marker]
        return Citation(
            marker, passage.document_id, passage.document, passage.page, passage.id, quote, quote in passage.text
        )

    def _turn(self, turn_id, conversation_id, question, answer, state, citations=(), hidden=(), timings=None) -> Turn:
        return Turn(
            id=turn_id,
            conversation_id=conversation_id,
            question=question.text,
            answer=answer,
            state=state,
            model=question.model or "qwen-0.5b",
            created_at=1_775_000_000.0,
            citations=citations,
            redactions=hidden,
            sources=self.hits if answer else (),
            timings=timings or Timings(),
        )

    def chat(self, chat: Chat, *, cancel: CancelToken | None = None) -> Iterator[Event]:
        yield Finished()

    def conversations(self) -> list[Conversation]:
        self._here()
        now = time.time()
        return [
            Conversation(key, self.titles[key], DEFAULT_LIBRARY, now, now, len(turns), key in self.pinned)
            for key, turns in reversed(self.history.items())
        ]

    def turns(self, conversation_id: str) -> list[Turn]:
        self._here()
        if conversation_id not in self.history:
            raise UserError(Code.UNKNOWN_CONVERSATION, conversation=conversation_id)
        turns = self.history[conversation_id]
        if conversation_id not in self.shown:  # put there by a test, one after the other
            return list(turns)
        by_id = {turn.id: turn for turn in turns}
        branch, last = [], self.shown[conversation_id]
        while last:
            versions = tuple(turn.id for turn in turns if turn.follows == by_id[last].follows)
            branch.insert(0, replace(by_id[last], versions=versions))
            last = by_id[last].follows
        return branch

    def show_turn(self, turn_id: str) -> None:
        self._here()
        (conversation_id,) = [key for key, turns in self.history.items() if any(turn.id == turn_id for turn in turns)]
        while after := [turn.id for turn in self.history[conversation_id] if turn.follows == turn_id]:
            turn_id = after[-1]
        self.shown[conversation_id] = turn_id

    def change_conversation(
        self, conversation_id: str, *, title: str | None = None, pinned: bool | None = None
    ) -> Conversation:
        self._here()
        if title is not None:
            self.titles[conversation_id] = title.replace("Ada Lovelace", "<PERSON>")
        if pinned is not None:
            (self.pinned.add if pinned else self.pinned.discard)(conversation_id)
        return next(one for one in self.conversations() if one.id == conversation_id)

    def find_conversations(self, query: str, *, limit: int = 50) -> list[ConversationFound]:
        self._here()
        found = []
        for one in self.conversations():
            fitting = [t for t in self.history[one.id] if query.casefold() in f"{t.question}\n{t.answer}".casefold()]
            if query.casefold() in one.title.casefold():
                found.append(ConversationFound(one))
            elif fitting:
                found.append(ConversationFound(one, fitting[-1].id, fitting[-1].answer[:80]))
        return found[:limit]

    def export_conversation(self, conversation_id: str) -> ConversationExport:
        self._here()
        shown = {turn.id for turn in self.turns(conversation_id)}
        turns = tuple(
            ExportedTurn(turn.id, turn.follows, turn.id in shown, turn.question, turn.answer, turn.state, turn.model,
                         1.0, tuple(ExportedCitation(c.marker, c.document, c.page, c.quote, c.verified)
                               for c in turn.citations))
            for turn in self.history[conversation_id]
        )  # fmt: skip
        title = self.titles[conversation_id]
        return ConversationExport(conversation_id, title, DEFAULT_LIBRARY, 1.0, 2.0, turns, self.export_redactions)

    def remove_conversation(self, conversation_id: str) -> None:
        self._here()
        del self.history[conversation_id]

    def model_saw(self, turn_id: str) -> str:
        return ""

    def screening(self, turn_id: str, *, prompt: bool = False) -> Screening:
        self._here()
        self.screened_turns.append((turn_id, prompt))
        (turn,) = [turn for turns in self.history.values() for turn in turns if turn.id == turn_id]
        sides = [from_both_sides(text, self.values) for text in (turn.question, turn.answer)]
        read = [from_both_sides(hit.passage.text, self.values) for hit in turn.sources] if prompt else []
        return Screening(turn_id, replace(sides[0], marks=tuple(replace(m, hidden=False) for m in sides[0].marks)),
                         sides[1], tuple(read))  # fmt: skip

    def reveal(self, turn_id: str, token: str) -> Revealed:
        self._here()
        self.revealed.append((turn_id, token))
        if token not in self.secrets:
            raise UserError(Code.BAD_REQUEST, field="token", problem="no_such_token")
        return Revealed(token, "CREDIT_CARD", self.secrets[token])

    def redact(self, text: str) -> RedactedText:
        return RedactedText(text)

    def protect_pseudonyms(self, by: Protection, *, passphrase: str | None = None) -> None:
        self._here()

    def models(self) -> list[Model]:
        self._here()
        return list(self.catalogue)

    def import_model(self, path: Path) -> Model:
        self._here()
        if path.suffix != ".gguf":
            raise UserError(Code.DAMAGED_MODEL, model=path.name)
        licence = "llama3.2" if "llama" in path.stem else "apache-2.0"
        imported = model(
            path.stem, kind="adapter" if "lora" in path.stem else "chat", licence=licence, licence_url="",
            conditions=has_conditions(licence),
        )  # fmt: skip
        self.catalogue.append(imported)
        return imported

    def remove_model(self, model_id: str) -> None:
        self.install(model_id, installed=False)

    def install(self, model_id: str, *, installed: bool = True) -> None:
        """For tests: a pull has ended."""
        self.catalogue = [replace(m, installed=installed) if m.id == model_id else m for m in self.catalogue]

    def close(self) -> None:
        self.gone.set()


def from_both_sides(shown: str, values: dict[str, tuple[str, str]]) -> Sides:
    """A text as the owner reads it and, with tokens in place of `values`, as the model saw it."""
    marks: list[Mark] = []
    seen, at = "", 0
    found = sorted((m.start(), value) for value in values for m in re.finditer(re.escape(value), shown))
    for start, value in found:
        kind, token = values[value]
        put = f"<{token}>" if token else f"<{kind}>"
        seen += shown[at:start]
        hidden = value.startswith(("*", "<"))
        marks.append(Mark(kind, start, start + len(value), len(seen), len(seen) + len(put), token, hidden))
        seen, at = seen + put, start + len(value)
    return Sides(shown, seen + shown[at:], tuple(marks))


def _without(turn: Turn, document_id: str) -> Turn:
    """A turn as the engine keeps it when a document it rests on has gone."""
    empty = Passage("", "", "", 0, 0, 0, 0, heading=(), text="", language="", spans=())
    return replace(
        turn,
        sources=tuple(Hit(empty, 0.0) if hit.passage.document_id == document_id else hit for hit in turn.sources),
        citations=tuple(citation for citation in turn.citations if citation.document_id != document_id),
    )


class ScriptedLink:
    """A connection to a scripted engine."""

    def __init__(self, engine: ScriptedEngine) -> None:
        self.engine = engine
        self.closed = False

    def alive(self) -> bool:
        return not self.engine.gone.is_set()

    def close(self) -> None:
        self.closed = True


class Connector:
    """Gives an engine each time the supervisor asks for one; after a crash, a new one with the same history."""

    def __init__(self, engine: ScriptedEngine) -> None:
        self.engine = engine
        self.calls = 0
        self.refuse: EnvironmentFault | None = None

    def __call__(self) -> ScriptedLink:
        self.calls += 1
        if self.refuse is not None:
            raise self.refuse
        if self.engine.gone.is_set():
            fresh = ScriptedEngine(delay_s=self.engine.delay_s)
            fresh.history, fresh.titles, fresh.stored = self.engine.history, self.engine.titles, self.engine.stored
            fresh.catalogue, fresh.shown, fresh.pinned = self.engine.catalogue, self.engine.shown, self.engine.pinned
            fresh.folders = self.engine.folders
            fresh.set = self.engine.set
            fresh.values, fresh.secrets = self.engine.values, self.engine.secrets
            for turns in fresh.history.values():  # as the history does with what a kill left running
                turns[:] = [replace(turn, state="failed") if turn.state == "running" else turn for turn in turns]
            self.engine = fresh
        return ScriptedLink(self.engine)


def scripted_pull(
    engine: Callable[[], ScriptedEngine], *, steps: int = 5, gate: threading.Event | None = None
) -> Callable[[str, CancelToken], Iterator[Event]]:
    """A pull that installs the model into the scripted engine."""

    def pull(model_id: str, cancel: CancelToken) -> Iterator[Event]:
        size = next(m.size_bytes for m in engine().catalogue if m.id == model_id)
        for step in range(steps):
            if step == steps // 2 and gate is not None:
                while not gate.wait(0.005):
                    if cancel.cancelled:
                        break
            if cancel.cancelled:
                yield Finished(reason="cancelled")
                return
            yield Progress("pull", size * (step + 1) // steps, size, model_id)
        engine().install(model_id)
        yield Finished()

    return pull
