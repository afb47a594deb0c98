"""Short forms of the pseudonym scenarios: conversations at once, and texts that come back byte for byte."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from tests.soak.invented import people, screener_for, text_with_values
from tests.soak.pseudonyms import LIBRARY, conversations, round_trip

from studiolo.types import Reader


def test_conversations_at_once_never_share_a_token(tmp_path: Path) -> None:
    found = conversations(tmp_path / "talk", source=random.Random(5), threads=8, turns=6, count=200)
    assert found.tokens > 150
    assert found.collisions == 0
    assert found.again_of > 1000
    assert found.again >= 0.995 * found.again_of
    assert found.restored_of > 1000
    assert found.restored >= 0.98 * found.restored_of


@pytest.mark.parametrize("chinese", [False, True])
def test_a_screened_text_comes_back_as_it_was(tmp_path: Path, chinese: bool) -> None:
    source = random.Random(7)
    everybody = people(60, source=source)
    screener = screener_for(tmp_path, everybody)
    replaced = literal = 0
    for _ in range(60):
        text = text_with_values(everybody, source=source, chinese=chinese)
        screened = screener.screen(text, library_id=LIBRARY, direction="passage")
        replaced += len(screened.edits)
        literal += sum(edit.type == "LITERAL" for edit in screened.edits)
        assert round_trip(screener, text) == text
        stream = screener.stream(library_id=LIBRARY, reader=Reader.OWNER)
        assert "".join([*map(stream.feed, screened.text), stream.finish()]) == text
    assert replaced > 300
    assert literal > 20
    screener.close()
