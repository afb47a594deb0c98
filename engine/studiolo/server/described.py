"""The API's description (`/openapi.json`): to what FastAPI knows of requests, what is answered, and every error.

Answers are written as plain JSON without a model in between, so their types stand in tables (`described_native`,
`described_openai`), which tests hold against the routes. Put together when it is first asked for. Threads: any.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from starlette.responses import Response

from studiolo.errors import Code, error_for
from studiolo.server.errors import STATUS, WireResponse, native_shape, openai_shape
from studiolo.server.rights import ANY, OPEN, OWNER, needed
from studiolo.server.versions import API_VERSION, HEADER

REFERENCE = "#/components/schemas/{model}"
BEFORE_ROUTES = (Code.UNAUTHORISED, Code.FORBIDDEN_ORIGIN)  # what the door may say to anybody
ALWAYS = (
    Code.BAD_REQUEST, Code.INTERNAL, Code.DAMAGED_STORE, Code.NO_PERMISSION, Code.DISK_FULL, Code.NOT_ENOUGH_MEMORY,
    Code.ENGINE_OPENING,
)  # fmt: skip
_UNCHECKED = 422  # the status of what does not fit the description, but for /v1, where it is 400
_HEADERS = 431  # the status of headers that are too many or too long

_ABOUT = f"""\
A private assistant over a person's documents, on this machine. `/v1` is OpenAI's API as far as it goes, `/api` all of
it.

**Who may.** The owner's token may do everything. A named token (`/api/tokens`) needs the scopes that stand in a route's
`security` (`owner`: no named token may); it reads by its own profile, whatever `reader` a request asks for, and sees
its own jobs and streams alone. 401 gives no reason, 403 the scope that is missing, 429 when to try again
(`Retry-After`).

**Version.** This is version {API_VERSION}. It grows when something is removed or changes its meaning; fields and routes
that are added leave it as it is, so clients must pass over fields they do not know. Every answer names it in the header
`{HEADER}`; a client that sends the header is refused with 400 where the engine speaks another version.

**Errors** are `{{"error": {{"code", "message", "values"}}}}`, under `/v1` in OpenAI's form. Codes are stable.

