"""A grammar that llama.cpp could not use or not survive never reaches it, and nothing of it is printed."""

from __future__ import annotations

import pytest

from studiolo.errors import Code, UserError
from studiolo.inference.grammar import MOST_COUNTED, checked_grammar, literal, prefixed

JSON = r"""
# JSON, as llama.cpp's own example has it in outline
root   ::= object
value  ::= object | array | string | number | ("true" | "false" | "null") ws
object ::=
  "{" ws (
            string ":" ws value
    ("," ws string ":" ws value)*
  )? "}" ws
array  ::= "[" ws ( value ("," ws value)* )? "]" ws
string ::= "\"" ( [^"\\\x7F\x00-\x1F] | "\\" (["\\bfnrt] | "u" [0-9a-fA-F]{4}) )* "\"" ws
number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ([eE] [-+]? [1-9] [0-9]{0,15})? ws
ws ::= | " " | "\n" [ \t]{0,20}
"""


@pytest.mark.parametrize(
    "grammar",
    [
        JSON,
        'root ::= "yes" | "no"',
        'root ::= "是" | "\\u5426" | "\\U0001F600"\r\n',
        "root ::= [一-龥a-z-]{1,20} # 汉字",
        'root ::= item+\nitem ::= "- " [^\\n]+ "\\n"',
        "root ::= .{2,} [.] [\\]]",
        f"root ::= [a-z]{{0,{MOST_COUNTED}}}",
        'root ::= "(" root? ")"',
        'root ::= ("a"\n | "b"\n)',
        'root ::= a |\n b\na ::= "x"\nb ::= ""',
    ],
)
def test_grammars_that_are_taken(grammar: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert checked_grammar(grammar) == grammar
    assert capfd.readouterr().err == ""


ENDLESS = "\n".join(f'r{n} ::= r{n + 1} "x" | r{n + 1} "y"' for n in range(40)) + '\nr40 ::= "z"\nroot ::= r0'


@pytest.mark.parametrize(
    ("grammar", "said"),
    [
        ("", "root"),
        ('answer ::= "a"', "root"),
        ("root ::= other", "not defined"),
        ('root ::= "a"\nroot ::= "b"', "line 2"),
        ('root = "a"', "::="),
        ('my_rule ::= "a"', "::="),
        ('root ::= "a', "without an end"),
        ("root ::= [a-z", "without an end"),
        ("root ::= [a-", "without an end"),
        ('root ::= ("a"', "without an end"),
        ('root ::= "a" )', "line 1: not understood"),
        ("root ::= []", "empty choice"),
        ("root ::= [z-a]", "range"),
        ('root ::= "\\q"', "escape"),
        ('root ::= "\\UFFFFFFFF"', "Unicode"),
        ('root ::= "\\uD800"', "Unicode"),
        ("root ::= [^\\x00-\\U0010FFFF]", "empty choice"),
        ('root ::= "\\x00"', "x00"),
        ('root ::= "\x00"', "control"),
        ('root ::= "\ud800"', "control"),
        ("root ::= <think>", "not understood"),
        ("%llguidance {}", "rule's name"),
        ("root ::= *", "repetition"),
        ('root ::= ""*', "repetition"),
        ("root ::= [a]*+", "repetition"),
        ("root ::= [a]{3,2}", "below its least"),
        ("root ::= [a]{0}", "or 0"),
        ("root ::= [a]{,2}", "{m}"),
        ("root ::= [a]{99999999999999999999}", "{m}"),
        (f"root ::= [a]{{{MOST_COUNTED + 1}}}", "more than"),
        ("root ::= ([a]{0,900}){900}", "repetition makes"),
        ("root ::= (((([a]?){30}){30}){30}){30}", "ways"),
        ("root ::= ([a] [b]? [c]?){1000}", "repetition makes"),
        ("root ::= a a a\na ::= b{1000}\nb ::= c?\nc ::= [x]", "ways"),
        ("root ::= " + "(" * 60 + "[a]" + ")" * 60, "groups"),
        ("root ::= " + "[abcdefgh]" * 3000, "elements"),
        ("root ::= " + " " * 100_001, "longer"),
        ("root ::= root", "left recursion"),
        ('root ::= root "a" | "b"', "left recursion"),
        ('root ::= ("a"?)*', "left recursion"),
        ('root ::= "yz"? root', "left recursion"),  # a repetition repeats the whole text before it
        ('root ::= x root | "q"\nx ::= y\ny ::= "" | "z"', "left recursion"),  # llama.cpp itself does not see this one
        ('root ::= a\na ::= b "x"\nb ::= c\nc ::= a | "y"', "left recursion"),
        (ENDLESS, "ways"),
    ],
    ids=lambda text: text[:30] if isinstance(text, str) else "",
)
def test_grammars_that_are_refused(grammar: str, said: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError) as caught:
        checked_grammar(grammar)
    assert (caught.value.code, caught.value.values["field"]) == (Code.BAD_REQUEST, "grammar")
    assert said in str(caught.value.values["problem"])
    assert capfd.readouterr().err == "", "llama.cpp prints what it cannot parse"


def test_a_refusal_holds_nothing_of_the_grammar() -> None:
    with pytest.raises(UserError) as caught:
        checked_grammar('root ::= "Ada Lovelace" | 王小明')
    assert "Ada" not in f"{caught.value!r}{caught.value.values}"
    assert "王" not in f"{caught.value!r}{caught.value.values}"


def test_rules_get_a_prefix_and_texts_do_not() -> None:
    grammar = 'root ::= "root" [root] item{2,3} # root\nitem ::= "\\"item" | ( root )'
    assert prefixed(grammar, "t-") == 't-root ::= "root" [root] t-item{2,3} # root\nt-item ::= "\\"item" | ( t-root )'


@pytest.mark.parametrize("text", ["", 'a "b" \\ \n', "查天气\u2028", "\U0001f600", "\x00"])
def test_a_text_as_a_terminal(text: str) -> None:
    written = literal(text)
    if "\x00" not in text:
        checked_grammar(f"root ::= {written}")
    assert written.isprintable()
