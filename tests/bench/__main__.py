"""`make bench SUITE=name DATA=path`: runs one benchmark suite; without a name it lists them.

A suite is a module of this package with `run(data: Path, *, home: Path) -> None`, which prints Markdown tables, and
a docstring whose first line says what it measures. Figures of different runs are never compared: a suite measures
its baseline in the same run and prints the ratio (see `table`).
"""

from __future__ import annotations

import argparse
import ast
import importlib
import os
import sys
from pathlib import Path

from tests.bench.table import machine_line

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
NOT_SUITES = ("__init__", "__main__", "table")


def suites(folder: Path = HERE) -> dict[str, str]:
    """What each suite measures, by name; read without importing it."""
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*.py")):
        if path.stem not in NOT_SUITES and not path.stem.startswith("_"):
            docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            found[path.stem] = docstring.partition("\n")[0]
    return found


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.partition("\n")[0])
    parser.add_argument("suite", nargs="?", help="which one; none lists them")
    parser.add_argument("--data", type=Path, help="the suite's data set (a file or a folder)")
    parser.add_argument("--home", type=Path, help="home whose models are used; default: the tests' home")
    options = parser.parse_args(arguments)
    known = suites()
    if options.suite is None:
        for name, what in known.items():
            print(f"{name:20} {what}")
        return 0
    if options.suite not in known:
        print(f"bench: no suite {options.suite!r}; there are: {', '.join(known) or 'none'}", file=sys.stderr)
        return 2
    if options.data is not None and not options.data.exists():
        print(f"bench: {options.data} does not exist", file=sys.stderr)
        return 1
    home = options.home or Path(os.environ.get("STUDIOLO_TEST_HOME") or ROOT / ".cache" / "home")
    print(machine_line(), flush=True)
    module = importlib.import_module(f"tests.bench.{options.suite}")
    module.run(options.data or Path(), home=home)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
