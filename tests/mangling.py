"""The ways, twenty and a few more, in which a model writes a token otherwise than it read it.

For the unit tests and the soak scenario. Each way takes the canonical name (PERSON_3B) and gives what the model wrote;
`left` is what stays around the value when the token is restored. Ways seen in the answers of small models and in the
trackers of similar filters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Way:
    """One way: what is written for a token, and what may stay around the restored value."""

    name: str
    write: Callable[[str], str]
    left: str = "{}"


def _split(token: str, joint: str) -> str:
    label, _, number = token.partition("_")
    return label + joint + number


WAYS: tuple[Way, ...] = (
    Way("small letters", lambda token: f"<{token.lower()}>"),
    Way("one capital", lambda token: f"<{token.capitalize()}>"),
    Way("spaces inside the brackets", lambda token: f"< {token} >"),
    Way("a space for the underscore", lambda token: f"<{_split(token, ' ')}>"),
    Way("a hyphen for the underscore", lambda token: f"<{_split(token, '-')}>"),
    Way("no underscore", lambda token: f"<{_split(token, '')}>"),
    Way("no brackets", lambda token: token),
    Way("the closing bracket missing", lambda token: f"<{token}"),
    Way("the opening bracket missing", lambda token: f"{token}>"),
    Way("square brackets", lambda token: f"[{token}]"),
    Way("double braces", lambda token: f"{{{{{token}}}}}"),
    Way("Chinese brackets", lambda token: f"【{token}】"),
    Way("full-width characters", lambda token: "".join(chr(ord(c) + 0xFEE0) for c in f"<{token}>")),
    Way("bold", lambda token: f"**{token}**", "**{}**"),
    Way("backticks inside the brackets", lambda token: f"<`{token}`>"),
    Way("an escaped underscore", lambda token: _split(token, "\\_")),
    Way("HTML entities", lambda token: f"&lt;{token}&gt;"),
    Way("split by a new line", lambda token: "<" + _split(token, "_\n") + ">"),
    Way("a zero-width space inside", lambda token: "<" + _split(token, "\u200b_") + ">"),
    Way("a plural", lambda token: f"{token}s", "{}s"),
    Way("a possessive", lambda token: f"{token}'s", "{}'s"),
    Way("italics by underscores", lambda token: f"_{token}_", "_{}_"),
    Way("escaped brackets", lambda token: "\\<" + _split(token, "\\_") + "\\>"),
)
