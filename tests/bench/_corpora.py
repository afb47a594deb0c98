"""Judged collections as documents and questions, read from the files their authors publish.

Each is taken the natural way: a document is a file of a library, a question's right answers are documents.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, the keys of the documents that answer it, and whether parameters may be chosen on it."""

    text: str
    right: frozenset[str]
    development: bool = False
    aside: frozenset[str] = frozenset()  # documents that count neither way: they are left out of what was found


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents as (title, text) by key, and questions over them."""

    name: str
    documents: dict[str, tuple[str, str]] = field(repr=False)
    questions: tuple[Asked, ...] = field(repr=False)


def scifact(data: Path) -> Corpus:
    """5,183 abstracts; the 300 claims of test.tsv are reported, the 809 of train.tsv are for development."""
    folder = data / "retrieval" / "scifact"
    csv.field_size_limit(sys.maxsize)
    documents = {
        row["doc_id"]: (row["title"], " ".join(_strings(row["abstract"]))) for row in _rows(folder / "corpus_train.csv")
    }
    claims = {
        row["id"]: row["claim"] for part in ("train", "validation") for row in _rows(folder / f"claims_{part}.csv")
    }
    questions = []
    for part in ("train", "test"):
        right: dict[str, set[str]] = {}
        for row in _rows(folder / f"{part}.tsv", delimiter="\t"):
            if int(row["score"]) > 0:
                right.setdefault(row["query-id"], set()).add(row["corpus-id"])
        questions += [Asked(claims[key], frozenset(keys), part == "train") for key, keys in right.items()]
    return Corpus("scifact", documents, tuple(questions))


def cran(data: Path) -> Corpus:
    """1,400 abstracts, 225 questions in order of the file. Odd ones: development.

    Judged 1 to 4 is right. Judged -1 is, once for every question, the very paper whose author asked it: it is left out.
    """
    folder = data / "retrieval" / "cran"
    documents = {}
    for number, fields in _smart(folder / "cran.all.1400"):
        title = " ".join(fields.get("T", "").split())
        text = " ".join(fields.get("W", "").split())
        documents[str(number)] = (title, text.removeprefix(title).strip() or title)
    right: dict[int, set[str]] = {}
    source: dict[int, set[str]] = {}
    for line in (folder / "cranqrel").read_text(encoding="utf-8").splitlines():
        question, document, grade = line.split()[:3]
        (right if int(grade) > 0 else source).setdefault(int(question), set()).add(document)
    questions = [
        Asked(
            " ".join(fields["W"].split()),
            frozenset(right[place]),
            development=place % 2 == 1,
            aside=frozenset(source.get(place, ())),
        )
        for place, (_, fields) in enumerate(_smart(folder / "cran.qry"), start=1)
        if right.get(place)
    ]
    return Corpus("cran", documents, tuple(questions))


def xquad(data: Path, *, asked: str, read: str) -> Corpus:
    """240 paragraphs in the language `read`, the 1,190 questions in the language `asked`.

    Questions over the first 120 paragraphs are for development.
    """
    folder = data / "retrieval" / "xquad"
    documents: dict[str, tuple[str, str]] = {}
    questions: list[Asked] = []
    there = _paragraphs(folder / f"xquad.{read}.json")
    here = _paragraphs(folder / f"xquad.{asked}.json")
    for number, ((text, _), (_, asking)) in enumerate(zip(there, here, strict=True)):
        documents[str(number)] = ("", text)
        questions += [Asked(question, frozenset({str(number)}), number < 120) for question in asking]
    name = f"xquad {asked}" if asked == read else f"xquad {asked}->{read}"
    return Corpus(name, documents, tuple(questions))


def xquad_mixed(data: Path, *, asked: str) -> Corpus:
    """A library of both languages: every other paragraph in English, the rest in Chinese, all asked in one language."""
    read = {language: xquad(data, asked=asked, read=language) for language in ("en", "zh")}
    documents = {
        key: read["en" if place % 2 else "zh"].documents[key] for place, key in enumerate(read["en"].documents)
    }
    return Corpus(f"xquad {asked}->mixed", documents, read["en"].questions)


def dureader(data: Path) -> Corpus:
    """The web pages of both demonstration files (a page that came up for two questions once); right are those that
    `is_selected` marks. Questions of search.train.json are for development."""
    folder = data / "retrieval" / "dureader-demo"
    keys: dict[tuple[str, str], str] = {}
    questions = []
    for part in ("train", "dev"):
        for line in (folder / f"search.{part}.json").read_text(encoding="utf-8").strip().split("\n"):
            entry = json.loads(line)
            right = set()
            for page in entry["documents"]:
                content = (page["title"].strip(), "\n\n".join(page["paragraphs"]))
                key = keys.setdefault(content, str(len(keys)))
                if page["is_selected"]:
                    right.add(key)
            if right:
                questions.append(Asked(entry["question"], frozenset(right), part == "train"))
    return Corpus("dureader", {key: content for content, key in keys.items()}, tuple(questions))


CORPORA: dict[str, Callable[[Path], Corpus]] = {
    "scifact": scifact,
    "cran": cran,
    "xquad en": lambda data: xquad(data, asked="en", read="en"),
    "xquad zh": lambda data: xquad(data, asked="zh", read="zh"),
    "dureader": dureader,
    "xquad zh->en": lambda data: xquad(data, asked="zh", read="en"),
    "xquad en->zh": lambda data: xquad(data, asked="en", read="zh"),
    "xquad en->mixed": lambda data: xquad_mixed(data, asked="en"),
    "xquad zh->mixed": lambda data: xquad_mixed(data, asked="zh"),
}


def _rows(path: Path, *, delimiter: str = ",") -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, delimiter=delimiter)


_STRING = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"", re.DOTALL)


def _strings(listed: str) -> list[str]:
    """The strings of an array as numpy prints it: quoted, without commas between."""
    found = [first or second for first, second in _STRING.findall(listed)]
    return [re.sub(r"\\(.)", r"\1", text) for text in found] or [listed]


def _smart(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """SMART's format: `.I number`, then `.X` lines that each open a field."""
    for number, entry in enumerate(re.split(r"^\.I\s+", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:], 1):
        parts = re.split(r"^\.([A-Z])\s*$", entry, flags=re.MULTILINE)
        yield number, dict(zip(parts[1::2], parts[2::2], strict=True))


def _paragraphs(path: Path) -> list[tuple[str, list[str]]]:
    data = json.loads(path.read_text(encoding="utf-8"))["data"]
    return [
        (paragraph["context"], [entry["question"] for entry in paragraph["qas"]])
        for article in data
        for paragraph in article["paragraphs"]
    ]
