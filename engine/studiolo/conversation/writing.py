"""Writing one answer: the model's pieces go through the filter's stream and come out as Deltas.

Used by a turn over a library and by a chat alike. Threads: the one that reads the events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from studiolo.conversation.seams import AnswerStream
from studiolo.conversation.shown_tokens import ShownTokens
from studiolo.conversation.tools import Calls
from studiolo.events import Delta, Event, Logprobs, Progress, ToolCalled
from studiolo.inference.lease import Lease
from studiolo.inference.steps import Ended, Piece, Prompt, Reading, Service
from studiolo.jobs import CancelToken
from studiolo.types import Sampling, Timings, Usage


@dataclass(slots=True)
class Writing:
    """How far an answer is: filled while `write` runs. `text` is the model's own, with pseudonyms."""

    text: str = field(default="", repr=False)
    reason: Literal["stop", "length", "cancelled"] = "cancelled"
    prompt_tokens: int = 0
    reused_tokens: int = 0
    completion_tokens: int = 0
    first_token_s: float = 0.0
    began: float = 0.0  # the first batch; as the model's thread saw it, whenever the events are read
    first: float = 0.0  # the first token
    last: float = 0.0
    first_tokens: int = 0  # that came at once
    ended: bool = False  # the model writes no more

    @property
    def usage(self) -> Usage:
        """The tokens so far."""
        return Usage(self.prompt_tokens, self.reused_tokens, self.completion_tokens)

    def timings(self, *, retrieve_s: float = 0.0, load_s: float, total_s: float, energy_j: float | None) -> Timings:
        """The times and speeds so far."""
        written = self.completion_tokens - self.first_tokens
        return Timings(
            retrieve_s,
            load_s,
            self.first_token_s,
            total_s,
            read_tokens_per_s=_rate(self.prompt_tokens - self.reused_tokens, self.first - self.began),
            write_tokens_per_s=_rate(written, self.last - self.first),
            energy_j=energy_j,
        )


def write(
    lease: Lease,
    prompt: Prompt,
    *,
    stream: AnswerStream,
    sampling: Sampling,
    cancel: CancelToken,
    writing: Writing,
    elapsed: Callable[[], float],
    calls: Calls | None = None,
    service: Service = Service.PERSON,
    client: str = "",
) -> Iterator[Event]:
    """Progress(stage="read") while the prompt is read, then Deltas. `elapsed()` is the seconds since the request.

    `calls`: finds calls of tools in what is written; they come as ToolCalled among the Deltas. Logprobs come where
    `sampling` asks for them. `client`: see `Scheduler.run`.
    """
    tokens = None if sampling.logprobs is None else ShownTokens()
    for step in lease.generate(prompt, sampling=sampling, cancel=cancel, service=service, client=client):
        if isinstance(step, Reading):
            writing.prompt_tokens, writing.reused_tokens = step.total, step.reused + step.loaded
            writing.began = writing.began or step.at
            yield Progress(stage="read", done=step.done, total=step.total)
        elif isinstance(step, Piece):
            if not writing.completion_tokens:
                writing.first_token_s = elapsed()
                writing.first, writing.first_tokens = step.at, step.tokens
            writing.last = step.at if step.tokens else writing.last
            writing.completion_tokens += step.tokens
            writing.text += step.text
            if tokens is not None:
                tokens.wrote(step.logprobs)
            yield from _told([step.text] if calls is None else calls.feed(step.text), stream, tokens)
        elif isinstance(step, Ended):
            writing.reason, writing.ended = step.reason, True
    if calls is not None:
        yield from _told(calls.finish(), stream, tokens)
    if writing.reason != "stop":
        writing.text = writing.text.removesuffix(stream.cut_short())
    yield from _shown(stream.finish(), tokens)
    rest = tokens.finish() if tokens is not None else ()
    if rest:
        yield Logprobs(rest)


def _rate(tokens: int, seconds: float) -> float:
    return tokens / seconds if tokens > 0 and seconds > 0 else 0.0


def _told(parts: Iterable[str | ToolCalled], stream: AnswerStream, tokens: ShownTokens | None) -> Iterator[Event]:
    for part in parts:
        if isinstance(part, ToolCalled):
            yield part
        else:
            yield from _shown(stream.feed(part), tokens)


def _shown(text: str, tokens: ShownTokens | None) -> Iterator[Event]:
    if not text:
        return
    yield Delta(text)
    entries = tokens.shown(text) if tokens is not None else ()
    if entries:
        yield Logprobs(entries)
