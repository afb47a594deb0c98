"""What a process of ours that we start is told, and what it need not know. Pure; any thread."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

PACKAGE_ROOT = Path(__file__).resolve().parents[2]
_SECRET = "STUDIOLO_PASSPHRASE"  # noqa: S105 - how the variables' names begin


def that_finds_us(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for `python -P -m studiolo...`: the child finds this very package, wherever it was started."""
    places = [str(PACKAGE_ROOT), *filter(None, [environ.get("PYTHONPATH")])]
    return {**environ, "PYTHONPATH": os.pathsep.join(places)}


def without_passphrase(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without it, for those who read foreign files, have the network or speak to other programs."""
    return {name: value for name, value in environ.items() if not name.startswith(_SECRET)}
