"""Place marks: what people wrote goes through a chat template as a number between two noncharacters.

A template may write a mark as it is or put it through `tojson`; there the whole JSON text becomes one content, with
what the marks stand for escaped in it. So a tool's name, description or schema is never the template's text. Words
that templates look at (`type`, `properties`, `string`) go through as themselves: a closed list forges nothing.
Threads: one render each.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

_MARK = re.compile("\ufdd0([0-9]+)\ufdd1")  # Unicode noncharacters: no template holds them
_PLAIN = frozenset((
    "additionalProperties", "allOf", "anyOf", "array", "boolean", "const", "default", "description", "enum", "examples",
    "exclusiveMaximum", "exclusiveMinimum", "format", "function", "id", "integer", "items", "maxItems", "maxLength",
    "maximum", "minItems", "minLength", "minimum", "name", "null", "number", "object", "oneOf", "parameters", "pattern",
    "properties", "required", "string", "title", "type",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class TemplateTool:
    """A tool that the model may call. `parameters` is a JSON schema as text."""

    name: str
    description: str = field(repr=False)
    parameters: str = field(repr=False)

    def json(self) -> str:
        """As templates that take tools expect it."""
        function = {"name": self.name, "description": self.description, "parameters": json.loads(self.parameters)}
        return json.dumps({"type": "function", "function": function}, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class TemplateCall:
    """A call that an earlier answer asked for. `arguments` is JSON text; `id` is the client's."""

    name: str
    arguments: str = field(repr=False)
    id: str = ""


