"""`studiolo serve`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from studiolo.cli.terminal import DONE, Terminal, existing
from studiolo.errors import Code, UserError

if TYPE_CHECKING:
    from studiolo.isolation.seal import SealState


@click.command()
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; others than loopback need --tls."
)
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Port; 0 takes any free one.  [default: 0]")
@click.option("--tls", is_flag=True, help="Listen there over TLS, beside plain loopback for our own programs.")
@click.option("--cert", default=None, metavar="FILE", help="Certificate (PEM) for --tls.  [default: one is made]")
@click.option("--key", default=None, metavar="FILE", help="Its private key (PEM), without a passphrase.")
@click.option("--allow-origin", multiple=True, metavar="ORIGIN", help="A web page's origin that may call; repeatable.")
@click.option("--parent-pid", type=click.IntRange(1), default=None, hidden=True, help="End when this process ends.")
@click.option("--ask-passphrase", is_flag=True, help="Ask for the passphrase of the pseudonyms.")
@click.pass_obj
def serve(
    terminal: Terminal,
    *,
    host: str,
    port: int,
    tls: bool,
    cert: str | None,
    key: str | None,
    allow_origin: tuple[str, ...],
    parent_pid: int | None,
    ask_passphrase: bool,
) -> int:
    """Serve this home's engine on a loopback port.

    The first line on stdout is {url, pid, token_file, sealed}; the token in that file opens the API. Ctrl+C stops it.
    With --tls it also names the public address and its certificate's fingerprint.
    """
    from studiolo.server.listening import Tls
    from studiolo.server.run import serve as run_server

    if (cert or key) and not tls:
        raise UserError(Code.BAD_REQUEST, field="--cert" if cert else "--key", problem="only_with_tls")
    chosen = Tls(existing(cert) if cert else None, existing(key) if key else None) if tls else None
    environ = dict(terminal.environ)
    if ask_passphrase:
        environ["STUDIOLO_PASSPHRASE"] = click.prompt(terminal.word("passphrase"), hide_input=True, err=True)
    run_server(
        terminal.home,
        environ=environ,
        host=host,
        port=port,
        tls=chosen,
        origins=allow_origin,
        parent_pid=parent_pid,
        out=sys.stdout,
        not_sealed=lambda state: _say(state, terminal),
    )
    return DONE


def _say(state: SealState, terminal: Terminal) -> None:
    from studiolo.cli.checks import check_words
    from studiolo.doctor import seal_check

    terminal.note(check_words(seal_check(state), chinese=terminal.chinese))
