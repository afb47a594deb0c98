"""The decisions of spaCy's entity recogniser, taken for many texts at once.

spaCy's own loop goes from token to token and takes and gives back the interpreter's lock several times in each, which
costs more than the network does and slows every other thread. But outside an entity a decision depends on the token
alone, and inside one on the entity's beginning too: so all tokens are decided at once, then all entities grow side by
side.

The transition system is spaCy's BILUO one (`spacy/pipeline/_parser_internals/ner.pyx`) for texts without presets;
`tests/real` holds it against spaCy's own answers. Imports no spaCy: the recogniser is handed in. Any thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Decisions:
    """What a loaded `ner` component says. Raises ValueError where it is of another make than spaCy's models are."""

    def __init__(self, recogniser: Any) -> None:
        import numpy as np

        self._numpy = np
        self._model = recogniser.model
        if (
            recogniser.cfg["beam_width"] != 1
            or self._model.attrs["unseen_classes"]
            or not self._model.attrs["has_upper"]
        ):
            raise ValueError
        moves = [recogniser.moves.get_class_name(i).partition("-") for i in range(recogniser.moves.n_moves)]
        self._labels = [label for _, _, label in moves]
        number = {(kind, label): i for i, (kind, _, label) in enumerate(moves)}
        self._begins = np.array([kind == "B" and bool(label) for kind, _, label in moves])
        self._units = np.array([kind == "U" and bool(label) for kind, _, label in moves])
        self._outside = self._begins | self._units | np.array([kind == "O" for kind, _, _ in moves])
        # By the move that opened the entity: the moves that go on with it and that end it.
        self._inner = np.array([number.get(("I", label), -1) for label in self._labels])
        self._last = np.array([number.get(("L", label), -1) for label in self._labels])
        if not self._outside.any() or (self._inner[self._begins] < 0).any() or (self._last[self._begins] < 0).any():
            raise ValueError

    def entities(self, documents: Sequence[Any]) -> list[list[tuple[str, int, int]]]:
        """For each tokenised text (label, start, end) of its entities, in code points. No text may be empty."""
        np = self._numpy
        step = self._model.predict(documents)
        # thinc ties every model to itself there (`Model.__init__`): what the network has worked out, 25 MB for 8000
        # code points, would stay until Python looks for cycles, and the process would grow by several of them.
        step.init = None
        columns = [document.to_array(["IS_SPACE", "IDX", "LENGTH"]).astype(np.int64) for document in documents]
        space, start, length = np.concatenate(columns).T
        edges = np.cumsum([0, *map(len, documents)])
        last = np.zeros(edges[-1], dtype=bool)
        last[edges[1:] - 1] = True
        opening, until = self._decided(step, space=space.astype(bool), last=last)
        found: list[list[tuple[str, int, int]]] = []
        for first, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            at, entities = first, []
            for token in (first + np.flatnonzero(until[first:end])).tolist():
                if token >= at:  # else it is inside the one before
                    at = int(until[token])
                    entities.append(
                        (self._labels[opening[token]], int(start[token]), int(start[at - 1] + length[at - 1]))
                    )
            found.append(entities)
        return found

    def _decided(self, step: Any, *, space: NDArray[np.bool_], last: NDArray[np.bool_]) -> tuple[Any, Any]:
        """For each token the move that it is given outside an entity, and the end of the entity it begins (0: none)."""
        np = self._numpy
        tokens = np.arange(len(space))
        scores = _scores(np, step, tokens, None)
        scores[:, ~self._outside] = -np.inf
        scores[np.ix_(space, self._begins | self._units)] = -np.inf
        scores[np.ix_(last, self._begins)] = -np.inf
        opening = scores.argmax(axis=1)
        until = np.where(self._units[opening], tokens + 1, 0)
        starts = np.flatnonzero(self._begins[opening])
        at = starts + 1
        while len(starts):
            scores = _scores(np, step, at, starts)
            rows, move = np.arange(len(starts)), opening[starts]
            inner, final = scores[rows, self._inner[move]], scores[rows, self._last[move]]
            # Of two equal scores spaCy takes the move that comes first.
            goes_on = ~last[at] & ((inner > final) | ((inner == final) & (self._inner[move] < self._last[move])))
            until[starts[~goes_on]] = at[~goes_on] + 1
            starts, at = starts[goes_on], at[goes_on] + 1
        return opening, until


def _scores(np: Any, step: Any, tokens: Any, starts: Any) -> NDArray[np.float32]:
    """The score of each move at `tokens`, outside an entity (`starts` None) or inside those that begin at `starts`."""
    features = np.full((len(tokens), 3), -1, dtype=np.int32)
    features[:, 0] = tokens
    if starts is not None:
        features[:, 1], features[:, 2] = starts, tokens - 1
    scores: NDArray[np.float32] = step.vec2scores.predict(step.state2vec.predict(features))
    return scores
