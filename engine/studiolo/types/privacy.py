"""What the privacy filter says of texts, policies and itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Entity:
    """A value found by `redact`; offsets in code points of the input."""

    type: str
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text with its personal data replaced, for scripts."""

    text: str = field(repr=False)
    entities: tuple[Entity, ...] = ()


Protection = Literal["keyring", "passphrase", "file"]
"""What keeps the key of the pseudonym table: the system's keyring, a passphrase, or a file in the home."""


@dataclass(frozen=True, slots=True)
class Pseudonym:
    """One token of a library. `value` is "" unless it was asked for; `same_as`: other numbers of the same person."""

    token: str
    type: str
    value: str = field(default="", repr=False)
    same_as: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """How often values of one type stand in a document, on which pages, and what becomes of them for the model."""

    type: str
    count: int
    action: str  # allow, flag, mask, pseudonymise or block
    pages: tuple[int, ...] = ()  # from 1; () where the format has none


@dataclass(frozen=True, slots=True)
class DocumentReport:
    """What the filter has found in a document. Of `passages`, `unscreened` are not looked through (any more)."""

    document_id: str
    library: str
    findings: tuple[Finding, ...]
    passages: int
    unscreened: int = 0


@dataclass(frozen=True, slots=True)
class PolicyView:
    """A library's privacy policy: what the home's file says of it, and what counts in the end.

    `section` is the file's own table (the home's, where `library` is ""), as `set_policy` takes it. The rest is what
    counts: actions by type, with `default` for all others; the types listed by hand; what no file may hold.
    """

    library: str
    profile: str
    types: dict[str, str]
    directions: dict[str, dict[str, str]]
    readers: dict[str, dict[str, str]]
    custom: tuple[str, ...]
    refuse: tuple[str, ...]
    section: dict[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class PreviewFound:
    """A value in a text that a policy was tried on, and what would become of it; offsets in code points of the text."""

    type: str
    start: int
    end: int
    action: str  # allow, flag, mask, pseudonymise or block


@dataclass(frozen=True, slots=True)
class PolicyPreview:
    """What a policy would make of a text. `text`: as the model would read it; a type in `blocked` refuses it whole.

    Pseudonyms are numbered for this text alone.
    """

    text: str = field(repr=False)
    found: tuple[PreviewFound, ...] = ()
    blocked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AuditFound:
    """Values of one type in an audit record: how many, and how many code points they have together. `rule`: the family
    of rules that finds the type; "known" where the value was met before; "stream" where an answer was screened."""

    type: str
    rule: str
    count: int
    length: int = 0


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One entry of the audit log; no value in it, and nothing made from one.

    `event`: "screened", "answer", "left" (an answer whose reader went away), "restored", "redacted", "revealed",
    "blocked", "failed", "exported"; of the log itself: "torn", "pruned", "cut_tail", "anchor_mismatch",
    "anchor_missing".
    `library` names the pseudonyms' table by a keyed digest. `count`: texts; of "pruned": the last record dropped; of
    "torn": bytes; of "cut_tail": records missing. `previous` and `hash` are SHA-256 in hex.
    """

    number: int
    time: float  # Unix seconds
    event: str
    direction: str
    reader: str
    library: str
    count: int
    found: tuple[AuditFound, ...]
    previous: str
    hash: str


AuditProblem = Literal["", "changed_record", "removed_records", "cut_tail", "anchor_mismatch", "anchor_missing"]


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What verifying the audit log came to. `record` is the first bad one, 0 where none is (or none can be named)."""

    first: int  # 0 = the log is empty
    last: int
    head: str  # hash of the last record
    problem: AuditProblem
    record: int
    torn: int  # lines that a crash cut off, closed by a record
    anchors: dict[str, str]  # name -> "ok", "older", "missing", "mismatch"

    @property
    def sound(self) -> bool:
        """Whether nothing speaks against the log."""
        return not self.problem
