"""What the routes of the native API answer, with examples: a table for `described`. Made when it is asked for."""

from __future__ import annotations

from typing import Any

from studiolo import __version__, events, wire
from studiolo.doctor import seal_check
from studiolo.errors import Code
from studiolo.isolation.seal import SealState
from studiolo.server import answers
from studiolo.server.conversations import MARKDOWN
from studiolo.server.described import Says, Table
from studiolo.server.metrics import CONTENT_TYPE
from studiolo.server.pseudonyms import CONFLICT, WITHOUT_MEANS
from studiolo.shapes import audit_shape
from studiolo.tokens import NamedToken, Scope
from studiolo.transcripts import transcript_markdown
from studiolo.types import (
    AheadStatus,
    AuditFound,
    AuditRecord,
    AuditReport,
    Check,
    Citation,
    Conversation,
    ConversationExport,
    ConversationFound,
    Document,
    DocumentReport,
    DocumentStatus,
    EngineStatus,
    Entity,
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
    PageBox,
    PageView,
    Passage,
    PolicyPreview,
    PolicyView,
    PreviewFound,
    Pseudonym,
    Redacted,
    Redaction,
    Revealed,
    Screening,
    Seen,
    SeenPart,
    Setting,
    Sides,
    Span,
    Statistics,
    Timings,
    Turn,
    Usage,
    Watched,
)

LIBRARY_CODES = (Code.UNKNOWN_LIBRARY,)
DOCUMENT_CODES = (Code.UNKNOWN_LIBRARY, Code.UNKNOWN_DOCUMENT)
KEY_CODES = (Code.PASSPHRASE_NEEDED, Code.WRONG_PASSPHRASE, Code.KEY_LOST, Code.KEYRING_MISSING)
FILTER_CODES = (Code.FILTER_FAILED, Code.BLOCKED_BY_POLICY, Code.BAD_POLICY, Code.MODEL_MISSING, *KEY_CODES)
EMBEDDER_CODES = (
    Code.UNKNOWN_MODEL, Code.MODEL_MISSING, Code.MODEL_KIND, Code.DAMAGED_MODEL, Code.UNSUPPORTED_CPU,
    Code.MISSING_PACKAGE,
)  # fmt: skip
ADAPTER_CODES = (Code.UNKNOWN_ADAPTER, Code.ADAPTER_MISFIT)
ANSWER_CODES = (*EMBEDDER_CODES, *FILTER_CODES, *ADAPTER_CODES, Code.PROMPT_TOO_LONG)
FILE_CODES = (
    Code.FILE_MISSING, Code.FILE_UNREADABLE, Code.FILE_TOO_LARGE, Code.UNKNOWN_FORMAT, Code.EMPTY_DOCUMENT,
    Code.NEEDS_PASSWORD, Code.DAMAGED_FILE, Code.PARSE_TIMEOUT, Code.NEEDS_OCR, Code.CONVERT_FIRST,
    Code.ARCHIVE_TOO_LARGE, Code.MISSING_PACKAGE,
)  # fmt: skip

