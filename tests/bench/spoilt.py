"""What the privacy filter costs in answers: the same questions with profile `balanced` and with `open`, paired.

DATA holds `retrieval/xquad`. All questions of a paragraph are asked of the same five passages, the paragraph among them
(the others are those of the corpus that share most words with the questions), so that the passages are read once; the
paragraphs are spread evenly over their part. It goes through the product's own turn: screening, prompt, model, stream
and restoring, with one library a paragraph. The score is SQuAD's token F1 (Chinese by character) of the answer against
the gold span, and whether the span stands in the answer. Paragraphs 1-120 are for tuning, 121-240 are what is reported
(SPOILT_PART=development for the others); SPOILT_QUESTIONS sets how many a language at least (100), SPOILT_LANGUAGE
takes one of the two. The interval is a bootstrap of the paired difference over paragraphs.

What the model wrote is kept in `.bench/`, by all that it read, so that a run can be gone on with and a changed prompt
is asked anew; the pairs stand there to be read (`spoilt-en.jsonl`).
"""

from __future__ import annotations

import collections
import hashlib
import json
import os
import random
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studiolo.bootstrap import Replacements, open_local
from studiolo.conversation.seams import ModelPool
from studiolo.conversation.turn import Turns
from studiolo.errors import UserError
from studiolo.inference.scheduler import Lease
from studiolo.inference.steps import Ended, Piece, Prompt, Service, Step
from studiolo.jobs import CancelToken
from studiolo.local import LocalEngine
from studiolo.paths import Home
from studiolo.privacy.filter import PrivacyFilter
from studiolo.privacy.policy import BALANCED, OPEN
from studiolo.settings import Settings
from studiolo.shapes import Answer
from studiolo.types import Hit, Passage, Question, Sampling
from tests.bench._libraries import KEPT

MODEL = "qwen2.5-coder-1.5b"
PASSAGES = 5
_WORD = re.compile(r"[\u4e00-\u9fff]|[^\W_\u4e00-\u9fff]+")
_ARTICLES = {"a", "an", "the"}


@dataclass(frozen=True, slots=True)
class Case:
    """A question, the texts of its five passages, the answers that count as right, and its paragraph's number."""

    question: str
    passages: tuple[str, ...]
    gold: tuple[str, ...]
    paragraph: int


def run(data: Path, *, home: Path) -> None:
    """Print one row a language."""
    count = int(os.environ.get("SPOILT_QUESTIONS", "100"))
    development = os.environ.get("SPOILT_PART") == "development"
    languages = [os.environ["SPOILT_LANGUAGE"]] if "SPOILT_LANGUAGE" in os.environ else ["en", "zh"]
    print(
        "| language | questions | F1, open | F1, balanced | difference, 95 % | gold in the answer, open | balanced "
        "| prompts that differ |\n|---|---:|---:|---:|---:|---:|---:|---:|"
    )
    with tempfile.TemporaryDirectory() as folder:
        own = Home(Path(folder) / "home")
        shutil.copytree(home / "models", own.models, copy_function=os.link)
        engine = open_local(own, environ=os.environ, settings=Settings(chat_model=MODEL), replacements=Replacements())  # type: ignore[call-arg]
        analyzer = engine._parts.screener._analyzer
        filters = [
            PrivacyFilter(analyzer, path=Path(folder) / f"{policy.name}.db", policy=policy)
            for policy in (OPEN, BALANCED)
        ]
        models = _Models(engine._parts.scheduler, _Kept(KEPT / "spoilt.jsonl"))
        for language in languages:
            pairs = []
            for case in cases_of(data, language, count=count, development=development):
                library = f"default-{language}{case.paragraph}"
                before, after = (_answer(engine, one, case, library, models) for one in filters)
                pairs.append(_Pair(case, before, after))
                _note(KEPT / f"spoilt-{language}.jsonl", pairs)
            print(f"| {language} | {len(pairs)} | {' | '.join(_cells(pairs))} |", flush=True)
        for one in filters:
            one.close()
        engine.close()


