"""Calls of tools as models write them: found in an answer while it comes, and grammars that force them.

Three forms are known: `<tool_call>{"name": ..., "arguments": {...}}</tool_call>` (Hermes, Qwen 2.5 and 3), one JSON
object `{"name": ..., "parameters": {...}}` (Llama 3.1), and a list of them or a name before its arguments behind
`[TOOL_CALLS]` (Mistral). Whichever a template asks for, all are understood: small models mix them. Marks that are
control tokens are not part of an answer's text, so a bare object is taken for a call too, where the answer begins with
it. What turns out to be no call of an offered tool is content, word for word. Threads: one owner.

Source: the chat templates that these models are published with.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from studiolo.errors import Code, UserError
from studiolo.inference.grammar import literal, prefixed
from studiolo.inference.schema import grammar_for

HERMES_MARK = "<tool_call>"
_OPENERS = {HERMES_MARK: "</tool_call>", "[TOOL_CALLS]": "", "<|python_tag|>": ""}  # with what closes them
_FIRST = {"{": "", "[": "", "```json": "```", "<tools>": "</tools>"}  # only where nothing was said before
_BETWEEN = " \t\r\n;,"  # what may stand between two calls
_KEYS = frozenset({"name", "type", "id", "function", "arguments", "parameters"})
_ARGUMENTS = ("arguments", "parameters")
_ANY_OBJECT = '{"type": "object"}'
MOST_CALLS = 8  # of one answer, where a grammar forces them


class CallForm(Enum):
    """How a template asks for calls."""

    HERMES = "hermes"
    LLAMA = "llama"
    MISTRAL = "mistral"


def form_of(template_text: str) -> CallForm:
    """The form that a prompt asks for, by what the template itself wrote into it."""
    if HERMES_MARK in template_text:
        return CallForm.HERMES
    if "[AVAILABLE_TOOLS]" in template_text or "[TOOL_CALLS]" in template_text:
        return CallForm.MISTRAL
    return CallForm.LLAMA if '"parameters"' in template_text else CallForm.HERMES


@dataclass(frozen=True, slots=True)
class FoundCall:
    """A call that the model has written; `arguments` is the JSON text of an object."""

    name: str
    arguments: str = field(repr=False)


class CallFinder:
    """Feed pieces of an answer; text comes out as it is, and calls of the offered tools as `FoundCall`."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._named = {f"{name}{behind}": name for name in self._names for behind in ("{", "[ARGS]")}
        self._held = ""  # not passed on yet
        self._opener: str | None = None  # what began the call that `_held` goes on with
        self._before = ""  # that, and what stood before it, as it was written
        self._scan = _JsonEnd()
        self._fresh = True  # nothing was said yet, or nothing since a call
        self._called = False

    def feed(self, text: str) -> list[str | FoundCall]:
        """What the text so far is certain to be."""
        self._held += text
        return self._read(final=False)

    def finish(self) -> list[str | FoundCall]:
        """The rest, when no more comes."""
        return self._read(final=True)

    def _read(self, *, final: bool) -> list[str | FoundCall]:
        found: list[str | FoundCall] = []
        going = True
        while going:
            going = self._text(found, final=final) if self._opener is None else self._call(found, final=final)
        return [part for part in found if part]

    def _text(self, found: list[str | FoundCall], *, final: bool) -> bool:
        """Pass on what is text; True where a call begins."""
        if self._fresh:
            ahead = self._held.lstrip(_BETWEEN if self._called else None)
            openers = (*_OPENERS, *_FIRST, *self._named)
            if not final and any(opener.startswith(ahead) and opener != ahead for opener in openers):
                return False
            opener = next((opener for opener in openers if ahead.startswith(opener)), None)
            if opener is not None:
                self._begin(opener, ahead[len(opener) :])
                return True
            if final and not ahead.strip() and self._called:
                self._held = ""
                return False
            self._fresh = False
        places = {self._held.find(opener): opener for opener in _OPENERS if opener in self._held}
        if places:
            at = min(places)
            found.append(self._held[:at].rstrip())
            self._begin(places[at], self._held[at + len(places[at]) :])
            return True
        keep = 0 if final else max(_overlap(self._held, opener) for opener in _OPENERS)
        cut = len(self._held) - keep
        if not final:  # blanks before a call are dropped
            cut = len(self._held[:cut].rstrip())
        found.append(self._held[:cut])
        self._held = self._held[cut:]
        return False

    def _begin(self, opener: str, rest: str, *, before: str = "") -> None:
        self._opener, self._before, self._held, self._scan = opener, before + opener, rest, _JsonEnd()

    def _call(  # noqa: PLR0911 - a parser: one return a form
        self, found: list[str | FoundCall], *, final: bool
    ) -> bool:
        """Read on in what may be a call; True where it is known what it was."""
        opener = self._opener or ""
        name = self._named.get(opener)
        bare = opener in ("{", "[") or (name is not None and opener.endswith("{"))
        body = opener[-1] + self._held if bare else self._held
        start = len(body) - len(body.lstrip())
        head = body[start:]
        if opener == "[TOOL_CALLS]" and name is None and head[:1] not in ("{", "["):
            named = next((named for named in self._named if head.startswith(named)), None)
            if named is not None:
                self._begin(named, head[len(named) :], before=self._before + body[:start])
                return True
            if not final and any(named.startswith(head) for named in self._named):
                return False
        if not head and not final:
            return False
        if head[:1] not in ("{", "[") or (opener in _FIRST and not _may_be_call(head)):
            return self._give_back(found, "")
        end = self._scan.of(body, start)
        if end is None and not final:
            return False
        if end is None:
            closer = _closer(opener)
            at = self._held.find(closer) + len(closer) if closer and closer in self._held else len(self._held)
            return self._give_back(found, self._held[:at])
        calls = self._calls(body[start:end], name=name, tagged=opener in _OPENERS)
        rest = body[end:]
        if not calls:
            return self._give_back(found, self._held[: len(self._held) - len(rest)])
        closer = _closer(opener)
        ahead = rest.lstrip()
        if closer and ahead.startswith(closer):
            rest = ahead[len(closer) :]
        elif closer and closer.startswith(ahead) and not final:
            return False
        found += calls
        self._opener, self._held = None, rest
        self._fresh = self._called = True
        return True

    def _give_back(self, found: list[str | FoundCall], taken: str) -> bool:
        """It was no call: it is content, and so is what follows up to the next one."""
        found.append(self._before + taken)
        self._opener, self._held = None, self._held[len(taken) :]
        self._fresh = False
        return True

    def _calls(self, text: str, *, name: str | None, tagged: bool) -> list[FoundCall]:
        """The calls that a JSON text holds; none where any of it is something else."""
        try:
            value = json.loads(text, strict=False, parse_constant=_no_number)
            if name is not None:
                value = {"name": name, "arguments": value}
            calls = [self._one(item, tagged=tagged) for item in (value if isinstance(value, list) else [value])]
        except (ValueError, RecursionError):
            return []
        return [call for call in calls if call] if all(calls) else []

    def _one(self, value: Any, *, tagged: bool) -> FoundCall | None:
        if isinstance(value, dict) and isinstance(value.get("function"), dict):
            value = value["function"]
        if not isinstance(value, dict) or value.get("name") not in self._names:
            return None
        key = next((key for key in _ARGUMENTS if key in value), None)
        if key is None and not tagged:
            return None
        arguments = {} if key is None else value[key]
        if isinstance(arguments, str):
            arguments = json.loads(arguments or "{}", strict=False, parse_constant=_no_number)
        arguments = {} if arguments is None else arguments
        if not isinstance(arguments, dict):
            return None
        return FoundCall(value["name"], json.dumps(arguments, ensure_ascii=False, allow_nan=False))


class _JsonEnd:
    """Where an object or a list ends in a text that grows; each character is looked at once."""

    def __init__(self) -> None:
        self._at = -1
        self._depth = 0
        self._quoted = self._escaped = False

    def of(self, text: str, start: int) -> int | None:
        """Behind the last bracket of what begins at `start`; None while it is open."""
        if self._at > start and not self._depth:
            return self._at
        self._at = max(self._at, start)
        while self._at < len(text):
            char = text[self._at]
            self._at += 1
            if self._quoted:
                self._quoted = self._escaped or char != '"'
                self._escaped = char == "\\" and not self._escaped
            elif char == '"':
                self._quoted = True
            elif char in "{[":
                self._depth += 1
            elif char in "}]":
                self._depth -= 1
                if not self._depth:
                    return self._at
        return None


def calls_grammar(
    tools: Sequence[tuple[str, str, bool]], *, form: CallForm, most: int = 1, opened: bool = False
) -> str:
    """A grammar for from 1 to `most` calls of the tools, given as (name, JSON schema, strict).

    `opened`: what opens the first call is written already. A schema that no grammar can keep counts as "any object",
    unless it is strict: then UserError(bad_request).
    """
    rules: list[str] = []
    key = "parameters" if form is CallForm.LLAMA else "arguments"
    for number, (name, schema, strict) in enumerate(tools):
        rules.append(prefixed(_arguments(schema, strict=strict), f"tool-{number}-"))
        said = f'{{"name": {json.dumps(name, ensure_ascii=False)}, "{key}": '
        rules.append(f'call-{number} ::= {literal(said)} tool-{number}-root "}}"')
    one = " | ".join(f"call-{number}" for number in range(len(tools)))
    rules.append(f"call ::= {one}")
    opener, between, closer = {
        CallForm.HERMES: ("<tool_call>\n", "\n", "\n</tool_call>"),
        CallForm.LLAMA: ("", "\n", ""),
        CallForm.MISTRAL: ("", ", ", ""),
    }[form]
    first = _joined("" if opened else opener, "call", closer)
    more = f" ({_joined(between + opener, 'call', closer)}){{0,{most - 1}}}" if most > 1 else ""
    whole = f'"[" {first}{more} "]"' if form is CallForm.MISTRAL else f"{first}{more}"
    return "\n".join([("root ::= [ \\n]? " if opened else "root ::= ") + whole, *rules])


def _joined(before: str, rule: str, behind: str) -> str:
    return " ".join(part for part in (before and literal(before), rule, behind and literal(behind)) if part)


def _arguments(schema: str, *, strict: bool) -> str:
    try:
        return grammar_for(schema)
    except UserError as error:
        if strict:
            raise UserError(Code.BAD_REQUEST, field="tools", problem=str(error.values["problem"])) from None
        return grammar_for(_ANY_OBJECT)


def _closer(opener: str) -> str:
    return _OPENERS.get(opener) or _FIRST.get(opener) or ""


def _may_be_call(text: str) -> bool:
    """Whether a call without a mark may begin so: answers that are other JSON are not held back to their end."""
    text = text.removeprefix("[").lstrip()
    inside = text[1:].lstrip()
    if text[:1] not in ("", "{") or inside[:1] not in ("", '"'):
        return False
    key, closed, _ = inside[1:].partition('"')
    return key in _KEYS if closed else any(known.startswith(key) for known in _KEYS)


def _no_number(_name: str) -> float:
    raise ValueError


def _overlap(text: str, opener: str) -> int:
    """The longest end of `text` that begins `opener`."""
    return next((size for size in range(min(len(opener) - 1, len(text)), 0, -1) if text.endswith(opener[:size])), 0)
