"""An exported conversation as Markdown, for people to keep.

What it says beside the texts comes from the caller, so that a window can speak its language. The file must be as
harmless as the window: wherever it is rendered, pictures and raw HTML of an answer stay text, and nothing is loaded.
Threads: any.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from studiolo.types import ConversationExport, ExportedCitation, ExportedTurn

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_CODE = re.compile(r"(`+)(?:(?!\1).)+?\1(?!`)")
_LOADS = re.compile(r"!(?=\[)|<(?=[A-Za-z/!?])")
_MARKUP = re.compile(r"([\\`*_\[\]<>#])")


@dataclass(frozen=True, slots=True)
class TranscriptWords:
    """What a transcript says itself. `page` has {page} in it; `unverified` and `unfinished` stand behind a text."""

    untitled: str = "Untitled"
    page: str = "p. {page}"
    unverified: str = "(not found in the document)"
    unfinished: str = "(not finished)"


def transcript_markdown(export: ConversationExport, words: TranscriptWords | None = None) -> str:
    """The branch that is shown: the title, each question as a quotation, its answer, and where that stands."""
    said = words or TranscriptWords()
    title = _MARKUP.sub(r"\\\1", " ".join(export.title.split()) or said.untitled)
    blocks = [f"# {title}"]
    for turn in export.turns:
        if turn.shown:
            blocks += _turn(turn, said)
    return "\n\n".join(blocks) + "\n"


def harmless(markdown: str) -> str:
    """Markdown in which no picture and no HTML is left, outside of code, which shows both as they are."""
    lines: list[str] = []
    fence = ""
    for line in markdown.splitlines():
        opened = _FENCE.match(line)
        if fence:
            lines.append(line)
            if opened and opened.group(1).startswith(fence) and not line.strip(" `~"):
                fence = ""
        elif opened:
            fence = opened.group(1)
            lines.append(line)
        else:
            lines.append("".join(_defused(line)))
    return "\n".join(lines)


def _defused(line: str) -> Iterator[str]:
    at = 0
    for code in _CODE.finditer(line):
        yield _LOADS.sub(r"\\\g<0>", line[at : code.start()])
        yield code.group()
        at = code.end()
    yield _LOADS.sub(r"\\\g<0>", line[at:])


def _turn(turn: ExportedTurn, said: TranscriptWords) -> Iterator[str]:
    yield "\n".join(f"> {line}".rstrip() for line in harmless(turn.question).splitlines())
    answer = harmless(turn.answer).strip()
    if answer:
        yield answer
    if turn.state != "complete":
        yield f"*{said.unfinished}*"
    if turn.citations:
        yield "\n".join(_citation(cited, said) for cited in turn.citations)


def _citation(cited: ExportedCitation, said: TranscriptWords) -> str:
    where = cited.label or (said.page.format(page=cited.page) if cited.page > 0 else "")
    place = f"{cited.document}, {where}" if where else cited.document
    quote = f": “{' '.join(cited.quote.split())}”" if cited.quote else ""
    text = _MARKUP.sub(r"\\\1", f"{place}{quote}")
    return f"- \\[{cited.marker}\\] {text}{'' if cited.verified else f' {said.unverified}'}"