_AT = 1_767_225_600.0
_PASSAGE = Passage(
    "8c1d0f6e2b7a4935", "5f2b7c0e9a1d4e83", "lease.pdf", 3, 3, 2210, 2273, ("2 Term",),
    "The term of the lease is twelve months. Call Ada Lovelace.", "en", (Span("PERSON", 45, 57, 0.85),), "iii",
)  # fmt: skip
_CITATION = Citation(
    1, "5f2b7c0e9a1d4e83", "lease.pdf", 3, "8c1d0f6e2b7a4935", "The term of the lease is twelve months.", True, "iii"
)
_DOCUMENT = Document(
    "5f2b7c0e9a1d4e83", "contracts", "lease.pdf", "/home/ada/lease.pdf", "9f86d081884c7d65" * 4, 52_310,
    DocumentStatus.READY, "", 12, 31, _AT, (Redaction("PERSON", 4),),
)  # fmt: skip
_LIBRARY = Library("contracts", "multilingual-e5-small", 12, 340, _AT)
_CONVERSATION = Conversation("0b9d6f52c7f14a3e", "How long is the term of the lease?", "contracts", _AT, _AT, 1)
_TURN = Turn(
    "71c5e0a89d324b6f", "0b9d6f52c7f14a3e", "How long is the term of the lease?", "The term is twelve months [1].",
    "complete", "qwen2.5-coder-1.5b", _AT, (_CITATION,), (Redaction("PERSON", 1),), (Hit(_PASSAGE, 0.82),),
    Timings(0.05, 0.0, 0.7, 2.4), Usage(412, 380, 9), versions=("71c5e0a89d324b6f",),
)  # fmt: skip
_POLICY = PolicyView(
    "", "balanced", {"default": "pseudonymise", "SECRET": "mask"}, {}, {"owner": {"SECRET": "mask"}}, (), (), {}
)
_MODEL = Model(
    "qwen2.5-coder-1.5b", "chat", "Qwen2.5 Coder 1.5B", 986_000_000, 1_600_000_000, "Apache-2.0", ("en", "zh"),
    "2c26b46b68ffc68f" * 4, installed=True, default=True, architecture="qwen2",
)  # fmt: skip
_STREAMED: tuple[events.Event, ...] = (
    events.Started("0b9d6f52c7f14a3e", "71c5e0a89d324b6f", "qwen2.5-coder-1.5b"),
    events.Retrieved((Hit(_PASSAGE, 0.82),), 0.05),
    events.Delta("The term is twelve months [1]."),
    events.Cited(_CITATION),
    events.Finished("stop", _TURN.timings, _TURN.usage),
)
_JOB_STREAM: tuple[events.Event, ...] = (
    events.Progress("parse", 1, 12, "/home/ada/lease.pdf"),
    events.Tally(1, 1, 12, 31, 31, 9.5, 0.0),
    events.Finished(),
)
_ACCEPTED = {"job": "3c1f8a2b9d7e", "events": "/api/jobs/3c1f8a2b9d7e/events"}
_METRICS = (
    "# HELP studiolo_requests_total HTTP requests answered.\n# TYPE studiolo_requests_total counter\n"
    'studiolo_requests_total{method="POST",route="/api/ask",status="200"} 3\n'
)
_EVENTS = "text/event-stream"


def native_table() -> Table:
    """All native routes, and those beside `/api` and `/v1`."""
    return {
        **_engine(),
        **_tokens(),
        **_libraries(),
        **_documents(),
        **_jobs(),
        **_questions(),
        **_stored(),
        **_privacy(),
        **_models(),
    }


def _sse(told: tuple[events.Event, ...]) -> dict[str, str]:
    return {_EVENTS: "".join(wire.sse(event) for event in told)}


def _job(*codes: Code, body: Any) -> Says:
    return Says(answers.Accepted, _ACCEPTED, codes, status=202, body=body)


def _gone(*codes: Code, body: Any = None) -> Says:
    return Says(None, codes=codes, status=204, body=body)


def _engine() -> Table:
    status = EngineStatus(__version__, 4711, "/home/ada/.local/share/studiolo", _MODEL.id, True, True, False)
    ahead = wire.plain(AheadStatus(True, 142, 340, True, 620_000_000, 4_294_967_296))
    health = {"status": "ok", "service": "studiolo", "pid": 4711}
    ready = {"ready": True, "model": _MODEL.id, "loading": []}
    settings = {"settings": [wire.plain(Setting("answer_tokens", 512, 512, 16, 8192))]}
    seal = seal_check(SealState(sealed=True, by="seccomp", landlock=6))
    checks = {"checks": [wire.plain(Check("cpu", "ok", "AVX2")), wire.plain(seal)]}
    return {
        ("GET", "/healthz"): Says(answers.Health, health),
        ("GET", "/readyz"): Says(answers.Readiness, ready, also={503: {**ready, "ready": False, "loading": ["model"]}}),
        ("GET", "/metrics"): Says(None, other={CONTENT_TYPE.split(";")[0]: _METRICS}),
        ("GET", "/api/status"): Says(EngineStatus, wire.plain(status)),
        ("GET", "/api/doctor"): Says(answers.Checks, checks),
        ("GET", "/api/settings"): Says(answers.Settings, settings),
        ("PATCH", "/api/settings"): Says(
            answers.Settings,
            settings,
            (Code.UNKNOWN_MODEL, Code.MODEL_KIND, Code.NEWER_FORMAT),
            body={"settings": {"answer_tokens": 700}},
        ),
        ("GET", "/api/ahead"): Says(AheadStatus, ahead),
        ("PUT", "/api/ahead"): Says(AheadStatus, ahead, body={"on": True}),
    }


