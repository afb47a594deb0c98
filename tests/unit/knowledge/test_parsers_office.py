"""Word, PowerPoint, Excel, OpenDocument and rich text, old and new, in English and Chinese."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import docx
import openpyxl
import pptx
import pytest
from docx.oxml import parse_xml
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches
from tests.unit.knowledge.office_files import opendocument, powerpoint97, saved, word97, zipped
from tests.unit.knowledge.test_parsers import code_of, kinds, made

from studiolo.errors import Code
from studiolo.knowledge.parsers import Reading, parse

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def paragraph(inner: str):
    return parse_xml(f"<w:p {W}>{inner}</w:p>")


# Word


def lease() -> bytes:
    document = docx.Document()
    document.core_properties.title = "租约 Lease"
    document.sections[0].header.paragraphs[0].text = "Confidential 机密"
    document.add_heading("Term 期限", level=1)
    document.add_paragraph("Two years. 租期两年。")
    document.add_paragraph("Keys", style="List Bullet")
    document.add_paragraph("押金", style="List Number")
    document.add_paragraph("Rent", style="List Number")
    table = document.add_table(rows=3, cols=3)
    for row, cells in zip(table.rows, (("Item", "Price", "备注"), ("Rent", "3000", "月付"), ("", "", "")), strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    table.cell(2, 0).merge(table.cell(2, 1)).text = "Sum"
    table.cell(1, 2).merge(table.cell(2, 2))
    return saved(document)


def test_word_gives_headings_lists_tables_and_the_page_header_once(tmp_path):
    parsed = parse(made(tmp_path, "a.docx", lease()))
    assert parsed.title == "租约 Lease"
    assert parsed.pages == 0
    assert kinds(parsed) == [
        ("paragraph", "Confidential 机密"),
        ("heading", "Term 期限"),
        ("paragraph", "Two years. 租期两年。"),
        ("list", "- Keys\n1. 押金\n2. Rent"),
        ("table", "Item | Price | 备注\nRent | 3000 | 月付\nSum | Sum | 月付"),
    ]
    assert parsed.blocks[-1].header == "Item | Price | 备注"


def test_word_text_boxes_controls_and_formulas_are_read_and_deleted_or_hidden_words_are_not(tmp_path):
    document = docx.Document()
    body = document.element.body
    box = f"<w:txbxContent {W}><w:p><w:r><w:t>In a box 框</w:t></w:r></w:p></w:txbxContent>"
    mc = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    m = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
    pieces = [
        parse_xml(f"<w:sdt {W}><w:sdtContent><w:p><w:r><w:t>Controlled</w:t></w:r></w:p></w:sdtContent></w:sdt>"),
        paragraph(
            f"<w:r><w:t>Beside</w:t><mc:AlternateContent {mc}><mc:Choice><w:drawing>{box}</w:drawing></mc:Choice>"
            f"<mc:Fallback><w:pict>{box}</w:pict></mc:Fallback></mc:AlternateContent></w:r>"
        ),
        paragraph(
            "<w:ins><w:r><w:t>kept </w:t></w:r></w:ins><w:del><w:r><w:delText>deleted</w:delText></w:r></w:del>"
            "<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:r><w:instrText>PAGE</w:instrText></w:r>"
        ),
        paragraph(
            f"<m:oMath {m}><m:r><m:t>E=</m:t></m:r><m:f><m:num><m:r><m:t>a+b</m:t></m:r></m:num><m:den><m:r><m:t>2"
            "</m:t></m:r></m:den></m:f><m:sSup><m:e><m:r><m:t>x</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup>"
            "</m:sSup></m:oMath>"
        ),
    ]
    for number, piece in enumerate(pieces):
        body.insert(number, piece)
    assert [block.text for block in parse(made(tmp_path, "a.docx", saved(document))).blocks] == [
        "Controlled",
        "Beside",
        "In a box 框",
        "kept",
        "E=(a+b)/2x^2",
    ]


def changed(data: bytes, part: str, change) -> bytes:
    """A package with one part's text changed."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members[part] = change(members[part].decode()).encode()
    return zipped(members)


def test_strict_word_files_are_read_alike(tmp_path):
    strict = changed(
        lease(),
        "word/document.xml",
        lambda text: text.replace(
            "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
            "http://purl.oclc.org/ooxml/wordprocessingml/main",
        ),
    )
    assert parse(made(tmp_path, "s.docx", strict)).text == parse(made(tmp_path, "t.docx", lease())).text


