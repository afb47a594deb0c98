"""Tools in a chat: what the model is told, what it calls, and what a reader sees of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest
from tests.support import FixedScreener, ScriptedAnswer, ScriptedRuntime

from studiolo.conversation.chat import answer_chat
from studiolo.conversation.writing import Writing, write
from studiolo.errors import Code
from studiolo.events import Delta, Event, Failed, Finished, Logprobs, Redacted, ToolCalled
from studiolo.inference.grammar import checked_grammar
from studiolo.inference.lease import Lease
from studiolo.inference.scheduler import Scheduler
from studiolo.inference.steps import Ended, Piece, Prompt, Step
from studiolo.inference.template import ChatTemplate
from studiolo.jobs import CancelToken
from studiolo.types import Chat, Message, Reader, Sampling, TokenLogprob, Tool, ToolCall

NAME = 'Ada "Countess" \\ 王小明'
TOKEN = "<PERSON_1>"
SCHEMA = json.dumps({"type": "object", "properties": {"who": {"type": "string", "description": f"like {NAME}"}}})
DIAL = Tool("拨号", f"Calls a person, such as {NAME}", SCHEMA)
LOOK = Tool("look", "Looks", '{"type": "object"}')
CALL = f'<tool_call>\n{{"name": "拨号", "arguments": {{"who": "{TOKEN}"}}}}\n</tool_call>'


class Runtime(ScriptedRuntime):
    """Keeps how tokens were to be chosen."""

    def __init__(self, answer: Callable[[str], str], *, template: str = "") -> None:
        super().__init__(answer)
        self.template = ChatTemplate(template)
        self.samplings: list[Sampling] = []

    def begin(self, prompt: Prompt, sampling: Sampling) -> ScriptedAnswer:
        self.samplings.append(sampling)
        return super().begin(prompt, sampling)


@dataclass(frozen=True, slots=True)
class LikelyPiece(Piece):
    """A piece that says how likely its tokens were."""

    logprobs: tuple[TokenLogprob, ...] = field(default=())


class Likely:
    """Stands for a lease whose runtime says how likely each token was."""

    def generate(self, _prompt: Prompt, **asked: object) -> Iterator[Step]:
        del asked
        for text in ("早", ", ", TOKEN, "!"):
            yield LikelyPiece(text, 1, (TokenLogprob(text, tuple(text.encode()), -0.5),))
        yield Ended("stop")


def answered(runtime: ScriptedRuntime, chat: Chat) -> list[Event]:
    scheduler = Scheduler(lambda _model: runtime)
    try:
        return list(
            answer_chat(
                chat,
                model_id="m",
                screener=FixedScreener({NAME: TOKEN}),
                models=scheduler,
                cancel=CancelToken(),
                monotonic=time.monotonic,
            )
        )
    finally:
        scheduler.close()


def asked(text: str = "Call her.", *, tools: tuple[Tool, ...] = (DIAL, LOOK), **more: Any) -> Chat:
    given: dict[str, Any] = {"reader": Reader.OWNER, **more}
    return Chat((Message("user", text),), tools=tools, **given)


def said(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Delta))


def called(events: list[Event]) -> list[tuple[int, str, Any]]:
    return [(e.index, e.name, json.loads(e.arguments)) for e in events if isinstance(e, ToolCalled)]


@pytest.mark.parametrize(("reader", "seen"), [(Reader.OWNER, NAME), (Reader.MASKED, "<PERSON>")])
def test_a_call_is_restored_for_its_reader_as_json(reader: Reader, seen: str) -> None:
    runtime = Runtime(lambda _prompt: f"I ring {TOKEN}.\n{CALL}\n{CALL}")
    events = answered(runtime, asked(reader=reader))
    assert isinstance(events[-1], Finished)
    assert said(events) == f"I ring {seen}."
    assert called(events) == [(0, "拨号", {"who": seen}), (1, "拨号", {"who": seen})]
    assert len({event.id for event in events if isinstance(event, ToolCalled)}) == 2
    assert TOKEN not in "".join(f"{e.arguments}" for e in events if isinstance(e, ToolCalled))


def test_definitions_are_screened_before_the_model_reads_them() -> None:
    runtime = Runtime(lambda _prompt: "Done.")
    events = answered(runtime, asked())
    (prompt,) = runtime.prompts
    assert NAME not in prompt
    assert "Countess" not in prompt
    assert f"such as {TOKEN}" in prompt
    assert f"like {TOKEN}" in prompt
    assert [e.redactions[0].count for e in events if isinstance(e, Redacted) and e.direction == "question"] == [2]
    assert "Countess" not in runtime.samplings[0].grammar


def test_a_name_that_holds_a_value_is_another_one_for_the_model_alone() -> None:
    runtime = Runtime(lambda _prompt: json.dumps({"name": f"mail {TOKEN}", "arguments": {}}))
    tool = Tool(f"mail {NAME}", "", '{"type": "object"}')
    events = answered(runtime, asked(tools=(tool,)))
    assert NAME not in runtime.prompts[0]
    assert called(events) == [(0, f"mail {NAME}", {})]


def test_a_call_of_a_tool_that_was_not_offered_and_broken_json_are_content() -> None:
    unknown = '<tool_call>\n{"name": "rm", "arguments": {}}\n</tool_call>'
    broken = f'{unknown}<tool_call>{{"name": "look", "arguments": {{"who": "{TOKEN}"'
    events = answered(Runtime(lambda _prompt: broken), asked())
    assert called(events) == []
    assert said(events) == broken.replace(TOKEN, NAME)


def test_without_tools_or_with_none_chosen_nothing_is_looked_for() -> None:
    for chat in (asked(tools=()), asked(tool_choice="none")):
        runtime = Runtime(lambda _prompt: CALL)
        events = answered(runtime, chat)
        assert said(events) == CALL.replace(TOKEN, NAME)
        assert "# Tools" not in runtime.prompts[0]
        assert runtime.samplings == [chat.sampling]


@pytest.mark.parametrize(
    ("more", "forced", "after", "calls"),
    [
        ({}, "call-1", "<tool_call>", "{0,7}"),
        ({"parallel_tool_calls": False}, "call-1", "<tool_call>", ""),
        ({"tool_choice": "required"}, "call-1", "", ""),
        ({"tool_choice": "required", "parallel_tool_calls": True}, "call-1", "", "{0,7}"),
        ({"tool_choice": "required", "tool_name": "look"}, "call-0", "", ""),
    ],
)
def test_calls_are_forced_or_kept_well_formed(more: dict[str, Any], forced: str, after: str, calls: str) -> None:
    runtime = Runtime(lambda _prompt: CALL)
    answered(runtime, asked(**more))
    (sampling,) = runtime.samplings
    root = checked_grammar(sampling.grammar).splitlines()[0]
    assert sampling.grammar_after == after
    assert forced in sampling.grammar
    assert ("call-1" in sampling.grammar) is (forced == "call-1")
    assert root.endswith(calls)
    assert "{0," in root or not calls


def test_one_call_is_the_end_where_one_is_wanted() -> None:
    runtime = Runtime(lambda _prompt: CALL + "\n" + CALL + " and then " * 500)
    events = answered(runtime, asked(parallel_tool_calls=False, sampling=Sampling(max_tokens=8000)))
    assert len(called(events)) == 1
    assert said(events) == ""
    assert isinstance(events[-1], Finished)
    assert events[-1].reason == "stop"


def test_what_tools_gave_back_stands_by_its_call() -> None:
    runtime = Runtime(lambda _prompt: "Done.")
    chat = asked()
    calls = (ToolCall("拨号", json.dumps({"who": NAME}), "x"), ToolCall("look", "{}", "y"))
    messages = (
        *chat.messages,
        Message("assistant", "", calls),
        Message("tool", "busy", tool_call_id="x"),
        Message("tool", json.dumps({"n": NAME}), tool_call_id="y"),
    )
    answered(runtime, replace(chat, messages=messages))
    (prompt,) = runtime.prompts
    assert "Countess" not in prompt
    assert f'{{"name": "拨号", "arguments": {{"who": "{TOKEN}"}}}}' in prompt
    assert "<tool_response>\nbusy\n</tool_response>" in prompt


def test_a_call_and_its_result_are_left_out_together() -> None:
    runtime = Runtime(lambda _prompt: "Done.")
    runtime.context_tokens = 1500
    early = (
        Message("user", "早"),
        Message("assistant", "", (ToolCall("look", json.dumps({"text": "x" * 900}), "1"),)),
        Message("tool", "found " * 40, tool_call_id="1"),
        Message("assistant", "Fine."),
    )
    chat = asked(tools=(), sampling=Sampling(max_tokens=400))
    answered(runtime, replace(chat, messages=(*early, *chat.messages)))
    assert "xxx" not in runtime.prompts[0]
    assert "found" not in runtime.prompts[0]
    assert "Fine." not in runtime.prompts[0]  # an answer goes with its question


STRICT = Tool(
    "f", "", json.dumps({"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}}), strict=True
)


@pytest.mark.parametrize(
    ("chat", "refused"),
    [
        (asked(tools=(LOOK, LOOK)), "tools"),
        (asked(tools=(), tool_choice="required"), "tool_choice"),
        (asked(tool_choice="required", tool_name="rm"), "tool_choice"),
        (asked(tools=(replace(LOOK, parameters="[]"),)), "tools"),
        (asked(tools=(replace(LOOK, parameters="{"),)), "tools"),
        (asked(tools=(STRICT,)), "tools"),
        (asked(sampling=Sampling(json_schema="{}")), "tools"),
        (asked(sampling=Sampling(grammar='root ::= "a"')), "tools"),
        (asked(sampling=Sampling(logprobs=1)), "logprobs"),
        (asked(tools=(), reader=Reader.MASKED, sampling=Sampling(logprobs=1)), "logprobs"),
        (asked(tools=(), reader="press", sampling=Sampling(logprobs=1)), "logprobs"),
        (asked(tools=(), sampling=Sampling(grammar="root ::= root")), "grammar"),
        (asked(tools=(), sampling=Sampling(grammar='root ::= "a"', json_schema="{}")), "grammar"),
    ],
)
def test_what_cannot_be_kept_is_refused_before_the_model_is_touched(chat: Chat, refused: str) -> None:
    runtime = Runtime(lambda _prompt: "")
    (failed,) = answered(runtime, chat)
    assert isinstance(failed, Failed)
    assert (failed.code, failed.values["field"]) == (Code.BAD_REQUEST, refused)
    assert runtime.prompts == []


def test_a_schema_that_is_not_strict_counts_as_any_object() -> None:
    runtime = Runtime(lambda _prompt: "Done.")
    assert isinstance(answered(runtime, asked(tools=(replace(STRICT, strict=False),)))[-1], Finished)
    checked_grammar(runtime.samplings[0].grammar)


def test_tools_of_a_template_that_knows_them() -> None:
    template = (
        "{% for tool in tools %}[AVAILABLE_TOOLS]{{ tool | tojson }}{% endfor %}"
        "{% for message in messages %}[INST]{{ message.content }}{% endfor %}"
    )
    runtime = Runtime(lambda _prompt: '[{"name": "look", "arguments": {}}]', template=template)
    events = answered(runtime, asked(tool_choice="required"))
    assert runtime.prompts[0].startswith('[AVAILABLE_TOOLS]{"type": "function"')
    assert runtime.samplings[0].grammar.startswith('root ::= "[" call')
    assert called(events) == [(0, "look", {})]


def test_token_probabilities_say_no_more_than_the_text() -> None:
    events = list(
        write(
            cast(Lease, Likely()),
            Prompt(()),
            stream=FixedScreener({NAME: TOKEN}).stream(library_id="", reader=Reader.OWNER),
            sampling=Sampling(logprobs=2),
            cancel=CancelToken(),
            writing=Writing(),
            elapsed=time.monotonic,
        )
    )
    told = [entry for event in events if isinstance(event, Logprobs) for entry in event.tokens]
    assert [entry.token for entry in told] == ["早", ", ", NAME, "!"]
    assert said(events) == f"早, {NAME}!"


def test_nothing_of_a_tool_or_grammar_is_in_a_repr() -> None:
    chat = asked(NAME, sampling=Sampling(grammar=f'root ::= "{NAME}"'))
    assert "Countess" not in repr(chat)
    assert "Countess" not in repr(ToolCalled(0, "id", "f", NAME))
