"""Conversations over the native API: named, pinned, searched by the owner alone, exported; versions of turns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.scripted_engine import ScriptedEngine
from tests.served import Served, served

from studiolo.paths import Home
from studiolo.tokens import Scope


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine()


@pytest.fixture
def site(engine: ScriptedEngine, home: Home) -> Iterator[Served]:
    with served(engine, home) as found:
        yield found


def call(site: Served, method: str, path: str, **more: Any) -> httpx.Response:
    return httpx.request(method, site.url + path, headers=site.auth, trust_env=False, timeout=20, **more)


def test_conversations_are_kept_in_order(site: Served, engine: ScriptedEngine) -> None:
    changed = call(site, "PUT", "/api/conversations/c1", json={"title": "租约", "pinned": True}).json()
    assert (changed["title"], changed["pinned"]) == ("租约", True)
    assert engine.calls[-1] == ("change_conversation", "c1", "租约", True)
    assert call(site, "PUT", "/api/conversations/c9", json={"pinned": False}).status_code == 404
    assert call(site, "PUT", "/api/conversations/c1", json={"title": "x" * 1001}).status_code == 422
    found = call(site, "POST", "/api/conversations/search", json={"query": "十二个月", "limit": 3}).json()["found"]
    assert (found[0]["conversation"]["id"], found[0]["turn_id"]) == ("c1", "t1")
    assert engine.calls[-1] == ("find_conversations", "十二个月", 3)
    exported = call(site, "GET", "/api/conversations/c1/export").json()
    assert [turn["shown"] for turn in exported["turns"]] == [True, False]
    markdown = call(site, "GET", "/api/conversations/c1/export?format=markdown")
    assert markdown.headers["content-type"] == "text/markdown; charset=utf-8"
    assert markdown.text.startswith("# How long? 多久\n")
    assert call(site, "GET", "/api/conversations/c1/export?format=html").status_code == 422
    assert call(site, "PUT", "/api/turns/t1/shown").status_code == 204
    assert call(site, "PUT", "/api/turns/t9/shown").status_code == 400
    asked = {"question": "q", "instead_of": "t1", "stream": False}
    assert call(site, "POST", "/api/ask", json=asked).status_code == 200
    assert engine.calls[-1][1].instead_of == "t1"


def test_what_was_said_is_searched_by_the_owner_alone(site: Served) -> None:
    scopes = [scope.value for scope in Scope]
    made = call(site, "POST", "/api/tokens", json={"name": "all", "scopes": scopes}).json()["token"]
    refused = httpx.post(
        f"{site.url}/api/conversations/search",
        json={"query": "Ada"},
        headers={"Authorization": f"Bearer {made}"},
        trust_env=False,
    )
    assert refused.status_code == 403
    assert "Ada" not in refused.text
