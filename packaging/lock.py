"""Writes the lock files: the exact versions this environment holds, for what pyproject.toml asks for and no more.

`python packaging/lock.py` rewrites them; `--check` says whether they answer every requirement. It walks the
requirements over the installed distributions' metadata, once for each platform and Python version the project runs
on, so that a package needed on one of them only keeps a marker. A package that is not installed here (because another
platform needs it) has no version to write down; there pip chooses one.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "packaging" / "requirements.lock"
DEV_LOCK = ROOT / "packaging" / "requirements-dev.lock"

HEADER = "# Exact versions, written by `make lock` from a working environment; do not edit by hand.\n"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


@dataclass(frozen=True, slots=True)
class Platform:
    """One kind of machine the project runs on, as environment markers name it."""

    sys_platform: str
    os_name: str
    platform_system: str
    machine: str


PLATFORMS = (
    Platform("linux", "posix", "Linux", "x86_64"),
    Platform("linux", "posix", "Linux", "aarch64"),
    Platform("darwin", "posix", "Darwin", "arm64"),
    Platform("win32", "nt", "Windows", "AMD64"),
)
Target = tuple[Platform, str]
TARGETS: tuple[Target, ...] = tuple((platform, python) for platform in PLATFORMS for python in PYTHONS)


def environment(target: Target) -> dict[str, str]:
    """The marker environment of a target."""
    platform, python = target
    values = {str(key): str(value) for key, value in default_environment().items()}
    return values | {
        "sys_platform": platform.sys_platform,
        "os_name": platform.os_name,
        "platform_system": platform.platform_system,
        "platform_machine": platform.machine,
        "python_version": python,
        "python_full_version": f"{python}.9",
        "implementation_version": f"{python}.9",
    }


def installed(name: str) -> Distribution | None:
    """The installed distribution of that name."""
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def closure(roots: Iterable[Requirement], *, values: Mapping[str, str]) -> set[str]:
    """Names of all installed distributions that `roots` need where markers evaluate with `values`."""
    found: set[str] = set()
    seen: set[tuple[str, str]] = set()
    waiting = [(root, "") for root in roots]
    while waiting:
        requirement, asked_by_extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({**values, "extra": asked_by_extra}):
            continue
        name = canonicalize_name(requirement.name)
        dist = installed(name)
        if dist is None:
            continue
        found.add(name)
        for extra in ("", *sorted(requirement.extras)):
            if (name, extra) not in seen:
                seen.add((name, extra))
                waiting += [(Requirement(text), extra) for text in dist.requires or ()]
    return found


def marker(targets: set[Target]) -> str:
    """The marker that is true on `targets`, empty where that is everywhere.

    Platform and Python version are judged apart, so the marker may hold on a target more, never on one less.
    """
    parts: list[str] = []
    systems = sorted({platform.sys_platform for platform, _ in targets})
    machines = {(platform.sys_platform, platform.machine) for platform, _ in targets}
    if len(machines) < len(PLATFORMS):
        parts.append(" or ".join(f'sys_platform == "{system}"' for system in systems))
        lost = {(p.sys_platform, p.machine) for p in PLATFORMS if p.sys_platform in systems} - machines
        parts += [f'platform_machine != "{machine}"' for _, machine in sorted(lost)]
    versions = sorted({python for _, python in targets}, key=Version)
    if len(versions) < len(PYTHONS):
        parts.append(" or ".join(f'python_version == "{version}"' for version in versions))
    if len(parts) == 1:
        return parts[0]
    return " and ".join(f"({part})" if " or " in part else part for part in parts)


def pins(roots: Iterable[Requirement]) -> dict[str, str]:
    """One line a distribution, by name: `name==version`, with a marker where not every target needs it."""
    roots = list(roots)
    needed: dict[str, set[Target]] = {}
    for target in TARGETS:
        for name in closure(roots, values=environment(target)):
            needed.setdefault(name, set()).add(target)
    here = closure(roots, values=environment_here())
    lines: dict[str, str] = {}
    for name in sorted(needed.keys() | here):
        dist = installed(name)
        assert dist is not None
        where = marker(needed[name]) if name in needed else ""
        lines[name] = f"{name}=={Version(dist.version).public}" + (f" ; {where}" if where else "")
    return lines


def environment_here() -> dict[str, str]:
    """The marker environment of the running interpreter."""
    return {str(key): str(value) for key, value in default_environment().items()}


def missing(roots: Iterable[Requirement]) -> list[str]:
    """Names of roots that should be installed here and are not: a lock made now would lack them."""
    values = {**environment_here(), "extra": ""}
    return [
        root.name
        for root in roots
        if (root.marker is None or root.marker.evaluate(values)) and installed(root.name) is None
    ]


def locks(pyproject: Mapping[str, object]) -> dict[Path, str]:
    """The text of both lock files for a parsed pyproject.toml."""
    project = pyproject["project"]
    assert isinstance(project, dict)
    optional = project["optional-dependencies"]
    user = [Requirement(text) for text in [*project["dependencies"], *optional["desktop"]]]
    developer = [Requirement(text) for text in [*optional["dev"], *optional["ocr"], *optional["bench"]]]
    lacking = missing([*user, *developer])
    if lacking:
        raise SystemExit(f"lock: not installed here: {', '.join(lacking)}; run `make setup` or install them first")
    user_pins = pins(user)
    all_pins = pins([*user, *developer])
    extra = [line for name, line in all_pins.items() if name not in user_pins]
    return {
        LOCK: HEADER + "".join(f"{line}\n" for line in user_pins.values()),
        DEV_LOCK: HEADER + "# What the checks need on top of requirements.lock.\n" + "".join(f"{x}\n" for x in extra),
    }


def unanswered(pyproject: Mapping[str, object], *, text: str) -> list[str]:
    """Requirements of a parsed pyproject.toml that the lock files' text has no fitting version for."""
    project = pyproject["project"]
    assert isinstance(project, dict)
    optional = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(line for group in optional.values() for line in group)]
    pinned: dict[str, str] = {}
    for line in text.splitlines():
        if "==" in line:
            requirement = Requirement(line)
            pinned[canonicalize_name(requirement.name)] = str(next(iter(requirement.specifier)).version)
    problems = []
    for line in wanted:
        requirement = Requirement(line)
        version = pinned.get(canonicalize_name(requirement.name))
        if version is None or not requirement.specifier.contains(version, prereleases=True):
            problems.append(line)
    return problems


def main(arguments: list[str]) -> int:
    """Write the lock files, or check them."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 where a requirement has no pin")
    options = parser.parse_args(arguments)
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    if options.check:  # not "equal to what would be written": that depends on the Python that writes it
        problems = unanswered(pyproject, text="".join(path.read_text(encoding="utf-8") for path in (LOCK, DEV_LOCK)))
        for problem in problems:
            print(f"lock: {problem} is not answered by the lock files: install it and run `make lock`", file=sys.stderr)
        return 1 if problems else 0
    for path, text in locks(pyproject).items():
        path.write_text(text, encoding="utf-8")
        print(f"{path.relative_to(ROOT)}: {sum('==' in line for line in text.splitlines())} distributions")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
