"""What the knowledge base is handed by whoever wires it, as small protocols."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from studiolo.types import Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Screen = Callable[[str], tuple[Span, ...]]
"""Finds personal data in a text. Raises PolicyBlock where it cannot: the text is then not taken in."""


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

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row a text."""
        ...

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """One vector."""
        ...
