"""Passages are slices of the document, of bounded size, cut where a reader would cut."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studiolo.knowledge.chunking import Sizes, chunk, context_of
from studiolo.knowledge.language import language_of, sentence_spans
from studiolo.knowledge.parsers.blocks import Block, Parsed

SMALL = Sizes(most=20, tiny=5)


def count(text: str) -> int:
    return len(re.findall("[\u4e00-\u9fff]|[A-Za-z0-9]+", text))


def document(*blocks: Block) -> Parsed:
    return Parsed(title="", blocks=blocks)


def words(number: int, *, word: str = "word") -> str:
    return " ".join([word] * number) + "."


def test_headings_part_passages_and_stand_in_their_path():
    parsed = document(
        Block("heading", "Lease", level=1),
        Block("paragraph", words(8)),
        Block("heading", "Term", level=2),
        Block("paragraph", words(9)),
        Block("heading", "Rent", level=2),
        Block("paragraph", words(9)),
    )
    chunks = chunk(parsed, count_tokens=count, sizes=SMALL)
    assert [piece.heading for piece in chunks] == [("Lease",), ("Lease", "Term"), ("Lease", "Rent")]
    assert chunks[1].text.startswith("Term\n\nword")


def test_tiny_sections_share_a_passage_under_the_common_heading():
    parsed = document(
        Block("heading", "Lease", level=1),
        Block("heading", "Term", level=2),
        Block("paragraph", "Two years."),
        Block("heading", "Rent", level=2),
        Block("paragraph", "500 a month."),
    )
    (only,) = chunk(parsed, count_tokens=count, sizes=SMALL)
    assert only.heading == ("Lease",)
    assert only.text == parsed.text


def test_long_paragraphs_are_cut_between_sentences():
    text = "The tenant pays Mr. Smith on the first day. " * 4 + "租期为二十四个月。房租每月三千元。押金两个月。"
    chunks = chunk(document(Block("paragraph", text)), count_tokens=count, sizes=SMALL)
    assert len(chunks) == 3
    assert all(piece.text.endswith((".", "。")) for piece in chunks)
    assert not any(piece.text.endswith("Mr.") for piece in chunks)


def test_a_sentence_without_end_is_cut_at_blanks_and_characters():
    chunks = chunk(document(Block("paragraph", "word " * 100)), count_tokens=count, sizes=SMALL)
    assert all(count(piece.text) <= 20 and not piece.text.startswith("ord") for piece in chunks)
    chunks = chunk(document(Block("paragraph", "字" * 100)), count_tokens=count, sizes=SMALL)
    assert all(count(piece.text) <= 20 for piece in chunks)


def test_a_passage_never_crosses_a_page_and_keeps_its_heading():
    heading = Block("heading", "Term", page=3, level=1)
    parsed = document(heading, Block("paragraph", words(6), page=3), Block("paragraph", words(6), page=4))
    first, second = chunk(parsed, count_tokens=count, sizes=SMALL)
    assert (first.page, first.page_end) == (3, 3)
    assert (second.page, second.page_end) == (4, 4)
    assert first.heading == second.heading == ("Term",)


block_texts = st.text(alphabet="ab .。,\n合同期限1A", min_size=1, max_size=200).map(str.strip).filter(bool)
blocks = st.builds(
    Block,
    st.sampled_from(["heading", "paragraph", "list", "table", "code"]),
    block_texts,
    page=st.integers(1, 5),
    level=st.integers(1, 3),
)


@given(st.lists(blocks, max_size=12))
def test_passages_are_slices_that_miss_nothing(found):
    parsed = document(*found)
    text = parsed.text
    chunks = chunk(parsed, count_tokens=count, sizes=SMALL)
    position = 0
    for piece in chunks:
        assert piece.text == text[piece.start : piece.end]
        assert not text[position : piece.start].strip()
        assert count(piece.text) <= SMALL.most
        position = piece.end
    assert not text[position:].strip()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The term is two years.", "en"),
        ("租期为两年。", "zh"),
        ("请用 Python 打开 config.json 文件,然后检查日志。", "zh"),
        ("The word 租赁 means lease in this contract.", "en"),
        ("これは日本語の文章です。", ""),
        ("Это русский текст.", ""),
        ("12 345 - 6", ""),
        ("", ""),
    ],
)
def test_language_by_script(text, language):
    assert language_of(text) == language


def test_sentences_follow_one_another_without_a_gap():
    text = "Dr. Li paid 3.5 yuan. Did she? “Yes!” 她说:“好。”然后走了。End"
    spans = sentence_spans(text)
    assert "".join(text[start:end] for start, end in spans) == text
    assert [text[start:end].strip() for start, end in spans] == [
        "Dr. Li paid 3.5 yuan.",
        "Did she?",
        "“Yes!”",
        "她说:“好。”",
        "然后走了。",
        "End",
    ]


def test_context_says_only_what_the_text_does_not():
    assert context_of(("Lease", "Term"), "Term\n\nTwo years.", title="Contract") == "Contract / Lease"
    assert context_of(("Term",), "Term\n\nTwo years.", title="Term") == ""


def table_of(rows: int, *, row: int = 1, label: str = "", words: str = "item") -> Block:
    lines = ["名称 Name | 价格 Price", *(f"{words} {number} | {number * 10}" for number in range(1, rows + 1))]
    return Block("table", "\n".join(lines), page=1, label=label, row=row, header=lines[0])


def test_a_table_is_cut_between_rows_and_each_passage_knows_the_header():
    heading = Block("heading", "Costs", page=1, level=1, label="Costs")
    parsed = document(heading, table_of(20, label="Costs"))
    chunks = chunk(parsed, count_tokens=count, sizes=SMALL)
    assert len(chunks) > 3
    assert chunks[0].heading == ("Costs",)
    assert all(piece.heading == ("Costs", "名称 Name | 价格 Price") for piece in chunks[1:])
    assert all(line.count("|") == 1 for piece in chunks[1:] for line in piece.text.split("\n"))
    ranges = [piece.label.partition("!")[2].split("-") for piece in chunks]
    assert ranges[0][0] == "1"
    assert ranges[-1][-1] == "21"
    assert all(int(after[0]) == int(before[-1]) + 1 for before, after in itertools.pairwise(ranges))


def test_a_table_that_goes_on_from_another_carries_its_header_from_its_first_row():
    block = Block("table", "pen | 3\n笔 | 5", row=7, header="Name | Price")
    (only,) = chunk(document(block), count_tokens=count, sizes=SMALL)
    assert only.heading == ("Name | Price",)
    assert only.label == "7-8"


def test_a_row_longer_than_a_passage_is_cut_at_cells():
    row = " | ".join(f"cell{number} of words" for number in range(30))
    chunks = chunk(document(Block("table", row, row=3)), count_tokens=count, sizes=SMALL)
    assert len(chunks) > 1
    assert all(piece.text.startswith("cell") and piece.label == "3" for piece in chunks)


def test_code_is_cut_between_lines():
    code = "\n".join(f"value_{number} = compute(a, b. C)" for number in range(20))
    chunks = chunk(document(Block("code", code)), count_tokens=count, sizes=SMALL)
    assert all(piece.text.endswith(")") and piece.text.startswith("value") for piece in chunks)


@pytest.mark.parametrize(
    "sentence",
    [
        ", ".join(f"the {number} tenants pay their rent" for number in range(12)) + ".",
        "，".join(f"租客第{number}次支付房租" for number in range(12)) + "。",
    ],
)
def test_only_a_broken_sentence_overlaps_by_its_last_clause(sentence):
    parsed = document(Block("paragraph", sentence), Block("paragraph", words(15)), Block("paragraph", words(15)))
    chunks = chunk(parsed, count_tokens=count, sizes=SMALL)
    overlaps = [before.end - after.start for before, after in itertools.pairwise(chunks)]
    inside = [gap for gap, piece in zip(overlaps, chunks[1:], strict=True) if piece.end <= len(sentence)]
    assert max(inside) > 0
    assert all(gap <= 0 for gap in overlaps[len(inside) :])
    assert all(count(piece.text) <= SMALL.most for piece in chunks)
    assert all(piece.text == parsed.text[piece.start : piece.end] for piece in chunks)


def test_a_passage_never_crosses_a_label_and_tells_it():
    parsed = document(Block("paragraph", "One.", label="a.pdf#1"), Block("paragraph", "二。", label="a.pdf#2"))
    assert [piece.label for piece in chunk(parsed, count_tokens=count, sizes=SMALL)] == ["a.pdf#1", "a.pdf#2"]


def test_counting_many_at_once_gives_the_same_passages():
    parsed = document(table_of(40), Block("paragraph", words(50)))
    calls: list[int] = []

    def many(texts):
        calls.append(len(texts))
        return [count(text) for text in texts]

    assert chunk(parsed, count_tokens=count, sizes=SMALL, count_many=many) == chunk(
        parsed, count_tokens=count, sizes=SMALL
    )
    assert calls[0] <= 2
