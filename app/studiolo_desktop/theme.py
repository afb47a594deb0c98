"""The design system: colours of the light and the dark theme, spacing, type scale, fonts. Values only.

One accent (a deep green, the baize of a writing desk) on warm paper tones. Text on every ground meets WCAG AA; a test
computes it. Widgets take measures from here and never invent their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ThemeChoice = Literal["system", "light", "dark"]


@dataclass(frozen=True, slots=True)
class Tokens:
    """The colours of one theme."""

    name: Literal["light", "dark"]
    canvas: str  # where one reads
    sidebar: str
    surface: str  # cards, fields, menus
    sunken: str  # the question's bubble, hover on canvas
    line: str
    line_strong: str
    text: str
    muted: str
    accent: str
    accent_strong: str  # hovered
    on_accent: str
    accent_soft: str  # ground of chips and selected rows
    accent_ink: str  # text on accent_soft
    mark: str  # behind a quotation
    mark_ink: str
    veil: str  # ground of values that the model did not see
    veil_ink: str
    danger: str
    danger_soft: str
    good_soft: str
    shadow: str
    code_keyword: str  # on sunken, as those below
    code_string: str
    code_number: str
    code_name: str


LIGHT = Tokens(
    name="light",
    canvas="#FCFBF9",
    sidebar="#F4F2EE",
    surface="#FFFFFF",
    sunken="#F1EFEA",
    line="#E7E3DC",
    line_strong="#D3CDC3",
    text="#23211D",
    muted="#69645B",
    accent="#23695A",
    accent_strong="#1A5447",
    on_accent="#FFFFFF",
    accent_soft="#E2EEE9",
    accent_ink="#1A5447",
    mark="#FBECB8",
    mark_ink="#3B2F05",
    veil="#ECE7F6",
    veil_ink="#4C3A78",
    danger="#A6342A",
    danger_soft="#FAEBE8",
    good_soft="#E8F1EC",
    shadow="#28000000",
    code_keyword="#1A5447",
    code_string="#84490C",
    code_number="#1F5A94",
    code_name="#673C97",
)

DARK = Tokens(
    name="dark",
    canvas="#1D1C1A",
    sidebar="#171614",
    surface="#262522",
    sunken="#2B2926",
    line="#34322E",
    line_strong="#4A4741",
    text="#ECE8E1",
    muted="#A8A298",
    accent="#86C9B4",
    accent_strong="#A3DAC8",
    on_accent="#12251F",
    accent_soft="#25372F",
    accent_ink="#A3DAC8",
    mark="#574919",
    mark_ink="#FBF1CC",
    veil="#37304A",
    veil_ink="#D3C6F4",
    danger="#F29B8F",
    danger_soft="#3A2522",
    good_soft="#22322B",
    shadow="#80000000",
    code_keyword="#86C9B4",
    code_string="#E3B57E",
    code_number="#93BBEA",
    code_name="#CBAAF1",
)


class Space:
    """Distances in pixels, on a grid of 4."""

    XS = 4
    S = 8
    M = 12
    L = 16
    XL = 24
    XXL = 40


RADIUS = 10
RADIUS_SMALL = 6
LEADING = 1.55  # line height for reading, times the font size
READING_WIDTH = 720  # about 75 characters of the reading size

# Tried after the system's own font, for glyphs it lacks (Chinese above all).
FALLBACK_FAMILIES = (
    "PingFang SC",
    "Microsoft YaHei UI",
    "Microsoft YaHei",
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "Droid Sans Fallback",
)
MONOSPACE_FAMILIES = ("SF Mono", "Cascadia Mono", "Consolas", "DejaVu Sans Mono", "Noto Sans Mono CJK SC", "monospace")


@dataclass(frozen=True, slots=True)
class TypeScale:
    """Font sizes in pixels, from the size the system uses."""

    small: int
    body: int
    reading: int
    title: int
    display: int
    factor: float = 1.0  # what else is measured by the text is so many times as large

    def px(self, pixels: int) -> int:
        """A measure that grows with the text."""
        return round(pixels * self.factor)


TEXT_PERCENTS = (75, 90, 100, 110, 125, 150, 175, 200)  # sizes of text one may choose


def type_scale(system_px: int, percent: int = 100) -> TypeScale:
    """The scale that belongs to the system's font size, `percent` of it; at 100 never smaller than is comfortable."""
    base, factor = max(13, system_px), percent / 100
    small, body, reading, title, display = (round((base + more) * factor) for more in (-1, 0, 2, 4, 12))
    return TypeScale(small=small, body=body, reading=reading, title=title, display=display, factor=factor)


# Colours of documents on the map, told apart with the commonest kinds of colour blindness too (after Okabe and Ito,
# "Color Universal Design", 2008), darker on paper and lighter on dark; forms are drawn beside them.
MAP_LIGHT = ("#23695A", "#B4531F", "#2A6BA8", "#8E4585", "#8A6A00", "#5B5FC7", "#A6342A", "#4E6B2E")
MAP_DARK = ("#86C9B4", "#F0A070", "#7DB7EA", "#D59BCB", "#E0C158", "#A9ACF2", "#F29B8F", "#AFCB86")


def luminance(colour: str) -> float:
    """Relative luminance of "#RRGGBB" (WCAG 2.2)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(ink: str, ground: str) -> float:
    """Contrast ratio of two colours, 1..21 (WCAG 2.2)."""
    a, b = sorted((luminance(ink), luminance(ground)), reverse=True)
    return (a + 0.05) / (b + 0.05)
