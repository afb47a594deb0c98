"""The public `openai` package, unmodified, against our server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import openai
import pytest
from tests.scripted_engine import MODELS, ScriptedEngine
from tests.served import TOKEN, served

from studiolo.events import Delta, Failed, Finished, Started
from studiolo.paths import Home
from studiolo.types import AdapterUse, Message, Reader, Sampling, ToolCall

ASKED: list[Any] = [
    {"role": "developer", "content": "Be brief."},
    {"role": "user", "content": "早"},
    {"role": "assistant", "content": "早上好"},
    {"role": "user", "content": [{"type": "text", "text": "How "}, {"type": "text", "text": "long?"}]},
]


@pytest.fixture(scope="module")
def one_engine() -> ScriptedEngine:
    return ScriptedEngine()


@pytest.fixture
def engine(one_engine: ScriptedEngine) -> ScriptedEngine:
    one_engine.calls.clear()
    return one_engine


@pytest.fixture(scope="module")
def client(one_engine: ScriptedEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[openai.OpenAI]:
    with (
        served(one_engine, Home(tmp_path_factory.mktemp("home"))) as site,
        openai.OpenAI(base_url=f"{site.url}/v1", api_key=TOKEN, max_retries=0, timeout=20) as found,
    ):
        yield found


def test_a_completion(client: openai.OpenAI, engine: ScriptedEngine) -> None:
    answer = client.chat.completions.create(
        model="tiny", messages=ASKED, temperature=0.5, top_p=0.9, seed=7, max_tokens=50, stop=["\n\n"]
    )
    assert answer.choices[0].message.content == "Twelve months 十二个月 [1]."
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (120, 7, 127)
    assert answer.usage.prompt_tokens_details is not None
    assert answer.usage.prompt_tokens_details.cached_tokens == 40
    ((_, chat),) = engine.calls
    assert chat.messages == (
        Message("system", "Be brief."),
        Message("user", "早"),
        Message("assistant", "早上好"),
        Message("user", "How long?"),
    )
    assert (chat.model, chat.reader) == ("tiny", Reader.OWNER)
    assert chat.sampling == Sampling(temperature=0.5, top_p=0.9, seed=7, max_tokens=50, stop=("\n\n",))


def test_every_way_to_choose_tokens_reaches_the_engine(client: openai.OpenAI, engine: ScriptedEngine) -> None:
    given: dict[str, Any] = {
        "top_k": 40, "min_p": 0.1, "repeat_penalty": 1.1,
        "dry_multiplier": 0.8, "dry_base": 1.5, "dry_allowed_length": 3,
    }  # fmt: skip
    client.chat.completions.create(
        model="tiny", messages=ASKED, presence_penalty=-0.5, frequency_penalty=0.25, seed=-1, extra_body=given
    )
    assert engine.calls[-1][1].sampling == Sampling(
        **given, presence_penalty=-0.5, frequency_penalty=0.25, seed=2**32 - 1
    )


@pytest.mark.parametrize("model", ["tiny", "tiny@contracts"])
def test_adapters_reach_the_engine(client: openai.OpenAI, engine: ScriptedEngine, model: str) -> None:
    given = [{"name": "合同", "scale": 0.5}, {"name": "b"}]
    client.chat.completions.create(model=model, messages=ASKED, extra_body={"adapters": given})
    assert engine.calls[-1][1].adapters == (AdapterUse("合同", 0.5), AdapterUse("b"))


@pytest.mark.parametrize("adapters", [[{"scale": 1}], [{"name": "b", "scale": 11}], [{"name": "b"}] * 9, ["b"]])
def test_adapters_that_are_none_are_refused(client: openai.OpenAI, engine: ScriptedEngine, adapters: list) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="tiny", messages=ASKED, extra_body={"adapters": adapters})
    assert str(caught.value.param).startswith("adapters")
    assert engine.calls == []


@pytest.mark.parametrize(
    ("name", "value", "limit"),
    [
        ("temperature", 2.1, "2"), ("top_p", 0, "0"), ("presence_penalty", -2.5, "-2"), ("frequency_penalty", 3, "2"),
        ("top_k", -1, "0"), ("min_p", 1.5, "1"), ("repeat_penalty", 0, "0"), ("dry_multiplier", -1, "0"),
        ("dry_base", 0.5, "1"), ("dry_allowed_length", 0, "1"), ("max_tokens", 0, "1"),
    ],
)  # fmt: skip
def test_a_value_out_of_range_is_refused_with_the_limit(
    client: openai.OpenAI, engine: ScriptedEngine, name: str, value: float, limit: str
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="tiny", messages=ASKED, extra_body={name: value})
    assert (caught.value.param, caught.value.type) == (name, "invalid_request_error")
    problem = str(caught.value.body["values"]["problem"])  # type: ignore[index]
    assert problem.rsplit(maxsplit=1)[-1].removesuffix(".0") == limit
    assert engine.calls == []


def test_a_stream(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model="tiny", messages=ASKED, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == (
        "Twelve months 十二个月 [1]."
    )
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 127
    assert len({chunk.id for chunk in chunks}) == 1


def test_a_stream_without_usage(client: openai.OpenAI) -> None:
    chunks = list(client.chat.completions.create(model="tiny", messages=ASKED, stream=True))
    assert all(chunk.choices and chunk.usage is None for chunk in chunks)


@pytest.mark.parametrize(
    "way", [{"model": "tiny@contracts"}, {"model": "tiny", "extra_body": {"library": "contracts"}}]
)
def test_a_library_answers_with_citations(client: openai.OpenAI, engine: ScriptedEngine, way: dict[str, Any]) -> None:
    answer = client.chat.completions.create(messages=ASKED, **way)
    extras = answer.model_extra or {}
    assert extras["citations"][0]["document"] == "租约 lease.pdf"
    assert extras["citations"][0]["page"] == 3
    ((kind, question),) = engine.calls
    assert kind == "ask"
    assert (question.text, question.library, question.model) == ("How long?", "contracts", "tiny")


def test_a_library_answers_in_a_stream_with_citations(client: openai.OpenAI) -> None:
    chunks = list(client.chat.completions.create(model="tiny@contracts", messages=ASKED, stream=True))
    assert (chunks[-1].model_extra or {})["citations"][0]["verified"] is True


def test_the_default_model(client: openai.OpenAI, engine: ScriptedEngine) -> None:
    client.chat.completions.create(model="@contracts", messages=ASKED)
    client.chat.completions.create(model="", messages=ASKED)
    assert [(kind, asked.model) for kind, asked in engine.calls] == [("ask", None), ("chat", None)]


@pytest.mark.parametrize("stream", [False, True])
def test_an_unknown_library(client: openai.OpenAI, stream: bool) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="tiny@none", messages=ASKED, stream=stream)
    assert caught.value.code == "unknown_library"


@pytest.mark.parametrize(
    "more",
    [
        {"n": 9},
        {"n": 0},
        {"top_logprobs": 3},
        {"functions": [{"name": "f"}]},
        {"response_format": {"type": "xml"}},
        {"response_format": {"type": "json_schema"}},
    ],
)
def test_what_is_not_supported_is_refused(client: openai.OpenAI, engine: ScriptedEngine, more: dict[str, Any]) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="tiny", messages=ASKED, **more)
    assert caught.value.param == next(iter(more))
    assert engine.calls == []


@pytest.mark.parametrize(
    ("form", "schema"),
    [
        ({"type": "text"}, ""),
        ({"type": "json_object"}, '{"type": "object"}'),
        ({"type": "json_schema", "json_schema": {"name": "名", "schema": {"enum": ["红"]}, "strict": True}},
         json.dumps({"enum": ["红"]})),
    ],
)  # fmt: skip
def test_the_form_of_an_answer(
    client: openai.OpenAI, engine: ScriptedEngine, form: dict[str, Any], schema: str
) -> None:
    more: dict[str, Any] = {"response_format": form}
    client.chat.completions.create(model="tiny", messages=ASKED, **more)
    assert engine.calls[-1][1].sampling == Sampling(json_schema=schema)
    if schema:
        with pytest.raises(openai.BadRequestError) as caught:
            client.chat.completions.create(model="tiny@contracts", messages=ASKED, **more)
        assert caught.value.param == "response_format"


@pytest.mark.parametrize("stream", [False, True])
def test_a_schema_that_cannot_be_kept_is_a_bad_request(home: Home, stream: bool) -> None:
    values: dict[str, str | int | float] = {"field": "response_format", "problem": "JSON schema: minimum"}
    refusing = ScriptedEngine(answer=(Failed("bad_request", values),))
    with (
        served(refusing, home) as site,
        openai.OpenAI(base_url=f"{site.url}/v1", api_key=TOKEN, max_retries=0) as client,
        pytest.raises(openai.BadRequestError) as caught,
    ):
        client.chat.completions.create(
            model="m", messages=ASKED, stream=stream, response_format={"type": "json_object"}
        )
    assert caught.value.param == "response_format"
    assert "minimum" in caught.value.message


def test_messages_that_cannot_be_read_are_refused(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(
            model="tiny",
            messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:"}}]}],
        )


def test_calls_of_tools_and_what_they_gave_back_are_taken_along(client: openai.OpenAI, engine: ScriptedEngine) -> None:
    arguments = '{"to": "\\u0031"}'
    call = {"id": "1", "type": "function", "function": {"name": "dial", "arguments": arguments}}
    messages: Any = [
        {"role": "user", "content": "拨打"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "busy", "tool_call_id": "1"},
    ]
    client.chat.completions.create(model="tiny", messages=messages)
    assert engine.calls[-1][1].messages == (
        Message("user", "拨打"),
        Message("assistant", "", (ToolCall("dial", arguments, "1"),)),
        Message("tool", "busy", tool_call_id="1"),
    )


def test_a_malformed_request_echoes_nothing(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="tiny", messages="Ada Lovelace")  # type: ignore[arg-type]
    assert "Ada" not in str(caught.value)


def test_a_wrong_key(client: openai.OpenAI) -> None:
    with pytest.raises(openai.AuthenticationError) as caught:
        client.with_options(api_key="wrong").models.list()
    assert caught.value.code == "unauthorised"


def test_an_error_in_the_middle_of_a_stream(home: Home) -> None:
    broken = ScriptedEngine(answer=(Started("c", "t", "m"), Delta("a"), Failed("filter_failed")))
    with (
        served(broken, home) as site,
        openai.OpenAI(base_url=f"{site.url}/v1", api_key=TOKEN, max_retries=0) as client,
    ):
        stream = client.chat.completions.create(model="m", messages=ASKED, stream=True)
        with pytest.raises(openai.APIError) as caught:
            list(stream)
        with pytest.raises(openai.InternalServerError):
            client.chat.completions.create(model="m", messages=ASKED)
    assert caught.value.code == "filter_failed"


def test_an_answer_cut_at_the_limit(home: Home) -> None:
    cut = ScriptedEngine(answer=(Started("c", "t", "m"), Delta("a"), Finished("length")))
    with (
        served(cut, home) as site,
        openai.OpenAI(base_url=f"{site.url}/v1", api_key=TOKEN, max_retries=0) as client,
    ):
        assert client.chat.completions.create(model="m", messages=ASKED).choices[0].finish_reason == "length"


def test_leaving_a_stream_cancels_the_work(home: Home) -> None:
    held = ScriptedEngine(hold=True)
    with (
        served(held, home) as site,
        openai.OpenAI(base_url=f"{site.url}/v1", api_key=TOKEN, max_retries=0) as client,
    ):
        with client.chat.completions.create(model="m", messages=ASKED, stream=True) as stream:
            next(iter(stream))
            assert held.holding.wait(10)
        assert held.cancelled.wait(10)


@pytest.mark.parametrize("form", [None, "float", "base64"])
def test_embeddings(client: openai.OpenAI, engine: ScriptedEngine, form: Any) -> None:
    more = {} if form is None else {"encoding_format": form}
    answer = client.embeddings.create(model="e5", input=["one", "二"], **more)
    assert [item.index for item in answer.data] == [0, 1]
    if form == "base64":
        assert isinstance(answer.data[0].embedding, str)
    else:
        assert answer.data[1].embedding == pytest.approx([0.6, 0.8, 0.1])
    assert engine.calls == [("embed", ("one", "二"), "e5")]
    assert (answer.usage.prompt_tokens, answer.usage.total_tokens) == (4, 4)


@pytest.mark.parametrize("given_input", [[], [1, 2, 3], [[1], [2]]])
def test_embeddings_of_what_is_no_text(client: openai.OpenAI, given_input: Any) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.embeddings.create(model="e5", input=given_input)
    assert caught.value.param == "input"


def test_models(client: openai.OpenAI, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    adapter = replace(MODELS[0], id="lora", kind="adapter")  # can do nothing alone
    monkeypatch.setattr(engine, "models", lambda: [*MODELS, adapter])
    assert [model.id for model in client.models.list()] == ["tiny", "e5", "tiny@default"]
    assert client.models.retrieve("tiny").owned_by == "studiolo"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("big")
