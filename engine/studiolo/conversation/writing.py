"""Writing one answer: the model's pieces go through the filter's stream and come out as Deltas.

Used by a turn over a library and by a chat alike. Threads: the one that reads the events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from studiolo.conversation.seams import AnswerStream
from studiolo.events import Delta, Event, Progress
from studiolo.inference.scheduler import Lease
from studiolo.inference.steps import Ended, Piece, Prompt, Reading
from studiolo.jobs import CancelToken
from studiolo.types import Sampling, Usage


@dataclass(slots=True)
class Writing:
    """How far an answer is: filled while `write` runs. `text` is the model's own, with pseudonyms."""

    text: str = field(default="", repr=False)
    reason: Literal["stop", "length", "cancelled"] = "cancelled"
    prompt_tokens: int = 0
    reused_tokens: int = 0
    completion_tokens: int = 0
    first_token_s: float = 0.0

    @property
    def usage(self) -> Usage:
        """The tokens so far."""
        return Usage(self.prompt_tokens, self.reused_tokens, self.completion_tokens)


def write(
    lease: Lease,
    prompt: Prompt,
    *,
    stream: AnswerStream,
    sampling: Sampling,
    cancel: CancelToken,
    writing: Writing,
    elapsed: Callable[[], float],
) -> Iterator[Event]:
    """Progress(stage="read") while the prompt is read, then Deltas. `elapsed()` is the seconds since the request."""
    for step in lease.generate(prompt, sampling=sampling, cancel=cancel):
        if isinstance(step, Reading):
            writing.prompt_tokens, writing.reused_tokens = step.total, step.reused + step.loaded
            yield Progress(stage="read", done=step.done, total=step.total)
        elif isinstance(step, Piece):
            if not writing.completion_tokens:
                writing.first_token_s = elapsed()
            writing.completion_tokens += step.tokens
            writing.text += step.text
            shown = stream.feed(step.text)
            if shown:
                yield Delta(shown)
        elif isinstance(step, Ended):
            writing.reason = step.reason
    rest = stream.finish()
    if rest:
        yield Delta(rest)
