"""What an answer copies is found again; over texts whose tokens are their characters."""

from __future__ import annotations

import pytest

from studiolo.inference.speculation import LEAST_MATCH, MOST_MATCH, ROWS, Drafts

ENGLISH = (
    "The tenant pays the yearly rent in twelve parts. Repairs below two hundred euros are his. The deposit comes back "
    "with the keys. Whoever keeps animals asks before, and the landlord may say no where the neighbours complain."
)
CHINESE = (
    "承租人应当在每个月的第一天之前把当月的租金汇入出租人指定的银行账户并且保留凭证。"
    "二百元以下的维修由承租人自行负担，其他维修由出租人负责，承租人应当在七天之内书面通知。"
    "押金在租赁关系结束并且交还全部钥匙以后由出租人退还！"
    "饲养动物之前必须征得出租人的书面同意，邻居有正当理由反对的时候出租人可以拒绝承租人的申请，不需要说明理由。"
)
LIST = "a line of a list that has no stop\nthe line that follows it has none either\nnor has the last of them all\n"
MOST = 2 * ROWS - 1
BOTH = pytest.mark.parametrize("text", [ENGLISH, CHINESE])


def _tokens(text: str) -> list[int]:
    return [ord(character) for character in text]


def _piece(token: int) -> bytes:
    return chr(token).encode()


def _draft(prompt: str, answer: str, *, most: int = MOST) -> str:
    return "".join(map(chr, Drafts(_piece).next(_tokens(prompt + answer), most=most)))


def _copying(text: str, size: int, *, most: int = MOST) -> str:
    """The draft of an answer that has copied so much of a prompt."""
    return _draft(f"§{text}§", f"#{text[:size]}", most=most)


def _ends(text: str) -> list[int]:
    return [at + 1 for at, mark in enumerate(text) if mark in "。！\n" or text[at : at + 2] == ". "]


@BOTH
def test_a_long_match_goes_on_and_a_short_one_does_not(text: str) -> None:
    assert _copying(text, LEAST_MATCH, most=ROWS - 1) == text[LEAST_MATCH : LEAST_MATCH + ROWS - 1]
    assert not _copying(text, LEAST_MATCH - 1)
    assert not _draft(f"§{text}§", text[: LEAST_MATCH - 1] + "#")


@pytest.mark.parametrize("text", [ENGLISH, CHINESE, LIST])
def test_it_stops_where_the_sentence_or_the_line_ends(text: str) -> None:
    end = _ends(text)[1]
    assert _copying(text, end - ROWS + 1) == text[end - ROWS + 1 : end]
    assert not _copying(text, end - ROWS + 2)
    assert not _copying(text, end)  # an answer that quotes one sentence is over here


@BOTH
def test_behind_two_ends_it_goes_past_the_next(text: str) -> None:
    _, two, three = _ends(text)[:3]
    assert not _copying(text, two - 2)
    assert _copying(text, three - 2) == text[three - 2 : three - 2 + MOST]
    assert _copying(text, three) == text[three : three + MOST]


def test_a_stop_in_a_number_ends_nothing_and_one_in_quotation_marks_does() -> None:
    text = 'In the year before it had been 1.5 percent and they said "More!" when they were asked what they wanted. '
    assert _copying(text, text.index("1.5") + 1, most=ROWS - 1) == ".5 percent and "
    assert not _copying(text, text.index("said"), most=MOST)
    assert _copying(text, text.index(" they said"), most=MOST) == ' they said "More!"'[: ROWS - 1]


def test_a_character_may_be_spread_over_several_tokens() -> None:
    sentence = CHINESE[: _ends(CHINESE)[0]].encode()
    prompt, answer = [1, *CHINESE.encode(), 1], [2, *sentence]

    def draft(answer: list[int]) -> list[int]:
        return Drafts(lambda token: bytes([token])).next([*prompt, *answer], most=MOST)

    assert bytes(draft(answer[: 1 - ROWS])) == sentence[1 - ROWS :]
    assert not draft(answer)


def test_the_longest_match_counts_and_of_equal_ones_the_last() -> None:
    common = "they said that the same words stand in both of "
    prompt = f"§ first {common}these places, and then it goes on.§ other {common}those others, where it ends.§"
    assert _draft(prompt, f" first {common}", most=ROWS - 1) == "these places, a"
    assert _draft(prompt, f" other {common}", most=ROWS - 1) == "those others, w"
    assert _draft(prompt, f"#{common}", most=ROWS - 1) == "those others, w"


def test_what_the_answer_says_itself_counts_too() -> None:
    drafts = Drafts(_piece)
    tokens = _tokens("§")
    found = []
    for token in _tokens(f"{ENGLISH} As was said: {ENGLISH[:30]}"):
        tokens.append(token)
        found.append(drafts.next(tokens, most=MOST))
    assert "".join(map(chr, found[-1])) == ENGLISH[30 : 30 + ROWS - 1]
    assert not any(found[: len(ENGLISH)])


def test_a_draft_and_the_token_before_it_are_whole_rows() -> None:
    text = "".join(chr(0x4E00 + number) for number in range(200))
    for most in range(70):
        assert len(_copying(text, LEAST_MATCH, most=most)) == max(0, (most + 1) // ROWS * ROWS - 1)
    assert len(_draft(text[: LEAST_MATCH + 5], text[:LEAST_MATCH])) == ROWS - 1  # the answer's beginning goes on it
    assert not _draft("", f"{text[:LEAST_MATCH]}§{text[:LEAST_MATCH]}", most=ROWS - 2)


def test_a_bad_draft_asks_for_a_longer_match_until_one_is_right() -> None:
    text = "".join(chr(0x4E00 + number) for number in range(300))

    def asked() -> int:
        drafts._earlier.clear()
        drafts._latest.clear()
        tokens = _tokens(f"§{text}§#")
        for size, token in enumerate(_tokens(text), 1):
            tokens.append(token)
            if drafts.next(tokens, most=MOST):
                return size
        raise AssertionError("never")

    drafts = Drafts(_piece)
    assert asked() == LEAST_MATCH
    for drafted, right, expected in (
        (31, 16, LEAST_MATCH),
        (31, 15, 2 * LEAST_MATCH),
        (15, 14, 2 * LEAST_MATCH),
        (15, 0, 4 * LEAST_MATCH),
        (31, 0, MOST_MATCH),
        (31, 0, MOST_MATCH),
        (31, 31, LEAST_MATCH),
    ):
        drafts.told(drafted=drafted, right=right)
        assert asked() == expected
