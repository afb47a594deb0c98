"""Passages are slices of the document, of bounded size, cut where a reader would cut."""

from __future__ import annotations

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
