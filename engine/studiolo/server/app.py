"""The ASGI application around an engine. A plain function of its parts: no globals, nothing done at import.

Threads: the loop's. The engine is called on the server's pool.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from anyio import to_thread
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from studiolo import __version__
from studiolo.engine import Engine
from studiolo.errors import Code, StudioloError, UserError, unexpected
from studiolo.paths import Home
from studiolo.server.described import Table, describe
from studiolo.server.errors import WireResponse, respond
from studiolo.server.guarded import guarded
from studiolo.server.limits import Limits
from studiolo.server.metrics import Metered
from studiolo.server.monitoring import metrics_router
from studiolo.server.native import native_router
from studiolo.server.openai import openai_router
from studiolo.server.security import Door, Rules
from studiolo.server.service import Service
from studiolo.server.versions import Versioned
from studiolo.tokens import TokenStore

if TYPE_CHECKING:
    from fastapi.telemetry import TelemetryConfig

# FastAPI can record requests, with bodies and exception messages, and send them to where the environment says.
# Older versions do not know the parameter and ignore it.
NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}

THREADS = 160  # of the pool: a token has at most 64 requests at a time, so that others always find one
_LIMITS = frozenset({"ge", "gt", "le", "lt", "min_length", "max_length"})  # pydantic's names of what we set ourselves


def create_app(
    engine: Engine, *, rules: Rules, home: Home, pid: int, clock: Callable[[], float] = time.monotonic
) -> FastAPI:
    """The application. It does not own the engine; it ends its own jobs and streams when the server stops."""
    service = Service(engine=guarded(engine), home=home, clock=clock, tokens=TokenStore(home, clock=time.time))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = THREADS
        yield
        service.stop_work()
        await to_thread.run_sync(service.jobs.close)

    app = FastAPI(
        title="Studiolo",
        version=__version__,
        openapi_url=None,  # `describe` has a route that does not hold up the loop
        docs_url=None,  # they would load scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
        telemetry=NO_TELEMETRY,
    )
    app.state.service = service
    app.add_middleware(Versioned)
    app.add_middleware(Door, rules=rules, tokens=service.tokens, limits=Limits(clock=clock))
    app.add_middleware(Metered, metrics=service.metrics)
    _handle_errors(app)

    @app.get("/healthz", tags=["engine"])
    async def healthz() -> Response:
        """Alive. The only route that needs no token."""
        return WireResponse({"status": "ok", "service": "studiolo", "pid": pid})

    @app.get("/readyz", tags=["engine"])
    def readyz() -> Response:
        """Whether the chat model is loaded: 200 if so, 503 if not yet. `loading` says what a start still waits for."""
        status = engine.status()
        said = {"ready": status.model_loaded, "model": status.model, "loading": list(status.loading)}
        return WireResponse(said, status_code=200 if status.model_loaded else 503)

    app.include_router(native_router(service))
    app.include_router(openai_router(service))
    app.include_router(metrics_router(service))
    describe(app, _answered)
    return app


def _answered() -> Table:
    """What each route answers. Its many types are imported when somebody asks for the description."""
    from studiolo.server.described_native import native_table
    from studiolo.server.described_openai import openai_table

    return {**native_table(), **openai_table()}


def _handle_errors(app: FastAPI) -> None:
    handlers: dict[type[Exception], Callable[[Request, Any], Awaitable[Response]]] = {
        StudioloError: _studiolo_error,
        RequestValidationError: _validation_error,
        HTTPException: _http_error,
        Exception: _unexpected,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


async def _studiolo_error(request: Request, error: StudioloError) -> Response:
    return respond(error, request.url.path)


async def _validation_error(request: Request, error: RequestValidationError) -> Response:
    """What is wrong and where, without what was sent: pydantic's own message could quote it."""
    first: dict[str, Any] = error.errors()[0] if error.errors() else {"loc": (), "type": "invalid"}
    name = ".".join(str(part) for part in first["loc"] if part != "body")
    limits = [str(limit) for key, limit in first.get("ctx", {}).items() if key in _LIMITS]
    bad = UserError(Code.BAD_REQUEST, field=name or "body", problem=" ".join([str(first["type"]), *limits]))
    # OpenAI's answer to any body it cannot take is 400
    return respond(bad, request.url.path, status=400 if request.url.path.startswith("/v1/") else 422)


async def _http_error(request: Request, error: HTTPException) -> Response:
    if isinstance(error.__cause__, StudioloError):  # a body that grew too large while it was read
        return respond(error.__cause__, request.url.path)
    problem = {404: "no such path", 405: "method not allowed"}.get(error.status_code, "unreadable")
    bad = UserError(Code.BAD_REQUEST, field="path" if error.status_code in (404, 405) else "body", problem=problem)
    response = respond(bad, request.url.path, status=error.status_code)
    response.headers.update(error.headers or {})
    return response


async def _unexpected(request: Request, error: Exception) -> Response:
    return respond(unexpected(error), request.url.path)
