"""Sealing a front end, which shows documents too: afterwards it reaches the one engine, through the porter, or nothing.

Linux only. Elsewhere front ends are not sealed: what those systems offer would shut them off from the engine as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager

from studiolo.client.porter import Porter
from studiolo.isolation.seal import Level, seal
from studiolo.paths import Home, home_from

__all__ = ["Porter", "WindowSeal", "sealed_front_end", "start_window_porter", "window_sealer"]


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


class WindowSeal:
    """When the window's process seals itself: before its display is reached, or right after where that goes by TCP.

    Unix sockets stay, for display, input method and screen reader: what these services would do for somebody who had
    taken the window over, the seal does not stop. Its own sockets of any other family the kernel refuses.
    """

    def __init__(self, environ: Mapping[str, str], *, wanted: bool) -> None:
        self._early = _display_is_here(environ)
        self._wanted = wanted
        self.sealed = False

    def before_display(self) -> None:
        """Call it before Qt starts, so that its threads inherit the seal."""
        if self._wanted and self._early:
            self._seal()

    def with_display(self) -> None:
        """Call it when Qt has its display."""
        if self._wanted and not self._early:
            self._seal()

    def _seal(self) -> None:
        self.sealed = seal(Level.WINDOW).sealed


def start_window_porter(environ: Mapping[str, str]) -> Porter | None:
    """What connects and starts for a window that is going to be sealed; None where windows are not."""
    try:
        return Porter.start(home_from(environ), environ=environ, window=True)
    except OSError:
        return None


def window_sealer(porter: Porter | None, environ: Mapping[str, str]) -> WindowSeal:
    """The seal of a window with that porter; without one it is not sealed, because it connects by itself."""
    return WindowSeal(environ, wanted=porter is not None)


def _display_is_here(environ: Mapping[str, str]) -> bool:
    """Whether the display is reached by a Unix socket; with X11 over SSH it is TCP."""
    host = environ.get("DISPLAY", "").rpartition(":")[0].partition("/")[0]
    return host in ("", "unix") or bool(environ.get("WAYLAND_DISPLAY"))
