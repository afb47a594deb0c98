"""Asking a running engine: `Client` and `AsyncClient` for scripts; what front ends use stands in the modules.

Importing it loads nothing heavy, and no HTTP client until one of the names is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studiolo.client.asynchronous import AsyncClient as AsyncClient
    from studiolo.client.script import Client as Client
    from studiolo.shapes import Answer as Answer

_HOME_OF = {
    "Answer": "studiolo.shapes",
    "AsyncClient": "studiolo.client.asynchronous",
    "Client": "studiolo.client.script",
}

__all__ = ["Answer", "AsyncClient", "Client"]


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(name)
    return getattr(importlib.import_module(_HOME_OF[name]), name)
