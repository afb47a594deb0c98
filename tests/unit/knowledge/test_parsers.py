"""Every format to blocks, every kind of bad file to its own error, and the child process that does it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.knowledge.pdf_files import encrypted, pdf

from studiolo.errors import Code, UserError
from studiolo.jobs import CancelToken
from studiolo.knowledge.parsers import Budget, parse
from studiolo.knowledge.parsers.blocks import clean
from studiolo.knowledge.parsers.child import Cancelled, ParserProcess
from studiolo.knowledge.parsers.html import parse_markup
from studiolo.knowledge.parsers.markdown import parse_text
from studiolo.knowledge.parsers.text import decode

CHINESE = "租赁合同的期限为二十四个月,自签字之日起计算。房租每月三千元,押一付三。"
TRADITIONAL = "租賃合約的期限為二十四個月,自簽字之日起計算。房租每月三千元,押一付三。"


def made(tmp_path: Path, name: str, data: bytes | str) -> Path:
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def code_of(path: Path, **options) -> Code:
    with pytest.raises(UserError) as caught:
        parse(path, **options)
    return caught.value.code


def kinds(parsed) -> list[tuple[str, str]]:
    return [(block.kind, block.text) for block in parsed.blocks]


# PDF


def test_pdf_gives_pages_headings_and_whole_paragraphs(tmp_path):
    lines = [
        ("Lease agreement", 20.0),
        ("", 10.0),
        ("The term of the lease is twenty-four months and the tenant", 11.0),
        ("pays the rent on the first day of each month.", 11.0),
        ("", 11.0),
        ("Keys", -11.0),
        ("", 5.0),
        ("Two keys were handed over.", 11.0),
    ]
    chinese = [("租赁合同", 18.0), ("", 11.0), ("租期为二十四个月。", 11.0), ("房租每月三千元。", 11.0)]
    parsed = parse(made(tmp_path, "lease.pdf", pdf([lines, chinese], title="A lease")))
    assert parsed.title == "A lease"
    assert parsed.pages == 2
    assert [(b.kind, b.text, b.page) for b in parsed.blocks] == [
        ("heading", "Lease agreement", 1),
        (
            "paragraph",
            "The term of the lease is twenty-four months and the tenant pays the rent on the first day of each month.",
            1,
        ),
        ("heading", "Keys", 1),
        ("paragraph", "Two keys were handed over.", 1),
        ("heading", "租赁合同", 2),
        ("paragraph", "租期为二十四个月。房租每月三千元。", 2),
    ]
    assert parsed.blocks[0].level < parsed.blocks[2].level


def test_pdf_outline_names_headings_set_like_the_text(tmp_path):
    lines = [("1. Deposit", 11.0), ("The deposit is two rents.", 11.0)]
    parsed = parse(made(tmp_path, "a.pdf", pdf([lines], outline=[("Deposit", 1)])))
    assert kinds(parsed) == [("heading", "1. Deposit"), ("paragraph", "The deposit is two rents.")]


def test_headers_and_footers_that_pages_repeat_are_read_once(tmp_path):
    words = ["Apples are red.", "Pears are green.", "Plums are blue.", "Figs are brown."]
    pages = [
        [("Handbook 2026", 9.0), ("", 11.0), (text, 11.0), ("", 11.0), (f"Page {number} of 4", 9.0)]
        for number, text in enumerate(words, start=1)
    ]
    parsed = parse(made(tmp_path, "a.pdf", pdf(pages)))
    assert [(block.text, block.page) for block in parsed.blocks] == [
        ("Handbook 2026", 1),
        ("Apples are red.", 1),
        ("Page 1 of 4", 1),
        ("Pears are green.", 2),
        ("Plums are blue.", 3),
        ("Figs are brown.", 4),
    ]


def test_pdf_is_known_by_its_bytes_whatever_it_is_called(tmp_path):
    assert parse(made(tmp_path, "scan.dat", pdf([[("Some words", 11.0)]]))).pages == 1


@pytest.mark.parametrize("pages", [[[]], [[], []]])
def test_pdf_without_text_is_empty(tmp_path, pages):
    assert code_of(made(tmp_path, "a.pdf", pdf(pages))) is Code.EMPTY_DOCUMENT


def test_encrypted_pdf_needs_its_password_unless_it_is_empty(tmp_path):
    plain = pdf([[("Secret words", 11.0)]])
    assert code_of(made(tmp_path, "a.pdf", encrypted(plain, password="pass"))) is Code.NEEDS_PASSWORD
    assert parse(made(tmp_path, "b.pdf", encrypted(plain, password=""))).blocks[0].text == "Secret words"


def test_damaged_pdfs_are_said_to_be(tmp_path):
    whole = pdf([[("Some words", 11.0)]])
    assert code_of(made(tmp_path, "a.pdf", b"%PDF-1.7\n" + os.urandom(3000))) is Code.DAMAGED_FILE
    assert code_of(made(tmp_path, "b.pdf", whole[:200])) is Code.DAMAGED_FILE


def test_pdf_with_a_wrong_cross_reference_is_still_read(tmp_path):
    whole = pdf([[("Some words", 11.0)]])
    broken = whole[: whole.rindex(b"startxref")] + b"startxref\n7\n%%EOF\n"
    assert parse(made(tmp_path, "a.pdf", broken)).blocks[0].text == "Some words"


# Markdown and HTML


def test_markdown_blocks():
    parsed = parse_text(
        "---\ntitle: Manual\n---\n# Safety\n\nKeep *dry*, see\n[here](http://x) and `run()`.\n\n"
        "## Steps\n\n1. Open\n2. Close\n   - gently\n\n| Part | Price |\n|---|---|\n| PN-4471-B | 12 |\n\n"
        "```python\nif a:\n    b()\n```\n\n> Quoted words\n\n第一行\n第二行\n"
    )
    assert parsed.title == "Manual"
    assert kinds(parsed) == [
        ("heading", "Safety"),
        ("paragraph", "Keep dry, see here and run()."),
        ("heading", "Steps"),
        ("list", "1. Open\n2. Close\n  - gently"),
        ("table", "Part | Price\nPN-4471-B | 12"),
        ("code", "if a:\n    b()"),
        ("paragraph", "Quoted words"),
        ("paragraph", "第一行第二行"),
    ]
    assert [block.level for block in parsed.blocks if block.kind == "heading"] == [1, 2]
    assert [block.header for block in parsed.blocks if block.kind == "table"] == ["Part | Price"]


def test_markdown_takes_its_title_from_the_first_heading():
    assert parse_text("Words\n\n## 会议纪要\n").title == "会议纪要"


def test_html_keeps_what_is_read_and_drops_what_is_not():
    parsed = parse_markup(
        "<html><head><title>The page</title><style>p{}</style></head><body><nav><a>Home</a></nav>"
        "<script>var secret = 1</script><h1>租约</h1><div>One <b>bold</b> text<p>Second</p>tail</div>"
        "<!-- comment --><ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>"
        "<table><tr><th>K</th><th>V</th></tr><tr><td>x</td><td>1</td></tr></table><pre>a\n  b</pre>"
        "<p hidden>no</p></body></html>"
    )
    assert parsed.title == "The page"
    assert kinds(parsed) == [
        ("heading", "租约"),
        ("paragraph", "One bold text"),
        ("paragraph", "Second"),
        ("paragraph", "tail"),
        ("list", "- a\n  - b\n- c"),
        ("table", "K | V\nx | 1"),
        ("code", "a\n  b"),
    ]


def test_html_tables_repeat_what_spans_cells_and_know_their_header():
    (caption, block) = parse_markup(
        "<table><caption>Prices 价格</caption><tr><th>Item</th><th colspan=2>Year 年</th></tr>"
        "<tr><td rowspan=2>Rent</td><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr></table>"
    ).blocks
    assert caption.text == "Prices 价格"
    assert block.text == "Item | Year 年 | Year 年\nRent | 1 | 2\nRent | 3 | 4"
    assert block.header == "Item | Year 年 | Year 年"


def test_html_is_decoded_as_it_declares(tmp_path):
    page = f'<meta charset="gb2312"><p>{CHINESE}</p>'
    assert parse(made(tmp_path, "a.html", page.encode("gb18030"))).blocks[0].text == CHINESE


def test_html_nested_deeper_than_any_page_is_read(tmp_path):
    page = "<div>" * 5000 + "deep words" + "</div>" * 5000
    assert "deep words" in parse(made(tmp_path, "a.html", page)).text


# Text


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", CHINESE),
        ("utf-8-sig", CHINESE),
        ("utf-16", CHINESE),
        ("utf-16-le", "The term is two years.\n" + CHINESE),
        ("utf-16-be", "The term is two years.\n" + CHINESE),
        ("utf-32", "The term. " + CHINESE),
        ("gb18030", CHINESE),
        ("gb18030", "Rent: 3000 " + CHINESE[:12]),
        ("big5", TRADITIONAL),
        ("cp932", "賃貸借契約の期間は二年です。家賃は毎月はじめに支払うものとします。"),
        ("cp1252", "Der Mieter schließt die Tür. Die Miete beträgt zweihundert Euro für die Wohnung über dem Café."),
    ],
)
def test_text_in_the_encodings_people_have(encoding, text):
    assert decode(text.encode(encoding)) == text


def test_bytes_that_are_no_text_are_not_decoded(tmp_path):
    png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)) * 20
    assert code_of(made(tmp_path, "picture.txt", png)) is Code.DAMAGED_FILE


def test_text_paragraphs_lists_and_code(tmp_path):
    parsed = parse(made(tmp_path, "a.txt", "First\nline.\r\n\r\n- a\n- b\n\n    code\n    more\n\x0cLast"))
    assert kinds(parsed) == [
        ("paragraph", "First\nline."),
        ("list", "- a\n- b"),
        ("code", "    code\n    more"),
        ("paragraph", "Last"),
    ]


def test_text_is_cleaned_of_what_is_no_text():
    assert clean("a\x00b\x07  c\u200bd\ufeff\r\ne\u0301\ud800 \n\n\n\nf") == "ab cd\né\n\nf"


def test_a_text_without_suffix_is_read_and_binary_is_not(tmp_path):
    assert parse(made(tmp_path, "README", "Words of 说明")).text == "Words of 说明"
    assert code_of(made(tmp_path, "core", b"\x7fELF\x00\x01")) is Code.UNKNOWN_FORMAT


# Errors


def test_bad_files_each_have_their_code(tmp_path):
    assert code_of(tmp_path / "no.pdf") is Code.FILE_MISSING
    assert code_of(tmp_path) is Code.FILE_UNREADABLE
    os.mkfifo(tmp_path / "pipe.txt")
    assert code_of(tmp_path / "pipe.txt") is Code.FILE_UNREADABLE  # and not waited for
    assert code_of(made(tmp_path, "a.xyz", "words")) is Code.UNKNOWN_FORMAT
    assert code_of(made(tmp_path, "a.txt", "")) is Code.EMPTY_DOCUMENT
    assert code_of(made(tmp_path, "b.md", " \n\n")) is Code.EMPTY_DOCUMENT
    assert code_of(made(tmp_path, "c.txt", "words"), budget=Budget(size_bytes=3)) is Code.FILE_TOO_LARGE


def test_errors_hold_no_path_in_their_text(tmp_path):
    with pytest.raises(UserError) as caught:
        parse(tmp_path / "private name.pdf")
    assert "private" not in str(caught.value) + repr(caught.value)
    assert caught.value.values["path"].endswith("private name.pdf")


# The child process


@pytest.fixture
def process() -> Iterator[ParserProcess]:
    parser = ParserProcess()
    yield parser
    parser.close()


def test_child_gives_the_same_as_parsing_here(tmp_path, process):
    path = made(tmp_path, "报告.md", "# 报告\n\nWords and 文字。\n")
    assert process.parse(path) == parse(path)
    assert process.parse(path) == parse(path)  # the same process, a second time


def test_child_tells_the_error_with_the_path(tmp_path, process):
    with pytest.raises(UserError) as caught:
        process.parse(tmp_path / "no.pdf")
    assert caught.value.code is Code.FILE_MISSING
    assert caught.value.values["path"] == str(tmp_path / "no.pdf")


def test_a_hanging_file_is_given_up_and_the_next_one_read(tmp_path):
    parser = ParserProcess(budget=Budget(time_s=1.5))
    good = made(tmp_path, "good.txt", "Good words")
    try:
        assert parser.parse(good).text == "Good words"
        stopped = parser._child._process.pid
        os.kill(stopped, 19)  # SIGSTOP: as a parser that hangs, it answers nothing
        with pytest.raises(UserError) as caught:
            parser.parse(good)
        assert caught.value.code is Code.PARSE_TIMEOUT
        assert parser.parse(good).text == "Good words"
        assert not Path(f"/proc/{stopped}").exists()
    finally:
        parser.close()


def test_a_child_that_dies_is_a_damaged_file_and_the_next_one_is_read(tmp_path, process):
    good = made(tmp_path, "good.txt", "Good words")
    process.parse(good)
    process._child._process.kill()
    process._child._process.wait()
    assert process.parse(good).text == "Good words"  # found dead before asking: simply started anew
    child = process._child
    child._input.close()
    with pytest.raises(UserError) as caught:
        process.parse(good)
    assert caught.value.code is Code.DAMAGED_FILE
    assert process.parse(good).text == "Good words"


def test_too_much_memory_ends_in_an_error_not_in_the_machine(tmp_path):
    parser = ParserProcess(budget=Budget(memory_bytes=400_000_000))
    try:
        with pytest.raises(UserError) as caught:
            parser.parse(made(tmp_path, "a.txt", b"word " * 60_000_000))
        assert caught.value.code is Code.FILE_TOO_LARGE
    finally:
        parser.close()


def test_cancel_stops_a_parse_at_once(tmp_path, process):
    good = made(tmp_path, "good.txt", "Good words")
    process.parse(good)
    os.kill(process._child._process.pid, 19)
    cancel = CancelToken()
    cancel.cancel()
    started = time.monotonic()
    with pytest.raises(Cancelled):
        process.parse(good, cancel=cancel)
    assert time.monotonic() - started < 30  # not the budget of a minute
    assert process.parse(good).text == "Good words"


def test_child_loads_no_heavy_library(tmp_path, process):
    process.parse(made(tmp_path, "a.pdf", pdf([[("Words", 11.0)]])))
    maps = Path(f"/proc/{process._child._process.pid}/maps").read_text(encoding="utf-8")
    assert "libpdfium" in maps
    assert not any(name in maps for name in ("libtorch", "_lancedb", "libllama", "onnxruntime", "numpy"))


def test_a_parser_is_given_no_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    from studiolo.knowledge.parsers.child import _environment

    monkeypatch.setenv("STUDIOLO_PASSPHRASE", "虎 tiger")
    monkeypatch.setenv("STUDIOLO_PASSPHRASE_FD", "3")
    monkeypatch.setenv("STUDIOLO_KEPT", "yes")
    assert "虎 tiger" not in _environment().values()
    assert "STUDIOLO_PASSPHRASE_FD" not in _environment()
    assert _environment()["STUDIOLO_KEPT"] == "yes"
