"""Follow-up questions, instructions to the answerer, figures and how words stand together."""

from __future__ import annotations

import pytest

from studiolo.knowledge.asking import leans_on_earlier, question_itself
from studiolo.knowledge.figures import lines_behind
from studiolo.knowledge.wording import content_words, wording


@pytest.mark.parametrize(
    ("question", "leans"),
    [
        ("And how much is it?", True),
        ("Who pays them?", True),
        ("Why?", True),
        ("那押金呢", True),
        ("它的价格是多少", True),
        ("How long is the term of the lease?", False),
        ("租赁合同的期限是多长时间", False),
    ],
)
def test_a_question_that_points_back_is_seen(question, leans):
    assert leans_on_earlier(question) is leans


@pytest.mark.parametrize(
    ("query", "itself"),
    [
        ("What is the rent? Please answer in one sentence.", "What is the rent?"),
        ("What is the margin? If there is none, then say so.", "What is the margin?"),
        ("租金是多少？请简要回答。", "租金是多少？"),
        ("My boiler shows F34. What does it mean?", "My boiler shows F34. What does it mean?"),
        ("What is the rent? The flat is on the fourth floor.", "What is the rent? The flat is on the fourth floor."),
        ("Please list the tenants.", "Please list the tenants."),
    ],
)
def test_how_to_answer_is_not_searched_for(query, itself):
    assert question_itself(query) == itself


def test_a_figure_is_looked_for_by_the_lines_it_is_made_of():
    assert "total current liabilities" in lines_behind("Has the quick ratio improved?")
    assert "营业成本" in lines_behind("去年的毛利率是多少？")
    assert lines_behind("Who is the landlord?") == lines_behind("房东是谁？") == ""


def test_content_words_in_both_languages():
    assert content_words("The tenants were paying rents") == ("tenant", "pay", "rent")
    assert content_words("押金退还") == ("押金", "金退", "退还")


def test_words_in_one_sentence_are_together():
    texts = {
        "near": ("", "The deposit is returned in May. Nothing else."),
        "far": ("", "The deposit is high. It rains. Cats sleep. Letters are returned."),
        "none": ("", "It rains."),
    }
    found = wording("deposit returned", texts)
    assert found["near"].together > found["far"].together > found["none"].together == 0.0
    assert found["near"].anywhere == found["far"].anywhere == 1.0
    assert wording("the of", texts)["near"].anywhere == 0.0
