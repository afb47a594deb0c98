"""`/v1/completions` and citations, through the public `openai` package, unmodified."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from tests.scripted_engine import ScriptedEngine
from tests.served import TOKEN, served

from studiolo.events import Delta, Failed, Finished, Logprobs, Started
from studiolo.paths import Home
from studiolo.types import Alternative, Message, Sampling, TokenLogprob, Usage

ANSWER = "Twelve months 十二个月 [1]."


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine()


@pytest.fixture
def client(engine: ScriptedEngine, home: Home) -> Iterator[openai.OpenAI]:
    with (
        served(engine, home) as site,
        openai.OpenAI(base_url=f"{site.url}/v1", api_key=TOKEN, max_retries=0, timeout=20) as found,
    ):
        yield found


def test_a_text_is_gone_on_with(client: openai.OpenAI, engine: ScriptedEngine) -> None:
    answer = client.completions.create(model="tiny", prompt="租期为", stop="。", seed=5)
    assert answer.object == "text_completion"
    assert answer.choices[0].text == ANSWER
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.total_tokens == 127
    ((_, chat),) = engine.calls
    assert (chat.messages, chat.raw, chat.model) == ((Message("user", "租期为"),), True, "tiny")
    assert chat.sampling == Sampling(max_tokens=16, seed=5, stop=("。",))


def test_several_prompts_several_times(client: openai.OpenAI, engine: ScriptedEngine) -> None:
    answer = client.completions.create(model="tiny", prompt=["a", "乙"], n=2, seed=1, echo=True)
    assert [choice.index for choice in answer.choices] == [0, 1, 2, 3]
    assert [choice.text for choice in answer.choices] == [before + ANSWER for before in ("a", "a", "乙", "乙")]
    asked = {(chat.messages[0].content, chat.sampling.seed) for _, chat in engine.calls}
    assert asked == {("a", 1), ("a", 2), ("乙", 1), ("乙", 2)}


@pytest.mark.parametrize("echo", [False, True])
def test_a_stream(client: openai.OpenAI, echo: bool) -> None:
    stream = client.completions.create(
        model="tiny", prompt="租期", stream=True, echo=echo, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    text = "".join(choice.text for chunk in chunks for choice in chunk.choices)
    assert text == ("租期" if echo else "") + ANSWER
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices][-1] == "stop"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 7


@pytest.mark.parametrize("stream", [False, True])
def test_a_library_answers(client: openai.OpenAI, engine: ScriptedEngine, stream: bool) -> None:
    answer = client.completions.create(model="tiny@contracts", prompt="How long?", stream=stream)
    last = list(answer)[-1] if stream else answer
    assert (last.model_extra or {})["citations"][0]["page"] == 3
    ((kind, question),) = engine.calls
    assert (kind, question.text, question.library) == ("ask", "How long?", "contracts")


@pytest.mark.parametrize("stream", [False, True])
def test_how_likely_the_tokens_were(home: Home, stream: bool) -> None:
    other = Alternative("乙", tuple("乙".encode()), -1.5)
    tokens = (TokenLogprob("甲", tuple("甲".encode()), -0.25, (other,)), TokenLogprob("b", (98,), -0.5))
    script = (Started("", "t", "m"), Delta("甲b"), Logprobs(tokens), Finished("stop", usage=Usage(3, 0, 2)))
    engine = ScriptedEngine(answer=script)
    with (
        served(engine, home) as site,
        openai.OpenAI(base_url=f"{site.url}/v1", api_key=TOKEN, max_retries=0) as client,
    ):
        answer = client.completions.create(model="m", prompt="x", logprobs=1, stream=stream)
        found = next(
            choice.logprobs
            for part in (answer if stream else [answer])
            for choice in part.choices
            if choice.logprobs is not None
        )
    assert (found.tokens, found.token_logprobs, found.text_offset) == (["甲", "b"], [-0.25, -0.5], [0, 1])
    assert found.top_logprobs == [{"乙": -1.5}, {}]
    assert engine.calls[0][1].sampling.logprobs == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("prompt", {"prompt": ""}),
        ("prompt", {"prompt": []}),
        ("prompt", {"prompt": [1, 2]}),
        ("prompt", {"prompt": [[1], [2]]}),
        ("prompt", {"prompt": ["a"] * 33}),
        ("suffix", {"suffix": "."}),
        ("best_of", {"best_of": 2}),
        ("echo", {"echo": True, "logprobs": 0}),
        ("logprobs", {"logprobs": 6}),
        ("logprobs", {"logprobs": 1, "model": "tiny@contracts"}),
        ("n", {"n": 9}),
    ],
)
def test_what_is_not_supported_is_refused(
    client: openai.OpenAI, engine: ScriptedEngine, field: str, more: dict[str, Any]
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.completions.create(**{"model": "tiny", "prompt": "a", **more})
    assert caught.value.param == field
    assert engine.calls == []


def test_errors(client: openai.OpenAI, home: Home) -> None:
    for stream in (False, True):
        with pytest.raises(openai.NotFoundError):
            client.completions.create(model="tiny@none", prompt="a", stream=stream)
    broken = ScriptedEngine(answer=(Started("c", "t", "m"), Delta("a"), Failed("filter_failed")))
    with (
        served(broken, home) as site,
        openai.OpenAI(base_url=f"{site.url}/v1", api_key=TOKEN, max_retries=0) as other,
        pytest.raises(openai.APIError) as caught,
    ):
        list(other.completions.create(model="m", prompt="a", stream=True))
    assert caught.value.code == "filter_failed"


def test_citations_stand_where_clients_look_for_them(engine: ScriptedEngine, home: Home) -> None:
    messages: Any = [{"role": "user", "content": "How long?"}]
    with (
        served(engine, home) as site,
        openai.OpenAI(base_url=f"{site.url}/v1", api_key=TOKEN, max_retries=0) as client,
    ):
        message = client.chat.completions.create(model="tiny@contracts", messages=messages).choices[0].message
        chunks = list(client.chat.completions.create(model="tiny@contracts", messages=messages, stream=True))
        bare = client.chat.completions.create(model="tiny", messages=messages).choices[0].message
        assert message.annotations is not None
        (found,) = message.annotations
        assert message.content is not None
        cited = found.url_citation
        assert message.content[cited.start_index : cited.end_index] == "[1]"
        assert cited.title == "租约 lease.pdf, iii"
        extra = cited.model_extra or {}
        assert (extra["file_id"], extra["page"], extra["verified"]) == ("d1", 3, True)
        page = httpx.get(cited.url, headers=site.auth, trust_env=False).json()
    assert page["document_id"] == "d1"
    assert ("page", "d1", 3, "contracts", "p1", (), 1200, ()) in engine.calls
    (streamed,) = (chunks[-1].choices[0].delta.model_extra or {})["annotations"]
    assert streamed["url_citation"] == found.url_citation.model_dump()
    assert bare.annotations is None
