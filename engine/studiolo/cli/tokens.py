"""`studiolo tokens`. Works on the home's file itself: no engine is opened, and one that runs reads it again."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

import click

from studiolo.cli.terminal import DONE, Terminal, existing, one_line
from studiolo.errors import Code, UserError
from studiolo.tokens import NamedToken, TokenStore, lifetime
from studiolo.types import ServiceClass

_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object.")
_RATE = re.compile(r"([1-9][0-9]{0,5})(/min)?")


@click.group()
def tokens() -> None:
    """Make, list or revoke tokens for others who use the API."""


@tokens.command("create")
@click.argument("name")
@click.option("--scope", default="ask,search", show_default=True, help="Of ask, search, ingest, admin, restore.")
@click.option("--expires", default=None, metavar="TIME", help="After 30d, 12h or 45m.  [default: never]")
@click.option(
    "--profile",
    default=None,
    metavar="READER",
    help="Who reads: masked, blocked, restore, or one that the policy names.  [default: masked]",
)
@click.option("--rate", default=None, metavar="N/min", help="Requests a minute.  [default: no limit]")
@click.option("--concurrent", default=None, type=click.IntRange(1, 1000), help="Requests at a time.  [default: 64]")
@click.option(
    "--service",
    default="batch",
    show_default=True,
    type=click.Choice(["interactive", "batch"]),
    help="batch stands back for persons.",
)
@click.option("--root", "roots", multiple=True, metavar="FOLDER", help="Where its paths have to be; repeatable.")
@_JSON
@click.pass_obj
def create(
    terminal: Terminal,
    *,
    name: str,
    scope: str,
    expires: str | None,
    profile: str | None,
    rate: str | None,
    concurrent: int | None,
    service: ServiceClass,
    roots: tuple[str, ...],
    as_json: bool,
) -> int:
    """Make a token and print it. It can be seen only now; the home keeps a digest."""
    made, secret = _store(terminal).create(
        name,
        scopes=[part.strip() for part in scope.split(",") if part.strip()],
        lifetime_s=None if expires is None else lifetime(expires),
        profile=profile,
        rate_per_minute=None if rate is None else _a_minute(rate),
        concurrent=concurrent,
        service=service,
        roots=[existing(root) for root in roots],
    )
    if as_json:
        terminal.json({**made.shape(), "token": secret})
        return DONE
    terminal.text(secret)
    terminal.say("token_made", token=name, scopes=", ".join(made.scopes), profile=made.profile)
    return DONE


@tokens.command("list")
@_JSON
@click.pass_obj
def list_tokens(terminal: Terminal, as_json: bool) -> int:
    """List the tokens, without their secrets."""
    found = _store(terminal).list()
    if as_json:
        terminal.json({"tokens": [token.shape() for token in found]})
        return DONE
    for token in found:
        terminal.text("\t".join(_row(token, terminal)))
    return DONE


@tokens.command("revoke")
@click.argument("name")
@click.pass_obj
def revoke(terminal: Terminal, name: str) -> int:
    """Refuse a token from now on; answers that it reads just now are finished."""
    _store(terminal).revoke(name)
    terminal.say("removed")
    return DONE


def _store(terminal: Terminal) -> TokenStore:
    return TokenStore(terminal.home, clock=time.time)


def _a_minute(rate: str) -> int:
    found = _RATE.fullmatch(rate.strip())
    if found is None:
        raise UserError(Code.BAD_REQUEST, field="rate", problem="not_a_rate")
    return int(found[1])


def _row(token: NamedToken, terminal: Terminal) -> list[str]:
    ends = terminal.word("token_never")
    if token.expires_at is not None:
        day = datetime.fromtimestamp(token.expires_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
        ends = terminal.word("token_expired" if token.expires_at <= time.time() else "token_until", day=day)
    limits = [
        *([f"{token.rate_per_minute}/min"] if token.rate_per_minute else []),
        *([terminal.word("token_at_a_time", count=token.concurrent)] if token.concurrent else []),
    ]
    roots = [one_line(root) for root in token.roots]
    return [token.name, ",".join(token.scopes), token.profile, token.service, ends, *limits, *roots]
