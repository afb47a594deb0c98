"""A conversation that the client keeps: every message is screened, the answer is streamed back, nothing is stored.

Its pseudonyms live in a table of their own that all such chats share, so that a value keeps its pseudonym from one
request of a client to the next. Threads: the one that reads the events.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from studiolo.conversation.prompt import compose_chat
from studiolo.conversation.seams import ModelPool, Screener
from studiolo.conversation.writing import Writing, write
from studiolo.errors import Code, StudioloError, UserError, unexpected
from studiolo.events import Event, Failed, Finished, LeftOut, Redacted, Started
from studiolo.inference.schema import grammar_for
from studiolo.inference.template import TemplateMessage
from studiolo.jobs import CancelToken
from studiolo.privacy.arguments import screened_arguments
from studiolo.types import Chat, Message, Redaction, Screened, Timings

SCOPE = "chat"


def answer_chat(
    chat: Chat,
    *,
    model_id: str,
    screener: Screener,
    models: ModelPool,
    cancel: CancelToken,
    monotonic: Callable[[], float],
) -> Iterator[Event]:
    """Started, Redacted?, LeftOut?, Progress..., Delta..., then Finished or Failed. Leaving early cancels."""
    started = monotonic()
    writing = Writing()
    load_s = 0.0
    try:
        if not chat.messages or chat.messages[-1].role not in ("user", "tool"):
            raise UserError(
                Code.BAD_REQUEST, field="messages", problem="the last message must be the user's or a tool's"
            )
        if chat.sampling.json_schema:
            grammar_for(chat.sampling.json_schema)  # refused before a model is loaded for it
        yield Started(turn_id=uuid.uuid4().hex, model=model_id)
        models.warm(model_id)
        messages = []
        for message in chat.messages:
            read, redactions = _screened(message, screener, chat.reader)
            if redactions:
                yield Redacted("question", redactions)
            messages.append(read)
        with models.lease(model_id) as lease:
            load_s = lease.load_s
            budget = lease.context_tokens - min(chat.sampling.max_tokens, lease.context_tokens // 2)
            kept, dropped = compose_chat(messages, budget_tokens=budget, count=lease.count)
            if dropped:
                yield LeftOut(turns=dropped)
            prompt = lease.compose(kept)
            # JSON is screened inside its strings: a restored value with a quote in it would end the string
            opened = screener.tool_arguments if chat.sampling.json_schema else screener.stream
            stream = opened(library_id=SCOPE, reader=chat.reader, seen=[prompt.text])
            yield from write(
                lease,
                prompt,
                stream=stream,
                sampling=chat.sampling,
                cancel=cancel,
                writing=writing,
                elapsed=lambda: monotonic() - started,
            )
        if stream.redactions:
            yield Redacted("answer", stream.redactions)
        timings = Timings(0.0, load_s, writing.first_token_s, monotonic() - started)
        yield Finished(writing.reason, timings, writing.usage)
    except StudioloError as error:
        yield Failed(error.code.value, error.values)
    except GeneratorExit:
        cancel.cancel()
        raise
    except Exception as error:  # noqa: BLE001 - the edge of a chat
        told = unexpected(error, model=model_id)
        yield Failed(told.code.value, told.values)


def _screened(message: Message, screener: Screener, reader: str) -> tuple[TemplateMessage, tuple[Redaction, ...]]:
    """A message as the model may read it: what tools are called with and give back is screened as JSON.

    Calls and their results are written as the Hermes templates write them, inside messages that every template knows.
    """
    counts: Counter[str] = Counter()

    def kept(text: str, redactions: Iterable[Redaction]) -> str:
        for redaction in redactions:
            counts[redaction.type] += redaction.count
        return text

    def arguments(text: str) -> str:
        def screen(part: str) -> Screened:
            return screener.screen(part, library_id=SCOPE, direction="tool", reader=reader)

        return kept(*screened_arguments(text, screen))

    def plain(text: str, direction: str) -> str:
        screened = screener.screen(text, library_id=SCOPE, direction=direction, reader=reader)
        return kept(screened.text, screened.redactions)

    if message.role == "tool":
        structured = message.content.lstrip()[:1] in ("{", "[", '"')
        content = arguments(message.content) if structured else plain(message.content, "tool")
        parts: tuple[str, ...] = (f"<tool_response>\n{content}\n</tool_response>",)
        role = "user"
    else:
        calls = [
            f'<tool_call>\n{{"name": {json.dumps(plain(call.name, "tool"), ensure_ascii=False)}, '
            f'"arguments": {arguments(call.arguments)}}}\n</tool_call>'
            for call in message.tool_calls
        ]
        content = plain(message.content, "question") if message.content or not calls else ""
        parts = ("\n".join([*([content] if content else []), *calls]),)
        role = message.role
    return TemplateMessage(role, parts), Redaction.of(counts)