def _tokens() -> Table:
    wanted = {"name": "nightly", "scopes": ["ingest"], "expires_s": 2_592_000, "roots": ["/home/ada/contracts"]}
    token = NamedToken(
        "nightly", "", (Scope.INGEST,), _AT, _AT + 2_592_000, roots=("/home/ada/contracts",)
    ).shape()  # fmt: skip
    made = {**token, "token": "studiolo_(43 letters, digits, - and _)"}
    return {
        ("GET", "/api/tokens"): Says(answers.Tokens, {"tokens": [token]}),
        ("POST", "/api/tokens"): Says(
            answers.MadeToken, made, (Code.TOKEN_EXISTS, Code.FILE_MISSING), status=201, body=wanted
        ),
        ("DELETE", "/api/tokens/{name}"): _gone(Code.UNKNOWN_TOKEN),
    }


def _libraries() -> Table:
    folder = {"folder": "/home/ada/contracts"}
    statistics = Statistics(
        "contracts", {"ready": 12}, 140, 340, {"en": 200, "zh": 140}, (Redaction("PERSON", 90),), 5_200_000,
        _LIBRARY.embedder, watched=(Watched("/home/ada/contracts", False, "watching"),),
    )  # fmt: skip
    point = MapPoint("8f3a-1-0", "8f3a", "lease.pdf", 2, -0.25, 0.5, "The term of the lease is twelve months.", "ii")
    sound = {
        "passages": 340, "missing": 0, "damaged": 0, "unknown": 0, "doubled": 0, "without_vector": 0, "documents": [],
        "sound": True,
    }  # fmt: skip
    one = "/api/libraries/{name}"
    pseudonyms = {"pseudonyms": [wire.plain(Pseudonym("PERSON_1", "PERSON"))]}
    return {
        ("GET", "/api/libraries"): Says(answers.Libraries, {"libraries": [wire.plain(_LIBRARY)]}),
        ("POST", "/api/libraries"): Says(
            Library, wire.plain(_LIBRARY), (Code.UNKNOWN_MODEL, Code.MODEL_KIND), status=201, body={"name": "contracts"}
        ),
        ("DELETE", one): _gone(*LIBRARY_CODES),
        ("GET", f"{one}/statistics"): Says(Statistics, wire.plain(statistics), LIBRARY_CODES),
        ("GET", f"{one}/map"): Says(
            LibraryMap, wire.plain(LibraryMap("contracts", (point,), 340, 2)),
            (*LIBRARY_CODES, Code.UNSUPPORTED_CPU, Code.MISSING_PACKAGE),
        ),
        ("POST", f"{one}/check"): Says(answers.Soundness, sound, (*LIBRARY_CODES, *EMBEDDER_CODES)),
        ("PUT", f"{one}/embedder"): _job(body={"model": "multilingual-e5-small"}),
        ("POST", f"{one}/export"): _job(Code.PATH_NOT_ALLOWED, body={"path": "/home/ada/contracts.studiolo"}),
        ("POST", "/api/libraries/import"): _job(Code.PATH_NOT_ALLOWED, body={"path": "/home/ada/contracts.studiolo"}),
        ("GET", f"{one}/watched"): Says(
            answers.Folders, {"folders": [wire.plain(statistics.watched[0])]}, LIBRARY_CODES
        ),
        ("POST", f"{one}/watched"): _gone(*LIBRARY_CODES, Code.FILE_MISSING, body=folder),
        ("DELETE", f"{one}/watched"): _gone(*LIBRARY_CODES, body=folder),
        ("GET", f"{one}/pseudonyms"): Says(answers.Pseudonyms, pseudonyms, (*LIBRARY_CODES, *KEY_CODES)),
        ("DELETE", f"{one}/pseudonyms"): Says(
            answers.Erased, {"erased": 1}, (*LIBRARY_CODES, *KEY_CODES), body={"name": "Ada Lovelace"}
        ),
        ("DELETE", "/api/pseudonyms"): Says(answers.Erased, {"erased": 57}, KEY_CODES),
        ("PUT", "/api/pseudonyms/protection"): Says(
            None,
            codes=(Code.WRONG_PASSPHRASE, Code.KEY_LOST),
            status=204,
            body={"by": "file"},
            moved={CONFLICT: WITHOUT_MEANS},
        ),
    }  # fmt: skip


