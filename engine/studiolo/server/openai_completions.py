"""`/v1/completions`: text that a model goes on with as it stands, in OpenAI's older form.

No chat template is put around the prompt; the filter screens it as any other. Where a library is named, the prompt is
the question and the answer comes from its documents. Threads: the loop's.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from typing import Annotated, Any, TypedDict

from pydantic import Field

from studiolo.events import Delta, Event, Finished, Logprobs
from studiolo.server.openai_bodies import SampledBody, unsupported
from studiolo.server.openai_shapes import choice_lines, extras, usage_of
from studiolo.server.streaming import Pump
from studiolo.shapes import Answer
from studiolo.types import Chat, Message, Question, Reader, Sampling, ServiceClass, TokenLogprob

DEFAULT_TOKENS = 16  # as OpenAI has it
MOST_ANSWERS = 32  # prompts times `n`
_MOST_LOGPROBS = 5  # as OpenAI has it


class _Named(TypedDict):
    """What questions and chats take alike."""

    model: str | None
    reader: str
    service: ServiceClass


Prompt = Annotated[str, Field(max_length=1_000_000)]


class TextCompletionBody(SampledBody):
    """A completion request."""

    prompt: Prompt | list[Prompt] | list[int] | list[list[int]] = Field(
        description="texts; token ids are refused", examples=["The term of the lease is"]
    )
    n: int | None = Field(None, ge=1, le=8, description="answers to each prompt; each has the next seed")
    best_of: int | None = Field(None, ge=1, le=8, description="refused where it asks for more than `n`")
    echo: bool | None = Field(None, description="with the prompt before the answer")
    logprobs: int | None = Field(None, ge=0, le=_MOST_LOGPROBS, description="alternatives to each token")
    suffix: str | None = Field(None, max_length=1_000_000, description="refused: nothing is written between texts")

    def prompts(self) -> list[str]:
        """The texts to go on with. Raises UserError(bad_request)."""
        given = [self.prompt] if isinstance(self.prompt, str) else list(self.prompt)
        texts = [text for text in given if isinstance(text, str)]
        if len(texts) != len(given):
            raise unsupported("prompt", "token ids are not supported, send text")
        if not texts or not all(texts):
            raise unsupported("prompt", "a text is needed, and it must not be empty")
        return texts

    def check(self) -> None:
        """Refuse what would silently be something else. Raises UserError(bad_request)."""
        library = self.target()[1]
        if len(self.prompts()) * (self.n or 1) > MOST_ANSWERS:
            raise unsupported("prompt", f"{MOST_ANSWERS} answers at most, prompts times n")
        if self.suffix:
            raise unsupported("suffix", "not supported")
        if (self.best_of or 1) > (self.n or 1):
            raise unsupported("best_of", "only supported where it is not above n")
        if self.echo and self.logprobs is not None:
            raise unsupported("echo", "not supported together with logprobs")
        if library is not None and self.logprobs is not None:
            raise unsupported("logprobs", "not supported where a library answers")

    def asked(self) -> list[Chat | Question]:
        """What the engine is asked, one a choice."""
        model, library = self.target()
        prompts = [(text, choice) for text in self.prompts() for choice in range(self.n or 1)]
        named: _Named = {"model": model, "reader": Reader.OWNER, "service": self.service}
        if library is not None:
            return [
                Question(text, library=library, sampling=self._sampling(choice), **named) for text, choice in prompts
            ]
        return [
            Chat((Message("user", text),), sampling=self._sampling(choice), raw=True, **named)
            for text, choice in prompts
        ]

    def echoed(self) -> list[str]:
        """What stands before each choice's answer."""
        prompts = [text for text in self.prompts() for _ in range(self.n or 1)]
        return prompts if self.echo else [""] * len(prompts)

    def _sampling(self, choice: int) -> Sampling:
        given = self.given(choice=choice)
        given.setdefault("max_tokens", DEFAULT_TOKENS)
        return Sampling(**given, logprobs=self.logprobs)


def text_completion(answers: Sequence[Answer], *, model: str, echoed: Sequence[str]) -> dict[str, Any]:
    """One answer or several as a `text_completion`."""
    first = answers[0]
    choices = [
        _choice(index, before + answer.text, reason=_reason(answer), logprobs=_logprobs(answer.logprobs, 0))
        for index, (answer, before) in enumerate(zip(answers, echoed, strict=True))
    ]
    return {
        "id": f"cmpl-{first.started.turn_id or uuid.uuid4().hex}",
        "object": "text_completion",
        "created": int(time.time()),
        "model": first.started.model or model,
        "choices": choices,
        "usage": usage_of(answers),
        **extras(answers),
    }


async def text_chunks(
    pumps: Sequence[Pump], *, model: str, echoed: Sequence[str], include_usage: bool
) -> AsyncIterator[str]:
    """The lines of a stream of `text_completion`s, one pump a choice."""
    answers = [Answer() for _ in pumps]
    base = {"id": f"cmpl-{uuid.uuid4().hex}", "object": "text_completion", "created": int(time.time()), "model": model}

    shown = [0] * len(pumps)

    def choices(index: int, event: Event) -> Iterator[dict[str, Any]]:
        match event:
            case Delta():
                yield _choice(index, event.text)
            case Logprobs():
                yield _choice(index, "", logprobs=_logprobs(event.tokens, shown[index]))
                shown[index] += sum(len(token.token) for token in event.tokens)
            case Finished():
                yield _choice(index, "", reason=_reason(answers[index]))
            case _:
                pass

    opening = [_choice(index, before) for index, before in enumerate(echoed) if before]
    lines = choice_lines(pumps, answers, base, opening=opening, choices=choices, include_usage=include_usage)
    async with aclosing(lines):
        async for line in lines:
            yield line


def _choice(
    index: int, text: str, *, reason: str | None = None, logprobs: dict[str, Any] | None = None
) -> dict[str, Any]:
    return {"index": index, "text": text, "finish_reason": reason, "logprobs": logprobs}


def _reason(answer: Answer) -> str:
    return "length" if answer.reason == "length" else "stop"


def _logprobs(tokens: Sequence[TokenLogprob], start: int) -> dict[str, Any] | None:
    """In the older form: four lists side by side; offsets in code points of the answer."""
    if not tokens:
        return None
    offsets = []
    for token in tokens:
        offsets.append(start)
        start += len(token.token)
    return {
        "tokens": [token.token for token in tokens],
        "token_logprobs": [token.logprob for token in tokens],
        "top_logprobs": [{other.token: other.logprob for other in token.top} for token in tokens],
        "text_offset": offsets,
    }
