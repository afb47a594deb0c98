"""What PDFs hold beside their text (forms, notes, attachments), and pages that pdfium cannot make sense of."""

from __future__ import annotations

import zipfile

import pytest
from tests.unit.knowledge.pdf_files import annotated, attached, form, pdf

from studiolo.errors import Code, UserError
from studiolo.knowledge.parsers import ocr, parse, pdf_second, pdf_text
from studiolo.knowledge.parsers.blocks import Reading
from studiolo.knowledge.parsers.child import ParserProcess
from studiolo.knowledge.parsers.layout import Line
from studiolo.types import Gap

TWO_PAGES = [[("First page.", 11.0)], [("第二页。", 11.0)]]


def blocks_in(path, data):
    path.write_bytes(data)
    return [(block.kind, block.text, block.page) for block in parse(path).blocks]


def test_what_was_filled_in_stands_at_the_end_of_its_page(tmp_path):
    fields = [
        (1, {"/FT": "/Tx", "/T": "f1", "/TU": "Tenant", "/V": "Ada Moss"}),
        (1, {"/FT": "/Tx", "/T": "租金", "/V": "每月 4500 元"}),
        (1, {"/FT": "/Tx", "/T": "empty"}),
        (1, {"/FT": "/Tx", "/T": "secret", "/V": "hidden", "/Ff": 1 << 13}),
        (1, {"/FT": "/Btn", "/T": "pets", "/V": "/Off", "/AS": "/Off"}),
        (2, {"/FT": "/Btn", "/T": "parking", "/V": "/Yes", "/AS": "/Yes"}),
        (2, {"/FT": "/Btn", "/T": "print", "/Ff": 1 << 16}),
    ]
    assert blocks_in(tmp_path / "form.pdf", form(pdf(TWO_PAGES), fields)) == [
        ("paragraph", "First page.", 1),
        ("list", "Tenant: Ada Moss\n租金: 每月 4500 元", 1),
        ("paragraph", "第二页。", 2),
        ("paragraph", "parking: Yes", 2),
    ]


def test_a_form_without_other_text_is_not_empty(tmp_path):
    data = form(pdf([[]]), [(1, {"/FT": "/Tx", "/T": "姓名", "/V": "李梅"})])
    assert blocks_in(tmp_path / "form.pdf", data) == [("paragraph", "姓名: 李梅", 1)]


def test_notes_written_on_a_page_follow_its_text(tmp_path):
    notes = [(1, "FreeText", "Ask for the\nkeys"), (2, "Text", "押金已付")]
    assert blocks_in(tmp_path / "notes.pdf", annotated(pdf(TWO_PAGES), notes)) == [
        ("paragraph", "First page.", 1),
        ("paragraph", "Ask for the keys", 1),
        ("paragraph", "第二页。", 2),
        ("paragraph", "押金已付", 2),
    ]


def test_attached_files_are_read_as_what_they_are(tmp_path):
    files = [
        ("rates.csv", b"Month,Rent\nMay,900\n"),
        ("说明.txt", "暖气费另付。".encode()),
        ("inner.pdf", pdf([[("Annex words.", 11.0)]])),
        ("broken.docx", b"PK\x03\x04 none"),
    ]
    path = tmp_path / "a.pdf"
    path.write_bytes(attached(pdf(TWO_PAGES), files))
    parsed = parse(path)
    assert {(block.text, block.label) for block in parsed.blocks if block.page == 0} >= {
        ("rates.csv", "rates.csv"),
        ("暖气费另付。", "说明.txt"),
        ("Annex words.", "inner.pdf#1"),
    }
    assert "May | 900" in parsed.text
    assert parsed.gaps == (Gap(Code.DAMAGED_FILE.value, name="broken.docx"),)
    assert parsed.pages == 2


def test_the_second_reader_gives_fields_and_attachments_as_well(monkeypatch, tmp_path):
    from studiolo.knowledge.parsers import pdf as first

    monkeypatch.setattr(first, "opened", lambda path, passwords: None)
    data = form(pdf(TWO_PAGES), [(1, {"/FT": "/Tx", "/T": "姓名", "/V": "李梅"})])
    path = tmp_path / "a.pdf"
    path.write_bytes(attached(data, [("note.txt", b"Bring the keys.")]))
    text = parse(path).text
    assert "First page." in text
    assert "姓名: 李梅" in text
    assert "Bring the keys." in text


