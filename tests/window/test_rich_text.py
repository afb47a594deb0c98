"""An answer as Markdown: what it may show, and that nothing in it is ever loaded."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QImage, QTextDocument

from studiolo_desktop.ui.chat.markdown import Inks, closed, to_html
from studiolo_desktop.ui.chat.rich_text import AnswerText, SafeDocument
from studiolo_desktop.ui.sources.card import quote_ranges, snippet

INKS = Inks(accent="#111111", chip="#222222", code="#333333")


def html(markdown: str, markers: int = 3) -> str:
    return to_html(markdown, markers=frozenset(range(1, markers + 1)), inks=INKS)


@pytest.mark.parametrize(
    ("markdown", "part"),
    [
        ("**bold** and *soft*", "<b>bold</b> and <i>soft</i>"),
        ("- one\n- two", "<ul><li>one</li><li>two</li></ul>"),
        ("3. three", '<ol start="3"><li>three</li></ol>'),
        ("# Title", "<h3>Title</h3>"),
        ("`a < b`", "a &lt; b"),
        ("```\nx = 1\n```", "<pre>x = 1</pre>"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "<td>1</td>"),
        ("合同期为**三年** [1]。", "合同期为<b>三年</b>"),
        ("<script>alert(1)</script>", "&lt;script&gt;"),
        ("<img src='http://x/y.png'>", "&lt;img"),
        ("![a cat](http://x/cat.png)", "a cat"),
    ],
)
def test_markdown(markdown, part):
    assert part in html(markdown)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("a **bold", "a **bold**"),
        ("a **", "a "),
        ("a **bold** b", "a **bold** b"),
        ("one\n- two **three ", "one\n- two **three**"),
        ("use `pip", "use `pip`"),
        ("```\nx ** y", "```\nx ** y"),
        ("三年 **固定", "三年 **固定**"),
        ("", ""),
    ],
)
def test_what_is_open_is_closed_while_it_is_being_written(written, shown):
    assert closed(written) == shown


def test_citations_become_links_only_where_the_source_exists():
    assert html("It is so [1][2].").count('href="cite:') == 2
    assert html("Both [1, 3] say it.").count('href="cite:') == 2
    assert html("两者 [1，2] 都说。").count('href="cite:') == 2
    assert "[7]" in html("It is so [7].")
    assert html("`[1]` is code").count("cite:") == 0


@pytest.mark.parametrize(
    "markdown",
    [
        "![x](http://evil.example/p.png)",
        "![x](file:///etc/passwd)",
        "![x](\\\\host\\share\\x.png)",
        "![x](data:image/svg+xml;base64,PHN2Zy8+)",
        "<img src='http://evil.example/p.png'>",
        "<link rel='stylesheet' href='http://evil.example/x.css'>",
        "<style>@import url(http://evil.example/x.css);</style>",
        "[x](javascript:alert(1))",
        "[x](file:///etc/passwd)",
        "[1]: http://evil.example/x\n\n![x][1]",
    ],
)
def test_nothing_is_loaded_whatever_the_answer_says(qtbot, open_window, markdown):
    desktop, _ = open_window(ready=False)
    asked: list[str] = []
    text = AnswerText(desktop.look)
    qtbot.addWidget(text)
    real = AnswerText.loadResource

    def load(kind, name):
        asked.append(str(name))
        return real(text, kind, name)

    text.loadResource = load
    text.resize(500, 200)
    text.show()
    text.show_markdown(f"Before {markdown} after", frozenset({1}))
    text.grab()
    assert asked == []  # no resource is even asked for
    shown = text.toHtml().lower()
    assert "<img" not in shown
    assert "evil" not in "".join(part for part in shown.split('"') if part.startswith(("http", "file", "data", "java")))


def test_a_document_that_asks_gets_nothing(tmp_path):
    picture = tmp_path / "secret.png"
    image = QImage(40, 40, QImage.Format.Format_ARGB32)
    image.fill(0xFFFF0000)
    image.save(str(picture))
    document = SafeDocument()
    document.setHtml(f'<img src="{picture}"><img src="file://{picture}"><p>text</p>')
    document.adjustSize()
    got = document.resource(QTextDocument.ResourceType.ImageResource.value, QUrl.fromLocalFile(str(picture)))
    assert got.size().toTuple() == (1, 1)
    style = document.resource(QTextDocument.ResourceType.StyleSheetResource.value, QUrl("http://x/y.css"))
    assert not style


def test_quotes_are_found_in_spite_of_white_space():
    text = "The term is\nthree  years. It ends then."
    assert quote_ranges(text, ["The term is three years."]) == [(0, 25)]
    assert quote_ranges("试用期为三个月，自四月起。", ["三个月"]) == [(4, 7)]
    assert quote_ranges(text, ["four years"]) == []
    assert quote_ranges("abc def", ["abc", "c def"]) == [(0, 7)]


def test_a_snippet_starts_near_the_quote():
    text = "x " * 100 + "The lease ends in May. " + "y " * 100
    assert "The lease ends in May." in snippet(text, quote_ranges(text, ["The lease ends in May."]))
    assert snippet("short", []) == "short"
