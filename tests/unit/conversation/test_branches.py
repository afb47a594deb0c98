"""Versions of a question: branches of a conversation, of which one is shown and none is lost."""

from __future__ import annotations

import sqlite3

import pytest

from studiolo.conversation import branches
from studiolo.conversation.history import History, TurnExtras
from studiolo.errors import Code, UserError
from studiolo.paths import Home
from studiolo.types import Hit, Passage

TREE = {"a": "", "b": "a", "c": "b", "b2": "a", "d": "b2", "a2": ""}


def test_the_tree_as_pure_functions() -> None:
    assert branches.path(TREE, "d") == ["a", "b2", "d"]
    assert branches.path(TREE, "none") == []
    assert branches.versions(TREE)["b"] == ("b", "b2")
    assert branches.versions(TREE)["a2"] == ("a", "a2")
    assert branches.versions(TREE)["d"] == ("d",)
    assert branches.newest_end(TREE) == "a2"
    assert branches.newest_end(TREE, "a") == "d"
    assert branches.newest_end(TREE, "b") == "c"


@pytest.mark.parametrize(
    ("gone", "shown", "left", "then"),
    [
        ({"b"}, "c", {"a": "", "c": "a", "b2": "a", "d": "b2", "a2": ""}, "c"),
        ({"c"}, "c", {"a": "", "b": "a", "b2": "a", "d": "b2", "a2": ""}, "b"),
        ({"d", "b2"}, "d", {"a": "", "b": "a", "c": "b", "a2": ""}, "c"),
        ({"a", "b"}, "a2", {"c": "", "b2": "", "d": "b2", "a2": ""}, "a2"),
        ({"a", "b", "c", "b2", "d"}, "d", {"a2": ""}, "a2"),
        (set(TREE), "d", {}, ""),
    ],
)
def test_what_is_left_when_turns_go(gone: set[str], shown: str, left: dict[str, str], then: str) -> None:
    assert branches.without(TREE, gone, shown) == (left, then)


def ask(
    history: History, turn: str, *, instead_of: str = "", question: str = "", sources: tuple[Hit, ...] = ()
) -> None:
    history.begin(
        conversation_id="c1",
        turn_id=turn,
        question=question or f"问 {turn}?",
        library="l",
        model="m",
        now=5.0,
        instead_of=instead_of,
    )
    history.note_prompt(turn, question_screened=question or f"问 {turn}?", model_saw="p", sources=sources)
    extras = TurnExtras(sources=sources)
    history.finish(turn, answer_screened=f"answer of {turn}", state="complete", extras=extras, now=9.0)


def shown(history: History) -> list[str]:
    return [stored.turn.id for stored in history.turns("c1")]


def test_an_edited_question_begins_a_branch_and_the_other_can_be_shown_again(home: Home) -> None:
    history = History(home.history_db)
    for turn in ("t1", "t2", "t3"):
        ask(history, turn)
    ask(history, "t2b", instead_of="t2")
    assert shown(history) == ["t1", "t2b"]
    assert [stored.turn.versions for stored in history.turns("c1")] == [("t1",), ("t2", "t2b")]
    assert [stored.turn.id for stored in history.before("t2b")] == ["t1"]
    ask(history, "t4")
    assert shown(history) == ["t1", "t2b", "t4"]
    history.show("t2")
    assert shown(history) == ["t1", "t2", "t3"]
    history.show("t2b")
    assert shown(history) == ["t1", "t2b", "t4"]
    ask(history, "t1b", instead_of="t1")
    assert shown(history) == ["t1b"]
    assert history.before("t1b") == []
    assert history.conversation("c1").turns == 6
    history.close()
    history = History(home.history_db)
    assert shown(history) == ["t1b"]
    assert [stored.turn.id for stored in history.all_turns("c1")] == ["t1", "t2", "t3", "t2b", "t4", "t1b"]
    history.close()


