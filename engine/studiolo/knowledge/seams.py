"""What the knowledge base is handed by whoever wires it, as small protocols."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from studiolo.types import Passage, Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Screen = Callable[[str], tuple[Span, ...]]
"""Finds personal data in a text. Raises PolicyBlock where it cannot: the text is then not taken in."""

ScreenMany = Callable[[Sequence[str]], Sequence[Sequence[Span]]]
"""The same for several texts at once, which is faster; the results are the same."""


class DocumentRules(Protocol):
    """What a library's policy says of documents. Asked anew each time: it may change. Safe to call from any thread."""

    def refused(self, library: str) -> frozenset[str]:
        """Types of values with which no file is taken in."""
        ...

    def own(self, library: str) -> bool:
        """Whether `refine` would change anything."""
        ...

    def refine(self, library: str, text: str, spans: Sequence[Span]) -> tuple[Span, ...]:
        """What was found in a text, with what the policy lists by hand and without what it allows."""
        ...


class NoRules:
    """Nothing is refused, nothing listed."""

    def refused(self, library: str) -> frozenset[str]:  # noqa: ARG002 - the protocol's
        """None."""
        return frozenset()

    def own(self, library: str) -> bool:  # noqa: ARG002
        """No."""
        return False

    def refine(self, library: str, text: str, spans: Sequence[Span]) -> tuple[Span, ...]:  # noqa: ARG002
        """As they are."""
        return tuple(spans)


@dataclass(frozen=True, slots=True)
class Found:
    """A passage and how well it fits by one measure (larger is better, comparable within one search only)."""

    passage: Passage
    score: float
    vector: NDArray[np.float32] | None = field(default=None, repr=False, compare=False)  # where meaning was measured


@dataclass(frozen=True, slots=True)
class Shelved:
    """What a question may call a document by. `opening` holds the first words of its text."""

    id: str
    name: str = field(repr=False)  # the file's
    title: str = field(default="", repr=False)  # as the file itself says; "" where it does not
    path: str = field(default="", repr=False)
    added_at: float = 0.0  # Unix seconds
    opening: str = field(default="", repr=False)


class TextEmbedder(Protocol):
    """Turns text into unit-length vectors. Safe to call from any thread."""

    @property
    def model_id(self) -> str:
        """The catalogue's name."""
        ...

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""
        ...

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages it was trained for; () = many."""
        ...

    def count_tokens(self, text: str) -> int:
        """Tokens of `text`, without the ones the model puts around it."""
        ...

    def count_tokens_batch(self, texts: Sequence[str]) -> list[int]:
        """The same for several texts, in one call."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row a text."""
        ...

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """One vector."""
        ...


class SearchedPassages(Protocol):
    """What searching needs of the store. `documents` None = all of the library. Safe to call from any thread."""

    def keyword(
        self, library_id: str, query: str, *, limit: int, documents: Sequence[str] | None = None
    ) -> list[Found]:
        """Passages with words of `query`, by BM25, best first."""
        ...

    def nearest(
        self,
        library_id: str,
        vector: NDArray[np.float32],
        *,
        limit: int,
        documents: Sequence[str] | None = None,
        languages: Sequence[str] = (),
    ) -> list[Found]:
        """Passages nearest to a unit-length vector by cosine, best first, each with its own vector. `languages` () =
        any."""
        ...

    def containing(
        self, library_id: str, term: str, *, limit: int, documents: Sequence[str] | None = None
    ) -> list[Found]:
        """Passages in which `term` occurs letter by letter, compared folded."""
        ...


class Reranker(Protocol):
    """Reads a question and a text together. Safe to call from any thread."""

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """How well each text answers the query, from 0 to 1, in the order given."""
        ...