def cases_of(data: Path, language: str, *, count: int, development: bool) -> list[Case]:
    """All questions of paragraphs spread evenly over the part, at least `count` together."""
    raw = json.loads((data / "retrieval" / "xquad" / f"xquad.{language}.json").read_text(encoding="utf-8"))
    paragraphs = [paragraph for article in raw["data"] for paragraph in article["paragraphs"]]
    texts = [paragraph["context"] for paragraph in paragraphs]
    bags = [collections.Counter(_words(text)) for text in texts]
    part = list(range(120) if development else range(120, len(paragraphs)))
    found: list[Case] = []
    for number in _spread(part):
        if len(found) >= count:
            break
        asked = paragraphs[number]["qas"]
        wanted = set(_words(" ".join(qa["question"] for qa in asked)))
        others = sorted(
            (place for place in range(len(texts)) if place != number),
            key=lambda place: (-sum(word in bags[place] for word in wanted), place),
        )
        passages = [texts[number], *(texts[place] for place in others[: PASSAGES - 1])]
        order = tuple(random.Random(asked[0]["id"]).sample(passages, len(passages)))
        for qa in asked:
            gold = tuple(dict.fromkeys(answer["text"] for answer in qa["answers"]))
            found.append(Case(qa["question"], order, gold, number))
    return found


def _spread(items: Sequence[int]) -> list[int]:
    """All of them, each beginning of the list spread evenly over them."""
    step, taken = 0.6180339887, dict.fromkeys(range(0))
    for turn in range(4 * len(items)):
        taken.setdefault(items[int(turn * step % 1 * len(items))])
    return [*taken, *(item for item in items if item not in taken)]


@dataclass(frozen=True, slots=True)
class _Answered:
    """What the model read and the owner then."""

    prompt: str
    text: str

    def f1(self, case: Case) -> float:
        return max(f1(self.text, gold) for gold in case.gold)

    def holds(self, case: Case) -> bool:
        return any(_holds(self.text, gold) for gold in case.gold)


@dataclass(frozen=True, slots=True)
class _Pair:
    """One question's answers without and with the filter."""

    case: Case
    before: _Answered
    after: _Answered


def _note(path: Path, pairs: Sequence[_Pair]) -> None:
    """Keep the pairs to be read: where the filter costs something stands in them."""
    rows = [
        {
            "question": pair.case.question,
            "gold": pair.case.gold,
            "open": pair.before.text,
            "balanced": pair.after.text,
            "f1": [round(pair.before.f1(pair.case), 3), round(pair.after.f1(pair.case), 3)],
            "holds": [pair.before.holds(pair.case), pair.after.holds(pair.case)],
            "read": pair.after.prompt if pair.after.prompt != pair.before.prompt else "",
        }
        for pair in pairs
    ]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


class _Given:
    """A retriever that finds a case's passages, screened as ingestion does."""

    def __init__(self, case: Case, screen: PrivacyFilter) -> None:
        self._case = case
        self._screen = screen

    def search(
        self, query: str, *, library: str, limit: int, document: str | None = None, context: Sequence[str] = ()
    ) -> list[Hit]:
        return [
            Hit(
                Passage(
                    f"p{at}", f"d{at}", f"document {at + 1}.txt", 1, 1, 0, len(text), (), text, "", self._spans(text)
                ),
                1.0 - at / 10,
            )
            for at, text in enumerate(self._case.passages)
        ]

    def _spans(self, text: str):
        return self._screen.spans(text)


class _Kept:
    """What the model wrote, by the digest of model and prompt."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(exist_ok=True)
        self._path = path
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self._rows = {row["key"]: row["written"] for row in map(json.loads, lines)}

    def get(self, key: str) -> str | None:
        return self._rows.get(key)

    def put(self, key: str, written: str) -> None:
        self._rows[key] = written
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": key, "written": written}) + "\n")


class _Models:
    """The engine's models, but an equal prompt is answered once: writing is greedy. `read`: the last prompt."""

    def __init__(self, models: ModelPool, kept: _Kept) -> None:
        self._models = models
        self._kept = kept
        self.read = ""

    def warm(self, model_id: str) -> None:
        self._models.warm(model_id)

    def arriving(self, model_id: str, service: Service) -> AbstractContextManager[None]:
        return self._models.arriving(model_id, service)

    @contextmanager
    def lease(self, model_id: str) -> Iterator[_Lease]:
        with self._models.lease(model_id) as lease:
            yield _Lease(lease, self)

    def generate(self, lease: Lease, prompt: Prompt, *, sampling: Sampling, cancel: CancelToken) -> Iterator[Step]:
        self.read = prompt.text
        key = hashlib.sha256(f"{MODEL}\n{sampling.max_tokens}\n{prompt.text}".encode()).hexdigest()
        written = self._kept.get(key)
        if written is not None:
            yield Piece(written, 1)
            yield Ended("stop")
            return
        pieces = []
        for step in lease.generate(prompt, sampling=sampling, cancel=cancel):
            if isinstance(step, Piece):
                pieces.append(step.text)
            yield step
        self._kept.put(key, "".join(pieces))