def test_word_comments_and_headings_by_outline_level(tmp_path):
    document = docx.Document()
    run = document.add_paragraph("The rent is due.").add_run(" Monthly 每月")
    document.add_comment(run, text="Which day? 哪天?", author="李伟")
    document.element.body.insert(0, paragraph('<w:pPr><w:outlineLvl w:val="1"/></w:pPr><w:r><w:t>Section</w:t></w:r>'))
    parsed = parse(made(tmp_path, "a.docx", saved(document)))
    assert kinds(parsed) == [
        ("heading", "Section"),
        ("paragraph", "The rent is due. Monthly 每月"),
        ("paragraph", "李伟: Which day? 哪天?"),
    ]
    assert parsed.blocks[0].level == 2


# PowerPoint


def slides() -> bytes:
    deck = pptx.Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[1])
    first.shapes.title.text = "Budget 预算"
    first.placeholders[1].text = "Income\n支出"
    first.notes_slide.notes_text_frame.text = "Say this aloud 备注"
    second = deck.slides.add_slide(deck.slide_layouts[6])
    table = second.shapes.add_table(2, 2, 0, 0, Inches(3), Inches(1)).table
    for place, text in (((0, 0), "Name"), ((0, 1), "数量"), ((1, 0), "Pens"), ((1, 1), "12")):
        table.cell(*place).text = text
    group = second.shapes.add_group_shape()
    group.shapes.add_textbox(0, 0, Inches(1), Inches(1)).text_frame.text = "Grouped 组合"
    data = CategoryChartData()
    data.categories = ["Q1", "二季度"]
    data.add_series("Sales", (1.5, 2))
    second.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, 0, 0, Inches(2), Inches(2), data)
    return saved(deck)


def test_slides_are_pages_with_titles_tables_groups_charts_and_notes(tmp_path):
    parsed = parse(made(tmp_path, "a.pptx", slides()))
    assert parsed.pages == 2
    assert parsed.title == "Budget 预算"
    assert [(block.kind, block.text, block.page) for block in parsed.blocks] == [
        ("heading", "Budget 预算", 1),
        ("list", "- Income\n- 支出", 1),
        ("paragraph", "Say this aloud 备注", 1),
        ("table", "Name | 数量\nPens | 12", 2),
        ("paragraph", "Grouped 组合", 2),
        ("table", " | Sales\nQ1 | 1.5\n二季度 | 2", 2),
    ]


def test_slides_that_are_to_be_skipped_are_left_out_and_progress_is_told(tmp_path):
    told = []
    reading = Reading(skip=frozenset({1}), page=lambda page, pages: told.append((page, pages)))
    parsed = parse(made(tmp_path, "a.pptx", slides()), reading=reading)
    assert {block.page for block in parsed.blocks} == {2}
    assert told == [(2, 2)]


# Workbooks


def workbook() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "费用 Costs"
    for row in (("Name", "Price", "Paid"), ("Rent", 3000.0, True), ("水费", 0.1 + 0.2, False)):
        sheet.append(row)
    sheet["A6"], sheet["B6"] = "Water", 5
    sheet["E1"], sheet["F1"], sheet["E2"], sheet["F2"] = "City", "邮编", "北京", "100000"
    sheet["A8"], sheet["C8"], sheet["C9"] = "Merged", "one", "二"
    sheet.merge_cells("A8:B9")
    sheet["A11"] = "A title over all 标题"
    sheet.merge_cells("A11:C11")
    book.create_sheet("Empty")
    return saved(book)


def test_sheets_are_pages_and_tables_keep_row_numbers_and_headers(tmp_path):
    parsed = parse(made(tmp_path, "a.xlsx", workbook()))
    assert parsed.pages == 2
    assert [(b.kind, b.text, b.page, b.label, b.row, b.header) for b in parsed.blocks] == [
        ("heading", "费用 Costs", 1, "费用 Costs", 0, ""),
        (
            "table",
            "Name | Price | Paid\nRent | 3000 | TRUE\n水费 | 0.3 | FALSE",
            1,
            "费用 Costs",
            1,
            "Name | Price | Paid",
        ),
        ("table", "City | 邮编\n北京 | 100000", 1, "费用 Costs", 1, "City | 邮编"),
        ("table", "Water | 5", 1, "费用 Costs", 6, ""),
        ("table", "Merged | Merged | one\nMerged | Merged | 二", 1, "费用 Costs", 8, "Merged | Merged | one"),
        ("paragraph", "A title over all 标题", 1, "费用 Costs", 0, ""),
    ]


