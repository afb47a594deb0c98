"""The JSON of the contract for scripts, the same from the CLI's `--json` and from the API with `stream=false`.

Field names here are a promise: scripts depend on them. Must not know HTTP or the terminal. Threads: any.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from studiolo.errors import StudioloError, error_for
from studiolo.events import (
    Cited,
    Delta,
    Event,
    Failed,
    FileDone,
    Finished,
    Logprobs,
    Redacted,
    Retrieved,
    Started,
    ToolCalled,
)  # fmt: skip
from studiolo.types import AddResult, AuditRecord, Citation, Hit, Redaction, Timings, TokenLogprob, Usage
from studiolo.types import Redacted as RedactedText
from studiolo.wire import dumps


@dataclass(slots=True)
class Answer:
    """What a stream of events has come to so far. `take` each event, then read the fields."""

    text: str = field(default="", repr=False)
    calls: list[ToolCalled] = field(default_factory=list, repr=False)
    logprobs: list[TokenLogprob] = field(default_factory=list, repr=False)
    citations: list[Citation] = field(default_factory=list, repr=False)
    sources: tuple[Hit, ...] = field(default=(), repr=False)
    timings: Timings = field(default_factory=Timings)
    usage: Usage = field(default_factory=Usage)
    reason: str = ""  # of Finished; "" while it runs and where it failed
    started: Started = field(default_factory=Started)
    failure: StudioloError | None = None
    counts: dict[str, int] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Note one event."""
        match event:
            case Started():
                self.started = event
            case Retrieved():
                self.sources = event.hits
            case Delta():
                self.text += event.text
            case ToolCalled():
                self.calls.append(event)
            case Logprobs():
                self.logprobs += event.tokens
            case Cited():
                self.citations.append(event.citation)
            case Redacted() if event.direction != "answer":  # there it was put back or masked, not kept from the model
                for redaction in event.redactions:
                    self.counts[redaction.type] = self.counts.get(redaction.type, 0) + redaction.count
            case Finished():
                self.reason, self.timings, self.usage = event.reason, event.timings, event.usage
            case Failed():
                self.failure = error_for(event.code, event.values)
            case _:
                pass

    @property
    def conversation_id(self) -> str:
        """The conversation it is stored in, "" for none: asking under it goes on."""
        return self.started.conversation_id

    @property
    def turn_id(self) -> str:
        """The turn it is stored as."""
        return self.started.turn_id

    @property
    def model(self) -> str:
        """The model that wrote it."""
        return self.started.model

    @property
    def redactions(self) -> tuple[Redaction, ...]:
        """What was kept from the model, in question and passages together, by type."""
        return tuple(Redaction(name, self.counts[name]) for name in sorted(self.counts))


def citation_shape(citation: Citation) -> dict[str, Any]:
    """`{document, page, quote, verified}`; with `suspicious: true` where the passage tries to give orders."""
    return {
        "document": citation.document,
        "page": citation.page,
        "quote": citation.quote,
        "verified": citation.verified,
        **_flag(suspicious=citation.suspicious),
    }


def _flag(*, suspicious: bool) -> dict[str, bool]:
    return {"suspicious": True} if suspicious else {}


def answer_shape(answer: Answer) -> dict[str, Any]:
    """`{answer, citations, timings, usage, redactions}`."""
    return {
        "answer": answer.text,
        "citations": [citation_shape(citation) for citation in answer.citations],
        "timings": {
            "retrieve_s": answer.timings.retrieve_s,
            "first_token_s": answer.timings.first_token_s,
            "total_s": answer.timings.total_s,
            "read_tokens_per_s": answer.timings.read_tokens_per_s,
            "write_tokens_per_s": answer.timings.write_tokens_per_s,
            "energy_j": answer.timings.energy_j,
        },
        "usage": {
            "prompt_tokens": answer.usage.prompt_tokens,
            "reused_tokens": answer.usage.reused_tokens,
            "completion_tokens": answer.usage.completion_tokens,
        },
        "redactions": [{"type": item.type, "count": item.count} for item in answer.redactions],
    }


def search_shape(query: str, hits: Sequence[Hit], *, seconds: float) -> dict[str, Any]:
    """`{query, hits: [{document, page, passage_id, text, score}], seconds, by}`; `suspicious` as in a citation."""
    return {
        "query": query,
        "hits": [
            {
                "document": hit.passage.document,
                "page": hit.passage.page,
                "passage_id": hit.passage.id,
                "text": hit.passage.text,
                "score": hit.score,
                **_flag(suspicious=hit.suspicious),
            }
            for hit in hits
        ],
        "seconds": seconds,
        "by": ranked_by(hits),
    }


def ranked_by(hits: Sequence[Hit]) -> str:
    """How a search was answered: "words" where meaning took no part in it (see `Hit`), else "meaning"."""
    return "words" if any(hit.by == "words" for hit in hits) else "meaning"


def file_shape(result: AddResult) -> dict[str, Any]:
    """`{path, status, reason, pages, passages, seconds}`."""
    return {
        "path": result.path,
        "status": result.status,
        "reason": result.reason,
        "pages": result.pages,
        "passages": result.passages,
        "seconds": result.seconds,
    }


def summary_shape(results: Sequence[AddResult], *, seconds: float) -> dict[str, Any]:
    """`{summary: {added, updated, unchanged, failed, pages, passages, seconds}}`."""
    counts = {
        status: sum(result.status == status for result in results)
        for status in ("added", "updated", "unchanged", "failed")
    }
    totals = {"pages": sum(result.pages for result in results), "passages": sum(result.passages for result in results)}
    return {"summary": {**counts, **totals, "seconds": seconds}}


def redacted_shape(redacted: RedactedText) -> dict[str, Any]:
    """`{text, entities: [{type, start, end, score}]}`, offsets in code points of the input."""
    return {
        "text": redacted.text,
        "entities": [
            {"type": entity.type, "start": entity.start, "end": entity.end, "score": entity.score}
            for entity in redacted.entities
        ],
    }


def audit_shape(record: AuditRecord) -> dict[str, Any]:
    """A record as it stands in the log, in this order; its hash covers the line without `hash`."""
    return {
        "number": record.number,
        "time": record.time,
        "event": record.event,
        "direction": record.direction,
        "reader": record.reader,
        "library": record.library,
        "count": record.count,
        "found": [
            {"type": found.type, "rule": found.rule, "count": found.count, "length": found.length}
            for found in record.found
        ],
        "previous": record.previous,
        "hash": record.hash,
    }


def audit_line(record: AuditRecord) -> str:
    """The line of the log that `record` is, without its end."""
    return dumps(audit_shape(record))


def file_results(events: Sequence[Event]) -> list[AddResult]:
    """The results of the files that an ingestion has finished with."""
    return [event.result for event in events if isinstance(event, FileDone)]
