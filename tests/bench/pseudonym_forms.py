"""Which form of pseudonym small chat models repeat faithfully, in English and Chinese.

Each form is put into the same short passages and questions; an expected token counts as repeated when it stands in
the answer letter by letter, and as mangled when only its word and number do. Greedy, so a run repeats itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from studiolo.inference.runtime import LlamaRuntime
from studiolo.inference.steps import Piece
from studiolo.inference.template import TemplateMessage
from studiolo.jobs import CancelToken
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.types import Sampling

MODELS = ("qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b")
ANSWER_TOKENS = 48

FORMS: dict[str, Callable[[str, int], str]] = {
    "<PERSON_1>": lambda word, number: f"<{word.upper()}_{number}>",
    "[PERSON_1]": lambda word, number: f"[{word.upper()}_{number}]",
    "PERSON_1": lambda word, number: f"{word.upper()}_{number}",
    "Person_A1": lambda word, number: f"{word.title()}_A{number}",
    "«Person 1»": lambda word, number: f"«{word.title()} {number}»",
}

# (passage, question, the values that the answer must name); values are {word number} place marks.
CASES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "The landlord is {person 1}. The tenant is {person 2}. The tenant's telephone number is {phone 1}.",
        "Who is the tenant, and what is the tenant's telephone number?",
        ("person 2", "phone 1"),
    ),
    (
        "Minutes: {person 3} will prepare the budget, {person 4} will book the room. Questions go to {email 1}.",
        "Who books the room, and where do questions go?",
        ("person 4", "email 1"),
    ),
    (
        "The deposit is paid by {person 12} into account {account 7} on 1 March.",
        "Into which account is the deposit paid, and by whom?",
        ("account 7", "person 12"),
    ),
    (
        "甲方是{person 1}，乙方是{person 2}，乙方的联系电话是{phone 2}。",
        "乙方是谁？乙方的联系电话是什么？",
        ("person 2", "phone 2"),
    ),
    (
        "会议由{person 5}主持，{person 6}记录。请把意见发到{email 3}。",
        "会议由谁主持？意见发到哪里？",
        ("person 5", "email 3"),
    ),
    (
        "{person 8}的身份证号码是{idnumber 4}，住址是{address 2}。",
        "{person 8}的身份证号码和住址是什么？",
        ("idnumber 4", "address 2"),
    ),
)
_MARK = re.compile(r"\{(\w+) (\d+)\}")
_SYSTEM = "Answer the question from the passage in one sentence. Repeat names in marks exactly as they are written."


def run(_data: Path, *, home: Path) -> None:
    """Print one table a model that is installed, with one row a form."""
    store = ModelStore(Home(home), load_catalogue())
    for model in (known.id for known in store.list() if known.installed and known.id in MODELS):
        _table(store.path(model), model)


def _table(path: Path, model: str) -> None:
    runtime = LlamaRuntime(path, model_id=model, context_tokens=1024, threads=1)
    try:
        print(f"### tokens repeated by {model}, of {sum(len(case[2]) for case in CASES)}\n")
        print("| form | repeated | mangled | lost | tokens of one |\n|---|---:|---:|---:|---:|")
        for name, form in FORMS.items():
            repeated, mangled, lost = measure(runtime, form)
            length = len(runtime.tokenize(form("person", 12), control=False))
            print(f"| `{name}` | {repeated} | {mangled} | {lost} | {length} |", flush=True)
    finally:
        runtime.close()


def measure(runtime: LlamaRuntime, form: Callable[[str, int], str]) -> tuple[int, int, int]:
    """How many expected tokens were repeated, mangled, lost."""
    repeated = mangled = lost = 0
    for passage, question, expected in CASES:
        answer = _answer(runtime, _filled(f"Passage: {passage}\n\nQuestion: {question}", form))
        for value in expected:
            word, number = value.split()
            if form(word, int(number)) in answer:
                repeated += 1
            elif re.search(rf"{word}\W*_?[A-Z]?{number}(?!\d)", answer, re.IGNORECASE):
                mangled += 1
            else:
                lost += 1
    return repeated, mangled, lost


def _filled(text: str, form: Callable[[str, int], str]) -> str:
    return _MARK.sub(lambda mark: form(mark[1], int(mark[2])), text)


def _answer(runtime: LlamaRuntime, text: str) -> str:
    messages = [TemplateMessage("system", (_SYSTEM,)), TemplateMessage("user", (text,))]
    prompt = runtime.model.start_tokens()
    for segment in runtime.template.render(messages):
        prompt += runtime.tokenize(segment.text, control=segment.control)
    sampling = Sampling(temperature=0.0, max_tokens=ANSWER_TOKENS)
    return "".join(
        step.text
        for step in runtime.generate(prompt, sampling=sampling, cancel=CancelToken())
        if isinstance(step, Piece)
    )
