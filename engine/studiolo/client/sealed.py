"""Sealing a front end, which shows documents too: afterwards it reaches the one engine, through the porter, or nothing.

Linux only. Elsewhere front ends are not sealed: what those systems offer would shut them off from the engine as well.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager

from studiolo.client.porter import Porter
from studiolo.isolation.seal import Level, SealState, seal
from studiolo.paths import Home

__all__ = ["Porter", "SealState", "seal_window", "sealed_front_end", "window_seals_first"]


@contextmanager
def sealed_front_end(home: Home, *, environ: Mapping[str, str], wanted: bool = True) -> Iterator[Porter | None]:
    """Seal this process for good; gives what connects it to the engine, None where it is not sealed."""
    porter = Porter.start(home, environ=environ) if wanted else None
    if porter is None:
        yield None
        return
    with closing(porter):
        seal()
        yield porter


def seal_window() -> SealState:
    """Seal the window's process for good: Unix sockets stay for display, input method and screen reader."""
    return seal(Level.WINDOW)


def window_seals_first(environ: Mapping[str, str]) -> bool:
    """Whether the window can be sealed before it reaches its display: not where that is reached by TCP (X11)."""
    host = environ.get("DISPLAY", "").rpartition(":")[0].partition("/")[0]
    return not sys.platform.startswith("linux") or host in ("", "unix") or bool(environ.get("WAYLAND_DISPLAY"))
