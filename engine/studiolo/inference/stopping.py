"""Stop strings in a stream: text is held back only while it could still become one. Threads: one owner."""

from __future__ import annotations

from collections.abc import Sequence


class StopFinder:
    """Feed pieces of text; what comes out never holds a stop string or the beginning of one that completes."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""
        self.stopped = False

    def feed(self, text: str) -> str:
        """The text that is safe to pass on; "" after a stop string was met."""
        if self.stopped:
            return ""
        if not self._stops:
            return text
        self._held += text
        found = [at for at in (self._held.find(stop) for stop in self._stops) if at >= 0]
        if found:
            self.stopped = True
            out, self._held = self._held[: min(found)], ""
            return out
        keep = max(_overlap(self._held, stop) for stop in self._stops)
        cut = len(self._held) - keep
        out, self._held = self._held[:cut], self._held[cut:]
        return out

    def finish(self) -> str:
        """What was held back and turned out to be ordinary text."""
        out, self._held = self._held, ""
        return out


def _overlap(text: str, stop: str) -> int:
    """The longest end of `text` that begins `stop`, shorter than `stop`."""
    for size in range(min(len(stop) - 1, len(text)), 0, -1):
        if text.endswith(stop[:size]):
            return size
    return 0
