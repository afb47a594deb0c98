"""Answers over the sample documents: how many are right with the documents, against the model asked alone.

A question counts as right when one of its expected strings stands in the answer; as cited when a verified citation
names the right document. The samples are ours, and the prompt was tuned on some of them: this guards against
getting worse, it is no evidence of quality on other documents.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from studiolo.bootstrap import open_local
from studiolo.events import FileDone
from studiolo.local import LocalEngine
from studiolo.paths import Home
from studiolo.settings import Settings
from studiolo.shapes import Answer
from studiolo.types import Question, Sampling
from tests.bench.table import Measure, table

SAMPLES = Path(__file__).resolve().parent.parent.parent / "assets" / "samples"
MODELS = ("qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b")
LEASE, MANUAL, NOTE = "lease-alder-wharf.pdf", "espresso-machine-manual.pdf", "meeting-note-2026-04-14.md"
CONTRACT, SECURITY, MAIL = "劳动合同.pdf", "员工信息安全制度.md", "email-balcony-repair.txt"


@dataclass(frozen=True, slots=True)
class Case:
    """A question, strings of which one must stand in the answer, and the document that holds it."""

    question: str
    expected: tuple[str, ...]
    document: str


CASES = (
    Case("How long is the term of the lease?", ("24", "twenty-four"), LEASE),
    Case("What is the phone number of Ines Carvalho?", ("555 0134",), NOTE),
    Case("What is Daniel Okafor's e-mail address?", ("daniel.okafor@example.org",), LEASE),
    Case("How much is the deposit and how was it paid?", ("1,670",), LEASE),
    Case("员工试用期的工资是多少\uff1f", ("14400",), CONTRACT),
    Case("陈思远的紧急联系人是谁\uff0c电话是多少\uff1f", ("王雨晴",), CONTRACT),
    Case("What does error code E11 mean?", ("emperature sensor",), MANUAL),
    Case("Who replaces the balcony door hinge and when?", ("7 May",), MAIL),
    Case("When is the release planned?", ("22 May",), NOTE),
    Case("客户培训在什么时候\uff0c在哪里\uff1f", ("6月3日",), NOTE),
    Case("How much notice must the landlord give before an inspection?", ("twenty-four hours", "24 hours"), LEASE),
    Case("May the tenant keep a dog?", ("small dog",), LEASE),
    Case("员工每年有多少天带薪年休假\uff1f", ("十天", "10天"), CONTRACT),
    Case("What is the monthly rent?", ("1,450",), LEASE),
    Case("Who is the landlord?", ("Holloway",), LEASE),
    Case("合同是哪天签订的\uff1f", ("3月17日",), CONTRACT),
    Case("密码最少要多少位\uff1f", ("十二位", "12位"), SECURITY),
)


def run(data: Path, *, home: Path) -> None:
    """Print one table a model; `home` must hold the models, which are linked into a home of this run's own."""
    with tempfile.TemporaryDirectory() as folder:
        own = Home(Path(folder) / "home")
        shutil.copytree(home / "models", own.models, copy_function=os.link)
        for model in MODELS:
            engine = open_local(own, environ=os.environ, settings=Settings(chat_model=model))  # type: ignore[call-arg]
            added = [event.result.status for event in engine.add([SAMPLES]) if isinstance(event, FileDone)]
            assert "failed" not in added
            _measure(engine, model)
            engine.close()


def _measure(engine: LocalEngine, model: str) -> None:
    alone = [_ask(engine, case, library=None) for case in CASES]
    asked = [_ask(engine, case, library="default") for case in CASES]
    total = len(CASES)
    cited = sum(
        any(citation.verified and citation.document == case.document for citation in answer.citations)
        for case, answer in zip(CASES, asked, strict=True)
    )
    baseline = Measure("the model alone, right", _right(alone) / total, "", smaller_is_better=False)
    measures = [
        Measure("from the documents, right", _right(asked) / total, "", smaller_is_better=False),
        Measure(
            "from the documents, with a verified citation of the right one", cited / total, "", smaller_is_better=False
        ),
    ]
    print(table(f"Answers over the samples, {model}, {total} questions", measures, baseline=baseline))


def _ask(engine: LocalEngine, case: Case, *, library: str | None) -> Answer:
    answer = Answer()
    for event in engine.ask(Question(case.question, library=library, sampling=Sampling(max_tokens=96))):
        answer.take(event)
    return answer


def _right(answers: Sequence[Answer]) -> int:
    return sum(any(text in answer.text for text in case.expected) for case, answer in zip(CASES, answers, strict=True))
