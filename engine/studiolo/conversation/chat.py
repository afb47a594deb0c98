"""A conversation that the client keeps: every message is screened, the answer is streamed back, nothing is stored.

Its pseudonyms live in a table of their own that all such chats share, so that a value keeps its pseudonym from one
request of a client to the next. Threads: the one that reads the events.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from studiolo.conversation.prompt import compose_chat
from studiolo.conversation.seams import AnswerStream, ModelPool, Screener
from studiolo.conversation.tools import SCHEMA_TEXTS, Offer, check_tools
from studiolo.conversation.writing import Writing, write
from studiolo.errors import Code, StudioloError, UserError, unexpected
from studiolo.events import Event, Failed, Finished, LeftOut, Redacted, Started
from studiolo.hardware.energy import EnergyMeter
from studiolo.inference.ambiguity import readings
from studiolo.inference.grammar import checked_grammar
from studiolo.inference.schema import grammar_for
from studiolo.inference.steps import Prompt, Service
from studiolo.inference.template import TemplateCall, TemplateMessage
from studiolo.jobs import CancelToken
from studiolo.models.adapters import AdapterFile
from studiolo.privacy.arguments import screened_arguments
from studiolo.types import Chat, Message, Reader, Redaction, Screened, Tool

SCOPE = "chat"


def answer_chat(
    chat: Chat,
    *,
    model_id: str,
    screener: Screener,
    models: ModelPool,
    cancel: CancelToken,
    monotonic: Callable[[], float],
    adapters: Sequence[AdapterFile] = (),
    meter: Callable[[], EnergyMeter] = EnergyMeter,
) -> Iterator[Event]:
    """Started, Redacted?, LeftOut?, Progress..., Delta or ToolCalled..., then Finished or Failed. Leaving cancels.

    `adapters`: those that `chat` names, as files.
    """
    with models.arriving(model_id, Service.of(chat.service)):  # not only once the model reads it
        yield from _answered(
            chat,
            model_id=model_id,
            screener=screener,
            models=models,
            cancel=cancel,
            monotonic=monotonic,
            adapters=adapters,
            meter=meter,
        )


def _answered(
    chat: Chat,
    *,
    model_id: str,
    screener: Screener,
    models: ModelPool,
    cancel: CancelToken,
    monotonic: Callable[[], float],
    adapters: Sequence[AdapterFile],
    meter: Callable[[], EnergyMeter],
) -> Iterator[Event]:
    started, used = monotonic(), meter()
    writing = Writing()
    load_s = 0.0
    try:
        tools = _checked(chat)
        yield Started(turn_id=uuid.uuid4().hex, model=model_id)
        models.warm(model_id)
        screening = _Screening(screener, chat.reader)
        offer = Offer(tools, plain=lambda text: screening.plain(text, "tool"), arguments=screening.arguments)
        messages = [offer.message] if offer else []
        if redactions := screening.taken():
            yield Redacted("question", redactions)
        for message in chat.messages:
            messages.append(screening.message(message))
            if redactions := screening.taken():
                yield Redacted("question", redactions)
        with models.lease(model_id) as held:
            lease, load_s = held.using(adapters), held.load_s
            budget = lease.context_tokens - min(chat.sampling.max_tokens, lease.context_tokens // 2)
            kept, dropped = compose_chat(messages, budget_tokens=budget, count=lease.count)
            if dropped:
                yield LeftOut(turns=dropped)
            prompt = lease.bare("".join(kept[0].parts)) if chat.raw else lease.compose(kept)

            def arguments() -> AnswerStream:
                return screener.tool_arguments(library_id=SCOPE, reader=chat.reader, seen=[prompt.text])

            # JSON is screened inside its strings: a restored value with a quote in it would end the string
            as_json = bool(chat.sampling.json_schema)
            stream = (
                arguments() if as_json else screener.stream(library_id=SCOPE, reader=chat.reader, seen=[prompt.text])
            )
            enough = CancelToken()
            # a reader who leaves after the end must not stop the answer that is written next
            cancel.on_cancel(lambda: None if writing.ended else enough.cancel())
            calls = offer.calls(chat, opened=arguments, on_last=enough.cancel) if offer else None
            yield from write(
                lease,
                prompt,
                stream=stream,
                sampling=offer.sampling(chat, _of_template(prompt)) if offer else chat.sampling,
                cancel=enough,
                writing=writing,
                elapsed=lambda: monotonic() - started,
                calls=calls,
                service=Service.of(chat.service),
                client=chat.client,
            )
        if calls is not None and calls.ended and not cancel.cancelled:
            writing.reason = "stop"
        counts = Counter({redaction.type: redaction.count for redaction in stream.redactions})
        counts.update({redaction.type: redaction.count for redaction in (calls.redactions if calls else ())})
        if counts:
            yield Redacted("answer", Redaction.of(counts))
        timings = writing.timings(load_s=load_s, total_s=monotonic() - started, energy_j=used.joules())
        yield Finished(writing.reason, timings, writing.usage)
    except StudioloError as error:
        yield Failed(error.code.value, error.values)
    except GeneratorExit:
        cancel.cancel()
        raise
    except Exception as error:  # noqa: BLE001 - the edge of a chat
        told = unexpected(error, model=model_id)
        yield Failed(told.code.value, told.values)


def _checked(chat: Chat) -> tuple[Tool, ...]:
    """What may be called. Raises UserError(bad_request) on what could not be kept, before a model is loaded for it."""
    sampling = chat.sampling
    if chat.raw and (len(chat.messages) != 1 or chat.messages[0].role != "user" or chat.tools):
        raise UserError(Code.BAD_REQUEST, field="raw", problem="only for one message of a user's, without tools")
    if chat.raw and not chat.messages[0].content:
        raise UserError(Code.BAD_REQUEST, field="messages", problem="there is nothing to go on with")
    if not chat.messages or chat.messages[-1].role not in ("user", "tool"):
        raise UserError(Code.BAD_REQUEST, field="messages", problem="the last message must be the user's or a tool's")
    if sampling.json_schema and sampling.grammar:
        raise UserError(Code.BAD_REQUEST, field="grammar", problem="not supported together with response_format")
    if sampling.logprobs is not None and chat.reader not in (Reader.OWNER, Reader.RESTORE):
        raise UserError(Code.BAD_REQUEST, field="logprobs", problem="only for readers who may see all of the answer")
    tools = check_tools(chat)
    if sampling.json_schema:
        grammar_for(sampling.json_schema)
    if sampling.grammar:
        readings(checked_grammar(sampling.grammar))
    return tools


def _of_template(prompt: Prompt) -> str:
    """What the template itself wrote into the prompt."""
    starts = (0, *(end for end, _ in prompt.ends))
    return "".join(
        prompt.text[start:end] for start, (end, control) in zip(starts, prompt.ends, strict=False) if control
    )


class _Screening:
    """Messages and tools as the model may read them, and what was screened in them."""

    def __init__(self, screener: Screener, reader: str) -> None:
        self._screener = screener
        self._reader = reader
        self._counts: Counter[str] = Counter()

    def taken(self) -> tuple[Redaction, ...]:
        """What was screened since this was last asked."""
        counts, self._counts = self._counts, Counter()
        return Redaction.of(counts)

    def message(self, message: Message) -> TemplateMessage:
        """A message: what tools are called with and give back is screened as JSON."""
        if message.role == "tool":
            structured = message.content.lstrip()[:1] in ("{", "[", '"')
            content = self.arguments(message.content) if structured else self.plain(message.content, "tool")
            return TemplateMessage("tool", (content,), answers=message.tool_call_id)
        calls = tuple(
            TemplateCall(self.plain(call.name, "tool"), self.arguments(call.arguments), call.id)
            for call in message.tool_calls
        )
        parts = (self.plain(message.content, "question"),) if message.content or not calls else ()
        return TemplateMessage(message.role, parts, calls=calls)

    def plain(self, text: str, direction: str) -> str:
        """A text."""
        screened = self._screener.screen(text, library_id=SCOPE, direction=direction, reader=self._reader)
        self._count(screened.redactions)
        return screened.text

    def arguments(self, text: str) -> str:
        """A JSON text."""

        def screen(part: str) -> Screened:
            if part in SCHEMA_TEXTS:
                return Screened(part)
            return self._screener.screen(part, library_id=SCOPE, direction="tool", reader=self._reader)

        screened, redactions = screened_arguments(text, screen)
        self._count(redactions)
        return screened

    def _count(self, redactions: Iterable[Redaction]) -> None:
        for redaction in redactions:
            self._counts[redaction.type] += redaction.count
