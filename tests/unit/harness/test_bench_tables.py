"""The benchmark harness: ratios point the right way, and suites are found without being imported."""

from __future__ import annotations

import pytest
from tests.bench import __main__ as command
from tests.bench.table import Measure, figure, ratio, seconds, table


@pytest.mark.parametrize(
    ("value", "baseline", "smaller_is_better", "expected"),
    [(2.0, 4.0, True, 2.0), (4.0, 2.0, True, 0.5), (0.9, 0.6, False, 1.5), (0.0, 1.0, True, float("inf"))],
)
def test_a_ratio_above_one_is_better(value, baseline, smaller_is_better, expected):
    one = Measure("new", value, "s", smaller_is_better)
    assert ratio(one, baseline=Measure("old", baseline, "s", smaller_is_better)) == pytest.approx(expected)


def test_different_units_have_no_ratio():
    with pytest.raises(ValueError, match="s against MB"):
        ratio(Measure("a", 1, "s"), baseline=Measure("b", 1, "MB"))


def test_the_baseline_stands_first_in_the_table():
    lines = table("Reading", [Measure("new", 1.0, "s")], baseline=Measure("old", 3.0, "s")).splitlines()
    assert lines[0] == "### Reading"
    assert lines[4] == "| old (baseline) | 3 s | 1.00 |"
    assert lines[5] == "| new | 1 s | 3.00 |"


@pytest.mark.parametrize(("value", "text"), [(12345.6, "12,346 s"), (0.01234, "0.0123 s"), (1.0, "1 s")])
def test_figures_have_three_digits(value, text):
    assert figure(Measure("a", value, "s")) == text


def test_warm_up_calls_do_not_count():
    calls = []
    assert seconds(lambda: calls.append(1), repeat=3, warm_up=2) >= 0
    assert len(calls) == 5


def test_suites_are_modules_with_a_docstring_and_are_not_imported(tmp_path):
    (tmp_path / "reading.py").write_text('"""Reading speed.\n\nMore."""\nraise RuntimeError\n', encoding="utf-8")
    (tmp_path / "_helper.py").write_text("", encoding="utf-8")
    (tmp_path / "table.py").write_text("", encoding="utf-8")
    assert command.suites(tmp_path) == {"reading": "Reading speed."}


def test_the_command_lists_suites_and_refuses_what_it_does_not_know(tmp_path, capsys):
    assert command.main([]) == 0
    assert "startup" in capsys.readouterr().out
    assert command.main(["nothing"]) == 2
    assert command.main(["startup", "--data", str(tmp_path / "none")]) == 1


def test_every_suite_says_what_it_measures():
    assert all(command.suites().values())
