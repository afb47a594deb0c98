"""A passage as the model may see it, the same for a question and for reading ahead. Threads: any."""

from __future__ import annotations

from studiolo.conversation.injection import is_suspicious
from studiolo.conversation.prompt import PromptPassage
from studiolo.conversation.seams import Screener
from studiolo.types import Passage, Reader, Screened


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
