"""What the OpenAI-compatible API answers: completions and the chunks of a stream.

Token probabilities are those of the text as it is shown. Where the filter restored or masked what the model wrote, the
stretch is one entry with the probability of all its tokens together and no alternatives: no pseudonym and no masked
value stands in them. In a stream they come with their text up to the first such stretch, the rest before the end.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from studiolo import wire
from studiolo.events import Delta, Event, Failed, Finished, Logprobs, ToolCalled
from studiolo.server.errors import openai_shape
from studiolo.server.streaming import Pump, several
from studiolo.shapes import Answer, citation_shape
from studiolo.types import Alternative, Citation, TokenLogprob, Usage

_FRAGMENT = 256  # code points of arguments in one chunk

PageAddress = Callable[[Citation], str]


def completion(answers: Sequence[Answer], *, model: str, pages: PageAddress | None = None) -> dict[str, Any]:
    """One answer or several as a `chat.completion`; `pages` gives the address of a citation's page."""
    first = answers[0]
    return {
        "id": f"chatcmpl-{first.started.turn_id or uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": first.started.model or model,
        "choices": [
            {
                "index": index,
                "message": _message(answer, pages),
                "finish_reason": _finish_reason(answer),
                "logprobs": {"content": _entries(answer.logprobs), "refusal": None} if answer.logprobs else None,
            }
            for index, answer in enumerate(answers)
        ],
        "usage": usage_of(answers),
        **extras(answers),
    }


async def chunks(
    pumps: Sequence[Pump], *, model: str, include_usage: bool, pages: PageAddress | None = None
) -> AsyncIterator[str]:
    """The lines of a stream of `chat.completion.chunk`, one pump a choice; annotations come with the last of one."""
    answers = [Answer() for _ in pumps]
    base = {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": model,
    }

    def choice(
        index: int, delta: dict[str, Any], *, reason: str | None = None, logprobs: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        return {"index": index, "delta": delta, "finish_reason": reason, "logprobs": logprobs}

    def choices(index: int, event: Event) -> Iterator[dict[str, Any]]:
        match event:
            case Delta():
                yield choice(index, {"content": event.text})
            case Logprobs():
                yield choice(index, {"content": ""}, logprobs={"content": _entries(event.tokens), "refusal": None})
            case ToolCalled():
                for delta in _call_deltas(event):
                    yield choice(index, {"tool_calls": [delta]})
            case Finished():
                yield choice(index, _annotated(answers[index], pages), reason=_finish_reason(answers[index]))
            case _:
                pass

    opening = [choice(index, {"role": "assistant", "content": ""}) for index in range(len(pumps))]
    lines = choice_lines(pumps, answers, base, opening=opening, choices=choices, include_usage=include_usage)
    async with aclosing(lines):
        async for line in lines:
            yield line


async def choice_lines(
    pumps: Sequence[Pump],
    answers: Sequence[Answer],
    base: Mapping[str, Any],
    *,
    opening: Iterable[dict[str, Any]],
    choices: Callable[[int, Event], Iterable[dict[str, Any]]],
    include_usage: bool,
) -> AsyncGenerator[str]:
    """The lines of a stream of any kind of chunk, a choice each: `base` and what `choices` makes of an event.

    `opening` comes first, what all answers have in common with the last choice, the usage behind it. Fills `answers`.
    """

    def line(*chosen: dict[str, Any], **more: Any) -> str:
        return f"data: {wire.dumps({**base, 'choices': list(chosen), **more})}\n\n"

    usage: dict[str, Any] = {"usage": None} if include_usage else {}
    for choice in opening:
        yield line(choice, **usage)
    running = len(pumps)
    async with aclosing(several(pumps)) as events:
        async for index, event in events:
            if event is None:
                yield wire.HEARTBEAT
                continue
            answers[index].take(event)
            if isinstance(event, Failed):
                failure = answers[index].failure
                if failure is not None:
                    yield f"data: {wire.dumps(openai_shape(failure))}\n\n"
                return
            running -= isinstance(event, Finished)
            for choice in choices(index, event):
                yield line(choice, **usage, **({} if running else extras(answers)))
    if include_usage:
        yield line(usage=usage_of(answers))
    yield "data: [DONE]\n\n"


def _message(answer: Answer, pages: PageAddress | None) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.text, "refusal": None}
    message.update(_annotated(answer, pages))
    if answer.calls:
        message["content"] = answer.text or None
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in answer.calls
        ]
    return message


def _annotated(answer: Answer, pages: PageAddress | None) -> dict[str, Any]:
    """Citations where OpenAI's clients look for them: `annotations` of type `url_citation`.

    The address is that of the page in the native API. `start_index` and `end_index`, code points of the answer, are the
    marker's place ([1]), or the whole answer where it has none. `file_id`, `filename`, `page` and `quote` are ours.
    """
    if pages is None or not answer.citations:
        return {}
    return {"annotations": [_annotation(answer, citation, pages) for citation in answer.citations]}


def _annotation(answer: Answer, citation: Citation, pages: PageAddress) -> dict[str, Any]:
    marker = f"[{citation.marker}]"
    start = answer.text.find(marker)
    place = (start, start + len(marker)) if start >= 0 else (0, len(answer.text))
    page = citation.label or (str(citation.page) if citation.page else "")
    return {
        "type": "url_citation",
        "url_citation": {
            "start_index": place[0],
            "end_index": place[1],
            "title": f"{citation.document}, {page}" if page else citation.document,
            "url": pages(citation),
            "file_id": citation.document_id,
            "filename": citation.document,
            "page": citation.page,
            "quote": citation.quote,
            "verified": citation.verified,
        },
    }


def _call_deltas(call: ToolCalled) -> Iterator[dict[str, Any]]:
    """A call as clients put it together: who is called first, then the arguments piece by piece."""
    function = {"name": call.name, "arguments": ""}
    yield {"index": call.index, "id": call.id, "type": "function", "function": function}
    for start in range(0, len(call.arguments), _FRAGMENT):
        yield {"index": call.index, "function": {"arguments": call.arguments[start : start + _FRAGMENT]}}


def _entries(tokens: Sequence[TokenLogprob]) -> list[dict[str, Any]]:
    return [{**_entry(token), "top_logprobs": [_entry(other) for other in token.top]} for token in tokens]


def _entry(token: TokenLogprob | Alternative) -> dict[str, Any]:
    return {"token": token.token, "logprob": token.logprob, "bytes": list(token.bytes)}


def usage_of(answers: Sequence[Answer]) -> dict[str, Any]:
    """The prompt counts once, however many answers were written to it."""
    prompt = max((answer.usage for answer in answers), key=lambda usage: usage.prompt_tokens, default=Usage())
    written = sum(answer.usage.completion_tokens for answer in answers)
    return {
        "prompt_tokens": prompt.prompt_tokens,
        "completion_tokens": written,
        "total_tokens": prompt.prompt_tokens + written,
        "prompt_tokens_details": {"cached_tokens": answers[0].usage.reused_tokens},
    }


def _finish_reason(answer: Answer) -> str:
    if answer.reason == "length":
        return "length"
    return "tool_calls" if answer.calls else "stop"


def extras(answers: Sequence[Answer]) -> dict[str, Any]:
    """What ours adds: where the answer comes from, what was screened, and how long it took."""
    first = answers[0]
    return {
        "citations": [citation_shape(citation) for citation in first.citations],
        "redactions": wire.plain(first.redactions),
        "timings": wire.plain(first.timings),
    }
