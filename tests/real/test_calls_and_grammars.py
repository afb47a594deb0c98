"""Tools, grammars, choices and token probabilities with the smallest real model.

It calls no tool of its own accord: so calls are required here; answers that call of themselves are scripted elsewhere.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from tests.real.conftest import SMALL, Study
from tests.served import TOKEN, served

from studiolo.inference.context import LlamaContext, Run
from studiolo.inference.grammar import checked_grammar
from studiolo.inference.lease import Lease
from studiolo.inference.model import LlamaModel
from studiolo.inference.runtime import LlamaRuntime
from studiolo.inference.sampling import Sampler
from studiolo.inference.scheduler import Scheduler
from studiolo.inference.steps import Piece
from studiolo.inference.template import TemplateMessage
from studiolo.inference.tool_calls import CallFinder, CallForm, FoundCall, calls_grammar
from studiolo.inference.tuning import Tuning
from studiolo.jobs import CancelToken
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.types import Sampling

pytestmark = pytest.mark.real_model

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 20}, "单位": {"enum": ["摄氏", "华氏"]}},
    "required": ["city", "单位"],
}
TOOLS: list[Any] = [
    {"type": "function", "function": {"name": "查天气", "description": "The weather in a city", "parameters": SCHEMA}},
    {"type": "function", "function": {"name": "stop", "description": "Ends the talk"}},
]


@pytest.fixture
def client(study: Study) -> Iterator[openai.OpenAI]:
    with (
        served(study.engine, study.home) as site,
        openai.OpenAI(base_url=f"{site.url}/v1", api_key=TOKEN, max_retries=0, timeout=300) as found,
    ):
        yield found


def test_a_call_that_is_required_is_made_and_fits_its_schema(client: openai.OpenAI, study: Study) -> None:
    asked: list[Any] = [{"role": "user", "content": "Hannah Lindqvist asks: what is the weather in Paris?"}]
    named = {"type": "function", "function": {"name": "查天气"}}
    more: dict[str, Any] = {"model": SMALL, "tools": TOOLS, "tool_choice": named, "max_tokens": 120}
    choice = client.chat.completions.create(messages=asked, **more).choices[0]
    assert choice.finish_reason == "tool_calls"
    (call,) = choice.message.tool_calls
    assert call.function.name == "查天气"
    arguments = json.loads(call.function.arguments)
    assert set(arguments) == {"city", "单位"}
    assert arguments["单位"] in ("摄氏", "华氏")
    assert "Hannah" not in study.prompts[0]
    assert '"name": "查天气"' in study.prompts[0]

    asked += [
        {"role": "assistant", "tool_calls": [call.model_dump()]},
        {"role": "tool", "tool_call_id": call.id, "content": '{"sky": "clear"}'},
    ]
    again = client.chat.completions.create(model=SMALL, messages=asked, tools=TOOLS, max_tokens=8)
    assert again.choices[0].finish_reason in ("stop", "length")
    assert study.prompts[1].startswith(study.prompts[0][:200])


@pytest.fixture(scope="module")
def lease(models_home: Home) -> Iterator[Lease]:
    store = ModelStore(models_home, load_catalogue())
    scheduler = Scheduler(lambda model: LlamaRuntime(store.path(model), model_id=model, context_tokens=2048))
    with scheduler.lease(SMALL) as held:
        yield held
    scheduler.close()


def written(lease: Lease, text: str, **how: Any) -> str:
    """What the model answers."""
    prompt = lease.compose([TemplateMessage("user", (text,))])
    steps = lease.generate(prompt, sampling=Sampling(**how), cancel=CancelToken())
    return "".join(step.text for step in steps if isinstance(step, Piece))


@pytest.mark.parametrize("form", list(CallForm))
def test_forced_calls_of_every_form_are_found_again(lease: Lease, form: CallForm) -> None:
    tools = [("查天气", json.dumps(SCHEMA), True), ("stop", '{"type": "object"}', False)]
    grammar = checked_grammar(calls_grammar(tools, form=form, most=2))
    text = written(lease, "天气?", grammar=grammar, temperature=0.9, seed=3, max_tokens=160)
    finder = CallFinder(["查天气", "stop"])
    parts = [*finder.feed(text), *finder.finish()]
    assert parts
    assert all(isinstance(part, FoundCall) for part in parts), text


def test_a_grammar_holds_from_behind_what_it_waits_for(lease: Lease) -> None:
    free = written(lease, "Hello", max_tokens=12)
    first, rest = free.split(maxsplit=1)
    assert rest
    grammar = 'root ::= " 世界 " [0-9]{2} "."'
    held = written(lease, "Hello", max_tokens=60, grammar=grammar, grammar_after=first)
    assert re.fullmatch(re.escape(first) + r" 世界 [0-9]{2}\.", held)
    assert written(lease, "Hello", max_tokens=12, grammar=grammar, grammar_after="无此文字") == free


@pytest.mark.parametrize(
    ("grammar", "fits"),
    [
        ('root ::= "yes" | "no"', "yes|no"),
        ('root ::= ("是" | "否") "\\u3002"', "[是否]。"),
        ('root ::= [^a-zA-Z]{1,5} "!"', "[^a-zA-Z]{1,5}!"),
        ('root ::= "(" root ")" | "x"', r"\(*(x\)*)?"),
        ("root ::= [\U0001f600-\U0001f64f]{2}", "[\U0001f600-\U0001f64f]{2}"),
    ],
)
def test_an_answer_fits_its_grammar(lease: Lease, grammar: str, fits: str) -> None:
    for temperature in (0.0, 1.5):
        text = written(
            lease, "天空是蓝色的吗?", grammar=checked_grammar(grammar), temperature=temperature, max_tokens=80
        )
        assert re.fullmatch(fits, text), text


def test_choices_differ_by_their_seeds_and_come_again(client: openai.OpenAI) -> None:
    asked: list[Any] = [{"role": "user", "content": "Name an animal."}]
    more: dict[str, Any] = {"model": SMALL, "messages": asked, "n": 3, "temperature": 1.5, "max_tokens": 6}
    more["extra_body"] = {"reproducible": True}
    texts = [
        [choice.message.content for choice in client.chat.completions.create(**more, seed=seed).choices]
        for seed in (5, 5, 6)
    ]
    assert texts[0] == texts[1]
    assert len(set(texts[0])) > 1
    assert texts[2][:2] == texts[0][1:]


@pytest.mark.parametrize("stream", [False, True])
def test_a_grammar_by_the_api(client: openai.OpenAI, study: Study, stream: bool) -> None:
    more: dict[str, Any] = {"model": SMALL, "messages": [{"role": "user", "content": "天空是蓝色的吗?"}]}
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**more, stream=stream, extra_body={"grammar": "root ::= root | x"})
    assert caught.value.param == "grammar"
    assert study.runtimes == [], "refused before a model is loaded"
    answer = client.chat.completions.create(**more, extra_body={"grammar": 'root ::= "是" | "否"'})
    assert answer.choices[0].message.content in ("是", "否")


def test_how_likely_a_token_was(models_home: Home) -> None:
    store = ModelStore(models_home, load_catalogue())
    model = LlamaModel(store.path(SMALL), model_id=SMALL)
    context = LlamaContext(model, cells=256, tuning=Tuning(1, 1))
    sampler = Sampler(model, Sampling(logprobs=5))
    try:
        rows = context.decode([Run(0, model.tokenize("The capital of France is", control=False), 1)])
        assert rows is not None
        token = sampler.next(context, rows[0])
        told = sampler.logprob
        assert told is not None
        assert bytes(told.bytes) == model.piece(token)
        assert told.top[0].bytes == told.bytes, "greedy takes the likeliest"
        assert [one.logprob for one in told.top] == sorted((one.logprob for one in told.top), reverse=True)
        assert 0 < sum(math.exp(one.logprob) for one in told.top) <= 1
    finally:
        sampler.close()
        context.close()
        model.close()