def _documents() -> Table:
    many = "/api/libraries/{name}/documents"
    one = f"{many}/{{document_id}}"
    page = f"{one}/pages/{{page}}"
    view = PageView(
        _DOCUMENT.id, 3, 12, _PASSAGE.text, 2210, ((0, 39),), b"\x89PNG\r\n\x1a\n", 1200, 1697,
        (PageBox(0.12, 0.31, 0.64, 0.33),),
    )  # fmt: skip
    report = DocumentReport(_DOCUMENT.id, "contracts", (Finding("PERSON", 4, "pseudonymise", (1, 3)),), 31)
    seen = Says(answers.PageAnswer, wire.page_plain(view), DOCUMENT_CODES, other={"image/png": "(a picture in PNG)"})
    removed = {"ids": [_DOCUMENT.id], "conversations": "keep"}
    marked = {"passage": _PASSAGE.id, "quotes": ["twelve months"]}
    return {
        ("GET", many): Says(answers.Documents, {"documents": [wire.plain(_DOCUMENT)]}, LIBRARY_CODES),
        ("POST", many): _job(Code.FILE_TOO_LARGE, Code.PATH_NOT_ALLOWED, body={"paths": ["/home/ada/lease.pdf"]}),
        ("DELETE", many): _gone(*DOCUMENT_CODES, body=removed),
        ("GET", one): Says(Document, wire.plain(_DOCUMENT), DOCUMENT_CODES),
        ("DELETE", one): _gone(*DOCUMENT_CODES),
        ("GET", f"{one}/passages"): Says(answers.Passages, {"passages": [wire.plain(_PASSAGE)]}, DOCUMENT_CODES),
        ("GET", f"{one}/report"): Says(DocumentReport, wire.plain(report), (*DOCUMENT_CODES, *FILTER_CODES)),
        ("GET", page): seen,
        ("POST", page): Says(seen.kind, seen.example, seen.codes, other=seen.other, body=marked),
    }


def _jobs() -> Table:
    file = {"path": "/home/ada/lease.pdf", "status": "added", "reason": "", "pages": 12, "passages": 31, "seconds": 3.2}
    job = {
        "id": "3c1f8a2b9d7e",
        "state": "finished",
        "progress": {**wire.plain(_JOB_STREAM[1]), **wire.plain(_JOB_STREAM[0])},
        "files": [file],
        "comparison": None,
        "end": wire.event_plain(events.Finished()),
    }
    unknown = (Code.UNKNOWN_JOB,)
    return {
        ("GET", "/api/jobs"): Says(answers.Jobs, {"jobs": [job]}),
        ("GET", "/api/jobs/{job_id}"): Says(answers.JobAnswer, job, unknown),
        ("DELETE", "/api/jobs/{job_id}"): Says(
            answers.Cancelling, {"id": "3c1f8a2b9d7e", "state": "running"}, unknown, status=202
        ),
        ("GET", "/api/jobs/{job_id}/events"): Says(None, codes=unknown, other=_sse(_JOB_STREAM)),
        ("DELETE", "/api/streams/{stream_name}"): _gone(*unknown),
    }


