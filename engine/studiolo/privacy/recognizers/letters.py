"""Capital letters of every script that has them, for patterns: Python's `re` knows no letter cases of Unicode."""

from __future__ import annotations

UPPER = "".join(chr(code) for code in range(0x41, 0x530) if chr(code).isupper())
LOWER = "".join(chr(code) for code in range(0x61, 0x530) if chr(code).islower())
LETTER = UPPER + LOWER

CAPITALISED = rf"[{UPPER}][{LETTER}]*(?:['\u2019\-](?!s(?![{LETTER}]))[{LETTER}]+)*"
"""One word with a capital: O'Neill, Jean-Luc, ΠΑΦΟΣ; without a possessive's 's."""