@pytest.mark.parametrize("nonsense", ["\ue001\ue002\ue003 \ue004" * 5, "\x01\x02\x03\x04" * 5, "Wordsruntogether" * 4])
def test_a_page_read_as_nonsense_is_read_by_the_second_reader(monkeypatch, tmp_path, nonsense):
    whole = pdf_text.lines_of
    met: list[int] = []

    def lines_of(page):
        met.append(1)
        return [Line(nonsense)] if len(met) == 1 else whole(page)

    monkeypatch.setattr(pdf_text, "lines_of", lines_of)
    assert blocks_in(tmp_path / "a.pdf", pdf(TWO_PAGES)) == [
        ("paragraph", "First page.", 1),
        ("paragraph", "第二页。", 2),
    ]


def test_a_page_that_neither_reads_needs_recognition(monkeypatch, tmp_path):
    monkeypatch.setattr(ocr, "is_installed", lambda: False)
    whole = pdf_text.lines_of
    monkeypatch.setattr(pdf_text, "lines_of", lambda page: [Line("\ufffd" * 20)] if whole(page) else [])
    monkeypatch.setattr(pdf_second.SecondReader, "lines", lambda self, number: [Line("\ufffd" * 30)])
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf([[("Words", 11.0)]]))
    with pytest.raises(UserError) as caught:
        parse(path)
    assert caught.value.code is Code.NEEDS_OCR


def test_a_page_that_neither_loads_is_a_gap(monkeypatch, tmp_path):
    from studiolo.knowledge.parsers import pdf as first

    whole = first._page
    monkeypatch.setattr(first, "_page", lambda d, number, notes: None if number == 0 else whole(d, number, notes))
    monkeypatch.setattr(pdf_second.SecondReader, "lines", lambda self, number: None)
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf(TWO_PAGES))
    parsed = parse(path)
    assert (parsed.text, parsed.gaps) == ("第二页。", (Gap(Code.DAMAGED_FILE.value, 1, 1),))


def test_the_second_reader_checks_a_bounded_number_of_pages(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf([[(f"Page {number}", 11.0)] for number in range(30)]))
    second = pdf_second.SecondReader(path, ())
    read = [second.check(number) for number in range(30)]
    assert [line.text for line in read[19]] == ["Page 19"]
    assert read[20:] == [[]] * 10


def test_sound_text_is_not_doubted():
    for text in (
        "The lease ends in March.",
        "租赁合同的期限为二十四个月，自五月一日起。",
        "• \uf0b7 one bullet of many words",
        "a b",
    ):
        assert not pdf_second.is_doubtful([Line(text)])
    assert pdf_second.is_doubtful([Line("s p a c e d o u t")])
    assert not pdf_second.is_nonsense([Line("s p a c e d o u t")])


@pytest.mark.skipif(not ocr.is_installed(), reason="the extra `ocr` is not installed")
def test_a_picture_inside_an_archive_is_recognised_in_the_child(tmp_path):
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("RGB", (900, 200), "white")
    ImageDraw.Draw(picture).text((40, 60), "The keys are red", font=ImageFont.load_default(48), fill="black")
    picture.save(tmp_path / "a.png")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(tmp_path / "a.png", "a.png")
    process = ParserProcess()
    try:
        assert "The keys are red" in process.parse(tmp_path / "a.zip").text
    finally:
        process.close()


def test_a_members_slow_pages_are_told_of_its_container(monkeypatch, tmp_path):
    from studiolo.knowledge.parsers import images

    heard: list[str] = []

    def read(path, reading):
        reading.slow()
        raise UserError(Code.NEEDS_OCR, path=str(path))

    monkeypatch.setattr(images, "read", read)
    path = tmp_path / "a.pdf"
    path.write_bytes(attached(pdf(TWO_PAGES), [("a.png", b"\x89PNG\r\n\x1a\n")]))
    parse(path, reading=Reading(slow=lambda: heard.append("slow")))
    assert heard == ["slow"]
