"""What the privacy filter costs in answers: the same questions with profile `balanced` and with `open`, paired.

DATA holds `retrieval/xquad`. A question is asked of five passages, its own paragraph among them (the others are those
of the corpus that share most words with it), through the product's own turn: screening, prompt, model, stream and
restoring. The score is SQuAD's token F1 (Chinese by character) of the answer against the gold span, and whether the
span stands in the answer. Paragraphs 1-120 are for tuning, 121-240 are what is reported (SPOILT_PART=development for
the others); SPOILT_QUESTIONS sets how many a language (100). The interval is a bootstrap over questions of the paired
difference.

Answers are kept in `.bench/`, by model and prompt, so that a run can be gone on with.
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
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from studiolo.bootstrap import Replacements, open_local
from studiolo.conversation.turn import Turns, library_scope
from studiolo.errors import UserError
from studiolo.jobs import CancelToken
from studiolo.paths import Home
from studiolo.privacy.filter import PrivacyFilter
from studiolo.privacy.policy import BALANCED, OPEN, Policy
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
    """A question, the texts of its five passages (the right one first) and the answers that count as right."""

    question: str
    passages: tuple[str, ...]
    gold: tuple[str, ...]


def run(data: Path, *, home: Path) -> None:
    """Print one row a language."""
    count = int(os.environ.get("SPOILT_QUESTIONS", "100"))
    development = os.environ.get("SPOILT_PART") == "development"
    kept = _Kept(KEPT / "spoilt.jsonl")
    print(
        "| language | questions | F1, open | F1, balanced | difference, 95 % | gold in the answer, open | balanced "
        "| prompts that differ |\n|---|---:|---:|---:|---:|---:|---:|---:|"
    )
    with tempfile.TemporaryDirectory() as folder:
        own = Home(Path(folder) / "home")
        shutil.copytree(home / "models", own.models, copy_function=os.link)
        engine = open_local(own, environ=os.environ, settings=Settings(chat_model=MODEL), replacements=Replacements())  # type: ignore[call-arg]
        analyzer = engine._parts.screener._analyzer
        filters = {
            policy.name: PrivacyFilter(analyzer, path=Path(folder) / f"{policy.name}.db", policy=policy)
            for policy in (OPEN, BALANCED)
        }
        for language in ("en", "zh"):
            cases = cases_of(data, language, count=count, development=development)
            scores: dict[str, list[tuple[float, bool]]] = {OPEN.name: [], BALANCED.name: []}
            differ = 0
            for number, case in enumerate(cases):
                prompts = []
                for policy in (OPEN, BALANCED):
                    text, prompt = _answer(engine, filters[policy.name], policy, case, f"{language}{number}", kept)
                    prompts.append(prompt)
                    scores[policy.name].append(
                        (max(f1(text, gold) for gold in case.gold), any(_holds(text, gold) for gold in case.gold))
                    )
                differ += prompts[0] != prompts[1]
            print(f"| {language} | {len(cases)} | {' | '.join(_cells(scores))} | {differ} |", flush=True)
        for one in filters.values():
            one.close()
        engine.close()


def cases_of(data: Path, language: str, *, count: int, development: bool) -> list[Case]:
    """`count` questions, spread evenly over the paragraphs of the part."""
    raw = json.loads((data / "retrieval" / "xquad" / f"xquad.{language}.json").read_text(encoding="utf-8"))
    paragraphs = [paragraph for article in raw["data"] for paragraph in article["paragraphs"]]
    texts = [paragraph["context"] for paragraph in paragraphs]
    bags = [collections.Counter(_words(text)) for text in texts]
    part = range(120) if development else range(120, len(paragraphs))
    asked = [(number, qa) for number in part for qa in paragraphs[number]["qas"]]
    step = max(1, len(asked) // count)
    found = []
    for number, qa in asked[::step][:count]:
        wanted = set(_words(qa["question"]))
        others = sorted(
            (place for place in range(len(texts)) if place != number),
            key=lambda place: (-sum(word in bags[place] for word in wanted), place),
        )
        passages = [texts[number], *(texts[place] for place in others[: PASSAGES - 1])]
        order = random.Random(qa["id"]).sample(passages, len(passages))
        gold = tuple(dict.fromkeys(answer["text"] for answer in qa["answers"]))
        found.append(Case(qa["question"], tuple(order), gold))
    return found


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
    """Answers by the digest of model, policy and case."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(exist_ok=True)
        self._path = path
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self._rows = {row["key"]: (row["answer"], row["prompt"]) for row in map(json.loads, lines)}

    def get(self, key: str) -> tuple[str, str] | None:
        return self._rows.get(key)

    def put(self, key: str, answer: str, prompt: str) -> None:
        self._rows[key] = (answer, prompt)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": key, "answer": answer, "prompt": prompt}) + "\n")


def _answer(engine, screener: PrivacyFilter, policy: Policy, case: Case, scope: str, kept: _Kept) -> tuple[str, str]:
    """The answer the owner reads, and the digest of the prompt. An equal prompt is read once: writing is greedy."""
    parts = engine._parts
    given = _Given(case, screener)
    library = f"default-{scope}"
    prompt = _prompt(screener, case, library)
    key = hashlib.sha256(f"{MODEL}\n{prompt}".encode()).hexdigest()
    known = kept.get(key)
    if known is None:
        turns = Turns(
            retriever=given,
            screener=screener,
            models=parts.scheduler,
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
        known = (re.sub(r"(?: ?\[\d\])+$", "", answer.text.strip()), prompt)
        kept.put(key, *known)
    return known[0], prompt


def _prompt(screener: PrivacyFilter, case: Case, library: str) -> str:
    """A digest of what the model is given: the passages and the question as they are screened."""
    texts = [
        screener.screen(text, library_id=library_scope(library), spans=screener.spans(text), direction="passage").text
        for text in case.passages
    ]
    texts.append(screener.screen(case.question, library_id=library_scope(library), direction="question").text)
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


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


def _cells(scores: dict[str, list[tuple[float, bool]]]) -> list[str]:
    before, after = scores[OPEN.name], scores[BALANCED.name]
    differences = [b[0] - a[0] for a, b in zip(before, after, strict=True)]
    dice = random.Random(11)
    means = sorted(sum(dice.choices(differences, k=len(differences))) / len(differences) for _ in range(2000))
    return [
        f"{sum(one for one, _ in before) / len(before):.3f}",
        f"{sum(one for one, _ in after) / len(after):.3f}",
        f"{sum(differences) / len(differences):+.3f} ({means[50]:+.3f} to {means[1949]:+.3f})",
        f"{sum(held for _, held in before) / len(before):.2f}",
        f"{sum(held for _, held in after) / len(after):.2f}",
    ]
