"""Personal data in passages: looked for when they are taken in and again when the filter has changed, and counted.

What the filter finds is stored with a passage, and the filter's version. What a person's policy lists or allows by hand
is not: it is laid over what is stored each time it is asked for (`DocumentRules`), so that a change of policy counts at
once and no passage need be looked through again for it; only the counts of documents are made anew. Any thread.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from studiolo.errors import Code, PolicyBlock, StudioloError, UserError
from studiolo.knowledge.parsers.child import Cancelled
from studiolo.knowledge.store import Row
from studiolo.types import Redaction, Span

if TYPE_CHECKING:
    from studiolo.jobs import CancelToken
    from studiolo.knowledge.ingest import Item, Tools
    from studiolo.knowledge.records import LibraryRow, Record

_STEP = 16  # passages between two looks at the cancel token
_READ = 500  # passages whose texts are read back at once
_FILTER_LACKS = frozenset({Code.MODEL_MISSING, Code.DAMAGED_MODEL, Code.MISSING_PACKAGE, Code.BAD_POLICY})


def screen(tools: Tools, item: Item) -> None:
    """Look for personal data in a file's passages. Fails closed: without spans, a passage enters no prompt.

    Raises PolicyBlock(filter_failed), UserError where the filter lacks a model, and UserError(refused_by_policy) where
    the library takes in no file with what was found; Cancelled.
    """
    record = item.document
    numbers = tools.places.unscreened(record.document.id, version=record.version)
    for start in range(0, len(numbers), _STEP):
        tools.give_way(lambda: item.over)
        if item.over:
            raise Cancelled
        if start and not item.embedding:  # else that is what is told
            item.batch.progress("screen", start, len(numbers), item=item.shown)
        rows = rows_of(tools, item.library.id, numbers[start : start + _STEP], item.rows)
        found = spans_of(tools, [row.text for row in rows.values()])
        tools.places.screened(dict(zip(rows, found, strict=True)))
    item.refused = refused_in(tools, record, library=item.library.name)
    if item.refused:
        types = ", ".join(redaction.type for redaction in item.refused)
        raise UserError(Code.REFUSED_BY_POLICY, path=item.shown, types=types)


def spans_of(tools: Tools, texts: Sequence[str]) -> list[tuple[Span, ...]]:
    """What is found in texts. Raises PolicyBlock(filter_failed), UserError where the filter lacks a model."""
    try:
        if tools.screen_many is not None:
            return [tuple(found) for found in tools.screen_many(texts)]
        return [tuple(tools.screen(text)) for text in texts]
    except StudioloError as error:
        if error.code in _FILTER_LACKS:  # says what to do about it
            raise
        raise PolicyBlock(Code.FILTER_FAILED) from None


def rows_of(tools: Tools, library_id: str, numbers: Sequence[int], at_hand: Mapping[int, Row]) -> dict[int, Row]:
    """Passages by number, read back where they are not at hand."""
    far = [number for number in numbers if number not in at_hand]
    read = tools.store.rows(library_id, far) if far else {}
    return {n: row for n in numbers if (row := at_hand.get(n) or read.get(n)) is not None}


def redactions(tools: Tools, record: Record, *, library: str) -> tuple[Redaction, ...]:
    """What stands in a document's passages, by type, as `library`'s policy sees it. Raises PolicyBlock."""
    counts = Counter(span.type for spans in _found(tools, record, library) for span in spans)
    return Redaction.of(counts)


def refused_in(tools: Tools, record: Record, *, library: str) -> tuple[Redaction, ...]:
    """What stands in a document that `library` takes in no file with. Raises PolicyBlock."""
    types = tools.rules.refused(library)
    if not types:
        return ()
    return tuple(found for found in redactions(tools, record, library=library) if found.type in types)


def rescreen(tools: Tools, library: LibraryRow, *, cancel: CancelToken) -> int:
    """Look again through passages that an older filter has screened; gives their number.

    One that cannot be screened any more counts as not screened from then on. Raises UserError where the filter lacks a
    model, and then no passage is the worse for it.
    """
    numbers = tools.places.stale(library.id)
    for start in range(0, len(numbers), _STEP):
        tools.give_way(lambda: cancel.cancelled)
        if cancel.cancelled:
            return start
        rows = tools.store.rows(library.id, numbers[start : start + _STEP])
        found: dict[int, tuple[Span, ...] | None] = {}
        try:
            found.update(zip(rows, spans_of(tools, [row.text for row in rows.values()]), strict=True))
        except PolicyBlock:
            for number, row in rows.items():
                try:
                    found[number] = spans_of(tools, [row.text])[0]
                except PolicyBlock:
                    found[number] = None
        tools.places.screened(found)
        tools.shelf.changed()  # what searches remember of these passages
    return len(numbers)


def recount(tools: Tools, library: LibraryRow, *, cancel: CancelToken) -> None:
    """Bring up to date what the documents of a library are said to hold."""
    for record in tools.shelf.records(library):
        if cancel.cancelled:
            return
        if not record.version:
            continue
        found = redactions(tools, record, library=library.name)
        if found != record.document.redactions:
            with tools.writing:
                tools.places.counted(record.document.id, found, version=record.version)
                tools.shelf.changed()


def _found(tools: Tools, record: Record, library: str) -> Iterator[tuple[Span, ...]]:
    held = tools.places.spans_of(record.document.id, version=record.version)
    if not tools.rules.own(library):
        yield from (spans for _, spans in held)
        return
    for start in range(0, len(held), _READ):
        some = held[start : start + _READ]
        rows = tools.store.rows(record.library_id, list(dict.fromkeys(number for number, _ in some)))
        for number, spans in some:
            if number in rows:
                yield tools.rules.refine(library, rows[number].text, spans)