@pytest.mark.parametrize("name", ["a.xlsx", "a.docx", "a.zip", "a.xls", "a"])
def test_a_package_is_what_it_holds_whatever_it_is_called(tmp_path, name):
    assert parse(made(tmp_path, name, workbook())).pages == 2
    assert kinds(parse(made(tmp_path, name, lease())))[1] == ("heading", "Term 期限")


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.xls", "<html><body><table><tr><td>Name</td><td>价</td></tr></table></body></html>", "Name | 价"),
        ("b.xls", "Name\t价\nRent\t3\n", "Name | 价\nRent | 3"),
        ("a.doc", "{\\rtf1\\ansi Plain words\\par}", "Plain words"),
        ("b.doc", "MIME-Version: 1.0\nSubject: Hi\n\nWords 字", "Hi\n\nWords 字"),
        ("c.doc", "Only words 文字", "Only words 文字"),
    ],
)
def test_text_in_an_office_files_name_is_read_as_what_it_is(tmp_path, name, data, expected):
    assert parse(made(tmp_path, name, data)).text == expected


# OpenDocument, rich text, the old binary formats


def test_opendocument_text(tmp_path):
    body = (
        '<text:h text:outline-level="2">Term 期限</text:h><text:p>Two<text:s text:c="2"/>years<text:note>'
        "<text:note-body><text:p>A note 注</text:p></text:note-body></text:note>.</text:p><text:list><text:list-item>"
        "<text:p>Keys</text:p>"
        "<text:list><text:list-item><text:p>钥匙</text:p></text:list-item></text:list></text:list-item></text:list>"
        '<table:table><table:table-row><table:table-cell table:number-columns-spanned="2"><text:p>Both</text:p>'
        "</table:table-cell><table:covered-table-cell/></table:table-row><table:table-row><table:table-cell>"
        "<text:p>租金</text:p></table:table-cell><table:table-cell><text:p>3000</text:p></table:table-cell>"
        "</table:table-row></table:table><text:tracked-changes><text:p>gone</text:p></text:tracked-changes>"
    )
    parsed = parse(made(tmp_path, "a.odt", opendocument("text", body)))
    assert kinds(parsed) == [
        ("heading", "Term 期限"),
        ("paragraph", "Two years."),
        ("paragraph", "A note 注"),
        ("list", "- Keys\n  - 钥匙"),
        ("table", "Both | Both\n租金 | 3000"),
    ]


def test_opendocument_slides_and_encryption(tmp_path):
    frame = "<draw:frame{}><draw:text-box><text:p>{}</text:p></draw:text-box></draw:frame>"
    title = frame.format(' presentation:class="title"', "Budget 预算")
    body = f"<draw:page>{frame.format('', 'Words')}{title}</draw:page><draw:page>{frame.format('', '文字')}</draw:page>"
    parsed = parse(made(tmp_path, "a.odp", opendocument("presentation", body)))
    assert [(b.text, b.page) for b in parsed.blocks] == [("Budget 预算", 1), ("Words", 1), ("文字", 2)]
    locked = opendocument("text", "<text:p>x</text:p>", manifest="<m><file-entry><encryption-data/></file-entry></m>")
    assert code_of(made(tmp_path, "b.odt", locked)) is Code.NEEDS_PASSWORD


def test_rich_text_in_code_pages_and_with_tables(tmp_path):
    text = (
        r"{\rtf1\ansi\ansicpg936{\info{\title Lease}}Rent\par \'d7\'e2\'bd\'f0\par"
        r" \trowd\intbl A\cell B\cell\row \trowd\intbl 1\cell 2\cell\row Done \u31199?\par}"
    )
    parsed = parse(made(tmp_path, "a.rtf", text))
    assert parsed.title == "Lease"
    assert ("paragraph", "租金") in kinds(parsed)
    assert ("table", "A | B\n1 | 2") in kinds(parsed)
    assert kinds(parsed)[-1] == ("paragraph", "Done 租")


