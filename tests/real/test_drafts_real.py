"""What is copied is checked many tokens at once over llama.cpp itself: the same text, in fewer batches."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest

from studiolo.inference.context import LlamaContext, Run
from studiolo.inference.lease import Lease
from studiolo.inference.runtime import LlamaRuntime
from studiolo.inference.scheduler import Scheduler
from studiolo.inference.steps import Ended, Piece
from studiolo.inference.template import TemplateMessage
from studiolo.jobs import CancelToken
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.types import Sampling, TokenLogprob

pytestmark = pytest.mark.real_model
MODEL = "smollm2-135m"
NEAR_TIE = 0.5  # of two log-probabilities: each differs by up to .35 with the shape of a batch
TOKENS = 110
ENGLISH = (
    "The tenant pays the rent on the first day of each month. Repairs below two hundred euros are the tenant's own. "
    "The deposit is paid back when the keys have been handed over. Who keeps animals has to ask the landlord before. "
    "The cellar may not be used as a workshop. The garden belongs to all who live in the house."
)
CHINESE = (
    "承租人应当在每月第一天支付租金。二百元以下的维修由承租人负责。押金在交还钥匙以后退还。饲养动物须经出租人同意。"
)


@pytest.fixture(scope="module")
def lease(models_home: Home) -> Iterator[Lease]:
    store = ModelStore(models_home, load_catalogue())
    scheduler = Scheduler(lambda model: LlamaRuntime(store.path(model), model_id=model, context_tokens=3072, threads=1))
    with scheduler.lease(MODEL) as held:
        yield held
    scheduler.close()


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Of each batch that was run, how many tokens of each request it had scores for."""
    seen: list[list[int]] = []
    decode = LlamaContext.decode

    def noted(self: LlamaContext, runs: Sequence[Run]) -> list[int] | None:
        seen.append([run.scores for run in runs])
        return decode(self, runs)

    monkeypatch.setattr(LlamaContext, "decode", noted)
    return seen


def _write(lease: Lease, text: str, **sampling: object) -> list[Piece | Ended]:
    prompt = lease.compose([TemplateMessage("user", (f"Repeat this text word for word, twice:\n\n{text}",))])
    options = Sampling(**{"max_tokens": TOKENS, **sampling})  # type: ignore[arg-type]
    steps = lease.generate(prompt, sampling=options, cancel=CancelToken())
    return [step for step in steps if isinstance(step, (Piece, Ended))]


def _text(steps: Sequence[Piece | Ended]) -> str:
    return "".join(step.text for step in steps if isinstance(step, Piece))


def _same_but_for_a_tie(lease: Lease, text: str, drafted: str, **sampling: object) -> None:
    """Where the texts part, the model must have found both tokens about as likely."""
    steps = _write(lease, text, logprobs=2, **sampling)
    plain = _text(steps)
    if plain == drafted:
        return
    likely: list[TokenLogprob] = [one for step in steps if isinstance(step, Piece) for one in step.logprobs]
    written = 0
    for one in likely:
        piece = bytes(one.bytes).decode("utf-8", "replace")
        if drafted[written : written + len(piece)] != piece:
            assert one.top[0].logprob - one.top[1].logprob < NEAR_TIE
            return
        written += len(piece)


@pytest.mark.parametrize("text", [ENGLISH, CHINESE])
def test_what_a_greedy_answer_repeats_is_the_same_in_fewer_batches(
    lease: Lease, sizes: list[list[int]], text: str
) -> None:
    steps = _write(lease, text)
    checked = [size for batch in sizes for size in batch if size > 1]
    assert checked
    assert set(checked) <= {16, 32}
    assert len(sizes) < TOKENS / 2
    assert sum(step.tokens for step in steps if isinstance(step, Piece)) <= TOKENS
    _same_but_for_a_tie(lease, text, _text(steps))


def test_without_drafts_and_where_the_same_text_is_promised_each_token_is_run_alone(
    lease: Lease, sizes: list[list[int]]
) -> None:
    for sampling in ({"speculative": False}, {"reproducible": True}, {"logprobs": 1}):
        _write(lease, ENGLISH, **sampling)
    assert {size for batch in sizes for size in batch} <= {0, 1}


def test_a_seed_chooses_the_same_with_drafts_and_without(lease: Lease, sizes: list[list[int]]) -> None:
    chosen = {"temperature": 0.4, "seed": 7, "max_tokens": 100}
    drafted = _text(_write(lease, ENGLISH, **chosen))
    assert max(size for batch in sizes for size in batch) > 1
    plain = _text(_write(lease, ENGLISH, speculative=False, **chosen))
    assert drafted[:100] == plain[:100]


def test_a_stop_string_and_a_limit_count_inside_a_draft(lease: Lease) -> None:
    whole = _text(_write(lease, ENGLISH))
    stop = whole[300:308]
    steps = _write(lease, ENGLISH, stop=(stop,))
    assert _text(steps) == whole[: whole.index(stop)]
    assert steps[-1] == Ended("stop")
    for limit in (45, 57, 70):
        steps = _write(lease, ENGLISH, max_tokens=limit)
        assert whole.startswith(_text(steps))
        assert sum(step.tokens for step in steps if isinstance(step, Piece)) == limit
        assert steps[-1] == Ended("length")


def test_two_at_once_that_repeat_are_each_told_their_own(lease: Lease, sizes: list[list[int]]) -> None:
    texts = [ENGLISH, ENGLISH.replace("tenant", "sailor").replace("landlord", "captain")]
    found: dict[str, str] = {}

    def ask(text: str) -> None:
        found[text] = _text(_write(lease, text))

    threads = [threading.Thread(target=ask, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert any(len(batch) == 2 and min(batch) > 1 for batch in sizes)
    assert "sailor" not in found[texts[0]]
    assert "tenant" not in found[texts[1]]
    for text in texts:
        _same_but_for_a_tie(lease, text, found[text])


def test_what_was_not_right_of_a_draft_is_not_there_for_the_next_turn(lease: Lease) -> None:
    """The next turn goes on with what the context holds of this one; read from nothing it says the same."""
    question = f"Repeat this text word for word:\n\n{ENGLISH}"
    first = _text(_write(lease, ENGLISH, max_tokens=90))
    messages = [
        TemplateMessage("user", (question,)),
        TemplateMessage("assistant", (first,)),
        TemplateMessage("user", ("Which colour has the sky? 用一句话回答。",)),
    ]
    texts = []
    for reproducible in (False, True):
        options = Sampling(max_tokens=16, reproducible=reproducible, logprobs=2)
        steps = lease.generate(lease.compose(messages), sampling=options, cancel=CancelToken())
        texts.append([one for step in steps if isinstance(step, Piece) for one in step.logprobs])
    for one, other in zip(*texts, strict=True):
        if one.token != other.token:
            assert one.top[0].logprob - one.top[1].logprob < NEAR_TIE
            break
