"""Where the points of a map are drawn and how: colours, forms, what lies under the pointer, who is next. No widget."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from studiolo.types import LibraryMap, MapPoint
from studiolo_desktop.theme import MAP_DARK, MAP_LIGHT

Form = Literal["circle", "square", "triangle", "diamond"]
Direction = Literal["left", "right", "up", "down"]
FORMS: tuple[Form, ...] = ("circle", "square", "triangle", "diamond")
COLOURS = len(MAP_LIGHT)
NEAR = 14.0  # pixels: so far from a point the pointer still means it


@dataclass(frozen=True, slots=True)
class Style:
    """How the points of one document look: a number of a colour, and a form."""

    colour: int
    form: Form

    def ink(self, theme: str) -> str:
        """The colour in a theme."""
        return (MAP_DARK if theme == "dark" else MAP_LIGHT)[self.colour]


def styles(found: LibraryMap) -> dict[str, Style]:
    """A look for each document, the ones with the most points first; after eight colours the form changes."""
    counts: dict[str, int] = {}
    names: dict[str, str] = {}
    for point in found.points:
        counts[point.document_id] = counts.get(point.document_id, 0) + 1
        names[point.document_id] = point.document
    ordered = sorted(counts, key=lambda document: (-counts[document], names[document], document))
    return {
        document: Style(number % COLOURS, FORMS[number // COLOURS % len(FORMS)])
        for number, document in enumerate(ordered)
    }


class Scene:
    """The points of a map in a rectangle of pixels."""

    def __init__(self, found: LibraryMap, *, width: float, height: float, margin: float) -> None:
        across = max((abs(point.x) for point in found.points), default=1.0) or 1.0
        along = max((abs(point.y) for point in found.points), default=1.0) or 1.0
        scale = min((width / 2 - margin) / across, (height / 2 - margin) / along)  # one scale for both axes
        self.places = [
            (width / 2 + point.x * max(scale, 1.0), height / 2 - point.y * max(scale, 1.0)) for point in found.points
        ]

    def at(self, x: float, y: float) -> int | None:
        """The point that is meant there, by its number."""
        near = [(math.hypot(px - x, py - y), number) for number, (px, py) in enumerate(self.places)]
        found = min(near, default=(math.inf, 0))
        return found[1] if found[0] <= NEAR else None

    def beside(self, number: int, direction: Direction) -> int:
        """The nearest point in a direction, within 45 degrees of it; the same one where there is none."""
        x, y = self.places[number]
        best, best_far = number, math.inf
        for other, (px, py) in enumerate(self.places):
            dx, dy = px - x, py - y
            ahead, aside = {"left": (-dx, dy), "right": (dx, dy), "up": (-dy, dx), "down": (dy, dx)}[direction]
            far = math.hypot(dx, dy)
            if ahead > 0 and abs(aside) <= ahead * 1.01 and far < best_far:
                best, best_far = other, far
        return best


def first_words(point: MapPoint, most: int) -> str:
    """The beginning of a passage, no longer than `most` characters."""
    return point.text if len(point.text) <= most else point.text[:most].rstrip() + "…"
