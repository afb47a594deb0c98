"""Fails where an installed distribution's licence is not for us: GPL or AGPL, LGPL but for Qt; or a GPU package.

A licence is read from what a distribution says of itself, the most exact first: the SPDX expression, the
classifiers, the free text. "A OR B" is judged by the kinder of the two.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import distributions

LGPL_ALLOWED = frozenset({"pyside6-essentials", "shiboken6"})  # linked dynamically, replaceable by the user
GPU_ONLY = re.compile(r"(nvidia[-_]|triton).*")
# Compiler runtimes: the exception allows any program to be linked with them.
EXCEPTIONS = re.compile(
    r"\bA?L?GPL[^\s()]*\s+WITH\s+(GCC-exception|Autoconf-exception|Classpath-exception)\S*", re.IGNORECASE
)
EXCEPTED_IDS = re.compile(r"\bGPL-\S*-with-(GCC|autoconf|classpath)-exception\S*", re.IGNORECASE)
COPYLEFT = re.compile(r"\bA?GPL|GNU (Affero )?General Public|Affero", re.IGNORECASE)
WEAK_COPYLEFT = re.compile(r"\bLGPL|(GNU )?(Lesser|Library) General Public", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Declared:
    """What a distribution says of its licence."""

    name: str
    expression: str
    classifiers: tuple[str, ...]
    text: str


def verdict(licence: str) -> str:
    """What one licence text is: "GPL", "LGPL" or "" for anything else. "A OR B" takes the kinder."""
    licence = EXCEPTED_IDS.sub("", EXCEPTIONS.sub("", licence))
    while (inner := re.search(r"\(([^()]*)\)", licence)) is not None:  # innermost first: A AND (B OR C)
        licence = licence[: inner.start()] + _kinder(inner[1]) + licence[inner.end() :]
    return _kinder(licence)


def _kinder(alternatives: str) -> str:
    order = ("", "LGPL", "GPL")
    return min((_strictest(choice) for choice in re.split(r"\s+OR\s+", alternatives)), key=order.index)


def _strictest(text: str) -> str:
    without_weak = WEAK_COPYLEFT.sub("", text)
    if COPYLEFT.search(without_weak):
        return "GPL"
    return "LGPL" if WEAK_COPYLEFT.search(text) else ""


def judge(declared: Declared) -> str:
    """Why the distribution may not be here, empty where it may."""
    if GPU_ONLY.fullmatch(declared.name.lower()):
        return "is a GPU package: torch is not the CPU build"
    if declared.expression:
        kind = verdict(declared.expression)
    elif declared.classifiers:  # several classifiers are alternatives by custom
        kind = verdict(" OR ".join(declared.classifiers))
    else:
        kind = verdict(declared.text[:300])  # further down stand licences of parts, quoted in full
    if kind == "GPL" or (kind == "LGPL" and declared.name.lower().replace("_", "-") not in LGPL_ALLOWED):
        return f"is under {kind}"
    return ""


def installed() -> Iterable[Declared]:
    """All distributions of the running environment."""
    for dist in distributions():
        metadata = dist.metadata
        fields = dict(metadata.json)
        named = [line.split("::")[-1].strip() for line in metadata.get_all("Classifier", []) if "License ::" in line]
        yield Declared(
            name=metadata["Name"],
            expression=str(fields.get("license_expression", "")),
            classifiers=tuple(name for name in named if name not in ("OSI Approved", "DFSG approved")),
            text=str(fields.get("license", "")),
        )


def main() -> int:
    """Judge them all."""
    everything = list(installed())
    problems = [(declared.name, why) for declared in everything if (why := judge(declared))]
    for name, why in problems:
        print(f"licences: {name} {why}", file=sys.stderr)
    unnamed = [d.name for d in everything if not (d.expression or d.classifiers or d.text)]
    if unnamed:
        print(f"licences: no licence declared by: {', '.join(sorted(unnamed))}", file=sys.stderr)
    print(f"licences: {len(everything)} distributions, {len(problems)} not allowed")
    return 1 if problems or unnamed else 0


if __name__ == "__main__":
    sys.exit(main())