def _questions() -> Table:
    found = {
        "query": "term of the lease",
        "hits": [wire.hit_plain(Hit(_PASSAGE, 0.82))],
        "seconds": 0.05,
        "by": "meaning",
    }
    answer = {
        "answer": _TURN.answer,
        "citations": [{"document": "lease.pdf", "page": 3, "quote": _CITATION.quote, "verified": True}],
        "timings": {"retrieve_s": 0.05, "first_token_s": 0.7, "total_s": 2.4},
        "usage": {"prompt_tokens": 412, "reused_tokens": 380, "completion_tokens": 9},
        "redactions": [{"type": "PERSON", "count": 1}],
    }
    asked = {"question": _TURN.question, "library": "contracts", "stream": False}
    redacted = Redacted("Call <PERSON>.", (Entity("PERSON", 5, 17, 0.85),))
    chat = {"messages": [{"role": "user", "content": "Good morning."}]}
    where = (*DOCUMENT_CODES, *EMBEDDER_CODES)
    return {
        ("POST", "/api/search"): Says(
            answers.Found, found, where, body={"query": "term of the lease", "library": "contracts", "limit": 1}
        ),
        ("POST", "/api/ask"): Says(
            answers.AskAnswer,
            answer,
            (*DOCUMENT_CODES, Code.UNKNOWN_CONVERSATION, *ANSWER_CODES),
            other=_sse(_STREAMED),
            body=asked,
        ),
        ("POST", "/api/chat"): Says(None, codes=ANSWER_CODES, other=_sse(_STREAMED[:1] + _STREAMED[2:3]), body=chat),
        ("POST", "/api/redact"): Says(
            Redacted | answers.RedactedTexts,
            wire.plain(redacted),
            (*FILTER_CODES, *FILE_CODES, Code.PATH_NOT_ALLOWED),
            body={"text": "Call Ada Lovelace."},
        ),
    }


def _stored() -> Table:
    seen = Seen(
        _TURN.id,
        "<|im_start|>user\nCall PERSON_1.",
        (SeenPart("template", "<|im_start|>user\n"), SeenPart("text", "Call PERSON_1.")),
    )
    screening = Screening(
        _TURN.id,
        Sides("Who is Ada Lovelace?", "Who is <PERSON_1>?", (Mark("PERSON", 7, 19, 7, 17, "PERSON_1"),)),
        Sides("The tenant.", "The tenant."),
    )
    found = {"conversations": [wire.plain(_CONVERSATION)]}
    unknown = (Code.UNKNOWN_CONVERSATION,)
    written = ExportedTurn(
        _TURN.id,
        "",
        True,
        _TURN.question,
        _TURN.answer,
        "complete",
        _TURN.model,
        _AT,
        (ExportedCitation(1, "lease.pdf", 3, _CITATION.quote, True, "iii"),),
    )
    export = ConversationExport(
        _CONVERSATION.id, _CONVERSATION.title, "contracts", _AT, _AT, (written,), (Redaction("PERSON", 1),)
    )
    matches = {"found": [wire.plain(ConversationFound(_CONVERSATION, _TURN.id, _TURN.question))]}
    return {
        ("GET", "/api/conversations"): Says(answers.Conversations, found),
        ("POST", "/api/conversations/search"): Says(
            answers.ConversationsFound, matches, KEY_CODES, body={"query": "term"}
        ),
        ("PUT", "/api/conversations/{conversation_id}"): Says(
            Conversation, wire.plain(_CONVERSATION), (*unknown, *FILTER_CODES), body={"title": "Lease", "pinned": True}
        ),
        ("GET", "/api/conversations/{conversation_id}/export"): Says(
            ConversationExport, wire.plain(export), (*unknown, *FILTER_CODES),
            other={MARKDOWN: transcript_markdown(export)},
        ),
        ("PUT", "/api/turns/{turn_id}/shown"): _gone(),
        ("POST", "/api/conversations/quoting"): Says(answers.Conversations, found, body={"ids": [_DOCUMENT.id]}),
        ("GET", "/api/conversations/{conversation_id}"): Says(
            answers.ConversationAnswer, {"id": _CONVERSATION.id, "turns": [wire.plain(_TURN)]},
            (*unknown, *FILTER_CODES),
        ),
        ("DELETE", "/api/conversations/{conversation_id}"): _gone(*unknown, *KEY_CODES),
        ("GET", "/api/turns/{turn_id}/seen"): Says(
            answers.SeenAnswer, {"turn": seen.turn_id, "text": seen.text, "parts": wire.plain(seen.parts)}
        ),
        ("GET", "/api/turns/{turn_id}/screening"): Says(
            Screening, wire.plain(screening), (*unknown, *FILTER_CODES)
        ),
        ("POST", "/api/turns/{turn_id}/reveal"): Says(
            Revealed, wire.plain(Revealed("PERSON_1", "PERSON", "Ada Lovelace")), (*unknown, *KEY_CODES),
            body={"token": "PERSON_1"},
        ),
    }  # fmt: skip