def test_a_version_of_a_turn_that_is_elsewhere_is_refused_and_nothing_is_kept_of_it(home: Home) -> None:
    history = History(home.history_db)
    ask(history, "t1")
    with pytest.raises(UserError) as caught:
        history.begin(conversation_id="c2", turn_id="x", question="q", library="l", model="m", now=5.0, instead_of="t1")
    assert caught.value.code is Code.BAD_REQUEST
    assert [one.id for one in history.conversations()] == ["c1"]
    with pytest.raises(UserError):
        history.show("x")
    history.close()


def test_turns_that_go_with_a_document_leave_whole_branches(home: Home) -> None:
    history = History(home.history_db)
    passage = Passage("p", "gone", "租约.pdf", 1, 1, 0, 3, heading=(), text="租约", language="zh", spans=())
    ask(history, "t1")
    ask(history, "t2", sources=(Hit(passage, 0.5),))
    ask(history, "t3")
    ask(history, "t2b", instead_of="t2", sources=(Hit(passage, 0.5),))
    history.forget_documents(["gone"], turns="remove")
    assert shown(history) == ["t1", "t3"]
    assert [stored.turn.id for stored in history.before("t3")] == ["t1"]
    history.close()


def test_titles_given_by_hand_stay_and_pins_are_kept(home: Home) -> None:
    history = History(home.history_db)
    ask(history, "t1")
    history.note_title("c1", "How long?")
    history.rename("c1", "  The lease\n of the flat 租约 ")
    history.note_title("c1", "Another first question")
    history.pin("c1", pinned=True)
    history.close()
    history = History(home.history_db)
    (kept,) = history.conversations()
    assert (kept.title, kept.pinned) == ("The lease of the flat 租约", True)
    history.pin("c1", pinned=False)
    assert not history.conversation("c1").pinned
    for call in (lambda: history.rename("none", "x"), lambda: history.pin("none", pinned=True)):
        with pytest.raises(UserError) as caught:
            call()
        assert caught.value.code is Code.UNKNOWN_CONVERSATION
    history.close()


def test_a_home_of_format_2_is_lifted_with_a_backup_and_every_turn_in_its_place(home: Home) -> None:
    home.history_db.parent.mkdir(parents=True)
    with sqlite3.connect(home.history_db) as db:
        db.executescript(
            "CREATE TABLE conversations(id TEXT PRIMARY KEY, title TEXT NOT NULL, library TEXT NOT NULL,"
            " created_at REAL NOT NULL, updated_at REAL NOT NULL);"
            "CREATE TABLE turns(id TEXT PRIMARY KEY, conversation_id TEXT NOT NULL REFERENCES conversations(id) "
            "ON DELETE CASCADE, position INTEGER NOT NULL, question TEXT NOT NULL, question_screened TEXT NOT NULL "
            "DEFAULT '', answer_screened TEXT NOT NULL DEFAULT '', state TEXT NOT NULL, model TEXT NOT NULL, "
            "created_at REAL NOT NULL, model_saw TEXT NOT NULL DEFAULT '', extras TEXT NOT NULL DEFAULT '{}', "
            "screened_by TEXT NOT NULL DEFAULT '', UNIQUE(conversation_id, position));"
            "CREATE INDEX turns_of ON turns(conversation_id, position);"
            "INSERT INTO conversations VALUES('c1', '租约', 'l', 1, 2), ('empty', 't', 'l', 1, 2);"
            "INSERT INTO turns(id, conversation_id, position, question, state, model, created_at) VALUES"
            "('a', 'c1', 0, 'q', 'complete', 'm', 1), ('b', 'c1', 3, 'q', 'complete', 'm', 1),"
            "('c', 'c1', 4, 'q', 'failed', 'm', 1);"
            "PRAGMA user_version=2;"
        )
    db.close()
    history = History(home.history_db)
    assert shown(history) == ["a", "b", "c"]
    assert history.turns("empty") == []
    assert [(one.title, one.pinned) for one in history.conversations()] == [("t", False), ("租约", False)]
    ask(history, "b2", instead_of="b")
    assert shown(history) == ["a", "b2"]
    history.close()
    with sqlite3.connect(home.history_db.with_suffix(".v2.backup")) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == 2
        assert db.execute("SELECT COUNT(*) FROM turns").fetchone()[0] == 3
    db.close()