@dataclass(frozen=True, slots=True)
class TemplateMessage:
    """A message as parts; each part is tokenised apart, so that it is the same ids wherever it stands.

    `answers`: of a tool's, the id of the call. A message with `tools` only says what may be called: it is no turn.
    """

    role: str
    parts: tuple[str, ...] = field(repr=False)
    behind: tuple[str, ...] = field(default=(), repr=False)
    """For each part, if any: the system message behind which it is read ahead, "" for one that is not."""
    calls: tuple[TemplateCall, ...] = ()
    answers: str = ""
    tools: tuple[TemplateTool, ...] = ()

    def segments(self) -> list[Segment]:
        """The parts that hold anything."""
        behind = (*self.behind, *[""] * len(self.parts))
        return [Segment(part, False, system) for part, system in zip(self.parts, behind, strict=False) if part]

    @property
    def of_tools(self) -> bool:
        """Whether it is about tools."""
        return bool(self.calls or self.tools or self.role == "tool")

    @property
    def texts(self) -> tuple[str, ...]:
        """All that people wrote in it, to be counted."""
        calls = (text for call in self.calls for text in (call.name, call.arguments))
        return (*self.parts, *calls, *(tool.json() for tool in self.tools))


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a rendered prompt. `control`: written by the template, so its special tokens are parsed."""

    text: str = field(repr=False)
    control: bool
    behind: str = field(default="", repr=False)  # as in a message


class Places:
    """What stands where in one rendered template."""

    def __init__(self) -> None:
        self._contents: list[list[Segment]] = []
        self._inside: list[list[int]] = []  # of a JSON text, the contents in it
        self._numbers: dict[str, int] = {}  # of single texts, so that equal ones are equal to the template
        self._wanted: set[int] = set()  # what a template may not leave out
        self._ids: dict[str, tuple[str, str]] = {}  # of calls by the client's id: ours, and the tool's name
        self._open: list[tuple[str, str]] = []  # calls that are not answered yet

    def message(self, message: TemplateMessage) -> dict[str, Any]:
        """A message as a template takes it."""
        marked: dict[str, Any] = {"role": message.role, "content": self._content(message.segments())}
        if message.calls:
            marked["tool_calls"] = [self._call(call) for call in message.calls]
        if message.role == "tool":
            marked["tool_call_id"], marked["name"] = self._answered(message.answers)
        return marked

    def tool(self, tool: TemplateTool) -> dict[str, Any]:
        """A tool as a template takes it."""
        function = {
            "name": self._text(tool.name, wanted=True),
            "description": self._text(tool.description),
            "parameters": self._marked(json.loads(tool.parameters), self._text),
        }
        return {"type": "function", "function": function}

    def json(self, value: Any, **how: Any) -> str:
        """A value as JSON text: one content where people's text is in it."""
        inside: list[int] = []
        text = json.dumps(self._resolved(value, inside), **how)
        if not inside:
            return text
        self._contents.append([Segment(text, control=False)])
        self._inside.append(inside)
        return _mark(len(self._contents) - 1)

    def unused(self, rendered: str) -> bool:
        """Whether the template left out any message, any name of a tool or anything of a call."""
        todo = [int(mark[1]) for mark in _MARK.finditer(rendered)]
        seen: set[int] = set()
        while todo:
            number = todo.pop()
            if number not in seen:
                seen.add(number)
                todo += self._inside[number]
        return not self._wanted <= seen

    def segments(self, rendered: str) -> list[Segment]:
        """The rendered template cut at its marks."""
        segments: list[Segment] = []
        position = 0
        for mark in _MARK.finditer(rendered):
            if mark.start() > position:
                segments.append(Segment(rendered[position : mark.start()], control=True))
            segments.extend(self._contents[int(mark[1])])
            position = mark.end()
        if position < len(rendered):
            segments.append(Segment(rendered[position:], control=True))
        return segments

    def _content(self, segments: list[Segment]) -> str:
        if not segments:
            return ""
        self._contents.append(segments)
        self._inside.append([])
        self._wanted.add(len(self._contents) - 1)
        return _mark(len(self._contents) - 1)

    def _text(self, text: str, *, wanted: bool = False) -> str:
        if not text or text in _PLAIN:
            return text
        if text not in self._numbers:
            self._contents.append([Segment(text, control=False)])
            self._inside.append([])
            self._numbers[text] = len(self._contents) - 1
        if wanted:
            self._wanted.add(self._numbers[text])
        return _mark(self._numbers[text])

    def _marked(self, value: Any, text: Callable[[str], str]) -> Any:
        match value:
            case str():
                return text(value)
            case dict():
                return {text(key): self._marked(inner, text) for key, inner in value.items()}
            case list():
                return [self._marked(inner, text) for inner in value]
            case _:
                return value

    def _call(self, call: TemplateCall) -> dict[str, Any]:
        # Mistral's templates refuse ids that are not nine letters or digits; the client's mean nothing to a model
        given = f"call{len(self._ids):05d}"
        name = self._content(_segments(call.name))
        self._ids[call.id or given] = (given, name)
        self._open.append((given, name))
        try:
            arguments = json.loads(call.arguments)
        except (ValueError, RecursionError):
            arguments = call.arguments
        function = {"name": name, "arguments": self._marked(arguments, lambda text: self._content(_segments(text)))}
        return {"id": given, "type": "function", "function": function}

    def _answered(self, answers: str) -> tuple[str, str]:
        found = self._ids.get(answers) or (self._open[0] if self._open else ("call00000", ""))
        if found in self._open:
            self._open.remove(found)
        return found

    def _resolved(self, value: Any, inside: list[int]) -> Any:
        def text(mark: re.Match[str]) -> str:
            inside.append(int(mark[1]))
            return "".join(segment.text for segment in self._contents[int(mark[1])])

        match value:
            case str():
                return _MARK.sub(text, value)
            case dict():
                return {self._resolved(key, inside): self._resolved(inner, inside) for key, inner in value.items()}
            case list() | tuple():
                return [self._resolved(inner, inside) for inner in value]
            case _:
                return value


def _segments(text: str) -> list[Segment]:
    return [Segment(text, control=False)] if text else []


def _mark(number: int) -> str:
    return f"\ufdd0{number}\ufdd1"
