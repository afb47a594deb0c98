"""In how many ways a grammar leaves to read a character, and so which tokens it can be asked about."""

from __future__ import annotations

import numpy as np
import pytest

from studiolo.inference.ambiguity import Readings

TEXTS = ["-", "-" * 12, "-" * 13, "-" * 80, "word", "word" * 20, "十二个月" * 30, "\n"]


def short_enough(grammar: str) -> list[bool]:
    characters = np.frombuffer("".join(TEXTS).encode("utf-32-le"), dtype=np.uint32)
    starts = np.cumsum([0, *map(len, TEXTS)])[:-1]
    return [bool(each) for each in Readings(grammar).short_enough(characters, starts)]


@pytest.mark.parametrize(
    "grammar",
    [
        'root ::= "yes" | "no"',
        'root ::= "[" ws item ("," ws item)* "]"\nitem ::= [^, \\t\\]]+\nws ::= [ \\t]*',
        'root ::= "(" root ")" | "-"*',
        'root ::= "-"{0,900} "x"',
        'root ::= [^"]* "\\""',
        "root ::= (",  # not understood: refused elsewhere
    ],
)
def test_where_there_is_one_way_every_token_may_be_asked_about(grammar: str) -> None:
    assert not Readings(grammar).ambiguous
    assert all(short_enough(grammar))


@pytest.mark.parametrize(
    "grammar",
    [
        'root ::= ("-"+)+',
        'root ::= line+\nline ::= "-"+ "x"?',
        'root ::= "-" root root "x" | "-" root | "-"',
        'root ::= ("-" | "--")* "x"',
        'root ::= "-"* "-"*',
        'root ::= a "x"\na ::= b a | b\nb ::= "-"+',
    ],
)
def test_long_runs_of_what_can_be_read_in_two_ways_are_left_out(grammar: str) -> None:
    allowed = dict(zip(TEXTS, short_enough(grammar), strict=True))
    assert Readings(grammar).ambiguous
    assert allowed["-"]
    assert not allowed["-" * 80]
    assert all(allowed[text] for text in ("word", "word" * 20, "十二个月" * 30, "\n")), "others are as they were"


def test_twelve_characters_with_two_ways_each_are_the_end() -> None:
    allowed = dict(zip(TEXTS, short_enough('root ::= ("-"+)+'), strict=True))
    assert allowed["-" * 12]
    assert not allowed["-" * 13]


def test_a_single_character_is_always_allowed_and_large_grammars_count_as_ambiguous() -> None:
    assert short_enough("root ::= ([-]? [a-z]? .?){2,300}")[0]
    words = " | ".join(f'"{chr(code)}{chr(code + 1)}"' for code in range(0x4E00, 0x4E00 + 1900))
    rules = "\n".join(f"r{number} ::= [a-z]" for number in range(1900))
    large = Readings(f"root ::= {words}\n{rules}")
    assert large.ambiguous
    assert short_enough(f"root ::= {words}\n{rules}")[0]
