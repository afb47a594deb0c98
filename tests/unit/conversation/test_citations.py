"""Which passage a statement rests on, and which words carry it, in English and Chinese."""

from __future__ import annotations

import pytest

from studiolo.conversation.citations import check, content_words, sentences, statements

LEASE = (
    "The lease is between A and B. The term of this lease is twenty-four (24) months, beginning on 1 March 2026. "
    "Rent is 1,250 pounds and due monthly."
)
ZUFANG = "租赁期限为24个月\uff0c自2026年3月1日起。月租金为6800元。押金为两个月租金。"
PASSAGES = [LEASE, ZUFANG]


@pytest.mark.parametrize(
    ("answer", "marker", "quote", "verified"),
    [
        ("The term is 24 months [1].", 1, "The term of this lease is twenty-four (24) months", True),
        ("The term of the lease is 36 months [1].", 1, "", False),
        ("The rent is 1250 pounds monthly. [1]", 1, "Rent is 1,250 pounds", True),
        ("月租金为6800元[2]。", 2, "月租金为6800元", True),
        ("月租金为6800元【2】。", 2, "月租金为6800元", True),
        ("租金每月9900元[2]。", 2, "", False),
    ],
)
def test_a_marked_statement(answer: str, marker: int, quote: str, verified: bool) -> None:
    (evidence,) = check(answer, PASSAGES)
    assert evidence.marker == marker
    assert evidence.verified is verified
    assert quote in PASSAGES[evidence.index][evidence.start : evidence.end]


def test_a_statement_without_a_marker_finds_its_passage() -> None:
    (evidence,) = check("月租金为6800元。", PASSAGES)
    assert (evidence.marker, evidence.verified) == (2, True)


def test_a_statement_that_nothing_carries_cites_nothing() -> None:
    assert check("The documents do not answer it.", PASSAGES) == ()
    assert check("", PASSAGES) == ()


def test_a_number_that_names_no_passage_is_ignored() -> None:
    assert all(evidence.marker in (1, 2) for evidence in check("The term is 24 months [7].", PASSAGES))


def test_each_passage_is_cited_once_with_its_best_quote() -> None:
    found = check("The term is 24 months [1]. It begins on 1 March 2026 [1]. 押金为两个月租金[2]。", PASSAGES)
    assert [evidence.marker for evidence in found] == [1, 2]


def test_a_marker_after_the_full_stop_belongs_to_the_sentence_before() -> None:
    assert statements("It is so. [2] And so [1, 3].") == [("It is so.", (2,)), ("And so .", (1, 3))]


def test_sentences_do_not_end_at_decimal_points() -> None:
    text = "It costs 3.50 euros. Second\nline goes on.\n\nThird"
    assert [text[a:b] for a, b in sentences(text)] == ["It costs 3.50 euros.", "Second\nline goes on.", "Third"]


@pytest.mark.parametrize(
    ("answer", "passage", "quote"),
    [
        (
            "Error code E11 means that the temperature sensor failed.",
            "Error codes\n\nCode | Meaning\nE10 | Tank empty\nE11 | Temperature sensor failed\nE12 | Pump blocked",
            "E11 | Temperature sensor failed",
        ),
        (
            "员工试用期的工资是人民币14400元。",
            "第四条\n\n乙方试用期月工资为人民币14400元\uff0c转正后月工资为人民币18000元。甲方于每月十日前存入。",
            "乙方试用期月工资为人民币14400元\uff0c转正后月工资为人民币18000元。",
        ),
        (
            "The deposit is 1,670 pounds, paid by card <CARD_1> on 12 February 2026.",
            (
                "The tenant has paid a deposit of 1,670 pounds. It is held by a scheme under AW-12-5520. "
                "The deposit was paid by card <CARD_1> on 12 February 2026."
            ),
            "The tenant has paid a deposit",
        ),
        (
            "The phone number of Dr. Ines Carvalho is +351 21 555 0134.",
            "- Test laboratory: Dr. Ines Carvalho, phone +351 21 555 0134\n- Customer: 13700001234",
            "- Test laboratory: Dr. Ines Carvalho, phone +351 21 555 0134",
        ),
    ],
)
def test_rows_lists_and_wide_statements_find_their_quote(answer: str, passage: str, quote: str) -> None:
    other = "The number for urgent repairs is +44 117 496 0199, day and night. Ask for Tom."
    (evidence,) = check(answer, [other, passage])
    assert evidence.index == 1
    assert evidence.verified
    found = passage[evidence.start : evidence.end]
    assert quote in found
    assert len(found) < 3 * len(quote) + 100


@pytest.mark.parametrize("text", ["Ask Dr. Wu. Then go.", "See No. 5 of it. Then go.", "Mr. J. Li came. Then go."])
def test_a_title_or_an_initial_ends_no_sentence(text: str) -> None:
    assert [text[a:b] for a, b in sentences(text)][-1] == "Then go."
    assert len(sentences(text)) == 2
    assert len(statements(text)) == 2


def test_content_words() -> None:
    assert content_words("The 1,250 tenants 租金") == {"1250", "tenant", "租金"}
