"""A policy file that is written anew keeps what a person noted in it.

The writer of TOML knows values alone. A note belongs to the key or table that it stands before, beside or inside of,
and goes where that is now; the note of what is gone goes to what was around it. Pure functions. Any thread.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict

from studiolo.privacy.policy_lines import Path, places


def with_comments(text: str, *, of: str, gone: Path | None = None) -> str:
    """Valid TOML `text` with the comments of `of`, also valid; `text` itself where they cannot be put in safely.

    `gone`: a table with which its notes go too.
    """
    before, beside, behind = _comments(of)
    if gone is not None:
        before = {path: notes for path, notes in before.items() if path[: len(gone)] != gone}
        beside = {path: note for path, note in beside.items() if path[: len(gone)] != gone}
    found = places(text)
    above: defaultdict[int, list[str]] = defaultdict(list)
    for path, notes in before.items():
        above[_line(path, found)] += notes
    lines = text.rstrip("\n").split("\n") if text.strip() else []
    at_end = {last: beside[path] for path, (_, last) in found.items() if path in beside}
    for path, note in beside.items():
        if path not in found:
            above[_line(path, found)].append(note)
    out: list[str] = []
    for number, line in enumerate(lines, start=1):
        out += above.pop(number, ())
        out.append(f"{line}  {at_end[number]}" if number in at_end else line)
    out += [*(note for notes in above.values() for note in notes), *behind]
    made = "\n".join(out) + "\n"
    try:
        return made if tomllib.loads(made) == tomllib.loads(text) else text
    except tomllib.TOMLDecodeError:
        return text


def _line(path: Path, found: dict[Path, tuple[int, int]]) -> int:
    """Where a note on `path` goes: above it, or above what was around it; line 1 where nothing of that is left."""
    while path and path not in found:
        path = path[:-1]
    return found.get(path, (1, 1))[0]


def _comments(text: str) -> tuple[dict[Path, list[str]], dict[Path, str], list[str]]:
    """The comments before each key or table (those inside of its value too), beside it, and behind everything."""
    lines = text.split("\n")
    before: dict[Path, list[str]] = {}
    beside: dict[Path, str] = {}
    at = 0
    for path, (first, last) in sorted(places(text).items(), key=lambda item: item[1]):
        notes = [line.strip() for line in lines[at : first - 1] if line.strip()]
        for number in range(first, last + 1):
            head, note = _parted(lines[first - 1 : number])
            if not note:
                continue
            if number == last and head.strip():
                beside[path] = note
            else:
                notes.append(note)
        before[path] = notes
        at = last
    return before, beside, [line.strip() for line in lines[at:] if line.strip()]


def _parted(lines: list[str]) -> tuple[str, str]:
    """The last of a statement's first `lines` without its comment, and the comment; "" where it has none."""
    head, last = "\n".join(lines[:-1]), lines[-1]
    at = last.find("#")
    while at >= 0:
        if not _in_string(f"{head}\n{last[:at]}"):
            return last[:at], last[at:].rstrip()
        at = last.find("#", at + 1)
    return last, ""


def _in_string(text: str) -> bool:
    """Whether a string is open where a statement is cut."""
    at, quote = 0, ""
    while at < len(text):
        if not quote:
            if text[at] == "#":
                at = text.find("\n", at)
                if at < 0:
                    return False
            elif text[at] in "\"'":
                quote = text[at] * (3 if text.startswith(text[at] * 3, at) else 1)
                at += len(quote) - 1
        elif text[at] == "\\" and quote[0] == '"':
            at += 1
        elif text.startswith(quote, at):
            at += len(quote) - 1
            quote = ""
        at += 1
    return bool(quote)
