"""A small real embedder without a model file, and knowledge bases in a temporary home."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from studiolo.errors import Code, PolicyBlock
from studiolo.events import Event, FileDone
from studiolo.knowledge.library import KnowledgeBase
from studiolo.paths import Home
from studiolo.types import AddResult, Span

_WORD = re.compile("[\u4e00-\u9fff]|[a-z0-9]+")
_PHONE = re.compile(r"1[3-9]\d{9}")


class HashEmbedder:
    """Words hashed into a vector: texts that share words are near. Deterministic, knows what it is told to know."""

    def __init__(self, *, languages: tuple[str, ...] = (), dimension: int = 64) -> None:
        self.model_id = "hash"
        self.dimension = dimension
        self.languages = languages
        self.embedded: list[str] = []

    def count_tokens(self, text: str) -> int:
        return len(_WORD.findall(text.lower()))

    def count_tokens_batch(self, texts: Sequence[str]) -> list[int]:
        return [self.count_tokens(text) for text in texts]

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.embedded.extend(texts)
        return np.stack([self._vector(text) for text in texts])

    def embed_query(self, text: str) -> NDArray[np.float32]:
        return self._vector(text)

    def _vector(self, text: str) -> NDArray[np.float32]:
        vector = np.full(self.dimension, 1e-3, dtype=np.float32)
        for word in _WORD.findall(text.lower()):
            digest = hashlib.sha256(word.encode()).digest()
            vector[digest[0] % self.dimension] += 1.0 if digest[1] % 2 else -1.0
        return vector / np.float32(np.linalg.norm(vector))


def find_phones(text: str) -> tuple[Span, ...]:
    """A real little filter: Chinese mobile numbers; it cannot take a text that says so."""
    if "UNSCREENABLE" in text:
        raise PolicyBlock(Code.FILTER_FAILED)
    return tuple(Span("PHONE_NUMBER", m.start(), m.end(), 0.9) for m in _PHONE.finditer(text))


OpenBase = Callable[..., KnowledgeBase]


@pytest.fixture
def embedder() -> HashEmbedder:
    return HashEmbedder()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def open_base(home: Home, embedder: HashEmbedder) -> Iterator[OpenBase]:
    """Opens the home's knowledge; closes whatever was opened."""
    opened: list[KnowledgeBase] = []
    numbers = itertools.count(1)

    def open_it(**changes) -> KnowledgeBase:
        options = {"embedder_for": lambda _: embedder, "screen": find_phones, "clock": lambda: 1_800_000_000.0}
        options |= {"new_id": lambda: f"{next(numbers):016x}", **changes}
        opened.append(KnowledgeBase(home, **options))
        return opened[-1]

    yield open_it
    for base in opened:
        base.close()


@pytest.fixture
def base(open_base: OpenBase) -> KnowledgeBase:
    return open_base()


def results(events: Iterator[Event] | Sequence[Event]) -> list[AddResult]:
    """The files' ends, by path: several are read at once, and come to their ends in any order."""
    found = [event.result for event in events if isinstance(event, FileDone)]
    return sorted(found, key=lambda result: result.path)
