"""How events and nouns travel between server and client: JSON made and read by one codec, so the two cannot differ.

Must not know HTTP. JSON is pure ASCII (`\\u` escapes), because a file name may hold bytes that are no text (lone
surrogates), which UTF-8 cannot carry. Threads: any.
"""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Annotated, Any, Literal, TypeVar, cast

from pydantic import Field, TypeAdapter, ValidationError

from studiolo.errors import Code, EngineBug
from studiolo.events import Event, Failed, FileDone, Finished
from studiolo.types import Hit, PageView, Passage, Span

T = TypeVar("T")

HEARTBEAT = ": working\n\n"  # an SSE comment: keeps a slow stream's connection alive and says nothing
STREAM_HEADER = "X-Studiolo-Stream"  # a name the client gives its stream, so that it can cancel it


@functools.cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


@functools.cache
def _events() -> TypeAdapter[Event]:
    return TypeAdapter(Annotated[Event, Field(discriminator="kind")])


def plain(value: Any) -> Any:
    """A dataclass (or a list or tuple of them) as dicts, lists, strings and numbers."""
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return _adapter(cast(Any, type(value))).dump_python(value, mode="json")


def dumps(value: Any) -> str:
    """JSON on one line, ASCII only; refuses NaN and infinities."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def parse(kind: type[T], value: Any) -> T:
    """The dataclass that `plain` made `value` of. Raises EngineBug where it does not fit."""
    try:
        parsed: T = _adapter(cast(Any, kind)).validate_python(value)
    except ValidationError:
        raise EngineBug(Code.INTERNAL, where=f"wire.{getattr(kind, '__name__', 'value')}") from None
    return parsed


def event_plain(event: Event) -> dict[str, Any]:
    """An event as a dict; its `kind` tells it apart."""
    data: dict[str, Any] = _events().dump_python(event, mode="json")
    return data


def event_from(value: Any) -> Event:
    """The event that `event_plain` made `value` of. Raises EngineBug where it is none."""
    try:
        return _events().validate_python(value)
    except ValidationError:
        raise EngineBug(Code.INTERNAL, where="wire.event") from None


def sse(event: Event) -> str:
    """An event as one server-sent event."""
    return f"event: {event.kind}\ndata: {dumps(event_plain(event))}\n\n"


class SseReader:
    """Reads a server-sent stream line by line."""

    def __init__(self) -> None:
        self._data: list[str] = []

    def feed(self, line: str) -> Event | None:
        """The event that ends with this line, if one does. Raises EngineBug on other content."""
        if line.startswith("data:"):
            self._data.append(line[5:].removeprefix(" "))
        elif not line and self._data:
            data, self._data = "\n".join(self._data), []
            try:
                value = json.loads(data)
            except ValueError:
                raise EngineBug(Code.INTERNAL, where="wire.sse") from None
            return event_from(value)
        return None


def read_sse(lines: Iterable[str]) -> Iterator[Event]:
    """The events of a server-sent stream, to its last or to where the lines end. Raises EngineBug on other content."""
    reader = SseReader()
    for line in lines:
        event = reader.feed(line)
        if event is not None:
            yield event


def hit_plain(hit: Hit) -> dict[str, Any]:
    """A hit as scripts see it: `document`, `page`, `passage_id`, `text`, `score`, then the rest of the passage."""
    passage = hit.passage
    return {
        "document": passage.document,
        "page": passage.page,
        "passage_id": passage.id,
        "text": passage.text,
        "score": hit.score,
        "document_id": passage.document_id,
        "page_end": passage.page_end,
        "start": passage.start,
        "end": passage.end,
        "heading": list(passage.heading),
        "label": passage.label,
        "language": passage.language,
        "spans": None if passage.spans is None else plain(passage.spans),
        "stale": passage.stale,
        "suspicious": hit.suspicious,
        "by": hit.by,
    }


def hit_from(value: Any) -> Hit:
    """The hit that `hit_plain` made `value` of. Raises EngineBug where it does not fit."""
    try:
        spans = value["spans"]
        passage = parse(
            Passage,
            {
                **{key: value[key] for key in ("document", "document_id", "page", "page_end", "start", "end")},
                **{key: value[key] for key in ("heading", "text", "language", "label", "stale")},
                "id": value["passage_id"],
                "spans": None,
            },
        )
        read = None if spans is None else tuple(parse(Span, span) for span in spans)
        by: Literal["meaning", "words"] = "words" if value.get("by") == "words" else "meaning"
        suspicious = bool(value.get("suspicious", False))
        return Hit(replace(passage, spans=read), float(value["score"]), suspicious, by)
    except (KeyError, TypeError, ValueError):
        raise EngineBug(Code.INTERNAL, where="wire.Hit") from None


def page_plain(view: PageView) -> dict[str, Any]:
    """A page: `png` is base64, `""` where there is no picture."""
    return {
        "document_id": view.document_id,
        "page": view.page,
        "pages": view.pages,
        "text": view.text,
        "start": view.start,
        "ranges": [list(found) for found in view.ranges],
        "png": base64.b64encode(view.png).decode("ascii"),
        "width": view.width,
        "height": view.height,
        "boxes": plain(view.boxes),
        "reason": view.reason,
    }


def page_from(value: Any) -> PageView:
    """The page that `page_plain` made `value` of. Raises EngineBug where it does not fit."""
    try:
        return parse(PageView, {**value, "png": base64.b64decode(value["png"], validate=True)})
    except (KeyError, TypeError, ValueError):
        raise EngineBug(Code.INTERNAL, where="wire.PageView") from None


def is_last(event: Event) -> bool:
    """Whether a stream ends with this event."""
    return isinstance(event, Finished | Failed)


def is_file_failure(event: Event) -> bool:
    """Whether this event says that a file could not be added."""
    return isinstance(event, FileDone) and event.result.status == "failed"
