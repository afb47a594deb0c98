"""`studiolo models compare`: what a smaller model loses and gains, as a table. The models run in another process."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence

import click

from studiolo import wire
from studiolo.cli.interrupt import cancel_on_interrupt
from studiolo.cli.progress import progress_bar
from studiolo.cli.terminal import DONE, Terminal, existing
from studiolo.errors import Code, EngineBug
from studiolo.events import Compared, Finished, Progress
from studiolo.types import COMPARED_TOKENS, Comparison, ModelQuality

UNSTEADY = 1.3  # fastest round / slowest one


@click.command("compare")
@click.argument("model")
@click.argument("other")
@click.option(
    "--text",
    "file",
    default=None,
    metavar="FILE",
    help="Any document that can be read (default: the samples, in English and Chinese).",
)
@click.option(
    "--tokens",
    default=COMPARED_TOKENS,
    show_default=True,
    type=click.IntRange(min=2),
    help="Read this much of each text.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def compare_models(terminal: Terminal, model: str, other: str, file: str | None, tokens: int, as_json: bool) -> int:  # noqa: PLR0917 - click names them
    """Measure what OTHER loses and gains against MODEL."""
    comparison = measured(terminal, model, other, file=file, tokens=tokens)
    if as_json:
        terminal.json(wire.plain(comparison))
    else:
        show(terminal, comparison)
    return DONE


def measured(
    terminal: Terminal, model: str, other: str, *, file: str | None = None, tokens: int = COMPARED_TOKENS
) -> Comparison:
    """Compare two models, with the progress on stderr. Raises StudioloError, KeyboardInterrupt."""
    from studiolo.inference.compare import compare
    from studiolo.inference.quantize import source_of
    from studiolo.models.catalog import load_catalogue
    from studiolo.models.store import ModelStore
    from studiolo.settings import load_settings

    store = ModelStore(terminal.home, load_catalogue())
    pair = (source_of(model, store), source_of(other, store))
    threads = load_settings(terminal.home.settings_file).threads
    found: Comparison | None = None
    with progress_bar() as bar, cancel_on_interrupt() as cancel:
        for event in compare(pair, lambda: _texts(file), cancel=cancel, tokens=tokens, threads=threads):
            match event:
                case Progress():
                    bar.show(event)
                case Compared():
                    found = event.comparison
                case Finished(reason="cancelled"):
                    raise KeyboardInterrupt
                case _:
                    pass
    if found is None:
        raise EngineBug(Code.INTERNAL, where="compare")
    return found


def _texts(file: str | None) -> Sequence[tuple[str, str]]:
    """The document's text, or the samples'. They are read as documents of a library are, in another process."""
    from studiolo.inference.sample_texts import sample_texts
    from studiolo.knowledge.parsers.pool import ParserPool

    pool = ParserPool(children=1)
    try:
        if file is not None:
            return (("", pool.parse(existing(file)).text),)
        return sample_texts(lambda path: pool.parse(path).text)
    finally:
        pool.close()


def show(terminal: Terminal, comparison: Comparison) -> None:
    """The table, and under it how it was measured."""
    for line in table(comparison, terminal.word):
        terminal.text(line)


def table(comparison: Comparison, word: Callable[..., str]) -> list[str]:
    """Lines for a person: a figure a line, MODEL, OTHER and the ratio beside one another."""
    model, other = comparison.model, comparison.other
    rows: list[tuple[str, ...]] = [("", model.id, other.id, word("cmp_ratio"))]
    for name, figure in _COSTS:
        one, two = figure(model), figure(other)
        rows.append((word(name), *(_figure(name, value) for value in (one, two)), _ratio(two, one)))
    if comparison.same_vocabulary:
        assert comparison.perplexity_ratio is not None
        assert comparison.perplexity_ratio_error is not None
        ratio = f"{comparison.perplexity_ratio:.4f} ± {comparison.perplexity_ratio_error:.4f}"
        rows.append((word("cmp_perplexity"), f"{model.perplexity:.3f}", f"{other.perplexity:.3f}", ratio))
        rows += _by_text(comparison, word, "cmp_perplexity", lambda text: text.perplexity)
        rows.append((word("cmp_agreement"), "", f"{100 * (comparison.agreement or 0.0):.2f} %", ""))
        rows.append((word("cmp_divergence"), "", f"{comparison.kl_divergence or 0.0:.5f}", ""))
    else:
        bits = (f"{one.bits_per_byte:.4f}" for one in (model, other))
        rows.append((word("cmp_bits"), *bits, _ratio(other.bits_per_byte, model.bits_per_byte)))
        rows += _by_text(comparison, word, "cmp_bits", lambda text: text.bits_per_byte)
    lines = [*_aligned(rows), "", word("cmp_method", **_method(comparison))]
    if not comparison.same_vocabulary:
        lines.append(word("cmp_vocabularies"))
    spread = max(model.spread, other.spread)
    return lines if spread < UNSTEADY else [*lines, word("cmp_busy", times=f"{spread:.1f}")]


_COSTS: tuple[tuple[str, Callable[[ModelQuality], float]], ...] = (
    ("cmp_size", lambda one: one.size_bytes),
    ("cmp_memory", lambda one: one.memory_bytes),
    ("cmp_reading", lambda one: one.read_tokens_per_s),
    ("cmp_writing", lambda one: one.write_tokens_per_s),
)


def _by_text(
    comparison: Comparison, word: Callable[..., str], name: str, figure: Callable[..., float]
) -> list[tuple[str, ...]]:
    """A row for each text, where there are several."""
    pairs = list(zip(comparison.model.texts, comparison.other.texts, strict=True))
    if len(pairs) < 2:
        return []
    return [
        (
            f"  {word(name)}, {word(f'cmp_{one.name}')}",
            f"{figure(one):.4g}",
            f"{figure(two):.4g}",
            _ratio(figure(two), figure(one)),
        )
        for one, two in pairs
    ]


def _figure(name: str, value: float) -> str:
    if name in ("cmp_size", "cmp_memory"):
        return f"{value / 1e6:,.0f} MB"
    return f"{value:.1f}/s"


def _ratio(value: float, baseline: float) -> str:
    return f"{value / baseline:.3f}" if baseline else "-"


def _method(comparison: Comparison) -> dict[str, int]:
    return {
        "tokens": comparison.model.tokens,
        "window": comparison.window_tokens,
        "stride": comparison.stride_tokens,
        "before": comparison.window_tokens - comparison.stride_tokens,
        "memory": comparison.memory_tokens,
    }


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Columns that line up where Chinese stands in them: such a character takes two places."""
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        first, *rest = (
            text + " " * (width - _width(text)) if column == 0 else " " * (width - _width(text)) + text
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join((first, *rest)).rstrip())
    return lines


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
