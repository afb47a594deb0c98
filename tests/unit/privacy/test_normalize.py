"""Folding, and the way back to the original's code points."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from studiolo.privacy.normalize import fold

texts = st.text(
    alphabet=st.sampled_from("aB1аοРΧ·・\t \u200b\u00ad１３８ＡＢ：（）中文字😀𠮷ﬁ½…–—é\u0301\n"), max_size=60
)


def test_what_folds() -> None:
    assert fold("１３８–００\u200b１３").text == "138-0013"
    assert fold("密码：ＡＢ").text == "密码:AB"


def test_letters_that_look_latin_become_latin() -> None:
    assert fold("раssword Ρaul Хmas").text == "password Paul Xmas"
    assert fold("4111・1111‧1111").text == "4111·1111·1111"


def test_a_value_with_look_alikes_is_cut_where_it_stands() -> None:
    text = "\u200b发到s\u200bаra@example.com谢谢"
    folded = fold(text)
    start = folded.text.index("sara")
    assert text[slice(*folded.original(start, start + len("sara@example.com")))] == "s\u200bаra@example.com"


@given(texts)
def test_every_folded_code_point_comes_from_its_place(text: str) -> None:
    folded = fold(text)
    for i, character in enumerate(folded.text):
        start, end = folded.original(i, i + 1)
        assert end == start + 1
        assert character in fold(text[start:end]).text


@given(texts, st.integers(0, 60), st.integers(0, 60))
def test_a_stretch_goes_there_and_back(text: str, one: int, other: int) -> None:
    folded = fold(text, expand=False)
    start, end = sorted((min(one, len(folded.text)), min(other, len(folded.text))))
    if start < end:
        first, last = folded.original(start, end)
        assert fold(text[first:last], expand=False).text == folded.text[start:end]
        assert folded.folded(first, last) == (start, end)


@given(texts, st.integers(0, 60))
def test_folding_in_pieces_is_folding_the_whole(text: str, cut: int) -> None:
    assert fold(text[:cut]).text + fold(text[cut:]).text == fold(text).text
