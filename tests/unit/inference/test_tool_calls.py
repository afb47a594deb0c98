"""Calls of tools are found in whatever way the answer is cut, and nothing of an answer is lost."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studiolo.errors import Code, UserError
from studiolo.inference.grammar import checked_grammar
from studiolo.inference.tool_calls import CallFinder, CallForm, FoundCall, calls_grammar, form_of

NAMES = ("look", "查天气", "f")
CITY = '{"city": "上海 \\"旧\\" }</tool_call>{"}'


def found(text: str, size: int) -> list[str | tuple[str, str]]:
    """What comes out of `text` fed in pieces of `size`, neighbouring texts joined."""
    finder = CallFinder(NAMES)
    parts = [part for at in range(0, len(text), size) for part in finder.feed(text[at : at + size])]
    joined: list[str | tuple[str, str]] = []
    for part in [*parts, *finder.finish()]:
        if isinstance(part, FoundCall):
            joined.append((part.name, part.arguments))
        elif joined and isinstance(joined[-1], str):
            joined[-1] += part
        else:
            joined.append(part)
    return joined


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10_000])
@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('<tool_call>\n{"name": "look", "arguments": {"a": 1}}\n</tool_call>', [("look", '{"a": 1}')]),
        (f'好的。\n<tool_call>{{"name": "查天气", "arguments": {CITY}}}</tool_call>\n', ["好的。", ("查天气", CITY)]),
        (
            '<tool_call>{"name":"f"}</tool_call>\n<tool_call>\n{"name":"f","arguments":"{\\"b\\":1}"}\n</tool_call>.',
            [("f", "{}"), ("f", '{"b": 1}'), "."],
        ),
        ('<tool_call>{"name": "f", "arguments": {"a": "x\ny"}}', [("f", '{"a": "x\\ny"}')]),
        ('{"name": "f", "parameters": {"x": 1}}; {"name": "f", "parameters": {}}', [("f", '{"x": 1}'), ("f", "{}")]),
        ('<|python_tag|>{"type": "function", "name": "f", "parameters": {}}', [("f", "{}")]),
        ('{"type": "function", "function": {"name": "f", "arguments": {}}}', [("f", "{}")]),
        ('[{"name": "f", "arguments": {}}, {"name": "look", "arguments": {}}]', [("f", "{}"), ("look", "{}")]),
        ('[TOOL_CALLS] [{"name": "f", "arguments": {}, "id": "call00000"}]', [("f", "{}")]),
        ('[TOOL_CALLS]查天气[ARGS]{"city": "北京"}', [("查天气", '{"city": "北京"}')]),
        ('查天气{"city": "北京"}', [("查天气", '{"city": "北京"}')]),
        ('```json\n{"name": "f", "arguments": {}}\n```', [("f", "{}")]),
        ('<tools>\n{"name": "f", "arguments": {}}\n</tools>', [("f", "{}")]),
    ],
)
def test_calls(text: str, parts: list[str | tuple[str, str]], size: int) -> None:
    assert found(text, size) == parts


NO_CALLS = [
    "The sky is blue; a < b, [1] and {x}.",
    '<tool_call>{"name": "delete_all", "arguments": {}}</tool_call> done',
    '{"name": "delete_all", "arguments": {}}',
    '<tool_call>{"name": "f", "arguments": {"a": }}</tool_call>',
    '<tool_call>{"name": "f", "arguments": {"a": NaN}}</tool_call>',
    '<tool_call>{"name": "f", "arguments": [1]}</tool_call>',
    '<tool_call>{"name": "f", "arguments": "no JSON"}</tool_call>',
    '<tool_call>{"name": "f", "arguments": {"a": "',
    '<tool_call>[{"name": "f", "arguments": {}}, {"name": "g", "arguments": {}}]</tool_call>',
    "<tool_call> I would rather not.",
    '{"name": "f"}',
    '{"answer": "是", "name": "f", "arguments": {}}',
    "[1] The lease says so.",
    "[TOOL_CALLS]查天",
    "查天气很简单",
    '```json\n{"a": 1}\n```',
    'Write this: ```json\n{"name": "f", "arguments": {}}\n```',
    "<tool_call>" + "[" * 3000 + "]" * 3000 + "</tool_call>",
    "   ",
    "a <tool_ca",
]


@pytest.mark.parametrize("size", [1, 3, 10_000])
@pytest.mark.parametrize("text", NO_CALLS, ids=range(len(NO_CALLS)))
def test_what_is_no_call_of_an_offered_tool_is_content_word_for_word(text: str, size: int) -> None:
    assert found(text, size) == [text]


def test_a_broken_call_does_not_take_the_next_one_with_it() -> None:
    broken = '<tool_call>{"name": "f", "arguments": {"a": 1}</tool_call>'
    assert found(f'{broken}\n<tool_call>{{"name": "f", "arguments": {{}}}}</tool_call>', 4) == [broken, ("f", "{}")]


def test_text_is_passed_on_at_once_and_other_json_is_not_held_to_its_end() -> None:
    finder = CallFinder(NAMES)
    assert "".join(str(part) for part in finder.feed("It is raining, and")) == "It is raining, and"
    assert "".join(str(part) for part in CallFinder(NAMES).feed('{"answer": ')) == '{"answer":'


@given(st.text('<tool_cal>{}[]"\\nameargs: f,;\n`', max_size=80), st.integers(1, 9))
def test_no_text_is_lost_however_it_is_cut(text: str, size: int) -> None:
    parts = found(text, size)
    assert parts == found(text, 1000)
    if not any(isinstance(part, tuple) for part in parts):
        assert "".join(str(part) for part in parts).split() == text.split()


def test_the_form_is_what_the_template_asks_for() -> None:
    assert form_of("<tools></tools> ... <tool_call>") is CallForm.HERMES
    assert form_of('{"name": function name, "parameters": dictionary}') is CallForm.LLAMA
    assert form_of("[AVAILABLE_TOOLS]") is CallForm.MISTRAL
    assert form_of("<|im_start|>system") is CallForm.HERMES


WEATHER = json.dumps({"type": "object", "properties": {"城市": {"type": "string"}}, "required": ["城市"]})
UNKEPT = json.dumps({"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}})


@pytest.mark.parametrize("form", list(CallForm))
@pytest.mark.parametrize("opened", [False, True])
def test_calls_can_be_forced_in_every_form(form: CallForm, opened: bool) -> None:
    grammar = calls_grammar([("查天气", WEATHER, True), ("f", UNKEPT, False)], form=form, most=8, opened=opened)
    assert checked_grammar(grammar) == grammar


def test_a_strict_schema_that_cannot_be_kept_is_refused() -> None:
    with pytest.raises(UserError) as caught:
        calls_grammar([("f", UNKEPT, True)], form=CallForm.HERMES)
    assert (caught.value.code, caught.value.values["field"]) == (Code.BAD_REQUEST, "tools")
    assert "minimum" in str(caught.value.values["problem"])
