"""An Engine that follows a script, for tests of what stands in front of an engine. Keeps every call."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from studiolo.errors import Code, StudioloError, UserError
from studiolo.events import (
    Cited,
    Compared,
    Delta,
    Event,
    FileDone,
    Finished,
    LeftOut,
    Progress,
    Redacted,
    Retrieved,
    Started,
    Tally,
)
from studiolo.jobs import CancelToken
from studiolo.types import (
    COMPARED_TOKENS,
    DEFAULT_LIBRARY,
    PAGE_WIDTH,
    AddResult,
    AheadStatus,
    AuditFound,
    AuditRecord,
    AuditReport,
    Chat,
    Check,
    Citation,
    Comparison,
    Conversation,
    ConversationExport,
    ConversationFound,
    Document,
    DocumentReport,
    DocumentStatus,
    Embedded,
    EngineStatus,
    Entity,
    ExportedCitation,
    ExportedTurn,
    Finding,
    Gap,
    Hit,
    Integrity,
    Library,
    LibraryMap,
    MapPoint,
    Mark,
    Model,
    ModelFit,
    ModelQuality,
    PageBox,
    PageView,
    Passage,
    PolicyPreview,
    PolicyView,
    PreviewFound,
    Protection,
    Pseudonym,
    Question,
    QuotesOf,
    Reader,
    Redaction,
    Revealed,
    Screening,
    Seen,
    SeenPart,
    Setting,
    SettingValue,
    Sides,
    Span,
    Statistics,
    TextQuality,
    Timings,
    Turn,
    Usage,
    Watched,
)
from studiolo.types import Redacted as RedactedText

PASSAGE = Passage(
    id="p1",
    document_id="d1",
    document="租约 lease.pdf",
    page=3,
    page_end=4,
    start=10,
    end=60,
    heading=("2 Term", "期限"),
    text="The term of the lease is twelve months. 租期为十二个月。",
    language="en",
    spans=(Span("PERSON", 4, 8, 0.9),),
    label="iii",
)
HIT = Hit(PASSAGE, 0.75)
CITATION = Citation(1, "d1", "租约 lease.pdf", 3, "p1", "The term of the lease is twelve months.", True, "iii")
TIMINGS = Timings(0.01, 0.0, 0.2, 0.9, read_tokens_per_s=400.0, write_tokens_per_s=10.0, energy_j=31.5)
USAGE = Usage(120, 40, 7)
ANSWER_EVENTS: tuple[Event, ...] = (
    Started("c1", "t1", "tiny"),
    Redacted("question", (Redaction("PHONE", 1),)),
    Retrieved((HIT,), 0.01),
    LeftOut(passages=2, turns=1, tokens=300),
    Progress("load", 1, 1),
    Delta("Twelve "),
    Delta("months 十二个月 [1]."),
    Redacted("answer", (Redaction("PHONE", 1), Redaction("PERSON", 2))),
    Cited(CITATION),
    Finished("stop", TIMINGS, USAGE),
)
DOCUMENT = Document(
    id="d1",
    library=DEFAULT_LIBRARY,
    name="租约 lease.pdf",
    path="/home/ada/租约 lease.pdf",
    sha256="0" * 64,
    size_bytes=1234,
    status=DocumentStatus.READY,
    reason="",
    pages=4,
    passages=9,
    added_at=1_700_000_000.5,
    redactions=(Redaction("PERSON", 3),),
)
STATISTICS = Statistics(
    library=DEFAULT_LIBRARY,
    documents={"ready": 1, "partial": 1},
    pages=4,
    passages=9,
    languages={"en": 5, "zh": 4},
    redactions=(Redaction("PERSON", 3),),
    size_bytes=2_500_000,
    embedder="e5",
    changing_to="minilm",
    watched=(Watched("/家/文档", polling=False, state="watching"),),
)
MAP = LibraryMap(
    library=DEFAULT_LIBRARY,
    points=(
        MapPoint("p1", "d1", "lease.pdf", 3, -1.0, 0.25, "The term of the lease", "iii"),
        MapPoint("p2", "d2", "租约.pdf", 0, 1.0, -0.25, "租期为十二个月"),
    ),
    passages=9,
    without_vector=7,
)
INTEGRITY = Integrity(passages=9, missing=1, without_vector=2, documents=("d1",))
PARTIAL = replace(
    DOCUMENT,
    id="d2",
    name="卷宗 file.zip",
    path="/home/ada/卷宗 file.zip",
    status=DocumentStatus.PARTIAL,
    reason="needs_password",
    gaps=(Gap("needs_password", 3, 5), Gap("damaged_file", name="inner.docx"), Gap("needs_ocr", 7, 7)),
)
TALLY = Tally(files=1, files_total=4, pages=8, passages=20, passages_total=60, passages_per_s=2.5, left_s=75.0)
REPORT = DocumentReport(
    document_id="d1",
    library=DEFAULT_LIBRARY,
    findings=(Finding("LOCATION", 2, "flag", ()), Finding("PERSON", 3, "pseudonymise", (1, 3))),
    passages=9,
    unscreened=1,
)
POLICY = PolicyView(
    library="",
    profile="balanced",
    types={"default": "pseudonymise", "LOCATION": "flag"},
    directions={"tool": {"SECRET": "block"}},
    readers={"owner": {"SECRET": "mask"}, "press": {"like": "masked"}},
    custom=("PROJECT",),
    refuse=("SECRET",),
    section={"custom": {"PROJECT": {"words": ["青鸟计划"]}}, "refuse": ["SECRET"]},
)
PAGE = PageView(
    document_id="d1",
    page=3,
    pages=4,
    text=PASSAGE.text,
    start=10,
    ranges=((0, 39), (40, 50)),
    png=b"\x89PNG\r\n\x1a\n",
    width=1200,
    height=1700,
    boxes=(PageBox(0.1, 0.25, 0.9, 0.5),),
)
AHEAD = AheadStatus(True, 142, 300, False, 620_000_000, 4_294_967_296)
LIBRARY = Library(DEFAULT_LIBRARY, "e5", 1, 9, 1_700_000_000.0)
MODELS = (
    Model("tiny", "chat", "Tiny", 10, 20, "Apache-2.0", ("en", "zh"), "a" * 64, installed=True, default=True),
    Model("big", "chat", "Big", 100, 200, "Apache-2.0", ("en",), "b" * 64, installed=False),
    Model("e5", "embedder", "E5", 5, 6, "MIT", ("en", "zh"), "c" * 64, installed=True),
)
COMPARISON = Comparison(
    model=ModelQuality(
        "tiny", 200_000_000, 300_000_000, 90.0, 30.0, 1.1, 700, 12.5, 1.1,
        (TextQuality("en", 400, 1600, 11.0, 1.0), TextQuality("zh", 300, 900, 14.8, 1.3)),
    ),
    other=ModelQuality(
        "tiny-q4_0", 100_000_000, 150_000_000, 108.0, 45.0, 1.05, 700, 13.125, 1.2,
        (TextQuality("en", 400, 1600, 11.5, 1.1), TextQuality("zh", 300, 900, 15.9, 1.4)),
    ),
    window_tokens=512,
    stride_tokens=256,
    memory_tokens=4096,
    same_vocabulary=True,
    perplexity_ratio=1.05,
    perplexity_ratio_error=0.004,
    agreement=0.9325,
    kl_divergence=0.03125,
)  # fmt: skip
TURN = Turn(
    id="t1",
    conversation_id="c1",
    question="How long?",
    answer="Twelve months [1].",
    state="complete",
    model="tiny",
    created_at=1_700_000_001.0,
    citations=(CITATION,),
    redactions=(Redaction("PHONE", 1),),
    sources=(HIT,),
    timings=TIMINGS,
    usage=USAGE,
    versions=("t1",),
)
AUDIT = tuple(
    AuditRecord(
        number=number,
        time=1_700_000_000.5 + number,
        event="screened",
        direction="question",
        reader="",
        library="library:0123456789abcdef",
        count=1,
        found=(AuditFound("PHONE_NUMBER", "contact", 1, 11),),
        previous=f"{number - 1:064x}",
        hash=f"{number:064x}",
    )
    for number in range(1, 4)
)
CONVERSATION = Conversation("c1", "How long? 多久", DEFAULT_LIBRARY, 1.0, 2.0, 1)
EXPORT = ConversationExport(
    "c1", "How long? 多久", DEFAULT_LIBRARY, 1.0, 2.0,
    (
        ExportedTurn("t1", "", True, "How long?\n<b>多久</b>", "Twelve months [1]. ![x](http://evil.example/?q)",
                     "complete", "tiny", 1.0, (ExportedCitation(1, "租约 lease.pdf", 3, "twelve  months", True),)),
        ExportedTurn("t0", "", False, "Another version", "No.", "failed", "tiny", 1.0),
    ),
    (Redaction("PHONE", 1),),
)  # fmt: skip


SETTINGS = (
    Setting("answer_tokens", 512, 512, 16, 8192),
    Setting("theme", "system", "system", choices=("system", "light", "dark"), about="系统 or not"),
)
FIT = ModelFit("tiny", 200, 1000, 2000, fits=True, write_tokens_s=43.5)


class ScriptedEngine:
    """Answers everything from constants. `hold` makes a stream wait, after its first events, until it is cancelled."""

    def __init__(
        self,
        *,
        answer: Sequence[Event] = ANSWER_EVENTS,
        hold: bool = False,
        error: StudioloError | None = None,
        vectors: Sequence[Sequence[float]] | None = None,
    ) -> None:
        self.answer = tuple(answer)
        self.hold = hold
        self.error = error
        self.vectors = vectors
        self.calls: list[tuple[object, ...]] = []
        self.cancelled = threading.Event()
        self.holding = threading.Event()
        self.closed = False
        self.removed: set[str] = set()
        self.added: list[Document] = []
        self.folders: list[Watched] = []
        self.loaded = True
        self.audit_report = AuditReport(1, 3, f"{3:064x}", "", 0, 0, {"file": "ok", "history": "older"})
        self.reading = 0  # how often `status` is still to say that files are being read

    def _note(self, *call: object) -> None:
        self.calls.append(call)
        if self.error is not None:
            raise self.error

    def status(self) -> EngineStatus:
        self._note("status")
        reading, self.reading = self.reading > 0, max(0, self.reading - 1)
        return EngineStatus("0.1.0", 42, "/家", "tiny", self.loaded, sealed=False, busy=False, reading=reading)

    def doctor(self) -> list[Check]:
        self._note("doctor")
        return [Check("cpu", "ok", "AVX2"), Check("models", "warning", "0")]

    def settings(self) -> list[Setting]:
        self._note("settings")
        return list(SETTINGS)

    def change_settings(self, changes: Mapping[str, SettingValue]) -> list[Setting]:
        self._note("change_settings", dict(changes))
        if "threads" in changes:
            raise UserError(Code.BAD_REQUEST, field="settings.threads", problem="too many", le=256)
        return list(SETTINGS)

    def model_fits(self) -> list[ModelFit]:
        self._note("model_fits")
        return [FIT]

    def calibrate_model(self, model_id: str, *, cancel: CancelToken | None = None) -> Iterator[Event]:
        self._note("calibrate_model", model_id)
        return self._work(Progress("calibrate", 1, 0, model_id), cancel)

    def ahead(self) -> AheadStatus:
        self._note("ahead")
        return AHEAD

    def set_ahead(self, *, on: bool | None = None, budget_mb: int | None = None) -> AheadStatus:
        self._note("set_ahead", on, budget_mb)
        return replace(AHEAD, on=AHEAD.on if on is None else on)

    def libraries(self) -> list[Library]:
        self._note("libraries")
        return [LIBRARY]

    def create_library(self, name: str, *, embedder: str | None = None) -> Library:
        self._note("create_library", name, embedder)
        if name == "bad":
            raise UserError(Code.BAD_REQUEST, field="library", problem="not a name")
        return replace(LIBRARY, name=name)

    def remove_library(self, name: str) -> None:
        self._note("remove_library", name)
        self._known(name)

    def statistics(self, library: str = DEFAULT_LIBRARY) -> Statistics:
        self._note("statistics", library)
        self._known(library)
        return replace(STATISTICS, library=library)

    def library_map(self, library: str = DEFAULT_LIBRARY) -> LibraryMap:
        self._note("library_map", library)
        self._known(library)
        return replace(MAP, library=library)

    def check(self, library: str = DEFAULT_LIBRARY) -> Integrity:
        self._note("check", library)
        self._known(library)
        return INTEGRITY

    def change_embedder(self, library: str, embedder: str, *, cancel: CancelToken | None = None) -> Iterator[Event]:
        self._note("change_embedder", library, embedder)
        self._known(library)
        return self._work(Progress("embed", 1, 2), cancel)

    def export_library(
        self, library: str, path: Path, *, paths: bool = False, cancel: CancelToken | None = None
    ) -> Iterator[Event]:
        self._note("export_library", library, path, paths)
        self._known(library)
        return self._work(Progress("write", 1, 2), cancel)

    def import_library(
        self, path: Path, *, name: str | None = None, cancel: CancelToken | None = None
    ) -> Iterator[Event]:
        self._note("import_library", path, name)
        return self._work(Progress("write", 1, 2), cancel)

    def watch(self, library: str, folder: Path, *, polling: bool | None = None) -> None:
        self._note("watch", library, folder, polling)
        self._known(library)
        self.folders.append(Watched(str(folder), polling=bool(polling), state="paused"))

    def unwatch(self, library: str, folder: Path) -> None:
        self._note("unwatch", library, folder)
        self._known(library)
        self.folders = [kept for kept in self.folders if kept.folder != str(folder)]

    def watched(self, library: str = DEFAULT_LIBRARY) -> list[Watched]:
        self._note("watched", library)
        self._known(library)
        return list(self.folders)

    def add(
        self,
        paths: Sequence[Path],
        *,
        library: str = DEFAULT_LIBRARY,
        cancel: CancelToken | None = None,
        passwords: Sequence[str] = (),
    ) -> Iterator[Event]:
        self._note("add", tuple(paths), library, *passwords)
        yield TALLY
        for number, path in enumerate(paths):
            yield Progress("parse", number, len(paths), str(path))
            if self.hold:
                yield from self._held(cancel)
                return
            if not path.exists():
                yield FileDone(AddResult(str(path), "failed", "file_missing", values={"path": str(path)}))
            elif path.read_bytes() == b"bad":
                yield FileDone(AddResult(str(path), "failed", "damaged_file", values={"path": str(path)}))
            else:
                self.added.append(replace(DOCUMENT, id=f"u{number}", path=str(path), name=path.name))
                yield FileDone(AddResult(str(path), "added", "", 2, 5, 0.5, f"u{number}"))
        yield Finished()

    def documents(self, library: str = DEFAULT_LIBRARY) -> list[Document]:
        self._note("documents", library)
        return [DOCUMENT, PARTIAL, *self.added]

    def document(self, document_id: str, *, library: str = DEFAULT_LIBRARY) -> Document:
        self._note("document", document_id, library)
        for document in (DOCUMENT, PARTIAL, *self.added):
            if document.id == document_id:
                return document
        raise UserError(Code.UNKNOWN_DOCUMENT, document=document_id)

    def document_passages(self, document_id: str, *, library: str = DEFAULT_LIBRARY) -> list[Passage]:
        self._note("document_passages", document_id, library)
        return [PASSAGE, replace(PASSAGE, id="p2", language="zh", spans=None)]

    def document_report(self, document_id: str, *, library: str = DEFAULT_LIBRARY) -> DocumentReport:
        self._note("document_report", document_id, library)
        return replace(REPORT, library=library)

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
        self._note("page", document_id, page, library, passage, tuple(quotes), width, tuple(passwords))
        if page > DOCUMENT.pages:
            raise UserError(Code.BAD_REQUEST, field="page", problem="no_such_page")
        return PAGE

    def policy(self, library: str = "") -> PolicyView:
        self._note("policy", library)
        return replace(POLICY, library=library)

    def set_policy(self, library: str, section: Mapping[str, Any]) -> PolicyView:
        self._note("set_policy", library, dict(section))
        return replace(POLICY, library=library, section=dict(section))

    def preview_policy(
        self, library: str, section: Mapping[str, Any], text: str, *, direction: str = "question"
    ) -> PolicyPreview:
        self._note("preview_policy", library, dict(section), text, direction)
        return PolicyPreview("Call <PERSON_1>. 好", (PreviewFound("PERSON", 5, 8, "pseudonymise"),), ("SECRET",))

    def load_policy(self) -> PolicyView:
        self._note("load_policy")
        return POLICY

    def remove_document(
        self, document_id: str, *, library: str = DEFAULT_LIBRARY, conversations: QuotesOf = "keep"
    ) -> None:
        self.remove_documents([document_id], library=library, conversations=conversations)

    def remove_documents(
        self, document_ids: Sequence[str], *, library: str = DEFAULT_LIBRARY, conversations: QuotesOf = "keep"
    ) -> None:
        self._note("remove_documents", tuple(document_ids), library, conversations)
        for document_id in document_ids:
            if document_id not in {document.id for document in (DOCUMENT, PARTIAL, *self.added)}:
                raise UserError(Code.UNKNOWN_DOCUMENT, document=document_id)

    def quoting(self, document_ids: Sequence[str]) -> list[Conversation]:
        self._note("quoting", tuple(document_ids))
        return [CONVERSATION] if "d1" in document_ids else []

    def search(
        self,
        query: str,
        *,
        library: str = DEFAULT_LIBRARY,
        limit: int = 5,
        document: str | None = None,
        reader: str = Reader.OWNER,
    ) -> list[Hit]:
        self._note("search", query, library, limit, document, *([] if reader == Reader.OWNER else [reader]))
        self._known(library)
        return [HIT, Hit(replace(PASSAGE, id="p2", spans=None), 0.25)][:limit]

    def embed(self, texts: Sequence[str], *, model: str | None = None) -> Embedded:
        self._note("embed", tuple(texts), model)
        return Embedded([[0.6, 0.8, 0.1 * number] for number, _ in enumerate(texts)], sum(map(len, texts)))

    def ask(self, question: Question, *, cancel: CancelToken | None = None) -> Iterator[Event]:
        self._note("ask", question)
        if question.library is not None:
            self._known(question.library)
        return self._script(cancel)

    def chat(self, chat: Chat, *, cancel: CancelToken | None = None) -> Iterator[Event]:
        self._note("chat", chat)
        return self._script(cancel)

    def conversations(self) -> list[Conversation]:
        self._note("conversations")
        return [CONVERSATION]

    def turns(self, conversation_id: str) -> list[Turn]:
        self._note("turns", conversation_id)
        self._conversation(conversation_id)
        return [TURN]

    def change_conversation(
        self, conversation_id: str, *, title: str | None = None, pinned: bool | None = None
    ) -> Conversation:
        self._note("change_conversation", conversation_id, title, pinned)
        self._conversation(conversation_id)
        return replace(CONVERSATION, title=title or CONVERSATION.title, pinned=bool(pinned))

    def find_conversations(self, query: str, *, limit: int = 50) -> list[ConversationFound]:
        self._note("find_conversations", query, limit)
        return [ConversationFound(CONVERSATION, "t1", "…Twelve months 十二个月")]

    def export_conversation(self, conversation_id: str) -> ConversationExport:
        self._note("export_conversation", conversation_id)
        self._conversation(conversation_id)
        return EXPORT

    def show_turn(self, turn_id: str) -> None:
        self._note("show_turn", turn_id)
        if turn_id != "t1":
            raise UserError(Code.BAD_REQUEST, field="turn", problem="no such turn")

    def remove_conversation(self, conversation_id: str) -> None:
        self._note("remove_conversation", conversation_id)
        self._conversation(conversation_id)

    def model_saw(self, turn_id: str) -> str:
        self._note("model_saw", turn_id)
        if turn_id != "t1":
            raise UserError(Code.BAD_REQUEST, field="turn", problem="no such turn")
        return "<PERSON_1> 租约"

    def seen(self, turn_id: str) -> Seen:
        text = self.model_saw(turn_id)
        return Seen(turn_id, text, (SeenPart("template", text[:11]), SeenPart("text", text[11:])))

    def screening(self, turn_id: str, *, prompt: bool = False) -> Screening:
        self._note("screening", turn_id, prompt)
        asked = Sides("Who is Ada 爱达?", "Who is <PERSON_1>?", (Mark("PERSON", 7, 13, 7, 17, "PERSON_1"),))
        return Screening(turn_id, asked, Sides("好 [1].", "好 [1]."), (asked,) if prompt else ())

    def reveal(self, turn_id: str, token: str) -> Revealed:
        self._note("reveal", turn_id, token)
        if "PERSON_1" not in token:
            raise UserError(Code.BAD_REQUEST, field="token", problem="no_such_token")
        return Revealed("PERSON_1", "PERSON", "Ada 爱达")

    def audit(self, *, limit: int = 100, before: int | None = None, after: int | None = None) -> list[AuditRecord]:
        self._note("audit", limit, before, after)
        records = [r for r in AUDIT if r.number < (before or 1000) and r.number > (after or 0)]
        return records[:limit] if after is not None else records[-limit:]

    def verify_audit(self) -> AuditReport:
        self._note("verify_audit")
        return self.audit_report

    def redact(self, text: str, *, profile: str | None = None) -> RedactedText:
        self._note("redact", text, *([profile] if profile else []))
        if profile not in (None, "open", "balanced", "strict"):
            raise UserError(Code.BAD_REQUEST, field="profile", problem="unknown_profile")
        return RedactedText(text.replace("Ada", "<PERSON>"), (Entity("PERSON", text.find("Ada"), 3, 0.5),))

    def redact_many(self, texts: Sequence[str], *, profile: str | None = None) -> list[RedactedText]:
        return [self.redact(text, profile=profile) for text in texts]

    def redact_file(self, path: Path, *, profile: str | None = None, passwords: Sequence[str] = ()) -> RedactedText:
        if not path.exists():
            raise UserError(Code.FILE_MISSING, path=str(path))
        return self.redact(f"read of {path.name}: Ada {''.join(passwords)}", profile=profile)

    def pseudonyms(self, library: str = DEFAULT_LIBRARY, *, reveal: bool = False) -> list[Pseudonym]:
        self._note("pseudonyms", library, reveal)
        self._known(library)
        return [
            Pseudonym("PERSON_1", "PERSON", "Ada 王" if reveal else ""),
            Pseudonym("PERSON_2", "PERSON", "Ada" if reveal else "", ("PERSON_1",)),
            Pseudonym("PHONE_1", "PHONE_NUMBER", "13800138000" if reveal else ""),
        ]

    def forget_person(self, library: str, name: str) -> int:
        self._note("forget_person", library, name)
        self._known(library)
        return 2

    def forget_pseudonyms(self, library: str | None = None) -> int:
        self._note("forget_pseudonyms", library)
        return 3

    def protect_pseudonyms(self, by: Protection, *, passphrase: str | None = None) -> None:
        self._note("protect_pseudonyms", by, passphrase)

    def models(self) -> list[Model]:
        self._note("models")
        return list(MODELS)

    def import_model(self, path: Path) -> Model:
        self._note("import_model", path)
        if not path.exists():
            raise UserError(Code.FILE_MISSING, path=str(path))
        return MODELS[0]

    def quantize_model(
        self, model_id: str, target: str, *, name: str | None = None, cancel: CancelToken | None = None
    ) -> Iterator[Event]:
        self._note("quantize_model", model_id, target, name)
        return self._work(Progress("quantize", 1, 0, name or f"{model_id}-{target}"), cancel)

    def compare_models(
        self,
        model_id: str,
        other_id: str,
        *,
        text: Path | None = None,
        tokens: int = COMPARED_TOKENS,
        cancel: CancelToken | None = None,
    ) -> Iterator[Event]:
        self._note("compare_models", model_id, other_id, text, tokens)
        return self._work(Compared(COMPARISON), cancel)

    def remove_model(self, model_id: str) -> None:
        self._note("remove_model", model_id)
        if model_id not in {model.id for model in MODELS}:
            raise UserError(Code.UNKNOWN_MODEL, model=model_id)

    def close(self) -> None:
        self.closed = True

    def _work(self, event: Event, cancel: CancelToken | None) -> Iterator[Event]:
        yield event
        if self.hold:
            yield from self._held(cancel)
            return
        yield Finished()

    def _script(self, cancel: CancelToken | None) -> Iterator[Event]:
        for event in self.answer:
            yield event
            if self.hold and isinstance(event, Delta):
                yield from self._held(cancel)
                return

    def _held(self, cancel: CancelToken | None) -> Iterator[Event]:
        self.holding.set()
        assert cancel is not None
        waiting = threading.Event()
        cancel.on_cancel(waiting.set)
        assert waiting.wait(20), "nobody cancelled"
        self.cancelled.set()
        yield Finished("cancelled", TIMINGS, USAGE)

    @staticmethod
    def _known(library: str) -> None:
        if library not in (DEFAULT_LIBRARY, "contracts"):
            raise UserError(Code.UNKNOWN_LIBRARY, library=library)

    @staticmethod
    def _conversation(conversation_id: str) -> None:
        if conversation_id != "c1":
            raise UserError(Code.UNKNOWN_CONVERSATION, conversation=conversation_id)
