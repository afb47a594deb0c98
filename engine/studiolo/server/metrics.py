"""Counters of a serving engine in Prometheus' text form: numbers alone, no user text.

Routes are counted by their pattern (`/api/libraries/{name}`), never by the address; libraries, documents and models
are counted, never named. Threads: any.

Source: Prometheus, "Exposition formats", text format 0.0.4.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studiolo.events import Event, Failed, FileDone, Finished

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
FIRST_TOKEN_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)  # upper ends of the histogram's buckets
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Family:
    """One metric: its samples by labels. `suffixes` name the samples of a histogram."""

    name: str
    kind: str  # "counter", "gauge" or "histogram"
    help: str
    samples: tuple[tuple[str, Labels, float], ...]  # (suffix, labels, value)

    def lines(self) -> Iterator[str]:
        """The family as it is exposed."""
        yield f"# HELP {self.name} {self.help}"
        yield f"# TYPE {self.name} {self.kind}"
        for suffix, labels, value in self.samples:
            shown = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels)
            yield f"{self.name}{suffix}{'{' + shown + '}' if shown else ''} {_number(value)}"


class Metrics:
    """What has been counted since the engine began to serve."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, str, str]] = Counter()
        self._answers: Counter[str] = Counter()
        self._tokens: Counter[str] = Counter()
        self._files: Counter[str] = Counter()
        self._buckets = [0] * len(FIRST_TOKEN_S)
        self._first_tokens = 0
        self._first_token_s = 0.0

    def request(self, method: str, route: str, status: int) -> None:
        """A request was answered; `route` is its pattern, "" where there is none for it."""
        with self._lock:
            self._requests[method if method in _METHODS else "other", route or "none", str(status)] += 1

    def answer(self, event: Event) -> None:
        """An answer has said something: its end counts."""
        with self._lock:
            match event:
                case Finished():
                    self._answers[event.reason] += 1
                    self._tokens["prompt"] += event.usage.prompt_tokens
                    self._tokens["reused"] += event.usage.reused_tokens
                    self._tokens["completion"] += event.usage.completion_tokens
                    if event.usage.completion_tokens:
                        self._first_token(event.timings.first_token_s)
                case Failed():
                    self._answers["failed"] += 1
                case _:
                    pass

    def file(self, event: Event) -> None:
        """A job has said something: files that were taken in count."""
        if isinstance(event, FileDone):
            with self._lock:
                self._files[event.result.status] += 1

    def _first_token(self, seconds: float) -> None:
        self._first_tokens += 1
        self._first_token_s += seconds
        for number, limit in enumerate(FIRST_TOKEN_S):
            self._buckets[number] += seconds <= limit

    def families(self) -> list[Family]:
        """Everything counted here."""
        with self._lock:
            requests = tuple(
                ("", (("method", method), ("route", route), ("status", status)), float(count))
                for (method, route, status), count in sorted(self._requests.items())
            )
            buckets = [
                ("_bucket", (("le", _number(limit)),), float(count))
                for limit, count in zip(FIRST_TOKEN_S, self._buckets, strict=True)
            ]
            histogram = (
                *buckets,
                ("_bucket", (("le", "+Inf"),), float(self._first_tokens)),
                ("_sum", (), self._first_token_s),
                ("_count", (), float(self._first_tokens)),
            )
            return [
                Family("studiolo_requests_total", "counter", "HTTP requests answered.", requests),
                _by("studiolo_answers_total", "counter", "Answers ended, by how.", "reason", self._answers),
                _by("studiolo_tokens_total", "counter", "Tokens of prompts, of them reused, written.", "kind",
                    {name: self._tokens[name] for name in ("prompt", "reused", "completion")}),
                Family("studiolo_first_token_seconds", "histogram", "From the request to the first token.", histogram),
                _by("studiolo_files_total", "counter", "Files that jobs have taken in, by outcome.", "status",
                    self._files),
            ]  # fmt: skip


def gauge(name: str, about: str, value: float) -> Family:
    """A metric with one value."""
    return Family(name, "gauge", about, (("", (), float(value)),))


def counter(name: str, about: str, value: float) -> Family:
    """The same for one that only grows."""
    return Family(name, "counter", about, (("", (), float(value)),))


def gauge_by(name: str, about: str, label: str, values: Mapping[str, float]) -> Family:
    """A metric with a value for each of a label's."""
    return _by(name, "gauge", about, label, values)


def _by(name: str, kind: str, about: str, label: str, values: Mapping[str, float]) -> Family:
    return Family(name, kind, about, tuple(("", ((label, text),), float(values[text])) for text in sorted(values)))


def exposed(families: Iterable[Family]) -> str:
    """The text that a scraper reads."""
    return "".join(f"{line}\n" for family in families for line in family.lines())


class Metered:
    """ASGI middleware that counts each request by the pattern of its route."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and count what is answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            route = getattr(scope.get("route"), "path", "")
            self._metrics.request(scope["method"], route, status or 500)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
