"""What was said earlier in a conversation reaches the model as the policy is now, not as it was then."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support import FixedRetriever, ScriptedRuntime
from tests.unit.privacy.support import ListedNames

from studiolo.conversation.history import History
from studiolo.conversation.turn import Turns, library_scope
from studiolo.errors import Code
from studiolo.events import Delta, Event, Failed, LeftOut, Started
from studiolo.inference.scheduler import Scheduler
from studiolo.jobs import CancelToken
from studiolo.privacy.analyzer import Analyzer
from studiolo.privacy.filter import PrivacyFilter
from studiolo.privacy.policies import Policies
from studiolo.types import Question, Reader, Sampling, Span

OPEN = '[types]\nPERSON = "allow"\nPHONE_NUMBER = "allow"\n'
HIDDEN = "format = 1\n"
CASES = [
    ("What does Margaret Holloway rent?", "Margaret Holloway rents the flat, 13800138000.", "And for how long?"),
    ("王小明租了什么？", "王小明租下了公寓，13800138000。", "租多久？"),
]


class Talk:
    """A turn's real filter and history; the model says what it is told to."""

    def __init__(self, folder: Path) -> None:
        self.answer = ""
        self.policies = Policies(folder / "privacy.toml")
        self._file = folder / "privacy.toml"
        self.screener = PrivacyFilter(
            Analyzer.of(names=ListedNames()),
            path=folder / "pseudonyms.db",
            policies=lambda _scope: self.policies.of("default"),
        )
        self.runtime = ScriptedRuntime(lambda _prompt: self.answer)
        self.scheduler = Scheduler(lambda _model: self.runtime)
        self.history = History(folder / "history.db")
        ticks = itertools.count()
        self.turns = Turns(
            retriever=FixedRetriever([]),
            screener=self.screener,
            models=self.scheduler,
            history=self.history,
            clock=lambda: float(next(ticks)),
            monotonic=lambda: float(next(ticks)),
        )
        self.conversation: str | None = None

    def rule(self, text: str) -> None:
        self._file.write_text(text, encoding="utf-8")
        self.policies.load()

    def ask(self, text: str, *, reader: Reader = Reader.OWNER, most: int = 500) -> list[Event]:
        question = Question(text, conversation_id=self.conversation, reader=reader, sampling=Sampling(max_tokens=most))
        events = list(self.turns.ask(question, model_id="m", cancel=CancelToken()))
        self.conversation = next(event.conversation_id for event in events if isinstance(event, Started))
        return events

    @property
    def prompt(self) -> str:
        return self.runtime.prompts[-1]

    def close(self) -> None:
        self.scheduler.close()
        self.screener.close()
        self.history.close()


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    made = Talk(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize(("question", "answer", "then"), CASES)
@pytest.mark.parametrize(
    ("rule", "shown"),
    [(HIDDEN, "<PERSON_1>"), ('[types]\nPERSON = "mask"\nPHONE_NUMBER = "mask"\n', "<PERSON>")],
)
def test_a_stricter_policy_counts_for_earlier_questions_and_answers(
    talk: Talk, question: str, answer: str, then: str, rule: str, shown: str
) -> None:
    talk.answer = answer
    talk.rule(OPEN)
    talk.ask(question)
    name = "王小明" if "王" in question else "Margaret Holloway"
    assert name in talk.prompt
    talk.ask(then)
    assert name in talk.prompt
    assert "13800138000" in talk.prompt
    talk.rule(rule)
    events = talk.ask(then)
    assert not any(isinstance(event, Failed) for event in events)
    assert name not in talk.prompt
    assert "13800138000" not in talk.prompt
    assert talk.prompt.count(shown) >= 3  # the question once, the answer twice


@pytest.mark.parametrize(("question", "answer", "then"), CASES)
def test_a_token_in_an_earlier_answer_stays_the_same_token(talk: Talk, question: str, answer: str, then: str) -> None:
    talk.answer = answer.replace("Margaret Holloway", "<PERSON_1>").replace("王小明", "<PERSON_1>")
    talk.rule(HIDDEN)
    talk.ask(question)
    before = talk.prompt
    talk.rule("keep_last = { PHONE_NUMBER = 4 }\n")
    talk.ask(then)
    assert talk.prompt.startswith(before + talk.answer.replace("13800138000", "<PHONE_1>")[:20])
    assert "LITERAL" not in talk.prompt


@pytest.mark.parametrize(("question", "answer", "then"), CASES)
def test_a_turn_that_the_policy_has_come_to_block_leaves_the_view(
    talk: Talk, question: str, answer: str, then: str
) -> None:
    talk.answer = answer
    talk.rule(OPEN)
    talk.ask(question)
    talk.rule('[types]\nPERSON = "block"\n')
    events = talk.ask(then)
    assert [event.turns for event in events if isinstance(event, LeftOut)] == [1]
    assert question not in talk.prompt
    assert answer not in talk.prompt
    assert not any(isinstance(event, Failed) for event in events)


@pytest.mark.parametrize(("question", "answer", "then"), CASES)
def test_nothing_is_screened_twice_where_the_policy_is_the_same(
    talk: Talk, question: str, answer: str, then: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk.answer = answer
    talk.rule(OPEN)
    talk.ask(question)
    again: list[str] = []
    screen_again: Callable[..., object] = talk.screener.screen_again
    monkeypatch.setattr(
        talk.screener, "screen_again", lambda text, **named: again.append(text) or screen_again(text, **named)
    )
    talk.rule(OPEN + '[readers.press]\nlike = "masked"\n')  # what readers see is no matter of the prompt
    talk.ask(then)
    assert again == []
    talk.rule(HIDDEN)
    talk.ask(then)
    assert again == [answer, answer]  # of the turns before


@pytest.mark.parametrize(
    ("name", "question", "answer", "then"),
    [
        ("Quillon Abara", "What does Quillon Abara rent?", "Quillon Abara rents the flat.", "And for how long?"),
        ("欧阳澜", "欧阳澜租了什么？", "欧阳澜租下了公寓。", "租多久？"),
    ],
)
def test_a_name_that_is_learnt_later_is_hidden_in_earlier_questions_and_answers(
    talk: Talk, name: str, question: str, answer: str, then: str
) -> None:
    talk.answer = answer
    talk.rule(HIDDEN)
    talk.ask(question)
    assert name in talk.prompt  # nothing gave it away yet
    talk.ask(then)
    assert name in talk.prompt
    scope = library_scope("default")
    spans = (Span("PERSON", 0, len(name), 0.95),)
    talk.screener.screen(f"{name} 2026", library_id=scope, spans=spans, direction="passage")
    events = talk.ask(then)
    assert not any(isinstance(event, Failed) for event in events)
    assert name not in talk.prompt
    assert talk.prompt.count("<PERSON_1>") >= 3  # the question once, the answer twice
    talk.rule('[types]\nPERSON = "allow"\n')
    talk.ask(then)
    assert name in talk.prompt  # what the policy lets the model see is nothing to be hidden


@pytest.mark.parametrize(("question", "answer", "then"), CASES)
def test_turns_from_before_the_digest_was_kept_are_screened_anew(
    tmp_path: Path, question: str, answer: str, then: str
) -> None:
    old = Talk(tmp_path)
    old.answer = answer
    old.rule(OPEN)
    old.ask(question)
    conversation = old.conversation
    old.rule(HIDDEN)
    old.close()
    with sqlite3.connect(tmp_path / "history.db") as db:  # as format 1 had it
        for table, column in (
            ("turns", "screened_by"), ("turns", "follows"), ("conversations", "pinned"), ("conversations", "named"),
            ("conversations", "shown"),
        ):  # fmt: skip
            db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        db.execute("PRAGMA user_version = 1")
    db.close()
    new = Talk(tmp_path)
    assert (tmp_path / "history.v1.backup").exists()
    new.conversation = conversation
    new.ask(then)
    assert "Holloway" not in new.prompt
    assert "王小明" not in new.prompt
    assert new.prompt.count("<PERSON_1>") >= 2
    new.close()


@pytest.mark.parametrize(("question", "answer", "then"), CASES)
def test_a_broken_policy_lets_no_earlier_turn_through(talk: Talk, question: str, answer: str, then: str) -> None:
    talk.answer = answer
    talk.rule(OPEN)
    talk.ask(question)
    prompts = len(talk.runtime.prompts)
    (talk._file).write_text("[types]\nPERSON = 3\n", encoding="utf-8")
    talk.policies.__init__(talk._file)  # type: ignore[misc] - as the next start reads it
    failed = talk.ask(then)[-1]
    assert isinstance(failed, Failed)
    assert failed.code == Code.BAD_POLICY.value
    assert len(talk.runtime.prompts) == prompts


@pytest.mark.parametrize(("question", "answer", "then"), CASES)
def test_an_answer_cut_inside_a_pseudonym_shows_and_keeps_none_of_it(
    talk: Talk, question: str, answer: str, then: str
) -> None:
    del then
    talk.rule(HIDDEN)
    said = answer[:4] + " <PERSON_1>"
    talk.answer = said
    cut = talk.ask(question, most=len(said) - 3)
    told = "".join(event.text for event in cut if isinstance(event, Delta))
    assert told == answer[:4] + " "
    (stored,) = talk.history.turns(talk.conversation or "")
    assert stored.turn.answer == told
    talk.answer = answer[:4] + " <PERSON_"  # the model's own end
    whole = talk.ask(question)
    assert "".join(event.text for event in whole if isinstance(event, Delta)) == talk.answer
