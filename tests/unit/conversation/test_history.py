"""Conversations survive a kill, and say what state they are in."""

from __future__ import annotations

import sqlite3

import pytest

from studiolo.conversation.history import History, TurnExtras
from studiolo.errors import Code, EnvironmentFault, UserError
from studiolo.paths import Home
from studiolo.types import Citation, Redaction


def _begin(history: History, turn: str = "t1", question: str = "How long is the term?") -> None:
    history.begin(conversation_id="c1", turn_id=turn, question=question, library="default", model="m", now=5.0)


def test_a_turn_from_question_to_answer(home: Home) -> None:
    history = History(home.history_db)
    _begin(history)
    history.note_prompt("t1", question_screened="q screened", model_saw="the prompt")
    citation = Citation(1, "d", "lease.pdf", 2, "p", "24 months", verified=True)
    extras = TurnExtras(citations=(citation,), redactions=(Redaction("PERSON", 2),))
    history.finish("t1", answer_screened="24 months [1].", state="complete", extras=extras, now=9.0)
    (stored,) = history.turns("c1")
    assert stored.turn.citations == (citation,)
    assert (stored.turn.state, stored.turn.answer) == ("complete", "24 months [1].")
    assert stored.question_screened == "q screened"
    assert history.model_saw("t1") == "the prompt"
    (conversation,) = history.conversations()
    assert (conversation.title, conversation.turns, conversation.updated_at) == ("How long is the term?", 1, 9.0)
    history.close()


def test_a_turn_that_a_kill_left_running_is_failed_after_the_restart(home: Home) -> None:
    history = History(home.history_db)
    _begin(history)
    history.close()
    history = History(home.history_db)
    (stored,) = history.turns("c1")
    assert (stored.turn.state, stored.turn.question) == ("failed", "How long is the term?")
    history.close()


def test_turns_keep_their_order(home: Home) -> None:
    history = History(home.history_db)
    for name in ("b", "a", "c"):
        _begin(history, turn=name, question=f"问题 {name}")
    assert [stored.turn.id for stored in history.turns("c1")] == ["b", "a", "c"]
    history.close()


def test_unknown_and_removed_conversations(home: Home) -> None:
    history = History(home.history_db)
    _begin(history)
    history.remove("c1")
    for call in (history.turns, history.remove):
        with pytest.raises(UserError) as caught:
            call("c1")
        assert caught.value.code is Code.UNKNOWN_CONVERSATION
    history.close()


def test_a_store_of_a_newer_version_is_refused(home: Home) -> None:
    History(home.history_db).close()
    with sqlite3.connect(home.history_db) as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(EnvironmentFault) as caught:
        History(home.history_db)
    assert caught.value.code is Code.NEWER_FORMAT


def test_a_damaged_store_is_said(home: Home) -> None:
    home.root.mkdir(parents=True)
    home.history_db.write_bytes(b"this is no database" * 100)
    with pytest.raises(EnvironmentFault) as caught:
        History(home.history_db)
    assert caught.value.code is Code.DAMAGED_STORE
