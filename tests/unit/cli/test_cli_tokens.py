"""`studiolo tokens`: the secret on stdout once, the rest of the home untouched."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.scripted_engine import ScriptedEngine

from studiolo.paths import Home
from studiolo.tokens import PREFIX, TokenStore

Command = Callable[..., Any]


def test_a_token_from_making_to_revoking(studiolo: Command, engine: ScriptedEngine, home: Home, tmp_path: Path) -> None:
    made = studiolo(
        "tokens", "create", "夜间", "--scope", "ingest, search", "--expires", "30d", "--rate", "60/min",
        "--concurrent", "2", "--service", "interactive", "--root", str(tmp_path),
    )  # fmt: skip
    assert made.code == 0
    (secret,) = made.out.splitlines()
    assert secret.startswith(PREFIX)
    assert secret not in made.err
    found = TokenStore(home, clock=time.time).find(secret)
    assert found is not None
    assert (found.name, found.scopes, found.rate_per_minute, found.concurrent) == ("夜间", ("search", "ingest"), 60, 2)
    assert (found.service, found.profile, found.roots) == ("interactive", "masked", (str(tmp_path.resolve()),))
    assert found.expires_at == pytest.approx(found.created_at + 30 * 86400)
    listed = studiolo("tokens", "list")
    assert listed.out.startswith("夜间\tsearch,ingest\tmasked\tinteractive\tuntil ")
    assert "60/min\t2 at a time" in listed.out
    (row,) = studiolo("tokens", "list", "--json").json["tokens"]
    assert row["name"] == "夜间"
    assert "digest" not in row
    assert secret not in listed.out
    assert studiolo("tokens", "revoke", "夜间").code == 0
    assert studiolo("tokens", "list").out == ""
    gone = studiolo("tokens", "revoke", "夜间")
    assert (gone.code, gone.out) == (1, "")
    assert "夜间" in gone.err
    assert engine.calls == []
    assert {path.name for path in home.root.iterdir()} == {"run", "tokens.json"}


def test_json_has_the_secret_beside_the_rights(studiolo: Command, home: Home) -> None:
    made = studiolo("tokens", "create", "a", "--scope", "ask,restore", "--json").json
    assert made["token"].startswith(PREFIX)
    assert (made["scopes"], made["profile"], made["expires_at"]) == (["ask", "restore"], "restore", None)


def test_an_expired_token_is_listed_as_such(studiolo: Command, home: Home) -> None:
    TokenStore(home, clock=lambda: 1_000.0).create("old", scopes=["ask"], lifetime_s=1)
    assert "expired 1970-01-01" in studiolo("tokens", "list").out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--scope", "root"), 1, "ask, search, ingest, admin or restore"),
        (("--scope", ","), 1, "at least one scope"),
        (("--expires", "soon"), 1, "30d, 12h or 45m"),
        (("--rate", "fast"), 1, "60/min"),
        (("--profile", "restore"), 1, "needs the scope restore"),
        (("--root", "/nowhere at all"), 1, "no file /nowhere at all"),
        (("--service", "first"), 2, "interactive"),
        (("--concurrent", "0"), 2, "concurrent"),
    ],
)
def test_what_cannot_be(studiolo: Command, home: Home, arguments: tuple[str, ...], code: int, said: str) -> None:
    ran = studiolo("tokens", "create", "a", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert not home.tokens_file.exists()
