"""JSON schemas as grammars: llama.cpp's own converter, given only what it converts faithfully.

It passes over keywords that it does not know, so an answer would look right and not fit. Here every keyword is looked
at first, and one that cannot be kept is refused by name. What is stricter than the schema is allowed: objects get no
properties beside the named ones. Threads: any.

Source: JSON Schema 2020-12 (https://json-schema.org/draft/2020-12/json-schema-validation).
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

from studiolo.errors import Code, UserError
from studiolo.inference.library import library

MOST_COUNTED = 1000  # characters or items that a limit may name: the grammar holds a group for each
MOST_CHARACTERS = 100_000  # of a schema
_NOTES = frozenset(
    {"title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "$schema", "$id", "$comment"}
)
_ELSEWHERE = frozenset({"$defs", "definitions"})  # read where something points at them
_COUNTS = frozenset({"minItems", "maxItems", "minLength", "maxLength"})
_KEPT = frozenset({"type", "format", "required", "additionalProperties"})
# The converter's strings may hold raw line breaks, which JSON forbids; llama.cpp's newer converter writes it so.
_CHARACTER = ('char ::= [^"\\\\] |', 'char ::= [^"\\\\\\x7F\\x00-\\x1F] |')


def grammar_for(schema: str) -> str:
    """The GBNF grammar for a JSON schema given as text; what fits it is JSON that fits the schema.

    Raises UserError(bad_request) where that cannot be had.
    """
    lib = library()
    if len(schema) > MOST_CHARACTERS:
        _refuse(f"longer than {MOST_CHARACTERS} characters")
    try:
        grammar: str = lib.llama_grammar.json_schema_to_gbnf(json.dumps(_Tidy(json.loads(schema)).whole()))
    except UserError:
        raise
    except Exception:  # noqa: BLE001 - the converter asserts; its words would quote the schema
        _refuse("cannot be converted")
    grammar = grammar.replace(*_CHARACTER)
    sampler = lib.llama_sampler_init_grammar(None, grammar.encode(), b"root")
    if not sampler:  # a definition that is nothing but itself
        _refuse("cannot be converted")
    lib.llama_sampler_free(sampler)
    return grammar


class _Tidy:
    """A copy of a schema without notes, with references that the converter cannot take for one another."""

    def __init__(self, schema: Any) -> None:
        self._root = schema
        self._names: dict[str, str] = {}  # pointer -> name

    def whole(self) -> dict[str, Any]:
        tidy = self._node(self._root)
        definitions: dict[str, Any] = {}
        while len(definitions) < len(self._names):
            for pointer, name in list(self._names.items())[len(definitions) :]:
                definitions[name] = self._node(self._target(pointer))
        # one step down: the converter looks for no references beside one
        return {"anyOf": [tidy], "$defs": definitions} if definitions else tidy

    def _node(self, node: Any) -> dict[str, Any]:
        if not isinstance(node, dict):
            _refuse("a schema must be an object")
        if "$ref" in node:
            self._alone(node, "$ref")
            name = self._names.setdefault(str(node["$ref"]), f"definition--{len(self._names)}")
            return {"$ref": f"#/$defs/{name}"}
        if "anyOf" in node:
            self._alone(node, "anyOf")
            return {"anyOf": self._several(node["anyOf"])}
        if isinstance(node.get("type"), list):
            return {"anyOf": self._several([{**node, "type": one} for one in node["type"]])}
        tidy = {key: self._value(key, value) for key, value in node.items() if key not in _NOTES | _ELSEWHERE}
        if set(tidy.get("required", ())) - set(tidy.get("properties", ())):
            _refuse("required names what properties does not")
        if tidy.get("properties"):
            tidy["additionalProperties"] = False  # else one could come twice, the second time as anything
        if any(tidy.get(f"min{of}", 0) > tidy.get(f"max{of}", MOST_COUNTED) for of in ("Items", "Length")):
            _refuse("a least is larger than its most")
        return tidy

    def _value(self, keyword: str, value: Any) -> Any:
        if keyword == "properties":
            return {_literal(name): self._node(inner) for name, inner in value.items()}
        if keyword == "items" or (keyword == "additionalProperties" and not isinstance(value, bool)):
            return self._node(value)
        if keyword in _COUNTS:
            return _count(value)
        if keyword == "const" or (keyword == "enum" and value):
            return _literal(value)
        if keyword not in _KEPT:
            _refuse(f"the keyword {keyword} is not supported")
        return value

    def _several(self, nodes: Any) -> list[dict[str, Any]]:
        if not isinstance(nodes, list) or not nodes:
            _refuse("a list of schemas is needed")
        return [self._node(node) for node in nodes]

    def _alone(self, node: dict[str, Any], keyword: str) -> None:
        if set(node) - _NOTES - _ELSEWHERE - {keyword}:
            _refuse(f"{keyword} is only supported alone")

    def _target(self, pointer: str) -> Any:
        """Only inside the schema: nothing is fetched."""
        if pointer != "#" and not pointer.startswith("#/"):
            _refuse("$ref is only supported inside the schema")
        found = self._root
        for part in pointer.split("/")[1:]:
            found = found[part.replace("~1", "/").replace("~0", "~")]
        return found


def _literal(value: Any) -> Any:
    """A value that stands in the grammar as it is. The converter writes backslashes and surrogate pairs wrongly."""
    if any(character == "\\" or character > "\uffff" for character in json.dumps(value, ensure_ascii=False)):
        _refuse("names and constants with quotes, control characters or emoji are not supported")
    return value


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_COUNTED:
        _refuse(f"a limit must be from 0 to {MOST_COUNTED}")
    return value


def _refuse(problem: str) -> NoReturn:
    raise UserError(Code.BAD_REQUEST, field="response_format", problem=f"JSON schema: {problem}")
