"""What a stored reading is known by: a key that differs in anything is another one."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from tests.kept_readings import PAYLOAD, content_of, key, store_in

from studiolo.inference import readings_file as files
from studiolo.inference.readings_key import ReadingKey, RopeSettings


def _others(one: ReadingKey) -> dict[str, list[ReadingKey]]:
    """For every field, keys that differ from `one` in it alone."""
    changed: dict[str, list[object]] = {
        "model": ["cd" * 32, ""],
        "build": ["b7001", "b7000 "],
        "prefix": [(), (1, 2), (1, 2, 3, 0), (1, 2, -3), (3, 2, 1)],
        "part": [(), (0, 20, 31), (0, 20), (0, 20, 30, 0)],
        "key_type": ["q8_0"],
        "value_type": ["q8_0"],
        "flash_attention": [False],
        "rope": [
            replace(RopeSettings(), **{one.name: getattr(RopeSettings(), one.name) + 1}) for one in fields(RopeSettings)
        ],
        "adapters": [(("ef" * 32, 1.0),), (("ef" * 32, 0.5),), (("ef" * 32, 1.0), ("01" * 32, 1.0))],
        "layout": ["swa"],
    }
    assert set(changed) == {field.name for field in fields(ReadingKey)}
    return {name: [replace(one, **{name: value}) for value in values] for name, values in changed.items()}


def test_a_key_that_differs_in_anything_is_another_key(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    assert store.put(key(), PAYLOAD, tokens=1)
    others = [one for many in _others(key()).values() for one in many]
    assert len({one.digest for one in [key(), *others]}) == 1 + len(others)
    for one in others:
        assert store.get(one) is None
    assert content_of(store, replace(key())) == PAYLOAD


@given(st.lists(st.integers(-(2**31), 2**31 - 1)), st.lists(st.integers(-(2**31), 2**31 - 1)))
def test_where_the_prefix_ends_counts(prefix: list[int], part: list[int]) -> None:
    whole = replace(key(), prefix=(), part=(*prefix, *part))
    cut = replace(key(), prefix=tuple(prefix), part=tuple(part))
    assert (whole.digest == cut.digest) == (not prefix)


@given(st.text(), st.text())
def test_where_a_text_ends_counts(first: str, second: str) -> None:
    joined = replace(key(), model=first + second, build="")
    apart = replace(key(), model=first, build=second)
    assert (joined.digest == apart.digest) == (not second)


def test_a_whole_number_is_the_same_key_as_its_float() -> None:
    one = replace(key(), adapters=(("ef" * 32, 1),), rope=RopeSettings(freq_base=10_000))
    same = replace(key(), adapters=(("ef" * 32, 1.0),), rope=RopeSettings(freq_base=10_000.0))
    assert one == same
    assert one.digest == same.digest


def test_a_key_does_not_show_what_was_read() -> None:
    shown = repr(replace(key(), prefix=(4711,), part=(4712,)))
    assert "4711" not in shown
    assert "4712" not in shown


def test_a_key_stays_the_same_over_versions_of_the_program() -> None:
    """If this fails, every reading on every disk is lost: raise FORMAT, so that they are removed and do not linger."""
    assert files.FORMAT == 1
    assert key().digest == "4ac2964522e02b839530e7e43c873860f9b2b3281dbf123ae27174361aa6363f"
