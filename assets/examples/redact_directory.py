"""Write a copy of a folder's documents as text, with the personal data in them replaced by its type.

    python redact_directory.py letters letters-redacted
    python redact_directory.py letters letters-redacted --profile strict --keep-names

Every document that Studiolo can read (PDF, Word, mail, spreadsheets, text ...) becomes a text file under the same path
with `.txt` behind it. Names of files and folders are redacted too, with the type in brackets ("[PERSON].pdf.txt"),
unless --keep-names is given; two documents whose names become the same are numbered. Nothing is stored in a library. A
text that is there already is left alone unless --force is given.

One line of JSON a document goes to stdout: its path, and what was written where, with how many values of which type; or
that it was skipped, or the error. Exit code 0: all done; 1: some could not be read.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from studiolo import KNOWN_SUFFIXES, StudioloError
from studiolo.client import Client

MASK = re.compile(r"<([A-Z_]+)>")


RIGHTS = """act with this token's rights, not the owner's: scope ask, and the folder as its root; --profile needs
restore as well"""


def main(arguments: list[str] | None = None) -> int:
    """Run it; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("source", type=Path, help="folder with documents")
    parser.add_argument("target", type=Path, help="folder to write the texts into; made if need be")
    parser.add_argument(
        "--profile", choices=["balanced", "open", "strict"], help="by which policy (default: the home's)"
    )
    parser.add_argument("--keep-names", action="store_true", help="leave the names of files and folders as they are")
    parser.add_argument("--force", action="store_true", help="write over files that are there")
    parser.add_argument("--token-file", type=Path, help=RIGHTS)
    options = parser.parse_args(arguments)
    if not options.source.is_dir():
        parser.error(f"{options.source} is no folder")
    if options.target.absolute().is_relative_to(options.source.absolute()):
        parser.error("the target must not lie inside the source")
    try:
        with Client.attach(token_file=options.token_file) as client:
            return run(client, options)
    except StudioloError as error:
        print(f"{parser.prog}: {error.code.value} {error.values or ''}".rstrip(), file=sys.stderr)
        return 1


def run(client: Client, options: argparse.Namespace) -> int:
    """Redact one document after another."""
    failed = 0
    taken: set[Path] = set()
    for path in documents(options.source):
        inside = path.relative_to(options.source)
        try:
            name = inside if options.keep_names else redacted_name(client, inside, options.profile)
            target = free(options.target / f"{name}.txt", taken)
            if target.exists() and not options.force:
                print(json.dumps({"path": str(inside), "skipped": str(target)}, ensure_ascii=False), flush=True)
                continue
            found = client.redact_file(path, profile=options.profile)
        except StudioloError as error:
            if error.code.value in ("engine_gone", "unauthorised"):
                raise
            failed += 1
            print(json.dumps({"path": str(inside), "error": error.code.value}, ensure_ascii=False), flush=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(found.text, encoding="utf-8")
        counts = Counter(one.type for one in found.entities)
        line = {"path": str(inside), "written": str(target), "found": dict(sorted(counts.items()))}
        print(json.dumps(line, ensure_ascii=False), flush=True)
    return 1 if failed else 0


def documents(folder: Path) -> Iterator[Path]:
    """The files that can be read, in order; hidden ones are left out."""
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden and path.suffix.lower() in KNOWN_SUFFIXES:
            yield path


def redacted_name(client: Client, path: Path, profile: str | None) -> Path:
    """A path without personal data: each of its parts is looked at with its separators as blanks."""
    found = client.redact_many([re.sub(r"[_-]+", " ", part) for part in path.parts], profile=profile)
    pairs = zip(found, path.parts, strict=True)
    return Path(*(MASK.sub(r"[\1]", part.text) if part.entities else old for part, old in pairs))


def free(path: Path, taken: set[Path]) -> Path:
    """`path`, or with a number behind its name where another document of this run has it."""
    number, wanted = 2, path
    while wanted in taken:
        wanted = path.with_name(f"{path.stem} ({number}){path.suffix}")
        number += 1
    taken.add(wanted)
    return wanted


if __name__ == "__main__":
    sys.exit(main())
