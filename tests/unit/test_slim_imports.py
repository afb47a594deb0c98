"""Leaving parts of a package out when it is imported."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from studiolo.imports import only_submodules, without


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package whose own module fails, and so does that of the one inside; `inner/leaf.py` does not."""
    root = tmp_path / "studiolo_test_heavy"
    inner = root / "inner"
    inner.mkdir(parents=True)
    (root / "__init__.py").write_text("import studiolo_test_heavy.inner.leaf\n")
    (inner / "__init__.py").write_text("raise RuntimeError\n")
    (inner / "leaf.py").write_text("VALUE = 7\n")
    (root / "optional.py").write_text("try:\n    import decimal\nexcept ImportError:\n    decimal = None\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield root.name
    for name in [name for name in sys.modules if name.startswith(root.name)]:
        del sys.modules[name]


def test_a_module_is_imported_without_what_the_package_around_it_imports(package: str) -> None:
    only_submodules(f"{package}.inner")
    assert importlib.import_module(f"{package}.inner.leaf").VALUE == 7


def test_the_outermost_package_too(package: str) -> None:
    only_submodules(package)
    only_submodules(f"{package}.inner")
    assert importlib.import_module(f"{package}.inner.leaf").VALUE == 7


def test_without_it_the_package_is_imported_whole(package: str) -> None:
    with pytest.raises(RuntimeError):
        importlib.import_module(package)


def test_what_is_loaded_or_not_installed_stays_as_it_is() -> None:
    only_submodules("json")
    assert sys.modules["json"].loads("1") == 1
    only_submodules("studiolo_test_not_there.inner")
    assert "studiolo_test_not_there.inner" not in sys.modules


def test_an_optional_package_looks_uninstalled_inside_only(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    only_submodules(package)
    monkeypatch.delitem(sys.modules, "decimal", raising=False)
    with without("decimal"):
        assert importlib.import_module(f"{package}.optional").decimal is None
    assert importlib.import_module("decimal").Decimal(1) == 1
