"""Words in the person's language: one function, `Translator.__call__`, and a few ways to write numbers.

Knows nothing of widgets. All texts of the window stand in `texts.py`, those of errors in `errors.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

from studiolo.types import Redaction
from studiolo_desktop.texts import ENTITY_WORDS, TEXTS

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


def language_for(wish: str, *, system: str) -> Language:
    """The language of the settings ("" = the system's), as one that we have. `system` is a locale name."""
    name = (wish or system).replace("_", "-").lower()
    return "zh" if name.startswith("zh") else "en"


class Translator:
    """All texts of one language."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language

    def __call__(self, key: str, **values: str | float) -> str:
        """The text of `key`, with values filled in. An unknown key is a bug and raises KeyError."""
        english, chinese = TEXTS[key]
        text = chinese if self.language == "zh" else english
        return text.format(**values) if values else text

    def count(self, key: str, n: int, **values: str | float) -> str:
        """The text of `key.one` or `key.many`, with {n}."""
        return self(f"{key}.one" if n == 1 else f"{key}.many", n=f"{n:,}", **values)

    def duration(self, seconds: float) -> str:
        """An estimate of time, no finer than it can be: "50 s", "3 min", "2 h 10 min"."""
        whole = round(seconds)
        if whole < 60:
            return self("time.seconds", seconds=whole)
        minutes = -(-whole // 60)
        if minutes < 60:
            return self("time.minutes", minutes=minutes)
        return self("time.hours", hours=minutes // 60, minutes=minutes % 60)

    def hidden(self, redactions: Iterable[Redaction]) -> str:
        """Personal data by type, as in "3 names and 1 phone number"."""
        counts: dict[tuple[str, str, str], int] = {}
        for redaction in redactions:  # several types may go by one name
            words = ENTITY_WORDS.get(redaction.type, ENTITY_WORDS["*"])
            counts[words] = counts.get(words, 0) + redaction.count
        ordered = sorted(counts.items(), key=lambda item: -item[1])
        parts = [self._counted(words, n) for words, n in ordered if n]
        if self.language == "zh":
            return "、".join(parts)
        return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1] if parts else ""

    def _counted(self, words: tuple[str, str, str], n: int) -> str:
        if self.language == "zh":
            return f"{n} {words[2]}"
        return f"{n} {words[0] if n == 1 else words[1]}"


def size_text(size_bytes: int) -> str:
    """A size for people, in decimal units as download pages give them."""
    size = float(size_bytes)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def seconds_text(seconds: float) -> str:
    """A length of time for people."""
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)} min {int(seconds % 60)} s"
