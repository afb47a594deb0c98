"""llama.cpp itself, with the smallest real model."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from studiolo.errors import Code, UserError
from studiolo.inference.runtime import Ended, LlamaRuntime, Piece, Reading
from studiolo.inference.scheduler import Lease, Scheduler
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
    control = runtime.control_tokens()
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
    expected = _text(lease, short, Sampling(max_tokens=8))
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
    assert _text(lease, short, Sampling(max_tokens=8)) == expected


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
