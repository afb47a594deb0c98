"""What an engine that stays loads before anybody asks: the index of words first, which a search can be answered from,
then the chat model, the embedder and the filter side by side. What is missing shows when it is needed, not here.

Threads: any; `loading` says at every moment what is not there yet.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from studiolo.errors import UserError
from studiolo.parts import Parts
from studiolo.types import DEFAULT_LIBRARY

MODEL, SEARCH, FILTER = "model", "search", "filter"
_TEXT = "Warm up. \u9884\u70ed\u3002"


class Warming:
    """The loading of one engine's models."""

    def __init__(self, parts: Parts, *, chat_model: Callable[[], str]) -> None:
        """`chat_model()` is the id of the one that answers. Raises UserError where there is none."""
        self._parts = parts
        self._chat_model = chat_model
        self._lock = threading.Lock()
        self._loading: tuple[str, ...] = ()

    @property
    def loading(self) -> tuple[str, ...]:
        """What is still being loaded."""
        with self._lock:
            return self._loading

    def words(self) -> None:
        """Open the index of words; from here on the rest counts as being loaded, and `run` has to follow."""
        with self._lock:
            self._loading = (MODEL, SEARCH, FILTER)
        self._parts.knowledge.open_words(DEFAULT_LIBRARY)

    def run(self) -> None:
        """Load the rest, and wait for it."""
        tasks = {MODEL: self._load_model, SEARCH: self._load_search, FILTER: self._load_filter}
        with self._lock:
            self._loading = tuple(tasks)
        with ThreadPoolExecutor(len(tasks), thread_name_prefix="warm") as pool:
            done = [pool.submit(self._load, name, task) for name, task in tasks.items()]
        for one in done:
            error = one.exception()
            if error is not None and not isinstance(error, UserError):
                raise error

    def _load(self, name: str, task: Callable[[], None]) -> None:
        try:
            task()
        finally:
            with self._lock:
                self._loading = tuple(one for one in self._loading if one != name)

    def _load_model(self) -> None:
        with self._parts.scheduler.lease(self._chat_model()):
            pass

    def _load_search(self) -> None:
        self._parts.knowledge.search(_TEXT, library=DEFAULT_LIBRARY, limit=1)

    def _load_filter(self) -> None:
        self._parts.screener.spans(_TEXT)
