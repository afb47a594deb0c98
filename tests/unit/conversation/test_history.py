"""Conversations survive a kill, and say what state they are in."""

from __future__ import annotations

import sqlite3

import pytest

from studiolo.conversation.history import History, TurnExtras
from studiolo.errors import Code, EnvironmentFault, UserError
from studiolo.paths import Home
from studiolo.types import AdapterUse, Citation, Hit, Passage, Redaction, Timings, Usage


def _begin(history: History, turn: str = "t1", question: str = "How long is the term?") -> None:
    history.begin(conversation_id="c1", turn_id=turn, question=question, library="default", model="m", now=5.0)


def test_a_turn_from_question_to_answer(home: Home) -> None:
    history = History(home.history_db)
    _begin(history)
    assert history.conversations()[0].title == ""  # until the question has been screened
    history.note_title("c1", "How long  is\nthe term? " + "x" * 90)
    ends = ((4, True), (10, False))
    history.note_prompt("t1", question_screened="q screened", model_saw="the prompt", prompt_ends=ends)
    citation = Citation(1, "d", "lease.pdf", 2, "p", "24 months", verified=True)
    extras = TurnExtras(citations=(citation,), redactions=(Redaction("PERSON", 2),), prompt_ends=ends)
    history.finish("t1", answer_screened="24 months [1].", state="complete", extras=extras, now=9.0)
    (stored,) = history.turns("c1")
    assert stored.turn.citations == (citation,)
    assert (stored.turn.state, stored.turn.answer) == ("complete", "24 months [1].")
    assert stored.question_screened == "q screened"
    assert history.model_saw("t1") == "the prompt"
    (conversation,) = history.conversations()
    assert (conversation.title, conversation.turns, conversation.updated_at) == (
        "How long is the term? " + "x" * 38,
        1,
        9.0,
    )
    assert [(part.kind, part.text) for part in history.seen("t1").parts] == [("template", "the "), ("text", "prompt")]
    history.close()


def test_figures_and_adapters_are_kept_and_older_turns_have_none(home: Home) -> None:
    history = History(home.history_db)
    timings = Timings(0.1, 0.2, 0.3, 0.4, read_tokens_per_s=90.5, write_tokens_per_s=8.25, energy_j=12.5)
    usage, adapters = Usage(100, 40, 7), (AdapterUse("合同", 0.5),)
    for turn, extras in (("t1", TurnExtras(timings=timings, usage=usage, adapters=adapters)), ("t2", TurnExtras())):
        _begin(history, turn=turn)
        history.finish(turn, answer_screened="a", state="complete", extras=extras, now=9.0)
    with history._database.write() as db:  # as a turn was kept before there were such figures
        old = '{"timings": {"retrieve_s": 0.1, "load_s": 0.0, "first_token_s": 0.3, "total_s": 0.4}, "usage": {}}'
        db.execute("UPDATE turns SET extras = ? WHERE id = 't2'", (old,))
    new, before = (stored.turn for stored in history.turns("c1"))
    assert (new.timings, new.usage, new.adapters) == (timings, usage, adapters)
    assert (before.timings, before.adapters) == (Timings(0.1, 0.0, 0.3, 0.4), ())
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


SECRET = "The deposit is 4711 florins."
SECRET_ZH = "押金为四千七百一十一弗罗林。"


def _hit(document: str, text: str) -> Hit:
    passage = Passage(
        id=f"{document}-1-0",
        document_id=document,
        document=f"{document} 合同.pdf",
        page=3,
        page_end=3,
        start=0,
        end=len(text),
        heading=("Deposit", "押金"),
        text=text,
        language="en",
        spans=(),
        label="iii",
    )
    return Hit(passage, 0.5)


def _answered(history: History, turn: str, *sources: Hit, conversation: str = "c1") -> None:
    """A turn whose answer cites all its sources."""
    history.begin(conversation_id=conversation, turn_id=turn, question=f"问 {turn}?", library="l", model="m", now=5.0)
    prompt = " ".join(source.passage.text for source in sources)
    history.note_prompt(turn, question_screened=f"问 {turn}?", model_saw=f"prompt: {prompt}", sources=sources)
    citations = tuple(
        Citation(number, s.passage.document_id, s.passage.document, 3, s.passage.id, s.passage.text, verified=True)
        for number, s in enumerate(sources, start=1)
    )
    history.finish(
        turn,
        answer_screened=f"answer of {turn} [1] [2]",
        state="complete",
        extras=TurnExtras(citations=citations, sources=sources),
        now=9.0,
    )


def _on_disk(home: Home) -> str:
    """Everything SQLite keeps of the conversations, log included."""
    files = home.history_db.parent.glob(f"{home.history_db.name}*")
    return "".join(file.read_bytes().decode("utf-8", "replace") for file in files)


