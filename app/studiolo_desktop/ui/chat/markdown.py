"""An answer's Markdown as HTML for a QTextDocument. Text in, text out; knows nothing of widgets.

The model's words are never trusted: raw HTML is shown as text, an image becomes its description, and nothing that
loads anything can come out of here. `[1]`, or `【1】`, becomes a link `cite:1` where a source of that number exists.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from html import escape

from markdown_it import MarkdownIt
from markdown_it.token import Token

CITE_SCHEME = "cite"
_MARKER = re.compile(r"[\[【]\s*(\d{1,2}(?:\s*[,，、]\s*\d{1,2})*)\s*[\]】]")
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
    "th_open": "<th>",
    "th_close": "</th>",
    "td_open": "<td>",
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


def parser() -> MarkdownIt:
    """CommonMark with tables and struck-out text, without raw HTML."""
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def to_html(markdown: str, *, markers: AbstractSet[int], inks: Inks) -> str:
    """HTML of the answer. `markers` are the numbers of sources that exist."""
    renderer = _Renderer(markers, inks)
    renderer.render(parser().parse(markdown))
    return "".join(renderer.out)


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

    def __init__(self, markers: AbstractSet[int], inks: Inks) -> None:
        self.out: list[str] = []
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
            case "ordered_list_open":
                html = f'<ol start="{int(token.attrGet("start") or 1)}">'
            case "code_inline":
                html = f'<code style="background-color:{self._inks.code}">&nbsp;{escape(token.content)}&nbsp;</code>'
            case "fence" | "code_block":
                html = (
                    f'<table class="code" width="100%" cellpadding="10" cellspacing="0"><tr>'
                    f'<td bgcolor="{self._inks.code}"><pre>{escape(token.content.rstrip())}</pre></td></tr></table>'
                )
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
