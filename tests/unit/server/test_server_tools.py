"""Tools, grammars, several choices and token probabilities, as the public `openai` package asks for them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import openai
import pytest
from openai.lib.streaming.chat import ChatCompletionStreamState
from tests.scripted_engine import TIMINGS, USAGE, ScriptedEngine
from tests.served import TOKEN, Served, served

from studiolo import wire
from studiolo.errors import Code, UserError
from studiolo.events import Delta, Event, Failed, Finished, Logprobs, Started, ToolCalled
from studiolo.jobs import CancelToken
from studiolo.paths import Home
from studiolo.types import Alternative, Chat, Message, Sampling, TokenLogprob, Tool, ToolCall

ASKED: list[Any] = [{"role": "user", "content": "上海天气"}]
SCHEMA = {"type": "object", "properties": {"城市": {"type": "string"}}, "required": ["城市"]}
TOOLS: list[Any] = [
    {"type": "function", "function": {"name": "查天气", "description": "天气", "parameters": SCHEMA, "strict": True}},
    {"type": "function", "function": {"name": "look"}},
]
ARGUMENTS = json.dumps({"城市": "上海", "note": "x" * 600}, ensure_ascii=False)
LIKELY = TokenLogprob("早", tuple("早".encode()), -0.25, (Alternative("\ufffd", (0xE6,), -1.5),))
CALLED = (
    Started("", "t", "m"),
    Delta("好的。"),
    ToolCalled(0, "call_a", "查天气", ARGUMENTS),
    ToolCalled(1, "call_b", "look", "{}"),
    Finished("stop", TIMINGS, USAGE),
)


class Site:
    """A served engine that answers by a script, and a client of it."""

    def __init__(self, engine: ScriptedEngine, site: Served, client: openai.OpenAI) -> None:
        self.engine, self.site, self.client = engine, site, client

    def ask(self, **more: Any) -> Any:
        return self.client.chat.completions.create(**{"model": "tiny", "messages": ASKED, **more})

    @property
    def chats(self) -> list[Chat]:
        return [call[1] for call in self.engine.calls if isinstance(call[1], Chat)]


@contextmanager
def serving(home: Home, events: tuple[Event, ...]) -> Iterator[Site]:
    """A site whose answers are `events`."""
    engine = ScriptedEngine(answer=events)
    with (
        served(engine, home) as site,
        openai.OpenAI(base_url=f"{site.url}/v1", api_key=TOKEN, max_retries=0, timeout=20) as client,
    ):
        yield Site(engine, site, client)


@pytest.fixture
def site(home: Home) -> Iterator[Site]:
    with serving(home, CALLED) as found:
        yield found


def test_calls_of_tools(site: Site) -> None:
    choice = site.ask(tools=TOOLS).choices[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content == "好的。"
    assert [
        (call.id, call.type, call.function.name, call.function.arguments) for call in choice.message.tool_calls
    ] == [
        ("call_a", "function", "查天气", ARGUMENTS),
        ("call_b", "function", "look", "{}"),
    ]
    assert site.chats[0].tools == (
        Tool("查天气", "天气", json.dumps(SCHEMA, ensure_ascii=False), strict=True),
        Tool("look", "", '{"type": "object"}'),
    )


def test_calls_in_a_stream_come_in_pieces_that_clients_put_together(site: Site) -> None:
    chunks = list(site.ask(tools=TOOLS, stream=True, stream_options={"include_usage": True}))
    deltas = [call for chunk in chunks if chunk.choices for call in chunk.choices[0].delta.tool_calls or ()]
    assert [(call.index, call.id) for call in deltas if call.id] == [(0, "call_a"), (1, "call_b")]
    assert len([call for call in deltas if call.index == 0]) > 3
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "tool_calls"
    state = ChatCompletionStreamState()
    for chunk in chunks:
        state.handle_chunk(chunk)
    message = state.get_final_completion().choices[0].message
    assert message.content == "好的。"
    assert message.tool_calls is not None
    assert [(call.id, call.function.name, call.function.arguments) for call in message.tool_calls] == [
        ("call_a", "查天气", ARGUMENTS),
        ("call_b", "look", "{}"),
    ]


def test_an_answer_that_is_a_call_alone_has_no_content(home: Home) -> None:
    with serving(home, (CALLED[0], *CALLED[2:])) as site:
        message = site.ask(tools=TOOLS).choices[0].message
    assert message.content is None
    assert len(message.tool_calls) == 2


@pytest.mark.parametrize(
    ("choice", "taken"),
    [
        ("none", ("none", "")),
        ("auto", ("auto", "")),
        ("required", ("required", "")),
        ({"type": "function", "function": {"name": "look"}}, ("required", "look")),
    ],
)
def test_the_choice_of_tools_reaches_the_engine(site: Site, choice: Any, taken: tuple[str, str]) -> None:
    site.ask(tools=TOOLS, tool_choice=choice, parallel_tool_calls=False)
    (chat,) = site.chats
    assert (chat.tool_choice, chat.tool_name, chat.parallel_tool_calls) == (*taken, False)


def test_calls_and_results_come_back_with_their_ids(site: Site) -> None:
    call = {"id": "call_a", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    messages = [*ASKED, {"role": "assistant", "tool_calls": [call]}]
    site.ask(messages=[*messages, {"role": "tool", "content": "晴", "tool_call_id": "call_a"}], tools=TOOLS)
    assert site.chats[0].messages[1:] == (
        Message("assistant", "", (ToolCall("look", "{}", "call_a"),)),
        Message("tool", "晴", tool_call_id="call_a"),
    )


@pytest.mark.parametrize(
    "more",
    [
        {"tools": [{"type": "custom", "custom": {"name": "f"}}]},
        {"tools": [{"type": "function", "function": {"name": "two words"}}]},
        {"tools": [{"type": "function", "function": {"name": "f" * 65}}]},
        {"tools": TOOLS * 65},
        {"tool_choice": "always", "tools": TOOLS},
        {"extra_body": {"grammar": 7}},
    ],
)
def test_what_is_malformed_is_refused(site: Site, more: dict[str, Any]) -> None:
    with pytest.raises(openai.BadRequestError):
        site.ask(**more)
    assert site.chats == []


@pytest.mark.parametrize(
    "more",
    [{"tools": TOOLS}, {"n": 2}, {"logprobs": True}, {"extra_body": {"grammar": 'root ::= "a"'}}],
)
def test_a_library_answers_without_them(site: Site, more: dict[str, Any]) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        site.ask(model="tiny@contracts", **more)
    assert caught.value.param == next(iter(more.get("extra_body", more)))
    assert site.engine.calls == []


def test_a_grammar_reaches_the_engine(site: Site) -> None:
    site.ask(extra_body={"grammar": 'root ::= "是"'})
    assert site.chats[0].sampling == Sampling(grammar='root ::= "是"')


@pytest.mark.parametrize("stream", [False, True])
def test_several_choices_have_seeds_of_their_own(site: Site, stream: bool) -> None:
    answer = site.ask(n=3, seed=7, stream=stream, **({"stream_options": {"include_usage": True}} if stream else {}))
    assert sorted(chat.sampling.seed for chat in site.chats) == [7, 8, 9]
    if not stream:
        assert [choice.index for choice in answer.choices] == [0, 1, 2]
        assert all(choice.message.content == "好的。" for choice in answer.choices)
        usage = answer.usage
    else:
        chunks = list(answer)
        texts = ["", "", ""]
        for chunk in chunks:
            for choice in chunk.choices:
                texts[choice.index] += choice.delta.content or ""
        assert texts == ["好的。"] * 3
        ends = [choice.index for chunk in chunks for choice in chunk.choices if choice.finish_reason]
        assert sorted(ends) == [0, 1, 2]
        usage = chunks[-1].usage
    assert (usage.prompt_tokens, usage.completion_tokens) == (120, 21)


@pytest.mark.parametrize("stream", [False, True])
def test_a_choice_that_fails_ends_the_others(home: Home, stream: bool) -> None:
    class Failing(ScriptedEngine):
        def chat(self, chat: Chat, *, cancel: CancelToken | None = None) -> Iterator[Event]:
            assert cancel is not None
            if chat.sampling.seed == 1:
                yield from (Started("", "t", "m"), Delta("早"), Failed(Code.FILTER_FAILED.value))
                return
            gone = threading.Event()
            cancel.on_cancel(gone.set)
            try:
                yield Started("", "t", "m")
                assert gone.wait(20)
                yield Finished("cancelled")
            finally:
                assert gone.is_set()
                left.release()

    left = threading.Semaphore(0)
    with (
        served(Failing(), home) as site,
        openai.OpenAI(base_url=f"{site.url}/v1", api_key=TOKEN, max_retries=0, timeout=20) as client,
    ):
        with pytest.raises(openai.APIError) as caught:
            list(client.chat.completions.create(model="m", messages=ASKED, n=3, stream=stream))  # type: ignore[call-overload]
        assert caught.value.code == "filter_failed"
        assert left.acquire(timeout=20)
        assert left.acquire(timeout=20)


def test_a_refused_choice_is_a_status_and_not_a_stream(home: Home) -> None:
    with (
        serving(home, (Failed("bad_request", {"field": "grammar", "problem": "line 1"}),)) as site,
        pytest.raises(openai.BadRequestError) as caught,
    ):
        site.ask(n=2, stream=True, extra_body={"grammar": "x"})
    assert caught.value.param == "grammar"


def test_cancelling_by_name_ends_all_choices(home: Home) -> None:
    engine = ScriptedEngine(hold=True)
    with (
        served(engine, home) as site,
        openai.OpenAI(base_url=f"{site.url}/v1", api_key=TOKEN, max_retries=0, timeout=20) as client,
    ):
        named = {wire.STREAM_HEADER: "mine"}
        stream = client.chat.completions.create(model="m", messages=ASKED, n=2, stream=True, extra_headers=named)
        assert engine.holding.wait(10)
        httpx.delete(f"{site.url}/api/streams/mine", headers=site.auth).raise_for_status()
        ends = [choice.index for chunk in stream for choice in chunk.choices if choice.finish_reason]
        assert sorted(ends) == [0, 1]


@pytest.mark.parametrize("stream", [False, True])
def test_token_probabilities(home: Home, stream: bool) -> None:
    events = (Started("", "t", "m"), Delta("早"), Logprobs((LIKELY,)), Finished("stop", TIMINGS, USAGE))
    with serving(home, events) as site:
        answer = site.ask(logprobs=True, top_logprobs=1, stream=stream)
        if stream:
            told = [choice.logprobs for chunk in answer for choice in chunk.choices if choice.logprobs]
        else:
            told = [answer.choices[0].logprobs]
        assert site.chats[0].sampling == Sampling(logprobs=1)
    (entry,) = told[0].content
    assert (entry.token, bytes(entry.bytes), entry.logprob) == ("早", "早".encode(), -0.25)
    assert [(other.bytes, other.logprob) for other in entry.top_logprobs] == [([0xE6], -1.5)]


def test_how_long_an_answer_took_stands_beside_it(site: Site) -> None:
    assert site.ask().model_extra["timings"]["total_s"] == TIMINGS.total_s


def test_the_native_way_takes_and_gives_the_same(site: Site) -> None:
    chat = Chat(
        (Message("user", "早"), Message("assistant", "", (ToolCall("f", "{}", "a"),)), Message("tool", "晴", (), "a")),
        sampling=Sampling(grammar='root ::= "a"', logprobs=3),
        tools=(Tool("f", "天气", '{"type": "object"}', strict=True),),
        tool_choice="required",
        tool_name="f",
        parallel_tool_calls=True,
    )
    events = list(site.site.engine.chat(chat))
    assert tuple(events) == CALLED
    assert site.chats == [chat]
    with pytest.raises(UserError):
        list(site.site.engine.chat(Chat(chat.messages, sampling=Sampling(logprobs=21))))
