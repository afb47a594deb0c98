"""Searching what was said: values behind pseudonyms are found by the owner, what the owner may not see is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.privacy.support import make_filter

from studiolo.conversation.finding import excerpt, find_conversations
from studiolo.conversation.history import History, TurnExtras
from studiolo.paths import Home

SECRET = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"


def test_values_behind_pseudonyms(home: Home, tmp_path: Path) -> None:
    history, screener = History(home.history_db), make_filter(tmp_path)
    said = {
        "en": ("Who signed?", "It was Margaret Holloway, in May."),
        "zh": ("谁签的？", "由王小明签署。"),
        "secret": ("Which key?", f"The key is {SECRET}."),
        "none": ("Anything?", "Nothing."),
    }
    for number, (name, (question, answer)) in enumerate(said.items()):
        stored = screener.screen(answer, library_id="library:l", direction="passage").text
        history.begin(
            conversation_id=name, turn_id=f"t-{name}", question=question, library="l", model="m", now=float(number)
        )
        history.finish(f"t-{name}", answer_screened=stored, state="complete", extras=TurnExtras(), now=float(number))
    kept = {turn: answer for turn, _, _, answer in history.said()}
    assert "Holloway" not in kept["t-en"]
    assert SECRET not in kept["t-secret"]

    def found(query: str) -> dict[str, str]:
        return {
            one.turn_id: one.excerpt
            for one in find_conversations(query, history, screener, scope_of=lambda _id: "library:l", limit=9)
        }

    assert found("margaret holloway") == {"t-en": "It was Margaret Holloway, in May."}
    assert found("王小明") == {"t-zh": "由王小明签署。"}
    assert found("holloway giraffe") == {}
    assert found(SECRET) == {}  # the owner sees a mask there, too
    assert list(found("key is")) == ["t-secret"]
    assert SECRET not in str(found("key is"))
    assert [*found("a")] != []
    history.close()
    screener.close()


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("short", ["short"], "short"),
        ("line\n\nbreaks  go", ["go"], "line breaks go"),
        ("# 标题\n为期**三年**，`x`", ["三年"], "标题 为期三年，x"),
        ("x " * 40 + "the Term of it", ["term"], "…" + "x " * 12 + "the Term of it"),
        ("前" * 100 + "押金" + "后" * 200, ["押金"], "…" + "前" * 30 + "押金" + "后" * 88 + "…"),
        ("nothing here", ["elsewhere"], "nothing here"),
    ],
)
def test_excerpts(text: str, words: list[str], expected: str) -> None:
    found = excerpt(text, words)
    if expected.startswith("…" + "x "):
        assert "the Term of it" in found
    else:
        assert found == expected