def _privacy() -> Table:
    record = AuditRecord(
        1, _AT, "screened", "question", "", "library:0123456789abcdef", 1,
        (AuditFound("PHONE_NUMBER", "contact", 1, 11),), "0" * 64, "1" * 64,
    )  # fmt: skip
    report = AuditReport(1, 1, "1" * 64, "", 0, 0, {"file": "ok"})
    policy = wire.plain(_POLICY)
    return {
        ("GET", "/api/privacy"): Says(PolicyView, policy, (*LIBRARY_CODES, Code.BAD_POLICY)),
        ("PUT", "/api/privacy"): Says(
            PolicyView, policy, (*LIBRARY_CODES, Code.BAD_POLICY), body={"policy": {"types": {"LOCATION": "flag"}}}
        ),
        ("POST", "/api/privacy/preview"): Says(
            PolicyPreview,
            wire.plain(PolicyPreview("Call <PERSON_1>.", (PreviewFound("PERSON", 5, 17, "pseudonymise"),))),
            (*LIBRARY_CODES, *FILTER_CODES),
            body={"policy": {"profile": "strict"}, "text": "Call Ada Lovelace."},
        ),
        ("POST", "/api/privacy/load"): Says(PolicyView, policy, (Code.BAD_POLICY,)),
        ("GET", "/api/audit"): Says(answers.Records, {"records": [audit_shape(record)]}, KEY_CODES),
        ("GET", "/api/audit/verify"): Says(AuditReport, wire.plain(report), KEY_CODES),
    }


def _models() -> Table:
    file_codes = (
        Code.FILE_MISSING, Code.FILE_UNREADABLE, Code.DAMAGED_MODEL, Code.MODEL_EXISTS, Code.DIGEST_MISMATCH,
        Code.PATH_NOT_ALLOWED,
    )  # fmt: skip
    fit = ModelFit(_MODEL.id, 1_000_000_000, 8_000_000_000, 16_000_000_000, fits=True, write_tokens_s=43.0)
    return {
        ("GET", "/api/models"): Says(answers.Models, {"models": [wire.plain(_MODEL)]}),
        ("POST", "/api/models"): Says(
            Model, wire.plain(_MODEL), file_codes, status=201, body={"path": "/home/ada/model.gguf"}
        ),
        ("GET", "/api/models/fits"): Says(answers.Fits, {"fits": [wire.plain(fit)]}),
        ("POST", "/api/models/calibrate"): _job(body={"model": _MODEL.id}),
        ("POST", "/api/models/quantize"): _job(body={"model": _MODEL.id, "to": "q4_0"}),
        ("POST", "/api/models/compare"): _job(
            Code.PATH_NOT_ALLOWED, body={"model": _MODEL.id, "other": f"{_MODEL.id}-q4_0"}
        ),
        ("DELETE", "/api/models/{model_id}"): _gone(Code.UNKNOWN_MODEL, Code.MODEL_MISSING),
    }
