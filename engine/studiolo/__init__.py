"""Studiolo's engine: answers from your own documents, on your own CPU. Importing it loads no heavy library.

    from studiolo import Question, open_engine

    with open_engine() as engine:
        for event in engine.ask(Question("How long is the term of the lease?")):
            ...

Errors, all of them `StudioloError` with a stable `code`:

    StudioloError
    +-- UserError          the request can be put right by whoever made it
    +-- EnvironmentFault   the machine, the disk, the installation or another process must change
    +-- PolicyBlock        the privacy filter refused; nothing was emitted
    +-- EngineBug          ours; please report it
"""

from __future__ import annotations

import importlib

__version__ = "0.1.0"

_HOME_OF = {
    "AdapterUse": "types",
    "AddResult": "types", "CancelToken": "jobs", "Chat": "types", "Citation": "types", "Cited": "events",
    "Code": "errors", "Compared": "events", "Comparison": "types", "Conversation": "types", "Delta": "events",
    "Document": "types", "Engine": "engine",
    "EngineBug": "errors", "EnvironmentFault": "errors", "Event": "events", "Failed": "events", "FileDone": "events",
    "Finished": "events", "Hit": "types", "Home": "paths", "KNOWN_SUFFIXES": "knowledge.parsers",
    "LeftOut": "events", "Library": "types",
    "Message": "types", "Model": "types", "Passage": "types", "PolicyBlock": "errors", "Progress": "events",
    "Question": "types", "Reader": "types", "Redacted": "events", "Retrieved": "events", "Sampling": "types",
    "Started": "events", "StudioloError": "errors", "Tool": "types", "ToolCall": "types", "ToolCalled": "events",
    "Turn": "types", "UserError": "errors",
    "open_engine": "client.session",
}  # fmt: skip

__all__ = sorted(_HOME_OF)  # noqa: PLE0605 - sorted() gives a list; the names stand above


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(name)
    return getattr(importlib.import_module(f"studiolo.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
