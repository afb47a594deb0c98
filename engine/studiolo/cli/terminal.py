"""What every command needs of the terminal: stdout for text, stderr for all else, UTF-8 on any locale.

Must not know the engine's workings. Threads: the command's own.
"""

from __future__ import annotations

import io
import json
import os
import sys
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studiolo.cli.sentences import is_chinese, notice, sentence
from studiolo.errors import Code, StudioloError, UserError
from studiolo.paths import Home, home_from

DONE, FAILED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130


@dataclass(frozen=True, slots=True)
class Terminal:
    """Where a command writes, and for whom."""

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    sealing: bool = False  # commands that show documents first seal this process, for good

    @property
    def home(self) -> Home:
        """The home that the environment names."""
        return home_from(self.environ)

    @property
    def chinese(self) -> bool:
        """Whether sentences are in Chinese."""
        return is_chinese(self.environ)

    def text(self, text: str = "", *, end: str = "\n") -> None:
        """Write to stdout, at once."""
        print(visible(text), end=end, flush=True)

    def json(self, value: Any) -> None:
        """One JSON value on one line of stdout."""
        line = json.dumps(value, ensure_ascii=False, allow_nan=False)
        try:
            line.encode("utf-8")
        except UnicodeEncodeError:  # a file name that is not text
            line = json.dumps(value, ensure_ascii=True, allow_nan=False)
        print(line, flush=True)

    def say(self, name: str, **values: str | float) -> None:
        """Write a notice to stderr."""
        self.note(notice(name, values, chinese=self.chinese))

    def word(self, name: str, **values: str | float) -> str:
        """A notice, for use in text."""
        return notice(name, values, chinese=self.chinese)

    def note(self, line: str) -> None:
        """Write a line to stderr."""
        print(visible(line), file=sys.stderr, flush=True)

    def fail(self, error: StudioloError) -> None:
        """Write an error's sentence to stderr."""
        self.note(f"studiolo: {sentence(error, chinese=self.chinese)}")


def visible(text: str) -> str:
    """`text` with its control characters as escapes: what stands in a document or a name must not steer a terminal."""
    if text.isprintable():
        return text
    return "".join(
        _escaped(char) if unicodedata.category(char) == "Cc" and char not in "\n\t" else char for char in text
    )


def one_line(name: str) -> str:
    """A name on one line, also one that holds line breaks or tabs."""
    return "".join(_escaped(char) if unicodedata.category(char) in ("Cc", "Zl", "Zp") else char for char in name)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def existing(path: str) -> Path:
    """The absolute path a person means. Raises UserError(file_missing) for "", which would mean the folder at hand."""
    if not path:
        raise UserError(Code.FILE_MISSING, path='""')
    return Path(path).absolute()


def keep_quiet() -> None:
    """Keep what other libraries would write to stderr away from it: warnings, log records, tracebacks of threads.

    They may quote what they read, and stderr is for one line that says what to do.
    """
    import logging
    import threading
    import warnings

    logging.getLogger().addHandler(logging.NullHandler())
    warnings.simplefilter("ignore")
    threading.excepthook = lambda _: None  # whoever waits for the thread's work tells of it


def use_utf8() -> None:
    """Write UTF-8 whatever the locale says; file names that are not text pass through as they are."""
    for stream in (sys.stdout, sys.stderr, sys.stdin):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")


def mute_stdout() -> None:
    """Its reader has gone: let the interpreter's own flush at exit fail on nothing."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123 - a device, not a path
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
