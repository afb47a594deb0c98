"""The lines that are quoted before a question."""

from __future__ import annotations

import pytest

from studiolo.conversation.quoting import best_lines


@pytest.mark.parametrize(
    ("question", "passages", "line"),
    [
        (
            "What does <PERSON_2B> pay?",
            ["<PERSON_1> and <PERSON_12> met in May. The rent of <PERSON_2> is 900. <PERSON_3> owes 2 keys."],
            "The rent of <PERSON_2> is 900.",
        ),
        (
            "<PERSON_2B>的电话？",
            ["<PERSON_1>和<PERSON_12>在五月见面。<PERSON_2>住在北京。<PERSON_3>有2把钥匙。"],
            "<PERSON_2>住在北京。",
        ),
    ],
)
def test_a_person_s_line_is_found_whatever_form_of_the_name_stands_in_it(
    question: str, passages: list[str], line: str
) -> None:
    assert best_lines(question, passages, count=1) == (line,)


def test_nothing_is_quoted_that_shares_no_word() -> None:
    assert best_lines("Who pays?", ["The sky over the harbour is blue."]) == ()
    assert best_lines("<PERSON_1>?", ["<PERSON_2> came to the office.", "<PHONE_1> is new there."]) == ()


@pytest.mark.parametrize(
    ("question", "near", "as_near", "far"),
    [
        (
            "When was the old bridge over the river built?",
            "The old bridge over the river was built in 1881.",
            "The old bridge over the river was built again in 1946.",
            "The river rises in spring.",
        ),
        ("老石桥是哪年修建的？", "老石桥是1881年修建的。", "老石桥是唐朝末年修建的。", "老城有三座门。"),
    ],
)
def test_a_second_line_is_quoted_where_it_fits_as_well_as_the_first(
    question: str, near: str, as_near: str, far: str
) -> None:
    assert best_lines(question, [f"{far} {near}"]) == (near,)
    assert set(best_lines(question, [f"{far} {near} {as_near}"])) == {near, as_near}