class _Lease:
    """A lease whose model is asked what it has not been asked before."""

    def __init__(self, lease: Lease, models: _Models) -> None:
        self._lease = lease
        self._models = models

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lease, name)

    def using(self, adapters: Sequence[object]) -> _Lease:
        assert not adapters
        return self

    def generate(self, prompt: Prompt, *, sampling: Sampling, cancel: CancelToken, **_: object) -> Iterator[Step]:
        return self._models.generate(self._lease, prompt, sampling=sampling, cancel=cancel)


def _answer(engine: LocalEngine, screener: PrivacyFilter, case: Case, library: str, models: _Models) -> _Answered:
    """The answer as the owner reads it, without the marks of its sources."""
    parts = engine._parts
    turns = Turns(
        retriever=_Given(case, screener),
        screener=screener,
        models=models,
        history=parts.history,
        clock=parts.clock,
        monotonic=parts.monotonic,
    )
    answer = Answer()
    question = Question(case.question, library=library, sampling=Sampling(max_tokens=64, temperature=0.0))
    for event in turns.ask(question, model_id=MODEL, cancel=CancelToken()):
        answer.take(event)
    if answer.failure is not None:
        raise UserError(answer.failure.code)
    return _Answered(models.read, re.sub(r"(?: ?\[\d\])+$", "", answer.text.strip()))


def f1(answer: str, gold: str) -> float:
    """SQuAD's token F1."""
    got, wanted = collections.Counter(_words(answer)), collections.Counter(_words(gold))
    same = sum((got & wanted).values())
    if not same:
        return 0.0
    precision, recall = same / sum(got.values()), same / sum(wanted.values())
    return 2 * precision * recall / (precision + recall)


def _words(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text).lower()
    return [word for word in _WORD.findall(folded) if word not in _ARTICLES]


def _holds(answer: str, gold: str) -> bool:
    return " ".join(_words(gold)) in " ".join(_words(answer))


def interval(differences: Sequence[float], paragraphs: Sequence[int]) -> str:
    """Their mean and its 95 % interval, a bootstrap over paragraphs."""
    groups: dict[int, list[float]] = {}
    for difference, paragraph in zip(differences, paragraphs, strict=True):
        groups.setdefault(paragraph, []).append(difference)
    dice, drawn = random.Random(11), list(groups.values())
    means = []
    for _ in range(2000):
        sample = [one for group in dice.choices(drawn, k=len(drawn)) for one in group]
        means.append(sum(sample) / len(sample))
    means.sort()
    return f"{sum(differences) / len(differences):+.3f} ({means[50]:+.3f} to {means[1949]:+.3f})"


def _cells(pairs: Sequence[_Pair]) -> list[str]:
    before = [pair.before.f1(pair.case) for pair in pairs]
    after = [pair.after.f1(pair.case) for pair in pairs]
    differences = [b - a for a, b in zip(before, after, strict=True)]
    return [
        f"{sum(before) / len(pairs):.3f}",
        f"{sum(after) / len(pairs):.3f}",
        interval(differences, [pair.case.paragraph for pair in pairs]),
        f"{sum(pair.before.holds(pair.case) for pair in pairs) / len(pairs):.2f}",
        f"{sum(pair.after.holds(pair.case) for pair in pairs) / len(pairs):.2f}",
        str(sum(pair.before.prompt != pair.after.prompt for pair in pairs)),
    ]
