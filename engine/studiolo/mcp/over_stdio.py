"""Running the server over standard input and output, for the client that started this process.

Nothing but the protocol reaches stdout: the SDK takes the descriptor for itself and points the program's own at stderr.
The process seals itself, as every front end that shows documents. Threads: the caller's, which runs the loop.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import BinaryIO, cast

from anyio import AsyncFile, to_thread
from mcp.server.stdio import stdio_server

from studiolo.client.sealed import sealed_front_end
from studiolo.mcp.link import Link
from studiolo.mcp.server import Sentence, make_server
from studiolo.paths import Home


def serve_stdio(
    home: Home,
    *,
    environ: Mapping[str, str],
    token_file: Path | None,
    sentence: Sentence,
    chinese: bool,
    sealing: bool,
) -> None:
    """Serve until stdin ends; the engine is found, or started, when called. `sealing`: seal this process, for good."""

    async def run() -> None:
        with sealed_front_end(home, environ=environ, wanted=sealing) as porter:
            link = Link(home, environ=environ, token_file=token_file, porter=porter)
            server = make_server(link, sentence=sentence, chinese=chinese)
            async with stdio_server(stdin=cast("AsyncFile[str]", _lines(sys.stdin.buffer))) as (incoming, outgoing):
                await server.run(incoming, outgoing, server.create_initialization_options())

    asyncio.run(run())


async def _lines(stdin: BinaryIO) -> AsyncIterator[str]:
    """The lines of stdin. The SDK would wait for the next one even when it is to stop; this lets the thread go."""
    while line := await to_thread.run_sync(stdin.readline, abandon_on_cancel=True):
        yield line.decode("utf-8", "replace")
