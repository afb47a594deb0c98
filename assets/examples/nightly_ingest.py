"""Keep a library in step with folders, from a timer: read what is new or changed, remove what has gone.

    python nightly_ingest.py ~/contracts ~/invoices --library office --remove-gone --report report.jsonl

From cron, at two in the morning:

    0 2 * * * STUDIOLO_HOME=/srv/studiolo /srv/venv/bin/python /srv/nightly_ingest.py /srv/files --library office

The engine that runs is asked; where none does, one is started and ended with this. Unchanged files cost next to
nothing. With --remove-gone, documents that came from these folders and whose files are there no more are removed; a
folder that is not there, or is empty (a drive that is not mounted), removes nothing. (`studiolo libraries watch` does
the same at once, while an engine stays.)

One line of JSON a file that was added, updated, removed or failed goes into --report, and a summary to stdout. Exit
code 0: all is well; 1: a file could not be read, or a folder could not be reached.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, TextIO

from studiolo import StudioloError
from studiolo.client import Client

RIGHTS = """act with this token's rights, not the owner's: scope ingest and the folders as its roots; --remove-gone
needs search, restore and admin as well"""


def main(arguments: list[str] | None = None) -> int:
    """Run it; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="folders to read")
    parser.add_argument("--library", default="default", help="library to keep (default: default)")
    parser.add_argument("--remove-gone", action="store_true", help="remove documents whose files are there no more")
    parser.add_argument("--report", type=Path, help="file that a line of JSON a changed file is added to")
    parser.add_argument("--token-file", type=Path, help=RIGHTS)
    options = parser.parse_args(arguments)
    try:
        with Client.attach(token_file=options.token_file) as client:
            if options.report is None:
                return run(client, options, None)
            with options.report.open("a", encoding="utf-8") as report:
                return run(client, options, report)
    except StudioloError as error:
        print(f"{parser.prog}: {error.code.value} {error.values or ''}".rstrip(), file=sys.stderr)
        return 1


def run(client: Client, options: argparse.Namespace, report: TextIO | None) -> int:
    """One night."""
    began = time.monotonic()
    folders = [folder.absolute() for folder in options.folders]
    reached = [folder for folder in folders if folder.is_dir() and any(folder.iterdir())]
    for folder in folders:
        if folder not in reached:
            print(f"cannot be reached: {folder}", file=sys.stderr)
    counts: Counter[str] = Counter()

    def note(status: str, path: str, **more: Any) -> None:
        counts[status] += 1
        if report is not None and status != "unchanged":
            line = {"time": int(time.time()), "status": status, "path": path, **more}
            print(json.dumps(line, ensure_ascii=False), file=report, flush=True)

    for result in client.add(reached, library=options.library) if reached else []:
        more = {"reason": result.reason} if result.status == "failed" else {"passages": result.passages}
        note(result.status, result.path, **more)
    if options.remove_gone:
        gone = [one for one in documents_of(client, options.library, reached) if not Path(one[1]).exists()]
        if gone:
            client.remove_documents([number for number, _ in gone], library=options.library)
        for _, path in gone:
            note("removed", path)
    summary = {"library": options.library, **counts, "seconds": round(time.monotonic() - began, 1)}
    print(json.dumps(summary, ensure_ascii=False))
    return 1 if counts["failed"] or len(reached) < len(folders) else 0


def documents_of(client: Client, library: str, folders: list[Path]) -> list[tuple[str, str]]:
    """The documents that came from these folders: (id, path)."""
    return [
        (one.id, one.path)
        for one in client.documents(library)
        if any(Path(one.path).is_relative_to(folder) for folder in folders)
    ]


if __name__ == "__main__":
    sys.exit(main())
