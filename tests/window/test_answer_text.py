"""An answer while it grows and when it has ended: code with colours and a way to copy it, formulas, the same text."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QGuiApplication, QTextCursor
from tests.window.test_rich_text import INKS

from studiolo_desktop.theme import DARK, LIGHT, contrast
from studiolo_desktop.ui.chat.code import highlighted
from studiolo_desktop.ui.chat.formulas import formula_html
from studiolo_desktop.ui.chat.markdown import Inks, code_blocks, grown, to_html
from studiolo_desktop.ui.chat.rich_text import AnswerText, SafeDocument

ANSWER = """The term is **three years** [1].

1. One 一
2. Two

- a
- b

```python
def f(x):
    return "租" + x  # why
```

| a | b |
|---|---|
| 1 | 2 |

## 标题

Last [2].

    indented()
"""


@pytest.fixture
def text(qtbot, open_window):
    desktop, _ = open_window(ready=False)
    found = AnswerText(desktop.look)
    qtbot.addWidget(found)
    found.resize(500, 200)
    found.show()
    return found


def written(text: AnswerText) -> list[str]:
    return [line.replace("\xa0", " ").strip() for line in text.toPlainText().split("\n") if line.strip()]


def listed(text: AnswerText) -> list[str]:
    document = text.document()
    blocks = [document.findBlockByNumber(number) for number in range(document.blockCount())]
    return [block.text() for block in blocks if block.textList() is not None]


def test_an_answer_that_grew_reads_as_the_whole_one(text):
    markers = frozenset({1, 2})
    for end in range(1, len(ANSWER) + 1, 3):
        text.show_markdown(ANSWER[:end], markers, writing=True)
    text.show_markdown(ANSWER, markers, writing=True)
    grew, chips, items = written(text), len(text.chip_rects()), listed(text)
    text.show_markdown(ANSWER, markers)
    assert grew == written(text)
    assert items == listed(text) == ["One 一", "Two", "a", "b"]
    assert chips == len(text.chip_rects()) == 2


def test_only_the_last_block_is_laid_out_anew(text, monkeypatch):
    put: list[str] = []
    real = AnswerText._put
    monkeypatch.setattr(AnswerText, "_put", lambda self, cursor, html: (put.append(html), real(self, cursor, html)))
    long = "\n\n".join(f"Paragraph {n}, 第 {n} 段。" for n in range(100))
    text.show_markdown(long, frozenset(), writing=True)
    put.clear()
    text.show_markdown(f"{long} And", frozenset(), writing=True)
    assert sum(map(len, put)) < 200
    text.show_markdown(f"{long} And\n\nthen", frozenset(), writing=True)
    assert written(text)[-2:] == ["Paragraph 99, 第 99 段。 And", "then"]
    assert len(written(text)) == 101


def test_a_long_answer_is_not_laid_out_whole_when_it_ends(text, monkeypatch):
    whole: list[str] = []
    monkeypatch.setattr(AnswerText, "_show_whole", lambda self: whole.append(self.markdown))
    long = "\n\n".join(f"Paragraph {n}, 第 {n} 段 [1]." for n in range(300)) + "\n\n```python\nreturn 1\n```"
    text.show_markdown(long[:-4], frozenset({1}), writing=True)
    text.show_markdown(long, frozenset({1}))
    assert whole == []
    assert len(written(text)) == 303  # with the head of the code, which is two cells
    assert text.toHtml().lower().count(text._look.tokens.code_keyword.lower()) >= 1


def test_what_a_person_marks_stays_marked_while_more_arrives(text):
    text.show_markdown("First paragraph.\n\nSecond", frozenset(), writing=True)
    cursor = text.textCursor()
    cursor.setPosition(0)
    cursor.setPosition(5, QTextCursor.MoveMode.KeepAnchor)
    text.setTextCursor(cursor)
    text.show_markdown("First paragraph.\n\nSecond one.\n\nThird", frozenset(), writing=True)
    assert text.textCursor().selectedText() == "First"


@pytest.mark.parametrize("begins", ["- a list", "1. 一", "a word", "# 标题", "> quoted"])
def test_nothing_empty_stands_before_an_answer_that_is_being_written(text, begins):
    text.show_markdown(begins, frozenset(), writing=True)
    text.show_markdown(f"{begins}\n\nand then", frozenset(), writing=True)
    grew = [text.document().findBlockByNumber(n).text() for n in range(text.document().blockCount())]
    text.show_markdown(f"{begins}\n\nand then", frozenset())
    whole = [text.document().findBlockByNumber(n).text() for n in range(text.document().blockCount())]
    assert grew == whole


@pytest.mark.parametrize(
    "markdown",
    [
        "![x](http://evil.example/p.png?q=secret)",
        "![x](file:///etc/passwd)",
        "![x](\\\\host\\share\\x.png)",
        "![x](data:image/svg+xml;base64,PHN2Zy8+)",
        "<img src='http://evil.example/p.png'>",
        "$![x](http://evil.example)$ \\[<img src=x>\\]",
        "```html\n<img src='http://evil.example/p.png'>\n```",
    ],
)
def test_nothing_is_loaded_while_an_answer_grows_either(text, monkeypatch, markdown):
    asked: list[str] = []
    monkeypatch.setattr(SafeDocument, "loadResource", lambda self, kind, name: asked.append(str(name)))
    text.loadResource = lambda kind, name: asked.append(str(name))
    for end in range(1, len(markdown) + 1, 2):
        text.show_markdown(f"Before {markdown[:end]}", frozenset(), writing=True)
        text.grab()
    text.show_markdown(f"Before {markdown} after", frozenset())
    text.grab()
    assert asked == []
    assert "<img" not in text.toHtml()


def test_line_ends_of_other_systems():
    for end in ("\n", "\r\n", "\r"):
        markdown = f"One\x0c\u2028.{end}{end}Two{end}{end}Three"
        assert markdown[grown(markdown, markers=frozenset(), inks=INKS).at :] == "Three"


def test_other_sources_or_another_beginning_lay_all_out_anew(text):
    text.show_markdown("It is so [1].\n\nYes", frozenset(), writing=True)
    assert text.chip_rects() == []
    text.show_markdown("It is so [1].\n\nYes", frozenset({1}), writing=True)
    assert len(text.chip_rects()) == 1
    text.show_markdown("Something else", frozenset({1}), writing=True)
    assert written(text) == ["Something else"]


def test_the_parts_of_a_growing_answer():
    parts = grown("One.\n\n```\nx\n```\n\nTwo\n- a **b", markers=frozenset(), inks=INKS, copy="Copy", codes=2)
    assert "copy:2" in parts.settled
    assert parts.codes == 3
    assert "<b>b</b>" in parts.open
    assert grown("", markers=frozenset(), inks=INKS).at == 0


def test_each_block_of_code_can_be_copied(text):
    text.show_markdown(ANSWER, frozenset())
    assert text.toHtml().count("copy:") == 2
    text.anchorClicked.emit(QUrl("copy:0"))
    assert QGuiApplication.clipboard().text() == 'def f(x):\n    return "租" + x  # why\n'
    text.anchorClicked.emit(QUrl("copy:1"))
    assert QGuiApplication.clipboard().text() == "indented()\n"
    text.anchorClicked.emit(QUrl("copy:9"))
    assert QGuiApplication.clipboard().text() == "indented()\n"


def test_copying_code_is_no_link_that_leads_out(qtbot, text):
    text.show_markdown("```\nx\n```\n\n[y](copy:0)", frozenset())
    assert text.toHtml().count("copy:") == 1  # an answer cannot write one itself
    with qtbot.assertNotEmitted(text.link_clicked):
        text.anchorClicked.emit(QUrl("copy:0"))


@pytest.mark.parametrize("tokens", [LIGHT, DARK])
def test_code_is_coloured_and_readable(tokens):
    inks = Inks.of(tokens)
    html = highlighted('def f(x):\n    return "<租>"  # 注释', "python", inks)
    assert f'<span style="color:{inks.keyword}">def</span>' in html
    assert f'color:{inks.comment}"># 注释' in html
    assert "&lt;租&gt;" in html
    for ink in (inks.keyword, inks.string, inks.number, inks.name, inks.comment):
        assert contrast(ink, inks.code) >= 4.5


@pytest.mark.parametrize("language", ["", "klingon", "../../etc", "python" * 100])
def test_an_unknown_language_is_plain(language):
    assert highlighted("a < b", language, INKS) == "a &lt; b"


def test_blocks_of_code_in_order():
    assert code_blocks(ANSWER) == ['def f(x):\n    return "租" + x  # why\n', "indented()\n"]


@pytest.mark.parametrize(
    ("latex", "html"),
    [
        (r"x^2 + y_1", "x<sup>2</sup> + y<sub>1</sub>"),
        (r"\frac{a}{b+1}", "a/(b+1)"),
        (r"\sqrt{2} \leq \alpha", "√2 ≤ α"),
        (r"\sum_{i=1}^{n} x_i", "∑<sub>i=1</sub><sup>n</sup> x<sub>i</sub>"),
        (r"\text{租金} \times 12", "租金 × 12"),
        (r"\left( x \right)", "( x )"),
        (r"\unknowncommand{x}", r"\unknowncommandx"),
        (r"a < b", "a &lt; b"),
        (r"\frac{1", "1/()"),
        ("\\", "\\"),
        ("x^", "x<sup></sup>"),
    ],
)
def test_formulas_read_as_signs(latex, html):
    assert formula_html(latex) == html


@pytest.mark.parametrize(
    ("markdown", "part"),
    [
        (r"so \(x_1 * y * z\) is", "<i>x<sub>1</sub> * y * z</i>"),
        ("面积 $a^2$。", "<i>a<sup>2</sup></i>"),
        ("\\[\n\\frac{a}{b}\n\\]", '<p align="center"><i>'),
        ("$$ a = b $$", '<p align="center"><i>a = b</i></p>'),
        ("It costs $5 and $10.", "It costs $5 and $10."),
        ("`$x$` is code", "$x$"),
        ("\\[ open", "[ open"),
    ],
)
def test_formulas_in_markdown(markdown, part):
    assert part in to_html(markdown, markers=frozenset(), inks=INKS)
