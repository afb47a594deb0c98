"""llama.cpp itself, with the smallest real model."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from studiolo.errors import Code, UserError
from studiolo.inference.context import LlamaContext, Run
from studiolo.inference.runtime import LlamaRuntime
from studiolo.inference.sampling import Sampler
from studiolo.inference.scheduler import Lease, Scheduler
from studiolo.inference.steps import Ended, Piece, Reading
from studiolo.inference.template import TemplateMessage
from studiolo.jobs import CancelToken
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.types import Sampling

pytestmark = pytest.mark.real_model
MODEL = "smollm2-135m"


@pytest.fixture(scope="module")
def runtime(models_home: Home) -> Iterator[LlamaRuntime]:
    store = ModelStore(models_home, load_catalogue())
    made = LlamaRuntime(store.path(MODEL), model_id=MODEL, context_tokens=4096)
    yield made
    made.close()


@pytest.fixture(scope="module")
def lease(models_home: Home) -> Iterator[Lease]:
    store = ModelStore(models_home, load_catalogue())
    scheduler = Scheduler(lambda model: LlamaRuntime(store.path(model), model_id=model, context_tokens=4096))
    with scheduler.lease(MODEL) as held:
        yield held
    scheduler.close()


def _text(lease: Lease, messages: list[TemplateMessage], sampling: Sampling) -> str:
    steps = lease.generate(lease.compose(messages), sampling=sampling, cancel=CancelToken())
    return "".join(step.text for step in steps if isinstance(step, Piece))


def test_no_text_of_people_becomes_a_control_token(runtime: LlamaRuntime) -> None:
    """A passage, a question and a file name that hold every control token of the vocabulary forge no turn."""
    control = runtime.model.control_tokens()
    assert len(control) > 5
    forged = " ".join(control.values()) + "".join(control.values())
    passage, question, name = f"Text {forged}", f"Why {forged}?", f"{forged}.pdf"
    messages = [
        TemplateMessage("system", ("Answer from the passages.",)),
        TemplateMessage("user", (f"[1] {name}, page 1\n", passage, question)),
    ]
    plain = [
        TemplateMessage("system", ("Answer from the passages.",)),
        TemplateMessage("user", ("[1] a.pdf, page 1\n", "Text", "Why?")),
    ]

    def controls(of: list[TemplateMessage]) -> list[int]:
        segments = runtime.template.render(of)
        ids = [token for s in segments for token in runtime.tokenize(s.text, control=s.control)]
        return [token for token in ids if token in control]

    assert controls(messages) == controls(plain)
    assert controls(plain), "the template's own control tokens must be recognised"
    # and the same text with parsing on would have forged them: the test can fail
    assert len([t for t in runtime.tokenize(passage, control=True) if t in control]) >= len(control)


def test_greedy_and_seeded_sampling_repeat(lease: Lease) -> None:
    ask = [TemplateMessage("user", ("Name a colour.",))]
    greedy = Sampling(max_tokens=12)
    assert _text(lease, ask, greedy) == _text(lease, ask, greedy)
    warm = Sampling(temperature=0.9, top_p=0.9, min_p=0.02, seed=7, max_tokens=12)
    assert _text(lease, ask, warm) == _text(lease, ask, warm)
    others = {_text(lease, ask, Sampling(temperature=1.5, seed=seed, max_tokens=12)) for seed in range(5)}
    assert len(others) > 1


def test_a_seed_gives_the_same_text_in_every_run(models_home: Home) -> None:
    """Also the seed that means "another one each time" to llama.cpp."""
    store = ModelStore(models_home, load_catalogue())
    ask = [TemplateMessage("user", ("写一句关于颜色的话。 Then name three animals.",))]
    everything = {
        "temperature": 1.3, "top_k": 50, "top_p": 0.98, "min_p": 0.01, "repeat_penalty": 1.1, "presence_penalty": 0.3,
        "frequency_penalty": 0.2, "dry_multiplier": 0.8,
    }  # fmt: skip
    texts: dict[int, set[str]] = {7: set(), 2**32 - 1: set()}
    for _ in range(2):
        scheduler = Scheduler(lambda model: LlamaRuntime(store.path(model), model_id=model, context_tokens=512))
        with scheduler.lease(MODEL) as held:
            for seed, found in texts.items():
                found.add(_text(held, ask, Sampling(**everything, seed=seed, max_tokens=40)))
        scheduler.close()
    assert [len(found) for found in texts.values()] == [1, 1]
    assert texts[7] != texts[2**32 - 1]


PERSON: dict[str, Any] = {
    "type": "object",
    "properties": {
        "姓名": {"type": "string", "minLength": 1, "maxLength": 20},
        "age": {"type": "integer"},
        "colour": {"enum": ["红", "green"]},
        "tags": {"type": "array", "items": {"type": "string", "maxLength": 12}, "minItems": 1, "maxItems": 2},
        "note": {"type": ["string", "null"], "maxLength": 30},
    },
    "required": ["姓名", "age", "colour", "tags", "note"],
}


@pytest.mark.parametrize(
    ("asked", "more"),
    [
        ("用 JSON 描述一个人\uff0c名字用中文\u3002", {"repeat_penalty": 1.3}),
        ('Say "\n\\', {"temperature": 1.8, "min_p": 0.0, "top_p": 1.0, "seed": 3}),
    ],
)
def test_an_answer_fits_its_schema(lease: Lease, asked: str, more: dict[str, Any]) -> None:
    sampling = Sampling(json_schema=json.dumps(PERSON), max_tokens=400, **more)
    said = json.loads(_text(lease, [TemplateMessage("user", (asked,))], sampling))
    assert list(said) == PERSON["required"]
    assert 1 <= len(said["姓名"]) <= 20
    assert type(said["age"]) is int
    assert said["colour"] in ("红", "green")
    assert 1 <= len(said["tags"]) <= 2
    assert all(isinstance(tag, str) and len(tag) <= 12 for tag in said["tags"])
    assert said["note"] is None or len(said["note"]) <= 30


def test_an_answer_may_be_forced_to_chinese(lease: Lease) -> None:
    sampling = Sampling(json_schema=json.dumps({"enum": ["租期为十二个月。"]}), max_tokens=100)
    assert json.loads(_text(lease, [TemplateMessage("user", ("Name a colour.",))], sampling)) == "租期为十二个月。"


def test_top_k_of_one_is_greedy(lease: Lease) -> None:
    ask = [TemplateMessage("user", ("Name a colour.",))]
    only = Sampling(temperature=1.5, top_k=1, seed=5, max_tokens=12)
    assert _text(lease, ask, only) == _text(lease, ask, Sampling(max_tokens=12))


@pytest.mark.parametrize(
    "against",
    [{"repeat_penalty": 1.5}, {"presence_penalty": 2.0}, {"frequency_penalty": 2.0}, {"dry_multiplier": 2.0}],
)
def test_what_is_against_repetition_lets_less_be_repeated(lease: Lease, against: dict[str, float]) -> None:
    """A greedy small model told to repeat itself does; each of them on its own makes it do so less."""
    ask = [TemplateMessage("user", ("Repeat the word apple fifty times: apple apple apple apple",))]
    plain, held = (
        Counter(re.findall(r"\w+", _text(lease, ask, Sampling(max_tokens=80, **more)).lower()))
        for more in ({}, against)
    )
    assert held
    assert held.most_common(1)[0][1] < plain.most_common(1)[0][1]


def test_what_is_against_repetition_leaves_the_words_of_the_prompt_alone(lease: Lease) -> None:
    """The first word cannot repeat the answer, so nothing may change it, whatever stands in the prompt."""
    ask = [TemplateMessage("user", ("blue " * 30, "Say blue."))]
    against = Sampling(max_tokens=1, repeat_penalty=10, presence_penalty=2, frequency_penalty=2, dry_multiplier=10)
    assert _text(lease, ask, against) == _text(lease, ask, Sampling(max_tokens=1))


def test_sequences_of_one_context_do_not_see_each_other(runtime: LlamaRuntime) -> None:
    """Two answers written in turns, token by token, are what each is when written alone."""
    prompts = [runtime.tokenize(text, control=True) for text in ("The sky is", "天空是什么颜色的")]

    def written(context: LlamaContext, sequences: dict[int, list[int]], count: int) -> dict[int, list[int]]:
        out: dict[int, list[int]] = {sequence: [] for sequence in sequences}
        samplers = {sequence: Sampler(runtime.model, Sampling()) for sequence in sequences}
        for step in range(count):
            for sequence, tokens in sequences.items():
                rows = context.decode([Run(sequence, [out[sequence][-1]] if step else tokens, 1)])
                assert rows is not None
                out[sequence].append(samplers[sequence].next(context, rows[0]))
        for sampler in samplers.values():
            sampler.close()
        return out

    context = LlamaContext(runtime.model, cells=256, threads=2, sequences=2)
    try:
        both = written(context, dict(enumerate(prompts)), 8)
        assert [context.length(sequence) for sequence in (0, 1)] == [len(prompt) + 7 for prompt in prompts]
        for sequence, prompt in enumerate(prompts):
            assert context.cut(sequence, context.common(sequence, [*prompt[:2], -1])) == 2
            assert context.cut(sequence, 0) == 0
            assert written(context, {sequence: prompt}, 8)[sequence] == both[sequence]
    finally:
        context.close()


def test_a_prompt_that_begins_the_same_is_not_read_again(lease: Lease) -> None:
    first = [TemplateMessage("user", ("apple " * 200,))]
    list(lease.generate(lease.compose(first), sampling=Sampling(max_tokens=1), cancel=CancelToken()))
    second = [TemplateMessage("user", ("apple " * 200, "and a pear"))]
    steps = list(lease.generate(lease.compose(second), sampling=Sampling(max_tokens=1), cancel=CancelToken()))
    reading = steps[0]
    assert isinstance(reading, Reading)
    assert reading.reused > 150


def test_cancel_while_the_prompt_is_read_and_the_next_request_is_right(lease: Lease) -> None:
    short = [TemplateMessage("user", ("Name a colour.",))]
    exact = Sampling(max_tokens=8, reproducible=True)
    expected = _text(lease, short, exact)
    cancel = CancelToken()
    long = lease.compose([TemplateMessage("user", ("word " * 3500,))])
    timer = threading.Timer(0.3, cancel.cancel)
    timer.start()
    started = time.monotonic()
    steps = list(lease.generate(long, sampling=Sampling(), cancel=cancel))
    timer.join()
    assert steps[-1] == Ended("cancelled")
    assert not any(isinstance(step, Piece) for step in steps)
    assert time.monotonic() - started < 60
    assert _text(lease, short, exact) == expected


def test_cancel_while_writing(lease: Lease) -> None:
    cancel = CancelToken()
    pieces = 0
    last = None
    prompt = lease.compose([TemplateMessage("user", ("Write a long story about a sailor.",))])
    for step in lease.generate(prompt, sampling=Sampling(max_tokens=400), cancel=cancel):
        pieces += isinstance(step, Piece)
        if pieces == 5:
            cancel.cancel()
        last = step
    assert last == Ended("cancelled")
    assert pieces < 30


def test_the_context_ends_the_answer_and_a_longer_prompt_is_refused(lease: Lease) -> None:
    too_long = lease.compose([TemplateMessage("user", ("word " * 5000,))])
    with pytest.raises(UserError) as caught:
        list(lease.generate(too_long, sampling=Sampling(), cancel=CancelToken()))
    assert caught.value.code is Code.PROMPT_TOO_LONG


def test_chinese_is_never_cut_inside_a_character(lease: Lease) -> None:
    sampling = Sampling(temperature=1.0, seed=3, max_tokens=40)
    text = _text(lease, [TemplateMessage("user", ("请用中文写一句话\uff1a你好世界",))], sampling)
    assert text
    text.encode("utf-8")


def test_a_file_that_is_no_model_is_said(tmp_path) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF" + b"\x00" * 200)
    with pytest.raises(UserError) as caught:
        LlamaRuntime(path, model_id="broken")
    assert caught.value.code is Code.DAMAGED_MODEL
