"""A model's own chat template, split into what the template says and what people said.

Control tokens are the template's alone: its text is tokenised with special tokens parsed, everything else with
parsing off. To tell the two apart the template is rendered with place marks instead of contents and cut at the
marks, so no content is ever looked at as template text. Knows nothing of llama.cpp. Threads: any.

Source: the Jinja dialect of Hugging Face chat templates (transformers, "Chat templates"), as stored in a GGUF
file under `tokenizer.chat_template`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from studiolo.errors import Code, UserError

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_MARK = re.compile("\ufdd0([0-9]+)\ufdd1")  # Unicode noncharacters: no template holds them


@dataclass(frozen=True, slots=True)
class TemplateMessage:
    """A message as parts; each part is tokenised apart, so that it is the same ids wherever it stands."""

    role: str
    parts: tuple[str, ...] = field(repr=False)
    behind: tuple[str, ...] = field(default=(), repr=False)
    """For each part, if any: the system message behind which it is read ahead, "" for one that is not."""

    def segments(self) -> list[Segment]:
        """The parts that hold anything."""
        behind = (*self.behind, *[""] * len(self.parts))
        return [Segment(part, False, system) for part, system in zip(self.parts, behind, strict=False) if part]


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a rendered prompt. `control`: written by the template, so its special tokens are parsed."""

    text: str = field(repr=False)
    control: bool
    behind: str = field(default="", repr=False)  # as in a message


class ChatTemplate:
    """A compiled template. An empty `source` means ChatML."""

    def __init__(self, source: str, *, bos: str = "", eos: str = "") -> None:
        """Raises UserError(damaged_model) where the template does not compile."""
        import jinja2
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        environment.globals["raise_exception"] = _refuse
        environment.globals["strftime_now"] = lambda _format: ""
        try:
            self._template = environment.from_string(source or CHATML)
        except jinja2.TemplateError:
            raise UserError(Code.DAMAGED_MODEL, model="chat template") from None
        self._bos = bos
        self._eos = eos

    def render(self, messages: Sequence[TemplateMessage]) -> list[Segment]:
        """The prompt up to where the assistant speaks, as segments in order."""
        try:
            rendered = self._render(messages)
        except _SystemRoleRefused:
            rendered = self._render(_without_system(messages))
            messages = _without_system(messages)
        segments: list[Segment] = []
        position = 0
        for mark in _MARK.finditer(rendered):
            if mark.start() > position:
                segments.append(Segment(rendered[position : mark.start()], control=True))
            segments.extend(messages[int(mark.group(1))].segments())
            position = mark.end()
        if position < len(rendered):
            segments.append(Segment(rendered[position:], control=True))
        return segments

    def _render(self, messages: Sequence[TemplateMessage]) -> str:
        import jinja2

        marked = [{"role": message.role, "content": f"\ufdd0{number}\ufdd1"} for number, message in enumerate(messages)]
        values: dict[str, Any] = {
            "messages": marked,
            "add_generation_prompt": True,
            "bos_token": self._bos,
            "eos_token": self._eos,
            "tools": None,
        }
        try:
            return self._template.render(values)
        except jinja2.TemplateError:
            raise UserError(Code.DAMAGED_MODEL, model="chat template") from None


class _SystemRoleRefused(Exception):
    pass


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
