"""Ask a list of questions about the documents in a folder, and write the answers with their sources into a CSV file.

    python questions_to_csv.py contracts questions.txt answers.csv
    python questions_to_csv.py contracts questions.txt answers.csv --each     # every question of every document

`questions.txt` holds one question a line (UTF-8; empty lines and lines that begin with # are left out). The folder is
read into a library first; what is there unchanged is not read again. A row is written as soon as its answer is there,
and rows that the file holds already are not asked again: a run that was stopped goes on where it was.

Columns: question, document (with --each), answer, sources ("lease.pdf p. 3; ..."), verified (whether every quote
carries its statement), error. Exit code 0: all answered; 1: some were not.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator
from pathlib import Path

from studiolo import StudioloError
from studiolo.client import Answer, Client

COLUMNS = ["question", "document", "answer", "sources", "verified", "error"]


RIGHTS = """act with this token's rights, not the owner's: scopes ingest and ask, and the folder as its root; --each
needs search and restore as well"""


def main(arguments: list[str] | None = None) -> int:
    """Run it; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("folder", type=Path, help="folder (or file) to answer from")
    parser.add_argument("questions", type=Path, help="text file, one question a line")
    parser.add_argument("csv", type=Path, help="file to write; rows are added to one that is there")
    parser.add_argument("--library", help="library to read the folder into (default: the folder's name)")
    parser.add_argument("--each", action="store_true", help="ask every question of every document by itself")
    parser.add_argument("--model", help="model to answer with")
    parser.add_argument("--max-tokens", type=int, default=300, help="length of an answer at most (default: 300)")
    parser.add_argument("--token-file", type=Path, help=RIGHTS)
    options = parser.parse_args(arguments)
    try:
        return run(options)
    except StudioloError as error:
        print(f"{parser.prog}: {error.code.value} {error.values or ''}".rstrip(), file=sys.stderr)
        return 1


def run(options: argparse.Namespace) -> int:
    """Read the folder, ask what is not answered yet."""
    library = options.library or options.folder.absolute().name
    failed = 0
    with Client.attach(token_file=options.token_file) as client:
        for result in client.add(options.folder, library=library):
            if result.status == "failed":
                failed += 1
                print(f"not read: {result.path} ({result.reason})", file=sys.stderr)
        documents = [(one.id, one.name) for one in client.documents(library)] if options.each else [(None, "")]
        answered = rows_in(options.csv)
        with options.csv.open("a", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            if not answered and not file.tell():
                writer.writeheader()
            for question in questions_in(options.questions):
                for document_id, name in documents:
                    if (question, name) in answered:
                        continue
                    row = ask(client, question, library=library, document=document_id, options=options)
                    failed += bool(row["error"])
                    writer.writerow({"question": question, "document": name, **row})
                    file.flush()
    return 1 if failed else 0


def ask(
    client: Client, question: str, *, library: str, document: str | None, options: argparse.Namespace
) -> dict[str, str]:
    """The columns of one answer. An engine that has gone ends the run; any other failure is the row's."""
    try:
        answer = client.ask(
            question, library=library, document=document, model=options.model, max_tokens=options.max_tokens
        )
    except StudioloError as error:
        if error.code.value in ("engine_gone", "unauthorised", "model_missing"):
            raise
        return {"answer": "", "sources": "", "verified": "", "error": error.code.value}
    verified = bool(answer.citations) and all(one.verified for one in answer.citations)
    return {"answer": answer.text, "sources": sources(answer), "verified": "yes" if verified else "no", "error": ""}


def sources(answer: Answer) -> str:
    """Where the quotes stand, each place once."""
    places = (f"{one.document} p. {one.page}" if one.page else one.document for one in answer.citations)
    return "; ".join(dict.fromkeys(places))


def questions_in(path: Path) -> Iterator[str]:
    """The questions of a file."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.strip()


def rows_in(path: Path) -> set[tuple[str, str]]:
    """What a CSV file has answers to: (question, document)."""
    if not path.exists():
        return set()
    with path.open(encoding="utf-8", newline="") as file:
        return {(row["question"], row["document"]) for row in csv.DictReader(file) if not row["error"]}


if __name__ == "__main__":
    sys.exit(main())