**Streams** are server-sent events: `event:` is the event's `kind`, `data:` the event as JSON (schema `Event`). They end
with exactly one `finished` or `failed`; lines that begin with a colon keep the connection alive.
"""
_TAGS = {
    "engine": "The engine itself.",
    "libraries": "Named collections of documents.",
    "documents": "The documents of a library.",
    "tokens": "Named tokens, for others and for scripts; the owner's to make.",
    "jobs": "What goes on in the background, and streams.",
    "questions": "Searching and asking.",
    "conversations": "What was asked and answered.",
    "privacy": "The filter for personal data, its policy, pseudonyms and log.",
    "models": "Models of this machine.",
    "openai": "OpenAI's API.",
}
_VALUES: dict[Code, dict[str, str | int | float]] = {
    Code.BAD_REQUEST: {"field": "limit", "problem": "less_than_equal 100"},
    Code.UNKNOWN_LIBRARY: {"library": "contracts"},
    Code.UNKNOWN_DOCUMENT: {"document": "5f2b7c0e9a1d4e83"},
    Code.UNKNOWN_CONVERSATION: {"conversation": "0b9d6f52c7f14a3e"},
    Code.UNKNOWN_JOB: {"job": "3c1f8a2b9d7e"},
    Code.UNKNOWN_MODEL: {"model": "tiny"},
    Code.MODEL_MISSING: {"model": "qwen2.5-coder-1.5b"},
    Code.UNKNOWN_ADAPTER: {"adapter": "my-lora", "known": "house-style"},
    Code.ADAPTER_MISFIT: {"adapter": "my-lora", "model": "qwen2.5-coder-1.5b"},
    Code.MISSING_SCOPE: {"scope": "ingest"},
    Code.TOO_MANY_REQUESTS: {"limit": "rate", "most": 60, "retry_after_s": 1},
    Code.PATH_NOT_ALLOWED: {"path": "/home/ada/private/diary.pdf"},
    Code.UNKNOWN_TOKEN: {"name": "nightly"},
    Code.TOKEN_EXISTS: {"name": "nightly"},
    Code.MODEL_KIND: {"model": "multilingual-e5-small", "kind": "embedder", "needed": "chat"},
    Code.MODEL_EXISTS: {"model": "qwen2.5-coder-1.5b-q4_0"},
    Code.DAMAGED_MODEL: {"model": "tiny"},
    Code.FILE_TOO_LARGE: {"path": "", "limit_bytes": 16 * 1024**2},
    Code.FILE_MISSING: {"path": "/home/ada/lease.pdf"},
    Code.FILE_UNREADABLE: {"path": "/home/ada/lease.pdf"},
    Code.UNKNOWN_FORMAT: {"path": "/home/ada/lease.xyz", "suffix": ".xyz", "known": ".pdf .docx"},
    Code.PROMPT_TOO_LONG: {"tokens": 9000, "limit": 8192},
    Code.BAD_POLICY: {"file": "privacy.toml", "line": 3, "problem": "unknown_profile", "key": "profile"},
    Code.BLOCKED_BY_POLICY: {"types": "SECRET"},
    Code.NOT_ENOUGH_MEMORY: {
        "model": "qwen2.5-7b", "needed_bytes": 6_000_000_000, "available_bytes": 2_000_000_000, "smaller": "",
        "context_tokens": 0,
    },
    Code.DISK_FULL: {"path": "/home/ada/.local/share/studiolo"},
    Code.NO_PERMISSION: {"path": "/home/ada/.local/share/studiolo"},
    Code.DAMAGED_STORE: {"store": "history"},
    Code.MISSING_PACKAGE: {"package": "llama-cpp-python"},
    Code.UNSUPPORTED_CPU: {"missing": "avx2"},
    Code.ENGINE_OPENING: {"retry_after_s": 1},
    Code.INTERNAL: {"where": "ValueError"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Says:
    """What a route answers. `kind` is the type of the JSON, None where there is no body."""

    kind: Any
    example: Any = None
    codes: tuple[Code, ...] = ()  # beside those that any route may answer with
    status: int = 200
    other: Mapping[str, str] = field(default_factory=dict)  # media types beside JSON, each with an example
    json: bool = True  # whether JSON is among what it answers
    body: Any = None  # an example of the request
    also: Mapping[int, Any] = field(default_factory=dict)  # other statuses with JSON of the same type: their examples
    moved: Mapping[int, tuple[Code, ...]] = field(default_factory=dict)  # codes that come with another status here


Table = Mapping[tuple[str, str], Says]  # by method and path


def describe(app: FastAPI, table: Callable[[], Table]) -> None:
    """Let the application describe itself by the table, too, when it is asked to."""
    plain = app.openapi
    made: dict[str, Any] | None = None

    def openapi() -> dict[str, Any]:
        nonlocal made
        if made is None:
            made = described(plain(), table())
        return made

    def told() -> Response:
        return WireResponse(openapi())

    app.openapi = openapi  # type: ignore[method-assign]
    app.add_api_route("/openapi.json", told, include_in_schema=False)  # a plain function: runs on the pool


def described(schema: dict[str, Any], table: Table) -> dict[str, Any]:
    """`schema`, as FastAPI makes it, with all that the table says."""
    from studiolo.events import Event
    from studiolo.server.answers import ErrorAnswer

    kinds = {key: says.kind for key, says in table.items() if says.kind is not None}
    references, definitions = _schemas({**kinds, "error": ErrorAnswer, "openai": _openai_error(), "event": Event})
    components = schema.setdefault("components", {})
    named = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        named.pop(unused, None)
    named.update(definitions)
    named["Event"] = references["event"]
    components["examples"] = _error_examples(table.values())
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    schema["security"] = [{"bearer": []}]
    schema["info"]["description"] = _ABOUT
    schema["tags"] = [{"name": name, "description": about} for name, about in _TAGS.items()]
    for path, operations in schema["paths"].items():
        errors = references["openai" if path.startswith("/v1/") else "error"]
        for method, operation in operations.items():
            says = table.get((method.upper(), path))
            if says is None:
                continue
            scopes = needed(method.upper(), path)
            operation["security"] = [] if scopes == OPEN else [{"bearer": list(scopes)}]
            operation["responses"] = {
                **_answers(says, references.get((method.upper(), path)), openai=path.startswith("/v1/")),
                **_errors(path, _codes(says, operation, scopes), schema=errors, says=says),
            }
            if says.body is not None:
                operation["requestBody"]["content"]["application/json"]["example"] = says.body
    return schema


def _schemas(kinds: Mapping[Any, Any]) -> tuple[dict[Any, Any], dict[str, Any]]:
    """A schema for each type, and the definitions they refer to."""
    from pydantic import TypeAdapter

    inputs = [(key, "serialization", TypeAdapter(kind)) for key, kind in kinds.items()]
    found, shared = TypeAdapter.json_schemas(inputs, ref_template=REFERENCE)  # type: ignore[arg-type]
    return {key: schema for (key, _), schema in found.items()}, shared.get("$defs", {})


def _openai_error() -> Any:
    from studiolo.server.answers_openai import OpenAIErrorAnswer

    return OpenAIErrorAnswer


def _streamed(media: str, *, openai: bool) -> dict[str, Any]:
    """The schema of a body that is no JSON; in OpenAPI 3.1 that of a stream is each event's."""
    if media != "text/event-stream":
        return {"type": "string"}
    told: dict[str, Any] = {"type": "string", "contentMediaType": "application/json"}
    if openai:
        return {"type": "object", "properties": {"data": {"type": "string"}}, "required": ["data"]}
    told["contentSchema"] = {"$ref": REFERENCE.format(model="Event")}
    return {
        "type": "object",
        "properties": {"event": {"type": "string"}, "data": told},
        "required": ["event", "data"],
    }


