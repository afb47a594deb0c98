"""An answer's Markdown as HTML for a QTextDocument. Text in, text out; knows nothing of widgets.

The model's words are never trusted: raw HTML is shown as text, an image becomes its description, and nothing that
loads anything can come out of here. `[1]` becomes a link `cite:1` where a source of that number exists.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from html import escape

from markdown_it import MarkdownIt
from markdown_it.token import Token

CITE_SCHEME = "cite"
_MARKER = re.compile(r"\[(\d{1,2}(?:\s*[,，、]\s*\d{1,2})*)\]")
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


def to_html(markdown: str, *, markers: Set[int], inks: Inks) -> str:
    """HTML of the answer. `markers` are the numbers of sources that exist."""
    return "".join(_blocks(parser().parse(markdown), markers, inks))


def _blocks(tokens: Sequence[Token], markers: Set[int], inks: Inks) -> list[str]:
    out: list[str] = []
    in_link = 0
    for token in tokens:
        kind = token.type
        if token.hidden:
            continue
        if kind == "inline":
            out += _blocks(token.children or [], markers, inks)
        elif kind == "text":
            out.append(escape(token.content) if in_link else _cited(token.content, markers, inks))
        elif kind in ("heading_open", "heading_close"):
            level = min(6, int(token.tag[1]) + 2)  # an answer's heading is smaller than the page's
            out.append(f"<h{level}>" if kind == "heading_open" else f"</h{level}>")
        elif kind == "ordered_list_open":
            start = token.attrGet("start")
            out.append(f'<ol start="{int(start)}">' if start is not None else "<ol>")
        elif kind == "code_inline":
            out.append(f'<code style="background-color:{inks.code}">&nbsp;{escape(token.content)}&nbsp;</code>')
        elif kind in ("fence", "code_block"):
            out.append(
                f'<table width="100%" cellpadding="10" cellspacing="0"><tr><td bgcolor="{inks.code}">'
                f"<pre>{escape(token.content.rstrip())}</pre></td></tr></table>"
            )
        elif kind == "link_open":
            target = str(token.attrGet("href") or "")
            in_link += 1
            safe = target.lower().startswith(_LINK_SCHEMES)
            out.append(f'<a href="{escape(target, quote=True)}">' if safe else "<span>")
            token.meta["safe"] = safe
            _mark_close(tokens, token, safe=safe)
        elif kind == "link_close":
            in_link -= 1
            out.append("</a>" if token.meta.get("safe") else "</span>")
        elif kind == "image":
            out.append(escape(token.content))
        elif kind in _BLOCKS:
            out.append(_BLOCKS[kind])
        else:
            out.append(escape(token.content))  # whatever else a parser may know is text here
    return out


def _mark_close(tokens: Sequence[Token], opening: Token, *, safe: bool) -> None:
    at = next(i for i, token in enumerate(tokens) if token is opening)
    for token in tokens[at:]:
        if token.type == "link_close" and token.level == opening.level:
            token.meta["safe"] = safe
            return


def _cited(text: str, markers: Set[int], inks: Inks) -> str:
    out: list[str] = []
    at = 0
    for match in _MARKER.finditer(text):
        numbers = [int(n) for n in re.findall(r"\d+", match.group(1))]
        if not all(n in markers for n in numbers):
            continue
        out.append(escape(text[at : match.start()]))
        out += [_chip(n, inks) for n in numbers]
        at = match.end()
    out.append(escape(text[at:]))
    return "".join(out)


def _chip(number: int, inks: Inks) -> str:
    # U+2005 is a thin space that Qt does not trim: the rounded ground is painted around it by the widget.
    return (
        f'<a href="{CITE_SCHEME}:{number}" style="color:{inks.chip}; text-decoration:none; font-size:small;'
        f' font-weight:600">\u2005{number}\u2005</a>'
    )
