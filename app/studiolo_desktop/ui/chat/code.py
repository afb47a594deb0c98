"""Code in an answer, coloured by its language. The only module that imports Pygments.

Main thread; `warm` may run on another, because importing the languages takes longer than a frame.
"""

from __future__ import annotations

import functools
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from studiolo_desktop.ui.chat.markdown import Inks

LONGEST = 8_000  # code points; what is longer is shown in one colour, or it would hold up the window
_COMMON = ("python", "bash", "json", "javascript", "sql", "html", "css", "java", "c", "yaml")


def warm() -> None:
    """Import what the common languages need."""
    for language in _COMMON:
        _lexer(language)


def highlighted(code: str, language: str, inks: Inks) -> str:
    """The code as HTML; in one colour where the language is not known, or not said."""
    lexer = _lexer(language.lower()) if language and len(code) <= LONGEST else None
    if lexer is None:
        return escape(code)
    colours = _colours(inks)
    pieces: list[str] = []
    for kind, text in lexer.get_tokens(code):
        colour = next((colours[one] for one in reversed(kind.split()) if one in colours), "")
        pieces.append(f'<span style="color:{colour}">{escape(text)}</span>' if colour else escape(text))
    return "".join(pieces)


@functools.lru_cache(maxsize=64)
def _lexer(language: str) -> Any:
    from pygments.lexers import get_lexer_by_name  # noqa: TID251 - the one place
    from pygments.util import ClassNotFound  # noqa: TID251 - the one place

    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


@functools.lru_cache(maxsize=4)
def _colours(inks: Inks) -> dict[Any, str]:
    """By kind of token, the wider ones standing in for those they hold."""
    from pygments.token import Comment, Keyword, Name, Number, Operator, String  # noqa: TID251 - the one place

    return {
        Comment: inks.comment,
        Keyword: inks.keyword,
        Operator.Word: inks.keyword,
        String: inks.string,
        Number: inks.number,
        Name.Function: inks.name,
        Name.Class: inks.name,
        Name.Tag: inks.keyword,
        Name.Attribute: inks.name,
        Name.Decorator: inks.name,
        Name.Builtin: inks.name,
    }
