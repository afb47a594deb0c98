"""The door: nobody gets in without the token, from another host name, or from another origin."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import httpx
import pytest
from tests.scripted_engine import ScriptedEngine
from tests.served import TOKEN, Served, served

from studiolo.paths import Home


@pytest.fixture(scope="module")
def one_engine() -> ScriptedEngine:
    return ScriptedEngine()


@pytest.fixture(scope="module")
def site(one_engine: ScriptedEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(one_engine, Home(tmp_path_factory.mktemp("home"))) as found:
        yield found


@pytest.fixture
def engine(one_engine: ScriptedEngine) -> ScriptedEngine:
    one_engine.calls.clear()
    return one_engine


def get(site: Served, path: str, **headers: str) -> httpx.Response:
    return httpx.get(site.url + path, headers=headers, trust_env=False)


PATHS = ["/api/status", "/v1/models", "/openapi.json", "/readyz", "/api/nowhere", "/docs", "/"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer wrong",
        f"Basic {TOKEN}",
        TOKEN,
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
    ],
)
def test_no_token_no_answer(site: Served, engine: ScriptedEngine, path: str, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = get(site, path, **headers)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "unauthorised"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert engine.calls == []


def test_two_authorization_headers_are_refused(site: Served) -> None:
    headers = [("Authorization", f"Bearer {TOKEN}"), ("Authorization", "Bearer wrong")]
    assert httpx.get(site.url + "/api/status", headers=headers, trust_env=False).status_code == 401


def test_a_token_of_strange_bytes(site: Served) -> None:
    headers = [(b"Authorization", b"Bearer \xff\xfe\xe5")]
    assert httpx.get(site.url + "/api/status", headers=headers, trust_env=False).status_code == 401


def test_health_needs_no_token_and_tells_little(site: Served) -> None:
    answer = get(site, "/healthz")
    assert answer.status_code == 200
    assert answer.json().keys() == {"status", "service", "pid"}


@pytest.mark.parametrize("path", ["/healthz", "/api/status"])
@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:{port}", "", "0.0.0.0:{port}"]
)
def test_a_foreign_host_is_refused(site: Served, path: str, host: str) -> None:
    answer = get(site, path, Host=host.format(port=site.port), **site.auth)
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "forbidden_origin"


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST:{port}", "[::1]:{port}"])
def test_names_of_the_loopback_are_let_in(site: Served, host: str) -> None:
    assert get(site, "/api/status", Host=host.format(port=site.port), **site.auth).status_code == 200


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost", "https://127.0.0.1:{port}", "file://"]
)
def test_a_foreign_origin_is_refused(site: Served, origin: str) -> None:
    answer = get(site, "/api/status", Origin=origin.format(port=site.port), **site.auth)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_our_own_origin_is_let_in(site: Served) -> None:
    assert get(site, "/api/status", Origin=site.url, **site.auth).status_code == 200


def test_a_browser_may_not_ask_beforehand(site: Served) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    answer = httpx.options(site.url + "/api/ask", headers=headers, trust_env=False)
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_what_was_sent_is_not_echoed(site: Served) -> None:
    secret = "Ada Lovelace 13800138000"
    bodies = [{"question": {"x": secret}}, {"question": secret, "limit": secret}, {"question": "q", "reader": secret}]
    for body in bodies:
        answer = httpx.post(site.url + "/api/ask", json=body, headers=site.auth, trust_env=False)
        assert answer.status_code == 422
        assert answer.json()["error"]["code"] == "bad_request"
        assert secret not in answer.text
        assert "1380" not in answer.text
    broken = httpx.post(site.url + "/api/ask", content=f'{{"question": "{secret}', headers=site.auth, trust_env=False)
    assert broken.status_code == 422
    assert secret not in broken.text


def test_a_large_body_is_refused_unread(site: Served) -> None:
    headers = {
        **site.auth,
        "Content-Length": str(10 * 1024**3),
        "Content-Type": "application/json",
        "Connection": "close",
    }
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as connection:
        lines = [f"POST /api/redact HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\n"]
        lines += [f"{name}: {value}\r\n" for name, value in headers.items()]
        connection.sendall(("".join(lines) + "\r\n").encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    assert answer.startswith("HTTP/1.1 413")
    assert json.loads(answer.partition("\r\n\r\n")[2])["error"]["values"]["limit_bytes"] > 0


def test_a_large_body_without_a_length_is_stopped(site: Served, engine: ScriptedEngine) -> None:
    def pieces() -> Iterator[bytes]:
        yield b'{"text": "'
        for _ in range(40):
            yield b"x" * 1024**2
        yield b'"}'

    headers = {**site.auth, "Content-Type": "application/json"}
    try:
        answer = httpx.post(site.url + "/api/redact", content=pieces(), headers=headers, trust_env=False, timeout=20)
    except httpx.WriteError:
        pass  # the server hung up while we were still sending
    else:
        assert answer.status_code == 413
    assert engine.calls == []


def test_no_websockets(site: Served) -> None:
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "eA==",
    }
    assert get(site, "/api/status", **site.auth, **upgrade).status_code == 200  # an ordinary answer, no upgrade


def test_the_environment_cannot_make_the_framework_report(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from studiolo.server.app import create_app
    from studiolo.server.security import Rules

    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector.example")
    app = create_app(ScriptedEngine(), rules=Rules(token=TOKEN, port=1), home=home, pid=1)
    assert not app._native_telemetry.enabled()
    assert not any(app._telemetry[name] for name in ("tracing", "metrics", "logs", "operation_spans", "auto_configure"))


def test_the_token_is_in_no_repr() -> None:
    from studiolo.server.security import Rules

    assert TOKEN not in repr(Rules(token=TOKEN, port=1))
