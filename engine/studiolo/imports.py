"""Importing a large library without the parts that are never used here: a second at each start, and much memory.

Threads: any; the thread that imports is the only one that is told otherwise.
"""

from __future__ import annotations

import importlib.util
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType


class _Absent:
    """An import hook under which some packages look uninstalled, for one thread only."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._thread = threading.get_ident()

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Refuse the named packages to the thread that made this; leave everything else to the other hooks."""
        if fullname in self._names and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(fullname, name=fullname)
        return None


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Import something without its optional dependencies, which it guards with `except ImportError`.

    What is loaded already is used as it is.
    """
    hook = _Absent(names)
    sys.meta_path.insert(0, hook)
    try:
        yield
    finally:
        sys.meta_path.remove(hook)


def only_submodules(package: str) -> None:
    """Let the modules of a package be imported one by one, without what its own `__init__` imports and names.

    Nothing happens where the package is loaded already or is not installed.
    """
    around, *inner = package.split(".")
    spec = importlib.util.find_spec(around)  # of the outermost alone: a spec further in would import what is around it
    if package in sys.modules or spec is None or spec.submodule_search_locations is None:
        return
    bare = ModuleType(package)
    bare.__spec__ = ModuleSpec(package, None, is_package=True)
    bare.__path__ = [str(Path(place, *inner)) for place in spec.submodule_search_locations]
    bare.__spec__.submodule_search_locations = list(bare.__path__)
    sys.modules.setdefault(package, bare)
