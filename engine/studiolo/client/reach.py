"""Where a script finds its engine, and what it asks: shared by `Client` and `AsyncClient`. Threads: any."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studiolo import wire
from studiolo.client.attach import find_running
from studiolo.client.porter import Porter
from studiolo.client.spawn import EngineProcess, attach_or_spawn
from studiolo.errors import Code, EnvironmentFault, UserError, error_for
from studiolo.events import Event, Failed, FileDone
from studiolo.handshake import announced
from studiolo.paths import Home, home_from
from studiolo.shapes import Answer
from studiolo.types import AddResult, Chat, Message, Question, Reader, Sampling

Messages = str | Sequence[Message | Mapping[str, Any]]
"""A conversation: one message of the user's, or messages as `Message` or as `{"role": ..., "content": ...}`."""

Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


@dataclass(frozen=True, slots=True)
class Reached:
    """An engine that answers. `process` is there where it was started for us, and is to be ended."""

    url: str
    token: str = field(repr=False)
    process: EngineProcess | None = None


def reach(
    home: Home | str | os.PathLike[str] | None,
    *,
    environ: Mapping[str, str] | None,
    start: bool,
    token_file: str | os.PathLike[str] | None,
    porter: Porter | None = None,
) -> Reached:
    """The engine of a home and the token to ask it with: the owner's, or the one in `token_file`.

    `home` None is the one the environment names. Raises EnvironmentFault(engine_gone) where none runs and none is to
    be started, and what starting one raises; UserError: file_missing, file_unreadable for the token.
    """
    environment = os.environ if environ is None else environ
    place = home_from(environment) if home is None else home if isinstance(home, Home) else Home(Path(home).absolute())
    token = None if token_file is None else read_token(Path(token_file))
    process = attach_or_spawn(place, environ=environment, porter=porter) if start else _running(place, porter)
    try:
        handshake = announced(place)
        token = token or (handshake.token() if handshake else None)
        if token is None:
            raise EnvironmentFault(Code.ENGINE_GONE)
        return Reached(process.engine.url, token, process if process.ours else None)
    except BaseException:
        process.close()
        raise
    finally:
        process.engine.close()  # a client makes connections of its own


def _running(home: Home, porter: Porter | None) -> EngineProcess:
    found = announced(home)
    engine = find_running(home, porter=porter)
    if engine is None or found is None:
        raise EnvironmentFault(Code.ENGINE_GONE)
    return EngineProcess(engine, found.pid, None)


def read_token(path: Path) -> str:
    """The token in a file. Raises UserError: file_missing, file_unreadable."""
    try:
        token = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise UserError(Code.FILE_MISSING, path=str(path)) from None
    except (OSError, ValueError):
        raise UserError(Code.FILE_UNREADABLE, path=str(path)) from None
    if not token or len(token.split()) > 1:
        raise UserError(Code.FILE_UNREADABLE, path=str(path))
    return token


def asked(
    question: str | Question,
    *,
    library: str | None,
    document: str | None,
    model: str | None,
    conversation_id: str | None,
    limit: int | None,
    whole: bool | None,
    max_tokens: int | None,
) -> Question:
    """A question as the engine takes it; one that is a Question already stays as it is."""
    if isinstance(question, Question):
        return question
    return Question(
        question,
        library=library,
        document=document,
        model=model,
        conversation_id=conversation_id,
        limit=limit,
        whole=whole,
        sampling=_sampling(max_tokens),
    )


def said(messages: Messages, *, model: str | None, max_tokens: int | None) -> Chat:
    """A chat as the engine takes it."""
    if isinstance(messages, str):
        messages = [Message("user", messages)]
    return Chat(
        tuple(one if isinstance(one, Message) else wire.parse(Message, dict(one)) for one in messages),
        model=model,
        reader=Reader.OWNER,  # what a named token may see, its own profile says
        sampling=_sampling(max_tokens),
    )


def paths_of(paths: Paths) -> list[Path]:
    """Files and folders as paths; one alone is one."""
    if isinstance(paths, str | os.PathLike):
        return [Path(paths)]
    return [Path(path) for path in paths]


def whole_answer(answer: Answer) -> Answer:
    """An answer that was read to its end. Raises StudioloError where it failed."""
    if answer.failure is not None:
        raise answer.failure
    return answer


def note(event: Event, results: list[AddResult]) -> None:
    """Take one event of an ingestion. Raises StudioloError where all of it failed."""
    if isinstance(event, FileDone):
        results.append(event.result)
    elif isinstance(event, Failed):
        raise error_for(event.code, event.values)


def _sampling(max_tokens: int | None) -> Sampling:
    return Sampling() if max_tokens is None else Sampling(max_tokens=max_tokens)
