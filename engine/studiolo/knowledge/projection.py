"""Many dimensions as two: principal components of unit vectors. Pure numpy; the same vectors give the same picture.

Of vectors that are scaled to length 1 and centred, the first two right singular vectors are the directions in which
they differ most (Pearson 1901; by the singular value decomposition as in Jolliffe, Principal Component Analysis, 3.5).
Their signs are arbitrary and are settled here; both axes keep one scale, so that distances in the picture compare.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

T = TypeVar("T")

_DIGITS = 5  # what is finer differs with the library that multiplies


def project(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """[n, dimension] vectors as [n, 2] places in -1..1; all in the middle where they do not differ."""
    count = len(vectors)
    places = np.zeros((count, 2))
    if count < 2:
        return places
    unit = vectors.astype(np.float64)
    unit /= np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), 1e-12)
    unit -= unit.mean(axis=0)
    _, strengths, axes = np.linalg.svd(unit, full_matrices=False)
    kept = [axis for axis, strength in zip(axes[:2], strengths[:2], strict=True) if strength > 1e-6]
    for column, axis in enumerate(kept):
        largest = axis[np.argmax(np.abs(axis).round(_DIGITS))]
        places[:, column] = unit @ (axis if largest > 0 else -axis)
    widest = float(np.abs(places).max())
    return (places / widest).round(_DIGITS) if widest > 0 else places


def evenly(values: Sequence[T], most: int) -> list[T]:
    """At most `most` of the values, at even distances from the first on, in their order."""
    if len(values) <= most:
        return list(values)
    return [values[number * len(values) // most] for number in range(most)]
