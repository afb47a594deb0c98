"""A conversation that the client keeps: every message is screened, the answer is streamed back, nothing is stored.

Its pseudonyms live in a table of their own that all such chats share, so that a value keeps its pseudonym from one
request of a client to the next. Threads: the one that reads the events.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

from studiolo.conversation.prompt import compose_chat
from studiolo.conversation.seams import ModelPool, Screener
from studiolo.conversation.writing import Writing, write
from studiolo.errors import Code, StudioloError, UserError, unexpected
from studiolo.events import Event, Failed, Finished, LeftOut, Redacted, Started
from studiolo.inference.template import TemplateMessage
from studiolo.jobs import CancelToken
from studiolo.types import Chat, Timings

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
        if not chat.messages or chat.messages[-1].role != "user":
            raise UserError(Code.BAD_REQUEST, field="messages", problem="the last message must be the user's")
        yield Started(turn_id=uuid.uuid4().hex, model=model_id)
        models.warm(model_id)
        messages = []
        for message in chat.messages:
            screened = screener.screen(message.content, library_id=SCOPE, direction="question", reader=chat.reader)
            if screened.redactions:
                yield Redacted("question", screened.redactions)
            messages.append(TemplateMessage(message.role, (screened.text,)))
        with models.lease(model_id) as lease:
            load_s = lease.load_s
            budget = lease.context_tokens - min(chat.sampling.max_tokens, lease.context_tokens // 2)
            kept, dropped = compose_chat(messages, budget_tokens=budget, count=lease.count)
            if dropped:
                yield LeftOut(turns=dropped)
            prompt = lease.compose(kept)
            stream = screener.stream(library_id=SCOPE, reader=chat.reader, seen=[prompt.text])
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
