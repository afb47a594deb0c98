"""What is known of one file over the tries it takes to read it: pages that were lost, time that is left, pieces so far.

A page that hangs, or that the child dies on, costs one try: the next leaves it out. After `_LOST_MOST` of them the rest
of the file is given up, and what stands before is the result. For the thread that runs the parse.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from studiolo.errors import Code, StudioloError, error_for
from studiolo.knowledge.parsers.blocks import Block, Budget, Parsed
from studiolo.types import Gap

_LOST_MOST = 5
_FIRST_SHARE = 0.75  # of the time left is for reading; the rest is for putting together, or for another try
_PROGRESS_S = 0.1


class Course:
    """One file's way through the child or children that read it."""

    def __init__(self, path: str, *, budget: Budget, progress: Callable[[int, int], None] | None) -> None:
        self._path = path
        self._budget = budget
        self._progress = progress
        self._told = float("-inf")
        self._until = time.monotonic() + budget.time_s
        self._lost: dict[int, str] = {}
        self._end: tuple[int, str] | None = None  # the page from which the rest was given up, and why
        self._kept: dict[int, str] = {}
        self._pages = 0
        self.begin()

    def begin(self) -> None:
        """A new try: its pieces come from the start."""
        self._page = 0
        self._page_until = float("inf")
        self._rows: list[list[Any]] = []

    @property
    def deadline(self) -> float:
        """When the page under way, or the file, has had its time (`time.monotonic`)."""
        return min(self._until, self._page_until)

    def request(self, path: Path, *, passwords: Iterable[str]) -> dict[str, Any]:
        """What the child is asked in this try."""
        return {
            "path": os.fsencode(path).hex(),
            "passwords": list(passwords),
            "budget": {name: getattr(self._budget, name) for name in Budget.__dataclass_fields__},
            "time_s": max(self._until - time.monotonic(), 0.0) * _FIRST_SHARE,
            "skip": sorted(self._lost),
            "after": (self._end[0], self._pages + 1) if self._end else (0, 0),
            "kept": self._kept,
        }

    def hear(self, message: dict[str, Any]) -> Parsed | None:
        """Take one message of the child; the last one gives the document.

        Raises the error the child found, and Lost where the page under way cost it the file.
        """
        if "page" in message:
            self._at(message["page"], message["pages"])
        elif "slow" in message:
            self._until += self._budget.ocr_page_time_s
            self._page_until = time.monotonic() + self._budget.ocr_page_time_s
        elif "keep" in message:
            self._kept[message["keep"]] = message["value"]
        elif "blocks" in message:
            self._rows.extend(message["blocks"])
        elif "more" in message:
            self._rows[-1][1] += message["more"]
        elif "lost" in message:
            raise Lost(Code(message["lost"]))
        elif "error" in message:
            raise self._error(message["error"], message["values"])
        else:
            return self._parsed(message)
        return None

    def lose(self, reason: Code) -> None:
        """The try came to nothing for `reason`. Raises it as UserError where another would as well."""
        page = self._page
        if not 0 < page <= self._pages or page in self._lost or self._end or time.monotonic() >= self._until:
            raise self._error(reason.value, {})
        if len(self._lost) < _LOST_MOST:
            self._lost[page] = reason.value
        elif page > 1:
            self._end = (page, reason.value)
        else:
            raise self._error(reason.value, {})

    def _at(self, page: int, pages: int) -> None:
        now = time.monotonic()
        self._page, self._pages = page, pages
        self._page_until = now + self._budget.page_time_s if page <= pages else float("inf")
        if self._progress is not None and now - self._told >= _PROGRESS_S and page <= pages:
            self._told = now
            self._progress(page, pages)

    def _parsed(self, end: dict[str, Any]) -> Parsed:
        gaps = [Gap(reason, first, last, name) for reason, first, last, name in end["gaps"]]
        gaps.extend(Gap(reason, page, page) for page, reason in self._lost.items())
        if self._end is not None:
            gaps.append(Gap(self._end[1], self._end[0], self._pages))
        blocks = tuple(
            Block(kind, text, page=page, level=level, label=label, row=row, header=header)
            for kind, text, page, level, label, row, header in self._rows
        )
        return Parsed(title=end["title"], blocks=blocks, pages=end["pages"], gaps=joined(gaps))

    def _error(self, code: str, values: dict[str, Any]) -> StudioloError:
        if code == Code.EMPTY_DOCUMENT.value and self._lost:  # not empty: what it held is what was lost
            code = next(iter(self._lost.values()))
        known: dict[str, Any] = {}
        if code == Code.PARSE_TIMEOUT.value:
            known = {"limit_s": self._budget.time_s}
        elif code == Code.FILE_TOO_LARGE.value:
            known = {"limit_bytes": self._budget.memory_bytes}
        return error_for(code, {**known, **values, "path": self._path})


class Lost(Exception):
    """A try ended without a result: the child hung, died or broke. `reason` says which."""

    def __init__(self, reason: Code) -> None:
        super().__init__(reason.value)
        self.reason = reason


def joined(gaps: Iterable[Gap]) -> tuple[Gap, ...]:
    """Gaps in the order of their pages, neighbouring pages with one reason as one gap."""
    whole: list[Gap] = []
    for gap in sorted(set(gaps), key=lambda gap: (gap.first, gap.last)):
        before = whole[-1] if whole else None
        if before and gap.first and gap.first <= before.last + 1 and _like(gap) == _like(before):
            whole[-1] = Gap(before.reason, before.first, max(before.last, gap.last), before.name)
        else:
            whole.append(gap)
    return tuple(whole)


def _like(gap: Gap) -> tuple[str, str]:
    return gap.reason, gap.name