def _answers(says: Says, schema: Any, *, openai: bool) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if schema is not None and says.json:
        content["application/json"] = {"schema": schema, "example": says.example}
    for media, example in says.other.items():
        content[media] = {"schema": _streamed(media, openai=openai), "example": example}
    good: dict[str, Any] = {
        "description": "Done.",
        "headers": {HEADER: {"schema": {"type": "string", "const": str(API_VERSION)}, "description": "API version"}},
    }
    if content:
        good["content"] = content
    more = {
        str(status): {
            **good,
            "description": "Not yet.",
            "content": {"application/json": {"schema": schema, "example": example}},
        }
        for status, example in says.also.items()
    }
    return {str(says.status): good, **more}


def _codes(says: Says, operation: Mapping[str, Any], scopes: tuple[str, ...]) -> tuple[Code, ...]:
    if scopes == OPEN:
        return (Code.FORBIDDEN_ORIGIN, Code.BAD_REQUEST, Code.INTERNAL)
    lacking = (Code.MISSING_SCOPE,) if scopes != ANY else ()
    often = (Code.TOO_MANY_REQUESTS,) if scopes != OWNER else ()
    too_large = (Code.FILE_TOO_LARGE,) if "requestBody" in operation else ()
    return (*ALWAYS, *BEFORE_ROUTES, *lacking, *often, *too_large, *says.codes)


def _errors(path: str, codes: Iterable[Code], *, schema: Any, says: Says) -> dict[str, Any]:
    """The answers that are errors, by status, each code with an example."""
    openai = path.startswith("/v1/")
    by_status: dict[int, list[Code]] = {_HEADERS: [Code.BAD_REQUEST]}
    for status, moved in says.moved.items():
        by_status[status] = list(moved)
    for code in dict.fromkeys(codes):
        status = STATUS[code][0]
        for one in [status, _UNCHECKED] if code is Code.BAD_REQUEST and not openai else [status]:
            by_status.setdefault(one, []).append(code)
    return {
        str(status): {
            "description": " ".join(STATUS[code][1] for code in found),
            **_headers(status),
            "content": {
                "application/json": {
                    "schema": schema,
                    "examples": {
                        code.value: {"$ref": f"#/components/examples/{_example_name(code, openai=openai)}"}
                        for code in found
                    },
                }
            },
        }
        for status, found in sorted(by_status.items())
        if str(status) not in {str(says.status), *map(str, says.also)}
    }


def _headers(status: int) -> dict[str, Any]:
    """What an error says beside its body."""
    match status:
        case 401:
            header, kind = "WWW-Authenticate", {"type": "string", "const": "Bearer"}
        case 429 | 503:
            header, kind = "Retry-After", {"type": "string", "pattern": "^[0-9]+$"}
        case _:
            return {}
    return {"headers": {header: {"schema": kind}}}


def _error_examples(said: Iterable[Says]) -> dict[str, Any]:
    """Every error that any route answers with, in both forms."""
    codes = {*ALWAYS, *BEFORE_ROUTES, Code.MISSING_SCOPE, Code.TOO_MANY_REQUESTS, Code.FILE_TOO_LARGE}
    for says in said:
        codes.update(says.codes, *says.moved.values())
    examples: dict[str, Any] = {}
    for code in sorted(codes):
        error = error_for(code.value, dict(_VALUES.get(code, {})))
        for openai, shape in ((False, native_shape(error)), (True, openai_shape(error))):
            examples[_example_name(code, openai=openai)] = {"summary": STATUS[code][1], "value": shape}
    return examples


def _example_name(code: Code, *, openai: bool) -> str:
    return f"{code.value}.{'openai' if openai else 'native'}"
