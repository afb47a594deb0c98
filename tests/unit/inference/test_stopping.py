"""Stop strings, however the stream is cut."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from studiolo.inference.stopping import StopFinder


def _run(pieces: list[str], stops: tuple[str, ...]) -> tuple[str, bool]:
    finder = StopFinder(stops)
    out = "".join(finder.feed(piece) for piece in pieces)
    return out + finder.finish(), finder.stopped


def test_text_before_the_stop_is_kept() -> None:
    assert _run(["one tw", "o END three"], ("END",)) == ("one two ", True)


def test_without_a_stop_everything_comes_out_at_once() -> None:
    assert StopFinder(()).feed("abc") == "abc"


def test_only_what_could_become_a_stop_is_held() -> None:
    finder = StopFinder(("\n\nUser:",))
    assert finder.feed("Hello\n") == "Hello"
    assert finder.feed("world") == "\nworld"


@given(
    st.text(alphabet="ab停。", max_size=30),
    st.lists(st.integers(0, 30), max_size=6),
    st.lists(st.text(alphabet="ab停。", min_size=1, max_size=4), max_size=3),
)
def test_every_cut_gives_the_same(text: str, cuts: list[int], stops: list[str]) -> None:
    edges = sorted({0, len(text), *(c for c in cuts if c < len(text))})
    pieces = [text[a:b] for a, b in itertools.pairwise(edges)]
    first = min((at for at in (text.find(stop) for stop in stops) if at >= 0), default=None)
    out, stopped = _run(pieces, tuple(stops))
    if first is None:
        assert (out, stopped) == (text, False)
    else:
        assert stopped
        assert not any(stop in out for stop in stops)
        assert text.startswith(out)
