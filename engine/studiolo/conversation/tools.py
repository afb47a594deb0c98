"""A client's tools in a chat: what the model may know of them, how a call is forced, and calls on their way out.

Definitions are screened as what tools are called with is. A name that holds a value is another one for the model, and
is put back where the model calls it. Threads: the one that reads the events.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from studiolo.conversation.seams import AnswerStream
from studiolo.errors import Code, UserError
from studiolo.events import ToolCalled
from studiolo.inference.template import TemplateMessage, TemplateTool
from studiolo.inference.tool_calls import (
    HERMES_MARK,
    MOST_CALLS,
    CallFinder,
    CallForm,
    FoundCall,
    calls_grammar,
    form_of,
)
from studiolo.types import Chat, Redaction, Sampling, Tool

# What stands in every schema: no value, so it need not be looked at.
_SCHEMA_WORDS = frozenset((
    "type", "function", "name", "description", "parameters", "properties", "required", "items", "enum", "object",
    "string", "integer", "number", "boolean", "array", "null", "additionalProperties",
))  # fmt: skip
SCHEMA_TEXTS = _SCHEMA_WORDS | {f"type: {word}" for word in _SCHEMA_WORDS}


def check_tools(chat: Chat) -> tuple[Tool, ...]:
    """The tools that the chat may call. Raises UserError(bad_request), before a model is loaded for it."""
    if chat.tool_choice == "none":
        return ()
    names = [tool.name for tool in chat.tools]
    if len(set(names)) < len(names):
        raise _refused("tools", "two tools have the same name")
    if chat.tool_choice == "required" and not names:
        raise _refused("tool_choice", "there is no tool that could be called")
    if chat.tool_name and chat.tool_name not in names:
        raise _refused("tool_choice", "there is no tool of that name")
    if not names:
        return ()
    if chat.sampling.json_schema or chat.sampling.grammar:
        raise _refused("tools", "not supported together with a form for the answer: one of the two is needed")
    if chat.sampling.logprobs is not None:
        raise _refused("logprobs", "not supported together with tools")
    for tool in chat.tools:
        try:
            schema = json.loads(tool.parameters)
        except (ValueError, RecursionError):
            schema = None
        if not isinstance(schema, dict):
            raise _refused("tools", "the parameters of a tool must be a JSON schema")
    calls_grammar([(tool.name, tool.parameters, tool.strict) for tool in chat.tools], form=CallForm.HERMES)
    return chat.tools


class Offer:
    """The tools of one chat as the model may know them."""

    def __init__(
        self, tools: tuple[Tool, ...], *, plain: Callable[[str], str], arguments: Callable[[str], str]
    ) -> None:
        """`plain` screens a text, `arguments` a JSON text. Raises what they do."""
        self._names: dict[str, str] = {}  # as the model knows them -> the client's
        self._tools: list[Tool] = []
        for tool in tools:
            known = replace(
                tool,
                name=plain(tool.name),
                description=plain(tool.description) if tool.description else "",
                parameters=arguments(tool.parameters),
            )
            if known.name in self._names:
                raise _refused("tools", "two tools cannot be told apart once their names are screened")
            self._names[known.name] = tool.name
            self._tools.append(known)

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._tools)

    @property
    def message(self) -> TemplateMessage:
        """What a template is told of them."""
        tools = tuple(TemplateTool(tool.name, tool.description, tool.parameters) for tool in self._tools)
        return TemplateMessage("system", (), tools=tools)

    def sampling(self, chat: Chat, template_text: str) -> Sampling:
        """How tokens are chosen: calls are forced where the chat requires one, and kept well-formed where the model
        begins one with a mark. `template_text`: what the template itself wrote into the prompt."""
        form = form_of(template_text)
        wanted = [tool for tool in self._tools if chat.tool_name in ("", self._names[tool.name])]
        tools = [(tool.name, tool.parameters, tool.strict) for tool in wanted]
        if chat.tool_choice == "required":
            most = MOST_CALLS if chat.parallel_tool_calls else 1
            return replace(chat.sampling, grammar=calls_grammar(tools, form=form, most=most))
        if form is not CallForm.HERMES:  # other forms begin with what may be text as well
            return chat.sampling
        most = 1 if chat.parallel_tool_calls is False else MOST_CALLS
        grammar = calls_grammar(tools, form=form, most=most, opened=True)
        return replace(chat.sampling, grammar=grammar, grammar_after=HERMES_MARK)

    def calls(self, chat: Chat, *, opened: Callable[[], AnswerStream], on_last: Callable[[], None]) -> Calls:
        """What finds calls in the answer. `on_last`: called where no more are wanted."""
        return Calls(self._names, single=chat.parallel_tool_calls is False, opened=opened, on_last=on_last)


class Calls:
    """Takes an answer apart into its text, which still has to be screened, and calls, which are."""

    def __init__(
        self,
        names: dict[str, str],
        *,
        single: bool,
        opened: Callable[[], AnswerStream],
        on_last: Callable[[], None],
    ) -> None:
        self._names = names
        self._finder = CallFinder(names)
        self._single = single
        self._opened = opened
        self._on_last = on_last
        self._made = 0
        self._counts: Counter[str] = Counter()

    @property
    def ended(self) -> bool:
        """Whether there was a call and no more are wanted."""
        return self._single and self._made > 0

    @property
    def redactions(self) -> tuple[Redaction, ...]:
        """What was screened or restored in calls."""
        return Redaction.of(self._counts)

    def feed(self, text: str) -> Iterator[str | ToolCalled]:
        """What the text so far is certain to be."""
        yield from self._told(self._finder.feed(text))

    def finish(self) -> Iterator[str | ToolCalled]:
        """The rest."""
        yield from self._told(self._finder.finish())

    def _told(self, found: list[str | FoundCall]) -> Iterator[str | ToolCalled]:
        for part in found:
            if self._single and self._made:
                return
            if isinstance(part, str):
                yield part
                continue
            screen = self._opened()
            arguments = screen.feed(part.arguments) + screen.finish()
            self._counts.update({redaction.type: redaction.count for redaction in screen.redactions})
            self._made += 1
            if self._single:
                self._on_last()
            yield ToolCalled(self._made - 1, f"call_{uuid.uuid4().hex[:24]}", self._names[part.name], arguments)


def _refused(field: str, problem: str) -> UserError:
    return UserError(Code.BAD_REQUEST, field=field, problem=problem)
