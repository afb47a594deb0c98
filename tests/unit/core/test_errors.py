"""Codes are stable, values stay out of text, every code comes back over the wire as its own class."""

from __future__ import annotations

import pytest

from studiolo.errors import (
    Code,
    EngineBug,
    EnvironmentFault,
    PolicyBlock,
    StudioloError,
    UserError,
    error_for,
    import_failed,
    unexpected,
)


def test_values_are_in_neither_str_nor_repr() -> None:
    error = UserError(Code.FILE_MISSING, path="/home/mei/divorce.pdf")
    assert "divorce" not in str(error) + repr(error)
    assert error.values["path"] == "/home/mei/divorce.pdf"


@pytest.mark.parametrize("code", list(Code))
def test_each_code_has_a_class(code: Code) -> None:
    error = error_for(code.value, {"a": 1})
    assert error.code is code
    assert type(error) in (UserError, EnvironmentFault, PolicyBlock, EngineBug)
    assert type(error) is not StudioloError


def test_who_must_act() -> None:
    assert isinstance(error_for("file_missing", {}), UserError)
    assert isinstance(error_for("forbidden_origin", {}), UserError)
    assert isinstance(error_for("disk_full", {}), EnvironmentFault)
    assert isinstance(error_for("filter_failed", {}), PolicyBlock)
    assert isinstance(error_for("internal", {}), EngineBug)


def test_a_code_of_a_newer_engine_is_a_bug_not_a_crash() -> None:
    assert isinstance(error_for("from_the_future", {}), EngineBug)


def test_what_nobody_foresaw_is_told_by_its_kind_alone() -> None:
    bug = unexpected(ValueError("the text of a letter"))
    assert (type(bug), bug.values) == (EngineBug, {"where": "ValueError"})
    assert unexpected(MemoryError(), model="big").code is Code.NOT_ENOUGH_MEMORY
    ours = UserError(Code.FILE_MISSING, path="x")
    assert unexpected(ours) is ours


def test_a_library_that_found_no_memory_is_not_a_missing_package() -> None:
    absent = import_failed(ModuleNotFoundError("No module named 'torch'"), package="torch")
    full = import_failed(ImportError("libtorch.so: failed to map segment from shared object"), package="torch")
    assert (absent.code, absent.values) == (Code.MISSING_PACKAGE, {"package": "torch"})
    assert full.code is Code.NOT_ENOUGH_MEMORY
