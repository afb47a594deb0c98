"""The engine as the routes see it: whoever calls reads what they may, in their class. One place for all routes.

Threads: any; the caller is that of the request (`rights.caller`), which has to be known where a method is called.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from studiolo.engine import Engine
from studiolo.events import Event
from studiolo.jobs import CancelToken
from studiolo.server.rights import caller
from studiolo.tokens import Scope
from studiolo.types import DEFAULT_LIBRARY, Chat, Hit, Question, Reader, Redacted


def guarded(engine: Engine) -> Engine:
    """`engine`, asked in the name of the caller."""
    return cast(Engine, _Guarded(engine))


class _Guarded:
    """Everything else is the engine's own: whether it may be called at all is the scopes' to say."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def ask(self, question: Question, *, cancel: CancelToken | None = None) -> Iterator[Event]:
        who = caller()
        service, reader = who.service(question.service), who.reader(question.reader)
        asked = replace(question, reader=reader, service=service, client=who.name)
        return self._engine.ask(asked, cancel=cancel)

    def chat(self, chat: Chat, *, cancel: CancelToken | None = None) -> Iterator[Event]:
        who = caller()
        service, reader = who.service(chat.service), who.reader(chat.reader)
        asked = replace(chat, reader=reader, service=service, client=who.name)
        return self._engine.chat(asked, cancel=cancel)

    def search(
        self,
        query: str,
        *,
        library: str = DEFAULT_LIBRARY,
        limit: int = 5,
        document: str | None = None,
        reader: str = Reader.OWNER,
    ) -> list[Hit]:
        shown_to = caller().reader(reader)
        return self._engine.search(query, library=library, limit=limit, document=document, reader=shown_to)

    def redact_file(self, path: Path, *, profile: str | None = None, passwords: Sequence[str] = ()) -> Redacted:
        if profile is not None:  # a laxer one would show what the home's policy masks
            caller().require(Scope.RESTORE)
        return self._engine.redact_file(path, profile=profile, passwords=passwords)
