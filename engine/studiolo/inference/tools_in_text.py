"""Tools for models whose template knows none: written into ordinary messages, in the form of the Hermes models.

Threads: any.

Source: the Hermes function calling format (https://github.com/NousResearch/Hermes-Function-Calling).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from studiolo.inference.places import TemplateCall, TemplateMessage

_OFFER = (
    "# Tools\n\nYou may call tools to answer the user. These are their signatures, one JSON object a line:\n<tools>\n"
)
_HOW = (
    "\n</tools>\n\nTo call one, write its name and its arguments as a JSON object between <tool_call> and "
    '</tool_call>:\n<tool_call>\n{"name": <the tool\'s name>, "arguments": <a JSON object>}\n</tool_call>'
)


def as_text(messages: Sequence[TemplateMessage]) -> list[TemplateMessage]:
    """The same conversation in system, user and assistant messages alone."""
    offered = [tool.json() for message in messages for tool in message.tools]
    written: list[TemplateMessage] = []
    answered = False  # whether the last message holds what tools gave back
    for message in messages:
        if message.tools:
            continue
        if message.role != "tool":
            calls = [_call_text(call) for call in message.calls]
            parts = (*message.parts, *(["\n".join(["", *calls] if any(message.parts) else calls)] if calls else []))
            written.append(TemplateMessage(message.role, parts))
        elif answered:
            written[-1] = replace(written[-1], parts=(*written[-1].parts, "\n", *_response(message)))
        else:
            written.append(TemplateMessage("user", _response(message)))
        answered = message.role == "tool"
    if not offered:
        return written
    offer = _OFFER + "\n".join(offered) + _HOW
    place = next((place for place, message in enumerate(written) if message.role == "system"), None)
    if place is None:
        return [TemplateMessage("system", (offer,)), *written]
    written[place] = replace(written[place], parts=(*written[place].parts, "\n\n", offer))
    return written


def one_by_one(messages: Sequence[TemplateMessage]) -> list[TemplateMessage]:
    """The same conversation with each call in a message of its own, apart from what was said beside it."""
    apart: list[TemplateMessage] = []
    for message in messages:
        if not message.calls:
            apart.append(message)
            continue
        if any(message.parts):
            apart.append(replace(message, calls=()))
        apart += [replace(message, parts=(), calls=(call,)) for call in message.calls]
    return apart


def _call_text(call: TemplateCall) -> str:
    name = json.dumps(call.name, ensure_ascii=False)
    return f'<tool_call>\n{{"name": {name}, "arguments": {call.arguments or "{}"}}}\n</tool_call>'


def _response(message: TemplateMessage) -> tuple[str, ...]:
    return ("<tool_response>\n", *message.parts, "\n</tool_response>")
