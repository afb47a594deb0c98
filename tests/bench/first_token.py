"""Time to the first token over the length of what is asked about: everything read, against stored readings.

DATA holds `retrieval/xquad`. For each length its English paragraphs from the 121st on are put together twice: as the
passages of a library's prompt, composed from their readings with the lines that fit quoted, and as a whole document,
loaded as an exact beginning. Read in full is the composed prompt without readings. The instructions are in the context
each time. FIRST_TOKEN_PLOT names an SVG file to draw.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from studiolo.conversation.prompt import PromptPassage, compose, compose_whole
from studiolo.inference.steps import Prompt
from studiolo.types import Sampling
from tests.bench.stored import CELLS, Bench, read_ahead

LENGTHS = (500, 1000, 2000, 4000, 7000)  # tokens
ROUNDS = 3
ONE = Sampling(max_tokens=1)
WIDTH, HEIGHT, LEFT, RIGHT, TOP, FOOT = 720, 380, 64, 150, 24, 48


@dataclass(frozen=True, slots=True)
class Row:
    """One length: tokens of the prompt, and seconds to its first token."""

    tokens: int
    full: float
    composed: float
    loaded: float


def run(data: Path, *, home: Path) -> None:
    """Print the table, draw the plot."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(home, Path(folder) / "readings")
        print("| tokens | read in full | composed | a whole document, loaded |\n|---:|---:|---:|---:|")
        for length in LENGTHS:
            row = _measure(bench, data, length)
            rows.append(row)
            cells = (f"{time:.2f} s, {row.full / time:.0f}x" for time in (row.composed, row.loaded))
            print(f"| {row.tokens} | {row.full:.2f} s | {' | '.join(cells)} |", flush=True)
        bench.close()
    if path := os.environ.get("FIRST_TOKEN_PLOT"):
        Path(path).write_text(plot(rows), encoding="utf-8")


def _measure(bench: Bench, data: Path, length: int) -> Row:
    raw = json.loads((data / "retrieval" / "xquad" / "xquad.en.json").read_text(encoding="utf-8"))
    paragraphs = [paragraph for article in raw["data"] for paragraph in article["paragraphs"]][120:]
    passages: list[PromptPassage] = []
    while sum(bench.lease.count(one.text) for one in passages) < length - 100:
        at = len(passages)
        passages.append(PromptPassage(f"document {at + 1}.txt", 1, "", paragraphs[at]["context"]))
    question = paragraphs[0]["qas"][0]["question"]
    made = compose(question, passages=passages, turns=(), budget_tokens=CELLS - 64, count=bench.lease.count, quote=True)
    composed = bench.lease.compose(made.messages)
    document = compose_whole(question, passages=passages, turns=(), budget_tokens=CELLS - 64, count=bench.lease.count)
    assert document is not None
    whole = bench.lease.compose(document.messages, exact=document.exact)
    read_ahead(bench, composed)
    bench.empty()
    bench.answer(Prompt(composed.parts[:3], keep=True))
    full = [_first(bench, replace(composed, behind={}), keep=composed) for _ in range(1 if length > 2000 else ROUNDS)]
    bench.answer(whole, ONE)
    bench.settle()
    return Row(
        len(composed.tokens),
        statistics.median(full),
        statistics.median(_first(bench, composed, keep=composed) for _ in range(ROUNDS)),
        statistics.median(_first(bench, whole, keep=composed) for _ in range(ROUNDS)),
    )


def _first(bench: Bench, prompt: Prompt, *, keep: Prompt) -> float:
    bench.empty(keep=keep)
    return bench.answer(prompt, ONE)[1]


def plot(rows: list[Row]) -> str:
    """An SVG of the three lines over the prompt's tokens; it reads on light and on dark ground."""
    most_x, most_y = max(row.tokens for row in rows), max(row.full for row in rows)
    lines = [("#c2410c", "read in full", "full"), ("#15803d", "loaded", "loaded"), ("#2563eb", "composed", "composed")]

    def x(tokens: float) -> float:
        return LEFT + tokens / most_x * (WIDTH - LEFT - RIGHT)

    def y(seconds: float) -> float:
        return HEIGHT - FOOT - seconds / most_y * (HEIGHT - TOP - FOOT)

    shape = f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {shape}>',
        '<g fill="#6b7280" stroke="none">',
    ]
    step = 10 ** (len(str(int(most_y))) - 1)
    step = step if most_y / step >= 4 else step / 2
    at = 0.0
    while at <= most_y:
        parts.append(f'<text x="{LEFT - 8}" y="{y(at) + 4:.1f}" text-anchor="end">{at:g} s</text>')
        parts.append(f'<path d="M{LEFT} {y(at):.1f}H{WIDTH - RIGHT}" stroke="#6b7280" stroke-opacity="0.25"/>')
        at += step
    for row in rows:
        parts.append(f'<text x="{x(row.tokens):.1f}" y="{HEIGHT - FOOT + 20}" text-anchor="middle">{row.tokens}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle:.0f}" y="{HEIGHT - 8}" text-anchor="middle">tokens of the prompt</text></g>')
    below = HEIGHT
    for colour, name, field in lines:
        points = " ".join(f"{x(row.tokens):.1f},{y(getattr(row, field)):.1f}" for row in rows)
        last = y(getattr(rows[-1], field))
        label = min(last + 4, below - 18) if field != "full" else last + 4
        below = label if field != "full" else below
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        told = f"{name}, {getattr(rows[-1], field):.1f} s"
        parts.append(f'<text x="{WIDTH - RIGHT + 8}" y="{label:.1f}" fill="{colour}">{told}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
