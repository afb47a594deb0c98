"""Arabic lines of a PDF, whose letters pdfium turns round where the page shows them as one."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from studiolo.knowledge.parsers import pdf_arabic


@pytest.fixture
def placed(monkeypatch):
    """Mend a line whose letters have these left and right edges on the page."""

    def mend(line, edges):
        def box(text_page, index):
            left, right = edges[index - 5]
            return SimpleNamespace(left=left, right=right, bottom=0.0, top=10.0)

        monkeypatch.setattr(pdf_arabic, "_box", box)
        return pdf_arabic.mended(None, line, 5)

    return mend


def test_two_letters_shown_as_one_are_turned_back(placed):
    assert placed("كالت", [(30, 36), (24, 30), (24, 30), (16, 24)]) == "كلات"
    assert placed("اإلن", [(30, 33), (24, 30), (24, 30), (16, 24)]) == "الإن"


def test_an_alef_and_a_lam_beside_one_another_stay(placed):
    assert placed("حالة", [(30, 36), (27, 30), (24, 27), (16, 24)]) == "حالة"


def test_a_latin_word_is_parted_from_the_arabic_one_behind_it(placed):
    assert placed("Abمن", [(20, 26), (26, 32), (14, 20), (8, 14)]) == "Ab من"


def test_a_latin_word_is_parted_from_the_letter_before_it_by_a_space_on_the_page(placed):
    assert placed("وAb", [(32, 38), (20, 26), (26, 32)]) == "وAb"
    assert placed("وAb", [(35, 41), (20, 26), (26, 32)]) == "و Ab"


def test_lines_without_arabic_stay(placed):
    for line in ("The lease ends.", "租赁合同的期限", "اب 𠮷Ab"):
        assert placed(line, []) == line