def test_quotes_of_removed_documents_go_and_the_answers_stay(home: Home) -> None:
    history = History(home.history_db)
    _answered(history, "t1", _hit("gone", SECRET), _hit("kept", "Rent is due on the first."))
    _answered(history, "t2", _hit("kept", "Rent is due on the first."))
    _answered(history, "t3", _hit("gone", SECRET_ZH), conversation="c2")
    assert SECRET in _on_disk(home)
    assert {conversation.id for conversation in history.quoting(["gone"])} == {"c1", "c2"}
    history.forget_documents(["gone", "never there"])
    assert history.quoting(["gone"]) == []
    first, second = (stored.turn for stored in history.turns("c1"))
    assert first.answer == "answer of t1 [1] [2]"
    assert [citation.marker for citation in first.citations] == [2]
    assert [hit.passage.document_id for hit in first.sources] == ["", "kept"]  # the numbers of the answer still hold
    assert (history.model_saw("t1"), history.model_saw("t2")) == ("", "prompt: Rent is due on the first.")
    assert second.sources[0].passage.text == "Rent is due on the first."
    left = _on_disk(home)
    for trace in (SECRET, SECRET_ZH, "gone 合同.pdf"):
        assert trace not in left
    history.close()


def test_prompts_that_show_what_earlier_turns_found_in_removed_documents_go(home: Home) -> None:
    history = History(home.history_db)
    own = _hit("kept", "Rent is due on the first.")
    for turn in ("t1", "t2"):
        history.begin(conversation_id="c1", turn_id=turn, question="q", library="l", model="m", now=5.0)
    history.note_prompt("t1", question_screened="q", model_saw=SECRET, sources=(own,), shown=("gone",))
    extras = TurnExtras(sources=(own,), shown=("gone",))
    history.finish("t1", answer_screened="a", state="complete", extras=extras, now=9.0)
    assert history.quoting(["gone"]) == []  # the answer does not rest on it
    history.forget_documents(["gone"])
    history.note_prompt("t2", question_screened="q", model_saw=SECRET_ZH, sources=(own,), shown=("gone",))
    assert [history.model_saw(turn) for turn in ("t1", "t2")] == ["", ""]
    left = _on_disk(home)
    assert SECRET not in left
    assert SECRET_ZH not in left
    assert [stored.turn.sources[0].passage.document_id for stored in history.turns("c1")] == ["kept", "kept"]
    history.close()


def test_turns_that_quote_removed_documents_can_go_wholly(home: Home) -> None:
    history = History(home.history_db)
    _answered(history, "t1", _hit("gone", SECRET))
    _answered(history, "t2", _hit("kept", "Rent is due on the first."))
    _answered(history, "t3", _hit("gone", SECRET_ZH), conversation="c2")
    history.forget_documents(["gone"], turns="remove")
    assert [conversation.id for conversation in history.conversations()] == ["c1"]
    (stored,) = history.turns("c1")
    assert stored.turn.id == "t2"
    assert history.model_saw("t2") == ""  # a later prompt holds the earlier answers
    assert history.conversation("c1").title == "问 t2?"
    left = _on_disk(home)
    for trace in (SECRET, SECRET_ZH, "answer of t1", "问 t1"):
        assert trace not in left
    _answered(history, "t4", _hit("kept", "Rent is due on the first."))  # positions are not given twice
    assert [stored.turn.id for stored in history.turns("c1")] == ["t2", "t4"]
    history.close()


def test_a_turn_under_way_does_not_bring_a_removed_document_back(home: Home) -> None:
    history = History(home.history_db)
    source = _hit("gone", SECRET)
    for turn in ("early", "late"):
        history.begin(conversation_id="c1", turn_id=turn, question="q", library="l", model="m", now=5.0)
    history.note_prompt("early", question_screened="q", model_saw=SECRET, sources=(source,))
    history.forget_documents(["gone"])
    history.note_prompt("late", question_screened="q", model_saw=SECRET, sources=(source,))
    for turn in ("early", "late"):
        history.finish(turn, answer_screened="a", state="complete", extras=TurnExtras(sources=(source,)), now=9.0)
    assert SECRET not in _on_disk(home)
    assert history.quoting(["gone"]) == []
    history.know_again(["gone"])  # removing it failed
    _answered(history, "t3", source)
    assert [conversation.id for conversation in history.quoting(["gone"])] == ["c1"]
    history.close()


def test_a_prompt_that_a_kill_left_is_known_by_its_sources(home: Home) -> None:
    history = History(home.history_db)
    history.begin(conversation_id="c1", turn_id="t1", question="q", library="l", model="m", now=5.0)
    history.note_prompt("t1", question_screened="q", model_saw=SECRET, sources=(_hit("gone", SECRET),))
    history.close()
    history = History(home.history_db)
    assert [conversation.id for conversation in history.quoting(["gone"])] == ["c1"]
    history.forget_documents(["gone"])
    assert SECRET not in _on_disk(home)
    history.close()


def test_more_documents_than_one_statement_takes(home: Home) -> None:
    history = History(home.history_db)
    _answered(history, "t1", _hit("d999", SECRET))
    ids = [f"d{number}" for number in range(1000)]
    assert len(history.quoting(ids)) == 1
    history.forget_documents(ids)
    assert history.quoting(ids) == []
    history.close()
