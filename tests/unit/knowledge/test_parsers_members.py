"""Tables as text, data, code, mail, books and archives: files with files in them."""

from __future__ import annotations

import json

import pytest
from tests.unit.knowledge.office_files import epub, mail, zipped
from tests.unit.knowledge.test_parsers import CHINESE, code_of, kinds, made

from studiolo.errors import Code, UserError
from studiolo.knowledge.parsers import KNOWN_SUFFIXES, Reading, members, parse
from studiolo.types import Gap

# Tables and data


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_delimited_tables_in_any_encoding(tmp_path, delimiter, encoding):
    rows = [["名称", "说明 text", "价格"], ["水费,电费;", '"a"\nb', "3,5"], ["租金合同押金", "每月支付一次", "3000"]]
    text = "\r\n".join(delimiter.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)
    (block,) = parse(made(tmp_path, "a.csv", text.encode(encoding))).blocks
    assert block.text == '名称 | 说明 text | 价格\n水费,电费; | "a" b | 3,5\n租金合同押金 | 每月支付一次 | 3000'
    assert (block.row, block.header) == (1, "名称 | 说明 text | 价格")


def test_rows_keep_their_numbers_over_empty_rows_and_the_header(tmp_path):
    first, second = parse(made(tmp_path, "a.csv", "sep=;\nName;Price\nRent;3\n;\nWater;5\n电;6\n")).blocks
    assert (first.row, second.row) == (2, 5)
    assert second.header == first.header == "Name | Price"
    assert second.text == "Water | 5\n电 | 6"


def test_json_gives_paths_and_tables(tmp_path):
    value = {
        "owner": {"name": "李伟", "age": 40},
        "tags": ["a", "b"],
        "items": [{"n": "pen", "p": 1}, {"n": "笔", "p": 2}],
    }
    parsed = parse(made(tmp_path, "a.json", json.dumps(value)))
    assert kinds(parsed) == [
        ("heading", "owner"),
        ("list", "owner.name: 李伟\nowner.age: 40"),
        ("heading", "tags"),
        ("list", "tags[1]: a\ntags[2]: b"),
        ("heading", "items"),
        ("table", "n | p\npen | 1\n笔 | 2"),
    ]
    assert parsed.blocks[-1].header == "n | p"
    assert code_of(made(tmp_path, "b.json", "{not json")) is Code.DAMAGED_FILE


def test_json_lines_and_notebooks(tmp_path):
    lines = '{"who": "Anna", "what": "租金"}\n{"who": "Li", "what": "rent"}\n{"who": "cut'
    assert parse(made(tmp_path, "a.jsonl", lines)).text == "who | what\nAnna | 租金\nLi | rent"
    cells = [
        {"cell_type": "markdown", "source": ["# Plan 计划\n", "Words"]},
        {"cell_type": "code", "source": "print(1)", "outputs": [{"text": ["1\n"]}]},
    ]
    parsed = parse(made(tmp_path, "a.ipynb", json.dumps({"nbformat": 4, "cells": cells})))
    assert kinds(parsed) == [
        ("heading", "Plan 计划"),
        ("paragraph", "Words"),
        ("code", "print(1)"),
        ("code", "1"),
    ]


def test_code_is_cut_at_outermost_lines(tmp_path):
    text = "import os\n\n\ndef first():\n    a = 1\n\n    return a\n\n\n# 注释\ndef second():\n    pass\n"
    assert [block.text for block in parse(made(tmp_path, "a.py", text)).blocks] == [
        "import os",
        "def first():\n    a = 1\n\n    return a",
        "# 注释\ndef second():\n    pass",
    ]


# Mail and books


def test_mail_has_subject_head_body_and_attachments(tmp_path):
    attached = {"价格.csv": b"Name,Price\nRent,3\n", "app.exe": b"MZ\x00\x01"}
    data = mail("Lease 租约", "Plain body\n正文", markup="<p>Other body</p>", attached=attached)
    parsed = parse(made(tmp_path, "a.eml", data))
    assert parsed.title == "Lease 租约"
    assert kinds(parsed) == [
        ("heading", "Lease 租约"),
        ("paragraph", "From: Li Wei <li@example.org>\nTo: anna@example.org\nDate: Mon, 02 Mar 2026 10:00:00 +0000"),
        ("paragraph", "Plain body\n正文"),
        ("heading", "价格.csv"),
        ("table", "Name | Price\nRent | 3"),
    ]
    assert parsed.blocks[-1].row == 1
    assert parsed.blocks[-1].label == "价格.csv"
    assert parsed.gaps == (Gap("unknown_format", name="app.exe"),)


