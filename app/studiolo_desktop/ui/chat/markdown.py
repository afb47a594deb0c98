"""An answer's Markdown as HTML for a QTextDocument. Text in, text out; knows nothing of widgets.

The model's words are never trusted: raw HTML is shown as text, an image becomes its description, and nothing that
loads anything can come out of here. `[1]`, or `【1】`, becomes a link `cite:1` where a source of that number exists. A
block of code has a link `copy:0`, numbered through the answer.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from html import escape

from markdown_it import MarkdownIt
from markdown_it.token import Token

from studiolo_desktop.theme import Tokens
from studiolo_desktop.ui.chat.code import highlighted
from studiolo_desktop.ui.chat.formulas import formula_html, install

CITE_SCHEME = "cite"
COPY_SCHEME = "copy"
_MARKER = re.compile(r"[\[【]\s*(\d{1,2}(?:\s*[,，、]\s*\d{1,2})*)\s*[\]】]")
_LINE_END = re.compile(r"\r\n?|\n")
_LINK_SCHEMES = ("http://", "https://", "mailto:")

_BLOCKS = {
    "paragraph_open": "<p>",
    "paragraph_close": "</p>",
    "bullet_list_open": "<ul>",
    "bullet_list_close": "</ul>",
    "ordered_list_close": "</ol>",
    "list_item_open": "<li>",
    "list_item_close": "</li>",
    "blockquote_open": "<blockquote>",
    "blockquote_close": "</blockquote>",
    "table_open": '<table class="grid" cellspacing="0" cellpadding="6">',
    "table_close": "</table>",
    "thead_open": "",
    "thead_close": "",
    "tbody_open": "",
    "tbody_close": "",
    "tr_open": "<tr>",
    "tr_close": "</tr>",
    "th_close": "</th>",
    "td_close": "</td>",
    "hr": "<hr>",
    "strong_open": "<b>",
    "strong_close": "</b>",
    "em_open": "<i>",
    "em_close": "</i>",
    "s_open": "<s>",
    "s_close": "</s>",
    "hardbreak": "<br>",
    "softbreak": "<br>",
}


@dataclass(frozen=True, slots=True)
class Inks:
    """Colours that the HTML itself must name."""

    accent: str
    chip: str
    code: str
    muted: str = ""
    comment: str = ""
    keyword: str = ""
    string: str = ""
    number: str = ""
    name: str = ""

    @classmethod
    def of(cls, tokens: Tokens) -> Inks:
        """Those of a theme."""
        return cls(
            accent=tokens.accent,
            chip=tokens.accent_ink,
            code=tokens.sunken,
            muted=tokens.muted,
            comment=tokens.muted,
            keyword=tokens.code_keyword,
            string=tokens.code_string,
            number=tokens.code_number,
            name=tokens.code_name,
        )


@functools.cache
def _parser() -> MarkdownIt:
    """CommonMark with tables, struck-out text and formulas, without raw HTML."""
    return install(MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]))


def to_html(markdown: str, *, markers: AbstractSet[int], inks: Inks, copy: str = "", codes: int = 0) -> str:
    """HTML of the answer. `markers`: numbers of sources that exist; `copy`: what copying code is called, "" = none.

    `codes`: blocks of code that stand before it.
    """
    renderer = _Renderer(markers, inks, copy=copy, codes=codes)
    renderer.render(_parser().parse(markdown))
    return "".join(renderer.out)


@dataclass(frozen=True, slots=True)
class Grown:
    """An answer that is being written: what cannot change any more, and its last block."""

    settled: str  # HTML
    open: str  # HTML
    at: int  # where the last block begins in the Markdown
    codes: int  # blocks of code in what is settled


def grown(markdown: str, *, markers: AbstractSet[int], inks: Inks, copy: str = "", codes: int = 0) -> Grown:
    """The end of an answer in two parts. `codes`: blocks of code that stand before it."""
    tokens = _parser().parse(closed(markdown))
    last = max((i for i, token in enumerate(tokens) if token.level == 0 and token.nesting >= 0), default=0)
    where = tokens[last].map if tokens else None
    line = where[0] if where else 0
    settled = _Renderer(markers, inks, copy=copy, codes=codes)
    settled.render(tokens[:last])
    writing = _Renderer(markers, inks, copy=copy, codes=settled.codes, plain=True)
    writing.render(tokens[last:])
    ends = [found.end() for found in _LINE_END.finditer(markdown)]
    at = ends[line - 1] if line else 0
    return Grown("".join(settled.out), "".join(writing.out), at, settled.codes)


def code_blocks(markdown: str) -> list[str]:
    """The code of an answer, block by block, as it is numbered in the HTML."""
    return [token.content for token in _parser().parse(markdown) if token.type in ("fence", "code_block")]


def closed(markdown: str) -> str:
    """An answer that is still being written, with what is open at its end closed: no bare ** flickers by."""
    head, _, last = markdown.rpartition("\n")
    if head.count("```") % 2:
        return markdown
    last = last.removesuffix("*") if last.endswith(" *") else last
    if last.count("`") % 2:
        last += "`"
    elif last.count("**") % 2:
        last = last[:-2] if last.endswith("**") else last.rstrip() + "**"
    return f"{head}\n{last}" if head else last


class _Renderer:
    """Writes the HTML of one answer."""

    def __init__(
        self, markers: AbstractSet[int], inks: Inks, *, copy: str = "", codes: int = 0, plain: bool = False
    ) -> None:
        """`plain`: code in one colour."""
        self.out: list[str] = []
        self.codes = codes  # blocks of code so far
        self._copy = copy
        self._plain = plain
        self._markers = markers
        self._inks = inks
        self._links: list[str] = []  # what closes each link that is open

    def render(self, tokens: Sequence[Token]) -> None:
        for token in tokens:
            if token.hidden:
                continue
            if token.type == "inline":
                self.render(token.children or [])
            elif token.type in _BLOCKS:
                self.out.append(_BLOCKS[token.type])
            else:
                self.out.append(self._one(token))

    def _one(self, token: Token) -> str:
        match token.type:
            case "text":
                html = escape(token.content) if self._links else _cited(token.content, self._markers, self._inks)
            case "heading_open" | "heading_close":
                level = min(6, int(token.tag[1]) + 2)  # an answer's heading is smaller than the page's
                html = f"<h{level}>" if token.type == "heading_open" else f"</h{level}>"
            case "th_open" | "td_open":
                side = str(token.attrGet("style") or "").removeprefix("text-align:")
                html = f'<{token.tag} align="{side}">' if side in ("left", "right", "center") else f"<{token.tag}>"
            case "ordered_list_open":
                html = f'<ol start="{int(token.attrGet("start") or 1)}">'
            case "code_inline":
                html = f'<code style="background-color:{self._inks.code}">&nbsp;{escape(token.content)}&nbsp;</code>'
            case "fence" | "code_block":
                html = self._code(token)
            case "formula":
                html = f"<i>{formula_html(token.content)}</i>"
            case "formula_block":
                html = f'<p align="center"><i>{formula_html(token.content)}</i></p>'
            case "link_open":
                target = str(token.attrGet("href") or "")
                safe = target.lower().startswith(_LINK_SCHEMES)
                self._links.append("</a>" if safe else "")
                html = f'<a href="{escape(target, quote=True)}">' if safe else ""
            case "link_close":
                html = self._links.pop() if self._links else ""
            case _:
                html = escape(token.content)  # an image's description; what else a parser may know is text here
        return html

    def _code(self, token: Token) -> str:
        language = token.info.split()[0] if token.info.split() else ""
        code = token.content.rstrip()
        number, self.codes = self.codes, self.codes + 1
        ground = f'bgcolor="{self._inks.code}"'
        head = ""
        if self._copy:
            link = f'<a href="{COPY_SCHEME}:{number}" style="text-decoration:none">{escape(self._copy)}</a>'
            head = (
                f'<tr><td {ground} style="color:{self._inks.muted}; font-size:small">{escape(language)}</td>'
                f'<td {ground} align="right" style="font-size:small">{link}</td></tr>'
            )
        shown = escape(code) if self._plain else highlighted(code, language, self._inks)
        return (
            f'<table class="code" width="100%" cellpadding="8" cellspacing="0">{head}<tr>'
            f'<td {ground} colspan="{2 if head else 1}"><pre>{shown}</pre></td></tr></table>'
        )


def _cited(text: str, markers: AbstractSet[int], inks: Inks) -> str:
    out: list[str] = []
    at = 0
    for match in _MARKER.finditer(text):
        numbers = [int(n) for n in re.findall(r"\d+", match.group(1))]
        if not all(n in markers for n in numbers):
            continue
        before = text[at : match.start()]
        joined = before.rstrip(" ")
        out.append(escape(joined) + ("&nbsp;" if joined != before else ""))  # a chip never begins a line alone
        out += [_chip(n, inks) for n in numbers]
        at = match.end()
    out.append(escape(text[at:]))
    return "".join(out)


def _chip(number: int, inks: Inks) -> str:
    # The rounded ground is painted by the widget, around the hard spaces.
    return (
        f'<a href="{CITE_SCHEME}:{number}" style="color:{inks.chip}; text-decoration:none; font-size:small;'
        f' font-weight:600">&nbsp;{number}&nbsp;</a>'
    )
