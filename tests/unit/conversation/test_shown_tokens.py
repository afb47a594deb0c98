"""Token probabilities say no more of an answer than the text that is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studiolo.conversation.shown_tokens import ShownTokens
from studiolo.types import Alternative, TokenLogprob


def token(text: str | bytes, logprob: float = -0.5) -> TokenLogprob:
    raw = text.encode() if isinstance(text, str) else text
    return TokenLogprob(raw.decode("utf-8", "replace"), tuple(raw), logprob, (Alternative("其他", (1,), -2.0),))


def joined(entries: list[TokenLogprob]) -> str:
    return b"".join(bytes(entry.bytes) for entry in entries).decode("utf-8", "replace")


def test_what_is_shown_as_it_was_written_comes_with_its_text() -> None:
    tokens = ShownTokens()
    tokens.wrote([token("Call"), token(" Ada")])
    assert tokens.shown("Call A") == (token("Call"),)
    tokens.wrote([token("，"), token("早"[:1].encode()[:2]), token("早".encode()[2:])])
    assert tokens.shown("da，早") == (token(" Ada"), token("，"), token("早".encode()[:2]), token("早".encode()[2:]))
    assert tokens.finish() == ()


@pytest.mark.parametrize("shown", ["Ada Lovelace", "王小明", "<PERSON>", ""])
def test_a_stretch_shown_otherwise_is_one_entry_without_alternatives(shown: str) -> None:
    written = ["Please ", "call ", "<PER", "SON", "_1>", " about", " the lease", "."]
    tokens = ShownTokens()
    tokens.wrote(token(text) for text in written)
    entries = list(tokens.shown("Please call "))
    entries += [*tokens.shown(shown), *tokens.shown(" about the lease."), *tokens.finish()]
    assert joined(entries) == f"Please call {shown} about the lease."
    changed = [entry for entry in entries if not entry.top]
    assert "PERSON_1" not in "".join(entry.token for entry in entries)
    assert len(changed) == (1 if shown else 0)
    assert [entry.token for entry in entries if entry.top][:2] == ["Please ", "call "]
    assert [entry.token for entry in entries if entry.top][-3:] == [" about", " the lease", "."]


def test_of_two_restored_values_what_stands_between_is_told() -> None:
    written = ["<PERSON_1>", " pays the rent to ", "<PERSON_2>", " each month"]
    tokens = ShownTokens()
    tokens.wrote(token(text, -0.25) for text in written)
    entries = [*tokens.shown("Ada pays the rent to 王小明 each month"), *tokens.finish()]
    assert [(entry.token, bool(entry.top)) for entry in entries] == [
        ("Ada", False),
        (" pays the rent to ", True),
        ("王小明", False),
        (" each month", True),
    ]
    assert [entry.logprob for entry in entries] == [-0.25] * 4


def test_what_a_stop_string_cut_off_is_not_told() -> None:
    tokens = ShownTokens()
    tokens.wrote([token("yes"), token(" STOP")])
    assert [*tokens.shown("yes"), *tokens.finish()] == [token("yes")]


@given(
    st.lists(st.text("abc早<>_1 ", min_size=1, max_size=5), max_size=12),
    st.text("xyz王 ", max_size=12),
    st.integers(0, 11),
    st.integers(0, 11),
)
def test_joined_the_entries_are_the_text(written: list[str], value: str, first: int, last: int) -> None:
    tokens = ShownTokens()
    shown = "".join(written[:first]) + value + "".join(written[max(first, last) :])
    entries: list[TokenLogprob] = []
    for text in written:
        tokens.wrote([token(text)])
    for at in range(0, len(shown), 3):
        entries += tokens.shown(shown[at : at + 3])
    assert joined([*entries, *tokens.finish()]) == shown