def test_mail_that_is_only_a_web_page(tmp_path):
    data = b"Subject: =?gb2312?B?1+LUvA==?=\nContent-Type: text/html; charset=gb2312\n\n<p>" + CHINESE.encode("gb18030")
    parsed = parse(made(tmp_path, "a.eml", data))
    assert kinds(parsed) == [("heading", "租约"), ("paragraph", CHINESE)]


def test_books_are_read_in_the_order_of_the_spine(tmp_path):
    data = epub({"z": "<h1>One 一</h1><p>First</p>", "a": "<h1>Two</h1><p>第二</p>"}, title="A book 书")
    parsed = parse(made(tmp_path, "a.epub", data))
    assert parsed.title == "A book 书"
    assert [block.text for block in parsed.blocks] == ["One 一", "First", "Two", "第二"]


# Archives


def test_members_are_headings_and_what_cannot_be_read_is_a_gap(tmp_path):
    data = zipped({"../../文档/a.md": "# Term\n\nWords", "b.bin": b"\x00\x01", "c.txt": "", "__MACOSX/x.txt": "no"})
    parsed = parse(made(tmp_path, "a.zip", data))
    assert [(b.text, b.level) for b in parsed.blocks] == [("../../文档/a.md", 1), ("Term", 2), ("Words", 0)]
    assert set(parsed.gaps) == {Gap("unknown_format", name="b.bin"), Gap("empty_document", name="c.txt")}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip"]


def test_an_archive_in_which_nothing_can_be_read_says_why(tmp_path):
    assert code_of(made(tmp_path, "a.zip", zipped({"b.bin": b"\x00\x01"}))) is Code.UNKNOWN_FORMAT
    assert code_of(made(tmp_path, "b.zip", zipped({}))) is Code.EMPTY_DOCUMENT


def nested(depth: int) -> bytes:
    data = zipped({"deep.txt": "deep words 深"})
    for _ in range(depth):
        data = zipped({"inner.zip": data})
    return data


def test_archives_in_archives_end(tmp_path):
    assert "deep words 深" in parse(made(tmp_path, "a.zip", nested(2))).text
    assert code_of(made(tmp_path, "b.zip", nested(3))) is Code.ARCHIVE_TOO_LARGE
    mixed = zipped({"note.txt": "Words", "deep.zip": nested(2)})
    assert parse(made(tmp_path, "c.zip", mixed)).gaps == (Gap("archive_too_large", name="deep.zip"),)


def test_what_all_members_unpack_to_is_limited(tmp_path, monkeypatch):
    monkeypatch.setattr(members, "TOTAL_BYTES", 10)
    parsed = parse(made(tmp_path, "a.zip", zipped({"a.txt": "12345678", "b.txt": "12345678"})))
    assert parsed.gaps == (Gap("archive_too_large", name="b.txt"),)


def test_a_sheet_in_an_archive_names_member_and_sheet(tmp_path):
    import openpyxl
    from tests.unit.knowledge.office_files import saved

    book = openpyxl.Workbook()
    book.active.title = "费用"
    book.active.append(["Name", "Price"])
    parsed = parse(made(tmp_path, "a.zip", zipped({"costs.xlsx": saved(book)})))
    assert [block.label for block in parsed.blocks] == ["costs.xlsx", "costs.xlsx#费用", "costs.xlsx#费用"]
    assert {block.page for block in parsed.blocks} == {0}


def test_one_member_alone_is_read_and_errors_hold_no_name():
    assert members.member("报告.md", b"# Head", Reading()).title == "Head"
    with pytest.raises(UserError) as caught:
        members.member("private.xyz", b"x", Reading())
    assert "private" not in str(caught.value) + repr(caught.value)


def test_the_kinds_of_files_that_a_folder_is_walked_for():
    assert {".docx", ".pptx", ".xlsx", ".csv", ".eml", ".msg", ".epub", ".rtf", ".odt", ".zip", ".json", ".py"} <= set(
        KNOWN_SUFFIXES
    )
