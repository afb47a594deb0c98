"""The lock files: every requirement answered, markers where a target differs, nothing but what is asked for."""

from __future__ import annotations

import re
import tomllib

import lock
import pytest
import setup_venv
from packaging.requirements import Requirement

PYPROJECT = tomllib.loads((lock.ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def lines_of(path):
    return [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]


def test_every_line_is_one_exact_version():
    for line in [*lines_of(lock.LOCK), *lines_of(lock.DEV_LOCK)]:
        requirement = Requirement(line)
        assert re.fullmatch(r"==[^*+]+", str(requirement.specifier)), line


def test_torch_is_pinned_and_no_gpu_package_is_named():
    assert "torch==2.13.0" in lines_of(lock.LOCK)
    assert not [line for line in lines_of(lock.LOCK) if line.startswith(("nvidia", "triton"))]


def test_the_two_files_share_nothing():
    names = [{line.partition("==")[0] for line in lines_of(path)} for path in (lock.LOCK, lock.DEV_LOCK)]
    assert names[0].isdisjoint(names[1])


def test_every_requirement_of_the_project_is_answered():
    text = lock.LOCK.read_text(encoding="utf-8") + lock.DEV_LOCK.read_text(encoding="utf-8")
    assert lock.unanswered(PYPROJECT, text=text) == []


def test_a_requirement_without_a_pin_or_with_one_that_does_not_fit_is_named():
    project = {"project": {"dependencies": ["a>=2", "B_c[x]>=1", "d"], "optional-dependencies": {"dev": ["e"]}}}
    assert lock.unanswered(project, text="a==1.9\nb-c==1.0\ne==3 ; python_version == '3.11'\n") == ["a>=2", "d"]


def targets(condition):
    return {target for target in lock.TARGETS if condition(*target)}


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (lambda platform, python: True, ""),
        (lambda platform, python: platform.sys_platform == "linux", 'sys_platform == "linux"'),
        (lambda platform, python: python == "3.11", 'python_version == "3.11"'),
        (
            lambda platform, python: platform.sys_platform != "win32" and python in ("3.11", "3.12"),
            (
                '(sys_platform == "darwin" or sys_platform == "linux")'
                ' and (python_version == "3.11" or python_version == "3.12")'
            ),
        ),
        (
            lambda platform, python: platform.machine != "aarch64",
            (
                '(sys_platform == "darwin" or sys_platform == "linux" or sys_platform == "win32")'
                ' and platform_machine != "aarch64"'
            ),
        ),
    ],
)
def test_a_marker_holds_exactly_where_a_package_is_needed(where, expected):
    wanted = targets(where)
    written = lock.marker(wanted)
    assert written == expected
    if written:
        parsed = Requirement(f"x==1 ; {written}").marker
        assert {target for target in lock.TARGETS if parsed.evaluate(lock.environment(target))} == wanted


def test_extras_are_followed_only_where_asked_for():
    with_extra = lock.closure([Requirement("pypdf[crypto]")], values=lock.environment_here())
    without = lock.closure([Requirement("pypdf")], values=lock.environment_here())
    assert "cryptography" in with_extra
    assert "cryptography" not in without


def test_setup_reads_the_same_versions():
    versions = setup_venv.locked(lock.LOCK.read_text(encoding="utf-8"))
    assert len(versions) == len(lines_of(lock.LOCK))
    assert versions["torch"] == "2.13.0"
    assert versions["overrides"] == "7.7.0"
