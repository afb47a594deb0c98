"""The sample PDFs say what their sources say, page by page, and hold what a filter must find."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

ASSETS = Path(__file__).resolve().parents[3] / "assets"
PDFS = {
    "lease-alder-wharf.pdf": "lease-alder-wharf.html",
    "espresso-machine-manual.pdf": "espresso-machine-manual.html",
    "劳动合同.pdf": "labour-contract-zh.html",
}


class Pieces(HTMLParser):
    """The runs of text of an HTML page, each with the page it must be printed on."""

    def __init__(self) -> None:
        super().__init__()
        self.page = 0
        self.in_body = False
        self.found: list[tuple[int, str]] = []

    def handle_starttag(self, tag, attrs):
        self.in_body = self.in_body or tag == "body"
        self.page += tag == "div"

    def handle_data(self, data):
        text = squeezed(data)
        if self.in_body and text:
            self.found.append((self.page, text))


def squeezed(text: str) -> str:
    """Without white space, which page layout moves about."""
    return re.sub(r"\s+", "", text)


def pages_of(path: Path) -> list[str]:
    import pypdfium2

    with pypdfium2.PdfDocument(path) as document:
        texts = []
        for page in document:
            with_text = page.get_textpage()
            texts.append(squeezed(with_text.get_text_range()))
            with_text.close()
            page.close()
        return texts


@pytest.mark.parametrize(("pdf", "source"), PDFS.items())
def test_every_piece_of_the_source_stands_on_its_page(pdf, source):
    pieces = Pieces()
    pieces.feed((ASSETS / "sample-sources" / source).read_text(encoding="utf-8"))
    pages = pages_of(ASSETS / "samples" / pdf)
    assert len(pieces.found) > 30
    missing = [(page + 1, text) for page, text in pieces.found if text not in pages[page]]
    assert missing == []


@pytest.mark.parametrize(("pdf", "source"), PDFS.items())
def test_a_pdf_holds_no_character_its_source_does_not(pdf, source):
    allowed = set((ASSETS / "sample-sources" / source).read_text(encoding="utf-8")) | set("0123456789/•.")
    strange = {character for text in pages_of(ASSETS / "samples" / pdf) for character in text} - allowed
    assert strange == set()


def test_there_is_enough_of_each_kind():
    names = {path.name for path in (ASSETS / "samples").iterdir()}
    assert len(pages_of(ASSETS / "samples" / "lease-alder-wharf.pdf")) >= 3
    assert len(pages_of(ASSETS / "samples" / "espresso-machine-manual.pdf")) >= 5
    assert len(pages_of(ASSETS / "samples" / "劳动合同.pdf")) >= 3
    assert {Path(name).suffix for name in names} == {".pdf", ".md", ".html", ".txt"}
    assert sum(path.stat().st_size for path in (ASSETS / "samples").iterdir()) < 1_500_000


def everything() -> str:
    texts = [path.read_text(encoding="utf-8") for path in (ASSETS / "samples").iterdir() if path.suffix != ".pdf"]
    texts += [(ASSETS / "sample-sources" / source).read_text(encoding="utf-8") for source in PDFS.values()]
    return "\n".join(texts)


def test_identity_numbers_have_their_check_digit():
    numbers = re.findall(r"(?<!\d)\d{17}[\dX](?!\d)", everything())
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    assert len(numbers) >= 3
    for number in numbers:
        total = sum(weight * int(digit) for weight, digit in zip(weights, number, strict=False))
        assert number[-1] == "10X98765432"[total % 11]


def test_cards_pass_the_luhn_check():
    cards = [re.sub(r"\s", "", card) for card in re.findall(r"\b(?:\d{4} ){3}\d{4}\b", everything())]
    cards += re.findall(r"(?<!\d)62\d{17}(?!\d)", everything())
    assert len(cards) >= 3
    for card in cards:
        digits = [int(digit) for digit in reversed(card)]
        doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[1::2]]
        assert (sum(digits[::2]) + sum(doubled)) % 10 == 0


def test_addresses_lie_in_domains_nobody_owns():
    domains = set(re.findall(r"[\w.]+@([\w.-]+\w)", everything()))
    assert len(domains) >= 5
    assert all(re.search(r"(^|\.)example(\.(com|org|net))?$", domain) for domain in domains)
