"""`studiolo mcp`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from studiolo.cli.sentences import sentence
from studiolo.cli.terminal import DONE, INTERRUPTED, Terminal, existing
from studiolo.errors import StudioloError


@click.command()
@click.option(
    "--http", "over_http", is_flag=True, help="Over HTTP on a loopback address, in place of stdin and stdout."
)
@click.option("--host", default=None, help="With --http: loopback address to listen on.  [default: 127.0.0.1]")
@click.option("--port", default=None, type=click.IntRange(0, 65535), help="With --http: port.  [default: any free one]")
@click.option("--token-file", default=None, help="Act with the rights of the token in this file; default: the owner's.")
@click.pass_obj
def mcp(terminal: Terminal, *, over_http: bool, host: str | None, port: int | None, token_file: str | None) -> int:
    """Serve search, ask, add and redact to MCP clients.

    The client starts this command and speaks to it over stdin and stdout. With --http the first line on stdout is
    {url, pid, token_file}; the token in that file opens it. The engine that runs on this home does the work; where none
    does, one is started.
    """
    from studiolo.client.reach import read_token

    if not over_http and (host is not None or port is not None):
        raise click.UsageError("--host and --port need --http")
    token: Path | None = None
    if token_file is not None:
        token = existing(token_file)
        read_token(token)  # one that cannot be read is told of now, not at the first call
    chinese = terminal.chinese

    def said(error: StudioloError) -> str:
        return sentence(error, chinese=chinese)

    if over_http:
        from studiolo.mcp.over_http import serve_http

        serve_http(
            terminal.home,
            environ=terminal.environ,
            token_file=token,
            sentence=said,
            chinese=chinese,
            sealing=terminal.sealing,
            host=host or "127.0.0.1",
            port=port or 0,
            out=sys.stdout,
        )
    else:
        from studiolo.mcp.over_stdio import serve_stdio

        try:
            serve_stdio(
                terminal.home,
                environ=terminal.environ,
                token_file=token,
                sentence=said,
                chinese=chinese,
                sealing=terminal.sealing,
            )
        except KeyboardInterrupt:
            # All is closed, but a thread waits for a line on stdin, and Python would wait for it for ever.
            terminal.say("cancelled")
            os._exit(INTERRUPTED)
    return DONE
