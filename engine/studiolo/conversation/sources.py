"""A passage as the model may see it, for a question and for reading ahead alike; and as readers may. Threads: any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from studiolo.conversation.injection import is_suspicious
from studiolo.conversation.prompt import PromptPassage
from studiolo.conversation.seams import Screener
from studiolo.errors import Code, PolicyBlock
from studiolo.types import Hit, Passage, Reader, Screened


def screened_passage(passage: Passage, screener: Screener, *, scope: str, reader: str = Reader.OWNER) -> Screened:
    """The passage's text with the pseudonyms of `scope`. Raises PolicyBlock."""
    return screener.screen(passage.text, library_id=scope, spans=passage.spans, direction="passage", reader=reader)


def prompt_passage(passage: Passage, screened: Screened, screener: Screener, *, scope: str) -> PromptPassage:
    """What a prompt says of it: the text, the page, and the names of document and headings, screened too."""
    heading = " / ".join(passage.heading)
    return PromptPassage(
        document=screener.screen(passage.document, library_id=scope, direction="file_name").text,
        page=passage.page,
        heading=screener.screen(heading, library_id=scope, direction="file_name").text if heading else "",
        text=screened.text,
        suspicious=is_suspicious(passage),
    )


def shown_hit(hit: Hit, screened: Screened, screener: Screener, *, scope: str, reader: str) -> Hit:
    """A hit as `reader` may see it: the owner the passage itself, others the screened one, what they may see restored.

    Raises PolicyBlock where the reader may not see it at all.
    """
    if reader == Reader.OWNER:
        return hit
    passage = hit.passage
    shown: Passage = replace(
        passage,
        text=screener.restore(screened.text, library_id=scope, reader=reader),
        document=shown_name(passage.document, screener, scope=scope, reader=reader),
        heading=tuple(shown_name(part, screener, scope=scope, reader=reader) for part in passage.heading),
        label=shown_name(passage.label, screener, scope=scope, reader=reader) if passage.label else "",
        spans=(),
    )
    return replace(hit, passage=shown)


def shown_name(text: str, screener: Screener, *, scope: str, reader: str) -> str:
    """A document's name, a heading or a label as `reader` may see it. Raises PolicyBlock."""
    screened = screener.screen(text, library_id=scope, direction="file_name")
    return screener.restore(screened.text, library_id=scope, reader=reader)


def shown_hits(hits: Sequence[Hit], screener: Screener, *, scope: str, reader: str) -> list[Hit]:
    """What of the hits `reader` may see, and as they may see it. What is not screened yet is the owner's alone."""
    if reader == Reader.OWNER:
        return list(hits)
    shown = []
    for hit in hits:
        if hit.passage.spans is None and not hit.passage.stale:
            continue
        try:
            screened = screened_passage(hit.passage, screener, scope=scope, reader=reader)
            shown.append(shown_hit(hit, screened, screener, scope=scope, reader=reader))
        except PolicyBlock as error:
            if error.code is not Code.BLOCKED_BY_POLICY:
                raise
    return shown
