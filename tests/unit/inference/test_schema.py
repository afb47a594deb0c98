"""What is made a grammar, and what is refused because an answer might not fit."""

from __future__ import annotations

import json
from typing import Any

import pytest

from studiolo.errors import Code, UserError
from studiolo.inference.schema import MOST_COUNTED, grammar_for

TREE = {"type": "object", "properties": {"叶": {"type": "string"}, "子": {"$ref": "#/$defs/树"}}}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {},
        {"title": "anything"},
        {"type": ["object", "null"], "properties": {"姓名": {"type": "string"}}, "required": ["姓名"]},
        {"type": "array", "items": {"type": "string", "maxLength": MOST_COUNTED}, "maxItems": MOST_COUNTED},
        {"anyOf": [{"type": "integer"}, {"enum": ["红", "green", 3, None]}, {"const": True}]},
        {"$ref": "#/$defs/树", "$defs": {"树": TREE}},
        {"type": "object", "properties": {"next": {"$ref": "#"}}},
        {"type": "object", "additionalProperties": {"type": "integer"}},
        {"type": "string", "format": "date"},
    ],
)
def test_schemas_that_become_grammars(schema: dict[str, Any]) -> None:
    assert "root ::= " in grammar_for(json.dumps(schema))


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "integer", "minimum": 1}, "minimum"),
        ({"type": "string", "pattern": "^.*$"}, "pattern"),
        ({"type": "object", "properties": {"a": {"allOf": [{"type": "string"}]}}}, "allOf"),
        ({"anyOf": [{"type": "string"}], "maxLength": 3}, "anyOf"),
        ({"enum": []}, "enum"),
        ({"$ref": "https://example.org/schema.json"}, "$ref"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}, "cannot be converted"),
        ({"$ref": "#/$defs/none"}, "cannot be converted"),
        ({"type": "nothing"}, "cannot be converted"),
        ({"type": "object", "required": ["a"]}, "required"),
        ({"type": "string", "minLength": 5, "maxLength": 2}, "least"),
        ({"type": "string", "maxLength": MOST_COUNTED + 1}, "limit"),
        ({"type": "array", "items": [{"type": "string"}]}, "object"),
        ({"const": 'a "quoted" word'}, "quotes"),
        ({"type": "object", "properties": {"\U0001f600": {"type": "string"}}}, "emoji"),
        ([], "object"),
    ],
)
def test_schemas_that_are_refused(schema: Any, said: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError) as caught:
        grammar_for(json.dumps(schema))
    assert (caught.value.code, caught.value.values["field"]) == (Code.BAD_REQUEST, "response_format")
    assert said in str(caught.value.values["problem"])
    assert capfd.readouterr().err == "", "llama.cpp prints what it cannot parse"


def test_text_that_is_no_json_and_depth_without_end_are_refused() -> None:
    for text in ("{", "[" * 50_000, " " * 200_000):
        with pytest.raises(UserError):
            grammar_for(text)


def test_of_two_definitions_with_one_name_each_is_itself() -> None:
    """A property, a definition and a builtin rule may be called the same."""
    named = {"string": {"type": "integer"}, "name": {"type": "boolean"}}
    schema = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 3},
            "a": {"$ref": "#/$defs/name"},
            "b": {"$ref": "#/$defs/string"},
        },
        "$defs": named,
    }
    rules = grammar_for(json.dumps(schema)).splitlines()
    assert {"alternative-0-a ::= boolean", "alternative-0-b ::= integer"} <= set(rules)
