"""What each tool takes, as JSON schema for clients and checked when it comes. Data; any thread."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from studiolo.errors import Code, UserError
from studiolo.mcp.words import ARGUMENTS
from studiolo.types import DEFAULT_LIBRARY

T = TypeVar("T", bound=BaseModel)

Text = Annotated[str, Field(min_length=1, max_length=1_000_000)]
Name = Annotated[str, Field(min_length=1, max_length=200)]

_PROBLEMS = {"missing": "missing", "extra_forbidden": "not_known"}


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Search(_Arguments):
    """Of `search`."""

    query: Text
    library: Name = DEFAULT_LIBRARY
    limit: int = Field(5, ge=1, le=50)
    document: Name | None = None


class Ask(_Arguments):
    """Of `ask`."""

    question: Text
    library: Name = DEFAULT_LIBRARY
    document: Name | None = None
    conversation_id: Name | None = None
    max_tokens: int | None = Field(None, ge=1, le=8192)


class Add(_Arguments):
    """Of `add`."""

    paths: list[Text] = Field(min_length=1, max_length=1000)
    library: Name = DEFAULT_LIBRARY


class Redact(_Arguments):
    """Of `redact`."""

    text: Annotated[str, Field(max_length=10_000_000)] | None = None
    path: Text | None = None
    profile: Literal["balanced", "open", "strict"] | None = None


def checked(kind: type[T], arguments: dict[str, Any] | None) -> T:
    """What a client sent, as it is meant. Raises UserError(bad_request) without what was sent."""
    try:
        return kind.model_validate(arguments or {})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "arguments"
        raise UserError(Code.BAD_REQUEST, field=field, problem=_PROBLEMS.get(str(first["type"]), "no_fit")) from None


def schema(kind: type[BaseModel], *, chinese: bool) -> dict[str, Any]:
    """The JSON schema of a tool's arguments, with what each is for."""
    made = kind.model_json_schema()
    made.pop("description", None)
    made.pop("title", None)
    for name, one in made["properties"].items():
        one.pop("title", None)
        one["description"] = ARGUMENTS[name][chinese]
    return made


def absolute(paths: list[str], *, field: str) -> list[Path]:
    """Paths of this machine: a server has no folder that its client would know. Raises UserError(bad_request)."""
    found = [Path(path) for path in paths]
    if not all(path.is_absolute() for path in found):
        raise UserError(Code.BAD_REQUEST, field=field, problem="absolute_path")
    return found
