"""What types of values are called."""

from __future__ import annotations

from studiolo_desktop.look import Look
from studiolo_desktop.texts import ENTITY_WORDS


def kind_name(look: Look, kind: str) -> str:
    """A type's name, as a heading: "Phone number", "电话号码". A type of a person's own is its own name."""
    words = ENTITY_WORDS.get(kind)
    if words is None:
        return kind.replace("_", " ")
    if look.tr.language == "zh":
        return words[2][1:]  # without its measure word
    return words[0][:1].upper() + words[0][1:]
