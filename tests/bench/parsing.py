"""How much of a document's text is read: F1 of words against another converter's checked results, a format at a time.

DATA holds docling's test documents (`docs-docling/FORMAT/sources` with `groundtruth/NAME.md`) and other files without a
ground truth beside them, of which only the end is told: text, or which reason. A file's F1 is that of the multisets of
its words (NFKC; a Han character is a word); a format's is the mean over its files. The ground truth's Markdown is
stripped of its marks first. For PDF the baseline is plain pypdf over the same files in the same run; pages without a
text layer and pictures are apart: they are read by OCR, and held against what other OCR engines read (the mean).
"""

from __future__ import annotations

import collections
import html
import logging
import re
import statistics
import time
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from studiolo.errors import StudioloError
from studiolo.knowledge.parsers.child import ParserProcess

_TRUTH = "groundtruth"
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_TOKEN = re.compile(f"[{_HAN}]|[^\\W_{_HAN}]+")
_IGNORED = {"json", "itxt", "py", "yaml", "gitignore", ""}
_WORST = 25

_FORMULA = re.compile(r"\$\$?(.+?)\$?\$", re.DOTALL)
_LINK = re.compile(
    r"\[((?:[^\[\]]|\[[^\[\]]*\])*)\]"  # the text, which may hold brackets of its own
    r"\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:\s+\"[^\"]*\")?\)"
)
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_GREEK = {
    unicodedata.name(letter).rpartition(" ")[2].lower().replace("lamda", "lambda"): letter
    for letter in "αβγδεζηθικλμνξπρστυφχψω"
}
_NAMED = {"sin", "cos", "tan", "log", "ln", "exp", "lim", "max", "min"}


@dataclass(frozen=True, slots=True)
class Result:
    """One file's end. `f1` is None where there is no ground truth; `plain` is pypdf's, for PDF alone."""

    path: Path
    form: str
    state: str
    seconds: float
    f1: float | None = None
    plain: float | None = None
    scanned: bool = False


def run(data: Path, *, home: Path) -> None:
    """Print the formats' table, the worst files, the states and the slowest file."""
    process = ParserProcess()
    try:
        results = [_result(process, path, data) for path in sorted(_files(data))]
    finally:
        process.close()
    _print(results, data)


def _files(data: Path) -> Iterator[Path]:
    for path in data.rglob("*"):
        inside = path.relative_to(data).parts
        if _TRUTH in inside or "expected_outputs" in inside or any(part.startswith(".") for part in inside):
            continue
        suffix = path.suffix.lower().lstrip(".")
        in_sources = "sources" in inside or "test_files" in inside
        if path.is_file() and inside[0].startswith("docs-") and (in_sources or suffix not in _IGNORED):
            yield path


def _result(process: ParserProcess, path: Path, data: Path) -> Result:
    form = path.suffix.lower().lstrip(".")
    began = time.perf_counter()
    text, state = "", "text"
    try:
        parsed = process.parse(path)
        text = parsed.text
        state = "partial" if parsed.gaps else "text"
    except StudioloError as error:
        state = error.code.value
    seconds = time.perf_counter() - began
    folder = path.parent.parent / _TRUTH
    truth = next((one for one in (folder / f"{path.name}.md", folder / f"{path.stem}.md") if one.is_file()), folder)
    if not truth.is_file():
        readings = sorted(folder.glob(f"*/full_page/{path.stem}.*.md"))  # of a picture: what other OCR engines read
        read = [f1(words(text), words(stripped(one.read_text(encoding="utf-8")))) for one in readings]
        mean = statistics.mean(read) if read else None
        return Result(path.relative_to(data), form, state, seconds, f1=mean, scanned=bool(read))
    wanted = words(stripped(truth.read_text(encoding="utf-8")))
    plain_text = _pypdf(path) if form == "pdf" else None
    return Result(
        path=path.relative_to(data),
        form=form,
        state=state,
        seconds=seconds,
        f1=f1(words(text), wanted),
        plain=None if plain_text is None else f1(words(plain_text), wanted),
        scanned=plain_text is not None and sum(words(plain_text).values()) * 5 < sum(wanted.values()),
    )


def _pypdf(path: Path) -> str:
    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it tells every oddity of every file
    try:
        return "\n".join(page.extract_text() for page in PdfReader(path).pages)
    except Exception:
        return ""


def words(text: str) -> collections.Counter[str]:
    """How often each word stands in `text`; a Han character is a word."""
    return collections.Counter(_TOKEN.findall(unicodedata.normalize("NFKC", text)))


def f1(found: collections.Counter[str], wanted: collections.Counter[str]) -> float:
    """The harmonic mean of precision and recall over the two multisets; two empty ones are the same."""
    total = sum(found.values()) + sum(wanted.values())
    return 2 * sum((found & wanted).values()) / total if total else 1.0


def stripped(markdown: str) -> str:
    """Markdown without its marks: what a reader of the page sees."""
    text = re.sub(r"<!--.*?-->", " ", markdown, flags=re.DOTALL)
    text = re.sub(r"^```\w*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"!\[([^\]]*)\]\([^)]*\)", r"\1", text)
    for _ in range(2):  # a link's text may hold brackets of its own
        text = _LINK.sub(r"\1", text)
    text = re.sub(r"^\s*\|?[\s:|-]+\|[\s:|-]*$", "", text, flags=re.MULTILINE)
    text = _FORMULA.sub(lambda match: _formula(match.group(1)), text)
    text = re.sub(r"(?<=- )\[[ x]\]", " ", text)
    text = re.sub(r"^#{1,6}\s+", "", text, flags=re.MULTILINE)
    text = re.sub(r"\\([\\`*_{}\[\]()#+.!|<>~-])", r"\1", text)
    text = re.sub(r"\*{1,3}|~~|`", "", text)
    return html.unescape(text)


def _formula(latex: str) -> str:
    def said(match: re.Match[str]) -> str:
        name = match.group(1)
        return f" {_GREEK.get(name, name if name in _NAMED else '')} "

    return _COMMAND.sub(said, latex).replace("{", " ").replace("}", " ")


def _print(results: list[Result], data: Path) -> None:
    print("### Word F1 by format\n\n| format | files | F1 | baseline (pypdf) |\n|---|---:|---:|---:|")
    groups: dict[str, list[Result]] = {}
    for result in results:
        if result.f1 is not None:
            groups.setdefault(f"{result.form} (scanned)" if result.scanned else result.form, []).append(result)
    for form, group in sorted(groups.items()):
        plain = [result.plain for result in group if result.plain is not None]
        mean = statistics.fmean(result.f1 for result in group if result.f1 is not None)
        print(f"| {form} | {len(group)} | {mean:.4f} | {f'{statistics.fmean(plain):.4f}' if plain else '-'} |")
    print("\n### Lowest F1\n\n| file | state | F1 |\n|---|---|---:|")
    for result in sorted((one for one in results if one.f1 is not None), key=lambda one: one.f1 or 0)[:_WORST]:
        print(f"| {result.path} | {result.state} | {result.f1:.4f} |")
    print("\n### How files end\n\n| folder | format | state | files |\n|---|---|---|---:|")
    states = collections.Counter((one.path.parts[0], one.form, one.state) for one in results)
    for (folder, form, state), count in sorted(states.items()):
        print(f"| {folder} | {form} | {state} | {count} |")
    slowest = max(results, key=lambda one: one.seconds)
    print(f"\n{len(results)} files; slowest: {slowest.path}, {slowest.seconds:.2f} s")
