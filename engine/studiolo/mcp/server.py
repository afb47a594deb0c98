"""The protocol around the tools: lists them, calls them, and answers errors with sentences.

The SDK's own records of calls (OpenTelemetry) are left out: names of tools and texts of errors would stand in them.
Threads: the loop's.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from mcp.server._otel import OpenTelemetryMiddleware
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    ToolAnnotations,
)
from mcp_types import Tool as ToolEntry

from studiolo import __version__
from studiolo.errors import Code, StudioloError, UserError, unexpected
from studiolo.mcp.arguments import schema
from studiolo.mcp.link import Link
from studiolo.mcp.tools import TOOLS
from studiolo.mcp.words import DESCRIPTIONS, INSTRUCTIONS, TITLES

Sentence = Callable[[StudioloError], str]
Context = ServerRequestContext[None, Any]


def make_server(link: Link, *, sentence: Sentence, chinese: bool) -> Server[None]:
    """A server over `link`, which it closes at its end. `sentence` says in words what an error is."""

    @asynccontextmanager
    async def lifespan(_: Server[None]) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await link.aclose()

    async def on_list_tools(_context: Context, _params: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=_entries(chinese=chinese))

    async def on_call_tool(context: Context, params: CallToolRequestParams) -> CallToolResult:
        tool = TOOLS.get(params.name)
        if tool is None:
            error = UserError(Code.BAD_REQUEST, field="name", problem="no_such_tool")
            raise MCPError(code=INVALID_PARAMS, message=sentence(error))

        told = 0.0

        async def report(done: float, total: float | None, what: str) -> None:
            nonlocal told
            if done > told:  # the protocol wants it to grow
                told = done
                await context.session.report_progress(done, total, what)

        try:
            return _result(await tool.run(await link.client(), params.arguments, report))
        except Exception as error:  # noqa: BLE001 - the edge of a call; what nobody foresaw is told by its kind alone
            return _failed(sentence(unexpected(error)))

    server = Server[None](
        "studiolo",
        version=__version__,
        title="Studiolo",
        instructions=INSTRUCTIONS[chinese],
        lifespan=lifespan,
        on_list_tools=on_list_tools,
        on_call_tool=on_call_tool,
    )
    server.middleware[:] = [one for one in server.middleware if not isinstance(one, OpenTelemetryMiddleware)]
    return server


def _entries(*, chinese: bool) -> list[ToolEntry]:
    return [
        ToolEntry(
            name=name,
            title=TITLES[name][chinese],
            description=DESCRIPTIONS[name][chinese],
            input_schema=schema(tool.arguments, chinese=chinese),
            annotations=ToolAnnotations(
                read_only_hint=not tool.changes, destructive_hint=False, idempotent_hint=True, open_world_hint=False
            ),
        )
        for name, tool in TOOLS.items()
    ]


def _result(value: dict[str, Any]) -> CallToolResult:
    """The value as structured content and, as the protocol wants it for older clients, as text."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    text = text.encode("utf-8", "replace").decode("utf-8")  # a file name may hold bytes that are no text
    return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=json.loads(text))


def _failed(sentence: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=sentence)], is_error=True)
