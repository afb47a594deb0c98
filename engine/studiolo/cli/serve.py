"""`studiolo serve`."""

from __future__ import annotations

import sys

import click

from studiolo.cli.terminal import DONE, Terminal
from studiolo.errors import StudioloError


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Loopback address to listen on.")
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Port; 0 takes any free one.  [default: 0]")
@click.option("--parent-pid", type=click.IntRange(1), default=None, hidden=True, help="End when this process ends.")
@click.option("--ask-passphrase", is_flag=True, help="Ask for the passphrase of the pseudonyms.")
@click.pass_obj
def serve(terminal: Terminal, *, host: str, port: int, parent_pid: int | None, ask_passphrase: bool) -> int:
    """Serve this home's engine on a loopback port.

    The first line on stdout is {url, pid, token_file, sealed}; the token in that file opens the API. Ctrl+C stops it.
    """
    from studiolo.cli.checks import check_words
    from studiolo.doctor import seal_check
    from studiolo.handshake import error_line
    from studiolo.server.run import serve as run_server

    environ = dict(terminal.environ)
    if ask_passphrase:
        environ["STUDIOLO_PASSPHRASE"] = click.prompt(terminal.word("passphrase"), hide_input=True, err=True)
    try:
        run_server(
            terminal.home,
            environ=environ,
            host=host,
            port=port,
            parent_pid=parent_pid,
            out=sys.stdout,
            not_sealed=lambda state: terminal.note(check_words(seal_check(state), chinese=terminal.chinese)),
        )
    except StudioloError as error:
        if parent_pid is not None:  # whoever started us reads our stdout, and puts it into words
            terminal.text(error_line(error))
        raise
    return DONE
