"""Running the server over HTTP on a loopback address, sealed but for that listener.

Threads: the caller's, which runs the loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

import uvicorn
from mcp.server.transport_security import TransportSecuritySettings

from studiolo.client.sealed import sealed_front_end
from studiolo.mcp.door import TokenDoor
from studiolo.mcp.link import Link
from studiolo.mcp.server import Sentence, make_server
from studiolo.paths import Home
from studiolo.server.listening import bind, url_of
from studiolo.server.run import GRACE_S, Server

PATH = "/mcp"
BODY_BYTES = 16 * 1024**2


def serve_http(
    home: Home,
    *,
    environ: Mapping[str, str],
    token_file: Path | None,
    sentence: Sentence,
    chinese: bool,
    sealing: bool,
    host: str,
    port: int,
    out: TextIO,
) -> None:
    """Serve on a loopback address until a signal; the first line of `out` is `{url, pid, token_file}`.

    The engine is found or started at once, so that its token is there. `sealing`: seal this process for good. Raises
    UserError(bad_request) on an address that is not loopback, EnvironmentFault(port_busy), and what `reach` does.
    """
    listener = bind(host, port)

    async def run() -> None:
        with sealed_front_end(home, environ=environ, wanted=sealing) as porter:
            link = Link(home, environ=environ, token_file=token_file, porter=porter)
            try:
                await link.client()
                await _served(link).serve(sockets=[listener])
            finally:
                await link.aclose()

    def _served(link: Link) -> Server:
        where = listener.getsockname()[1]
        hosts = [f"{name}:{where}" for name in ("127.0.0.1", "localhost", "[::1]")]
        app = make_server(link, sentence=sentence, chinese=chinese).streamable_http_app(
            streamable_http_path=PATH,
            max_request_body_size=BODY_BYTES,
            transport_security=TransportSecuritySettings(
                allowed_hosts=hosts, allowed_origins=[f"http://{name}" for name in hosts]
            ),
        )
        line = {"url": url_of(listener) + PATH, "pid": os.getpid(), "token_file": str(link.token_file)}
        config = uvicorn.Config(
            TokenDoor(app, link.token_file),
            log_config=None,
            access_log=False,
            lifespan="on",
            proxy_headers=False,  # whoever calls is who connects
            ws="none",
            server_header=False,
            timeout_graceful_shutdown=GRACE_S,
        )
        return Server(config, on_up=lambda: print(json.dumps(line), file=out, flush=True), on_stop=lambda: None)

    with contextlib.closing(listener):
        asyncio.run(run())
