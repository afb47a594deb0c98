"""A model's own chat template, split into what the template says and what people said.

Control tokens are the template's alone: its text is tokenised with special tokens parsed, everything else with
parsing off. To tell the two apart the template is rendered with place marks instead of contents and cut at the
marks, so no content is ever looked at as template text. Tools, their calls and what they gave back are content too.
Knows nothing of llama.cpp. Threads: any.

Source: the Jinja dialect of Hugging Face chat templates (transformers, "Chat templates"), as stored in a GGUF
file under `tokenizer.chat_template`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NoReturn

from studiolo.errors import Code, UserError
from studiolo.inference.places import Places, Segment, TemplateCall, TemplateMessage, TemplateTool
from studiolo.inference.tools_in_text import as_text, one_by_one

__all__ = ["CHATML", "ChatTemplate", "Segment", "TemplateCall", "TemplateMessage", "TemplateTool"]

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


class ChatTemplate:
    """A compiled template. An empty `source` means ChatML."""

    def __init__(self, source: str, *, bos: str = "", eos: str = "", opening: str = "") -> None:
        """`opening`: what the vocabulary puts before any text, "" = nothing.

        Raises UserError(damaged_model) where the template does not compile.
        """
        import jinja2
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        environment = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
        )
        environment.globals["raise_exception"] = _refuse
        environment.globals["strftime_now"] = lambda _format: ""
        environment.filters["tojson"] = jinja2.pass_context(_tojson)
        try:
            self._template = environment.from_string(source or CHATML)
        except jinja2.TemplateError:
            raise UserError(Code.DAMAGED_MODEL, model="chat template") from None
        self._knows_tools = "tool" in source
        self._bos = bos
        self._opening = opening
        self._eos = eos

    def render(self, messages: Sequence[TemplateMessage]) -> list[Segment]:
        """The prompt up to where the assistant speaks, as segments in order.

        Where the messages hold tools, calls or what tools gave back, and the template does not write all of it, they
        stand as text in messages that every template knows.
        """
        if any(message.of_tools for message in messages):
            segments = self._with_tools(messages) if self._knows_tools else None
            if segments is not None:
                return segments
            messages = as_text(messages)
        try:
            return self._render(messages)
        except _SystemRoleRefused:
            return self._render(_without_system(messages))

    def bare(self, text: str) -> list[Segment]:
        """The prompt that is `text` itself, to be gone on with; nothing in it is looked at as template text."""
        opening = [Segment(self._opening, True)] if self._opening else []
        return [*opening, Segment(text, False)]

    def _with_tools(self, messages: Sequence[TemplateMessage]) -> list[Segment] | None:
        """As the template writes tools itself; None where it leaves out any of it or refuses."""
        apart = one_by_one(messages)  # Llama 3.1 takes one call a message, and leaves out what is said beside it
        silent = [replace(message, parts=()) if message.calls else message for message in messages]
        for way in (messages, apart, silent):
            places = Places()
            try:
                return self._render(way, places, whole=True)
            except Exception:  # noqa: BLE001, S112 - templates are other people's programs; another way is tried
                continue
        return None

    def _render(
        self, messages: Sequence[TemplateMessage], places: Places | None = None, *, whole: bool = False
    ) -> list[Segment]:
        """`whole`: raise where the template leaves something out. Raises UserError(damaged_model)."""
        import jinja2

        places = Places() if places is None else places
        tools = [places.tool(tool) for message in messages for tool in message.tools]
        values: dict[str, Any] = {
            "messages": [places.message(message) for message in messages if not message.tools],
            "add_generation_prompt": True,
            "bos_token": self._bos,
            "eos_token": self._eos,
            "tools": tools or None,
            "places": places,
        }
        try:
            rendered = self._template.render(values)
        except jinja2.TemplateError:
            raise UserError(Code.DAMAGED_MODEL, model="chat template") from None
        if whole and places.unused(rendered):
            raise UserError(Code.DAMAGED_MODEL, model="chat template")
        return places.segments(rendered)


class _SystemRoleRefused(Exception):
    pass


def _tojson(  # noqa: PLR0917 - templates may give them by place
    context: Any,
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    # As transformers has it; Jinja's own writes `<` and `'` as escapes, which no model has read in its training.
    places: Places = context["places"]
    how = {"ensure_ascii": ensure_ascii, "indent": indent, "separators": separators, "sort_keys": sort_keys}
    return places.json(value, **how)


def _refuse(_message: str) -> NoReturn:
    # Templates without a system role (Gemma's, Mistral's first) say so by this call.
    raise _SystemRoleRefused


def _without_system(messages: Sequence[TemplateMessage]) -> list[TemplateMessage]:
    """The system message folded into the first one of the user's."""
    system = tuple(part for message in messages if message.role == "system" for part in message.parts)
    rest = [message for message in messages if message.role != "system"]
    if not system or not rest:
        raise UserError(Code.DAMAGED_MODEL, model="chat template")
    behind = (*[""] * (len(system) + 1), *rest[0].behind)
    return [TemplateMessage(rest[0].role, (*system, "\n\n", *rest[0].parts), behind), *rest[1:]]