def test_word_97_with_headings_tables_and_fields(tmp_path):
    text = "Lease 租约\rSee \x13 HYPERLINK x \x14here\x15 now.\rItem\x07价格\x07\x07Rent\x073000\x07\x07End\r"
    parsed = parse(made(tmp_path, "a.doc", word97(text, styles={0: 2})))
    assert kinds(parsed) == [
        ("heading", "Lease 租约"),
        ("paragraph", "See here now."),
        ("table", "Item | 价格\nRent | 3000"),
        ("paragraph", "End"),
    ]
    assert parsed.blocks[0].level == 2


def test_powerpoint_97_slides(tmp_path):
    data = powerpoint97([("Budget 预算", "Income\r支出", "In a box"), ("Next", "Body", "Box")])
    parsed = parse(made(tmp_path, "a.ppt", data))
    assert parsed.pages == 2
    assert [(b.kind, b.text, b.page) for b in parsed.blocks] == [
        ("heading", "Budget 预算", 1),
        ("list", "Income\n支出", 1),
        ("paragraph", "In a box", 1),
        ("heading", "Next", 2),
        ("paragraph", "Body", 2),
        ("paragraph", "Box", 2),
    ]


# Passwords and bad files


def locked(data: bytes, password: str) -> bytes:
    from msoffcrypto.format.ooxml import OOXMLFile

    out = io.BytesIO()
    OOXMLFile(io.BytesIO(data)).encrypt(password, out)
    return out.getvalue()


def test_a_locked_office_file_opens_with_a_fitting_password_alone(tmp_path):
    path = made(tmp_path, "a.docx", locked(lease(), "秘密 secret"))
    assert code_of(path) is Code.NEEDS_PASSWORD
    assert code_of(path, reading=Reading(passwords=("wrong",))) is Code.NEEDS_PASSWORD
    parsed = parse(path, reading=Reading(passwords=("wrong", "秘密 secret")))
    assert ("heading", "Term 期限") in kinds(parsed)


def test_damaged_old_and_empty_office_files_have_their_codes(tmp_path):
    assert code_of(made(tmp_path, "a.docx", lease()[:-500])) is Code.DAMAGED_FILE
    assert code_of(made(tmp_path, "b.docx", b"PK\x03\x04" + b"junk" * 100)) is Code.DAMAGED_FILE
    assert code_of(made(tmp_path, "c.xlsx", b"\x00\x01\x02junk")) is Code.DAMAGED_FILE
    assert code_of(made(tmp_path, "d.docx", saved(docx.Document()))) is Code.EMPTY_DOCUMENT
    assert code_of(made(tmp_path, "e.doc", word97("x\r", flags=0x0300))) is Code.NEEDS_PASSWORD
    lost = powerpoint97([("a", "b", "c")]).replace(b"\x0f\x00\xe8\x03", b"\x0f\x00\xe9\x03")
    assert code_of(made(tmp_path, "g.ppt", lost)) is Code.DAMAGED_FILE
    whole = word97("Words\r")
    assert (
        code_of(made(tmp_path, "f.doc", whole.replace(b"\xec\xa5\xc1\x00", b"\xdc\xa5\x65\x00"))) is Code.CONVERT_FIRST
    )


def test_entities_are_not_expanded_and_nothing_is_fetched(tmp_path):
    secret = made(tmp_path, "secret.txt", "secret words")

    def with_entity(text: str) -> str:
        doctype = f'<!DOCTYPE d [<!ENTITY e SYSTEM "{Path(secret).as_uri()}"><!ENTITY f "{"lol" * 1000}">]>'
        return text.replace("<w:document", f"{doctype}<w:document", 1).replace("Two years.", "Two &e;&f; years.")

    parsed = parse(made(tmp_path, "a.docx", changed(lease(), "word/document.xml", with_entity)))
    assert "secret words" not in parsed.text
    assert "lollol" not in parsed.text


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    from studiolo.knowledge.parsers import packages

    monkeypatch.setattr(packages, "UNPACKED_BYTES", 5_000_000)
    data = changed(lease(), "word/document.xml", lambda text: text + " " * 6_000_000)
    assert code_of(made(tmp_path, "a.docx", data)) is Code.ARCHIVE_TOO_LARGE
