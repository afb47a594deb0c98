"""Attacks on the listener: none gets an answer that it should not, and none stops the service for others."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from tests.scripted_engine import ANSWER_EVENTS, ScriptedEngine
from tests.served import TOKEN, Served, served

from studiolo.events import Delta
from studiolo.paths import Home
from studiolo.server import connections
from studiolo.server.nesting import deeper_than
from studiolo.server.rights import NEEDED

AUTH = f"Authorization: Bearer {TOKEN}\r\n"


@pytest.fixture(scope="module")
def one_engine() -> ScriptedEngine:
    return ScriptedEngine()


@pytest.fixture(scope="module")
def site(one_engine: ScriptedEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(one_engine, Home(tmp_path_factory.mktemp("attacked") / "home")) as found:
        list(found.engine.add([Path("nothing")]))  # the thread of its jobs begins here, not in a test
        yield found


@pytest.fixture
def engine(one_engine: ScriptedEngine) -> ScriptedEngine:
    one_engine.calls.clear()
    return one_engine


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def until(condition: Callable[[], bool], *, seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


@contextlib.contextmanager
def connected(site: Served, sent: bytes = b"") -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", site.port), timeout=30) as connection:
        connection.sendall(sent)
        yield connection


def rest(connection: socket.socket) -> bytes:
    """What still comes, to the end of the connection."""
    got = b""
    with contextlib.suppress(ConnectionError):
        while piece := connection.recv(65536):
            got += piece
    return got


def head(site: Served, line: str, *more: str) -> bytes:
    """A request's head, with the token, and the connection closed behind its answer."""
    lines = [line, f"Host: 127.0.0.1:{site.port}", f"Authorization: Bearer {TOKEN}", "Connection: close", *more, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def answer_to(site: Served, sent: bytes) -> tuple[int, bytes]:
    """Status and body of the answer to raw bytes; 0 where the connection was closed without one."""
    with connected(site) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(sent)
        got = rest(connection)
    first, _, body = got.partition(b"\r\n\r\n")
    return (int(first.split(b" ")[1]) if first else 0), body


def serves(site: Served) -> bool:
    """Whether it still does, for everyone else."""
    healthy = httpx.get(site.url + "/healthz", trust_env=False, timeout=30).status_code == 200
    return healthy and site.engine.search("多久?", library="default") != []


# headers


@pytest.mark.parametrize("auth", [AUTH, ""])
@pytest.mark.parametrize("count", [101, 10_000])
def test_many_headers(site: Served, engine: ScriptedEngine, count: int, auth: str) -> None:
    many = "".join(f"X-{number}: y\r\n" for number in range(count))
    sent = f"GET /api/status HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\n{auth}Connection: close\r\n{many}\r\n"
    status, _ = answer_to(site, sent.encode())
    assert status in (400, 431)
    assert engine.calls == []
    assert serves(site)


def test_the_status_says_that_it_is_the_headers(site: Served) -> None:
    status, body = answer_to(site, head(site, "GET /api/status HTTP/1.1", *[f"X-{n}: y" for n in range(200)]))
    assert status == 431
    assert json.loads(body)["error"]["values"]["field"] == "headers"


@pytest.mark.parametrize("name", ["X-Long", "Cookie", "Authorization"])
def test_a_header_without_end(site: Served, name: str) -> None:
    status, _ = answer_to(site, head(site, "GET /api/status HTTP/1.1", f"{name}: {'y' * 2**20}"))
    assert status in (0, 400, 401, 431)
    with connected(site, b"GET /healthz HTTP/1.1\r\nX: ") as connection:
        with contextlib.suppress(ConnectionError):
            for _ in range(64):
                connection.sendall(b"y" * 65536)
        got = rest(connection)
    assert not got.startswith(b"HTTP/1.1 200")
    assert serves(site)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(200),  # a TLS hello to the plain port
        b"\x00" * 1000,
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"POST /api/ask HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"POST /api/ask HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/ask HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        b"GET /healthz HTTP/1.1\r\nX: a\nInjected: b\r\n\r\n",
        b"GET " + b"/" * 100_000 + b" HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_request(site: Served, engine: ScriptedEngine, sent: bytes) -> None:
    with connected(site, sent) as connection:
        connection.shutdown(socket.SHUT_WR)
        got = rest(connection)
    assert got == b"" or 400 <= int(got.split(b" ")[1]) < 500
    assert engine.calls == []
    assert serves(site)


def test_what_a_client_says_of_its_way_counts_for_nothing(site: Served) -> None:
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "10.0.0.1", "X-Forwarded-Host": "evil.example"}
    assert httpx.get(site.url + "/healthz", headers=headers, trust_env=False).status_code == 200
    foreign = {**headers, "Host": "evil.example", **site.auth}
    assert httpx.get(site.url + "/api/status", headers=foreign, trust_env=False).status_code == 403


# slow clients


def test_two_hundred_that_never_finish_their_headers(site: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(connected(site, b"GET /api/status HTTP/1.1\r\nX: y")) for _ in range(200)]
        for _ in range(3):
            for connection in slow:
                connection.sendall(b"z")
            assert serves(site)
        with monkeypatch.context() as impatient:
            impatient.setattr(connections, "HEADERS_S", 0.0)
            for connection in slow:
                assert rest(connection) == b""  # dropped, however long they go on
    assert serves(site)


def test_a_second_request_has_no_more_time_than_the_first(site: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    with connected(site, f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\n\r\n".encode()) as connection:
        got = b""
        while not got.endswith(b"}"):  # head and body may come apart
            got += connection.recv(65536)
        assert got.startswith(b"HTTP/1.1 200")
        connection.sendall(b"GET /api")
        with monkeypatch.context() as impatient:
            impatient.setattr(connections, "HEADERS_S", 0.0)
            assert rest(connection) == b""
    assert serves(site)


def test_too_many_connections_make_room_for_the_next(site: Served) -> None:
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(connected(site, b"GET /")) for _ in range(connections.MOST + 60)]
        assert serves(site)
        assert rest(held[0]) == b""  # the first have waited longest
        held[-1].setblocking(False)
        with pytest.raises(BlockingIOError):
            held[-1].recv(1)
    assert serves(site)


@pytest.mark.parametrize("path", ["/api/ask", "/api/libraries/x/documents"])
def test_a_body_that_does_not_come(
    site: Served, engine: ScriptedEngine, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = "multipart/form-data; boundary=b" if "documents" in path else "application/json"
    begun = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\nsecret'
    with connected(site, head(site, f"POST {path} HTTP/1.1", "Content-Length: 100000", f"Content-Type: {kind}")) as one:
        one.sendall(begun)
        assert serves(site)
        with monkeypatch.context() as impatient:
            impatient.setattr(connections, "BODY_S", 0.0)
            impatient.setattr(connections, "BODY_BYTES_PER_S", 10**9)
            assert rest(one) == b""
    assert until(lambda: not files_in(site.home.uploads / ".partial"))
    assert not [call for call in engine.calls if call[0] in ("ask", "add")]
    assert serves(site)


def test_a_client_that_takes_no_answer(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = ScriptedEngine()
    monkeypatch.setattr(connections, "ANSWER_S", 0.0)
    engine.answer = (*ANSWER_EVENTS[:-1], *[Delta("多" * 100_000)] * 200, ANSWER_EVENTS[-1])
    with served(engine, home) as site, socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", site.port))
        body = b'{"question": "q"}'
        sent = head(site, "POST /api/ask HTTP/1.1", f"Content-Length: {len(body)}", "Content-Type: application/json")
        connection.sendall(sent + body)
        connection.settimeout(0.2)
        assert until(lambda: _is_over(connection))
        assert serves(site)


def _is_over(connection: socket.socket) -> bool:
    """Whether the other end has gone, without taking what it has sent."""
    with contextlib.suppress(OSError):
        connection.sendall(b"x")
        return False
    return True


# large and deep bodies


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/api/libraries/x/documents", "multipart/form-data; boundary=b"), ("/api/redact", "application/json")],
)
@pytest.mark.parametrize("expect", [(), ("Expect: 100-continue",)])
def test_ten_gigabytes_are_refused_unread(
    site: Served, engine: ScriptedEngine, path: str, kind: str, expect: tuple[str, ...]
) -> None:
    before = files_in(site.home.uploads)
    more = (f"Content-Length: {10 * 1024**3}", f"Content-Type: {kind}", *expect)
    status, body = answer_to(site, head(site, f"POST {path} HTTP/1.1", *more))
    assert status == 413
    assert json.loads(body)["error"]["code"] == "file_too_large"
    assert engine.calls == []
    assert files_in(site.home.uploads) == before


def test_a_multipart_body_is_large_only_where_files_are_taken(site: Served) -> None:
    more = (f"Content-Length: {100 * 1024**2}", "Content-Type: multipart/form-data; boundary=b")
    for path in ("/api/ask", "/v1/chat/completions", "/api/libraries"):
        assert answer_to(site, head(site, f"POST {path} HTTP/1.1", *more))[0] == 413


def test_an_upload_without_a_length_is_stopped_at_the_limit(home: Home) -> None:
    engine = ScriptedEngine()
    sent = 0

    def pieces() -> Iterator[bytes]:
        nonlocal sent
        yield b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\n'
        while sent < 10 * 1024**3:
            sent += 65536
            yield b"x" * 65536

    with served(engine, home, upload_bytes=1024**2) as site:
        headers = {**site.auth, "Content-Type": "multipart/form-data; boundary=b"}
        with contextlib.suppress(httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
            answer = httpx.post(
                site.url + "/api/libraries/x/documents", content=pieces(), headers=headers, trust_env=False, timeout=30
            )
            assert answer.status_code == 413
        assert sent < 64 * 1024**2  # what the sockets' buffers took
        assert until(lambda: not files_in(home.uploads))
        assert not [call for call in engine.calls if call[0] == "add"]
        assert serves(site)


@pytest.mark.parametrize(
    ("body", "deeper"),
    [
        (b"", False),
        (b"{}", False),
        (b"[" * 5 + b"]" * 5, False),
        (b"[" * 6 + b"]" * 6, True),
        (b'{"a":' * 6 + b"1" + b"}" * 6, True),
        (b'[{"a":[{"b":[1]}]}]', False),
        (b'[{"a":[{"b":[{}]}]}]', True),
        (b"[[],[]," * 6 + b"]" * 6, True),
        (b"[[],[],[],[],[],[],[],[],[]]", False),
        (b'["[[[[[[[[[[[[", "\\"[[[[[[[[[[[[[[[[[[[["]', False),
        (b'{"[[[[[[[[[": 1, "a\\\\": [[[[[1]]]]]}', True),
        (b"]]]]]]]]]]]][[[", False),  # no JSON: for the parser
        (b"[" * 1000, True),
        ('["深[[[[[[[[[["]'.encode(), False),
    ],
)  # fmt: skip
def test_how_deep_json_is(body: bytes, deeper: bool) -> None:
    assert deeper_than(body, 5) is deeper


@pytest.mark.parametrize("depth", [101, 20_000])
@pytest.mark.parametrize("path", sorted(path for (method, path), _ in NEEDED.items() if method in ("POST", "PUT")))
def test_deep_json(site: Served, engine: ScriptedEngine, path: str, depth: int) -> None:
    url = site.url + path.replace("{", "").replace("}", "")
    method = next(verb for verb, known in NEEDED if known == path and verb in ("POST", "PUT"))
    for body in (b"[" * depth + b"]" * depth, b'{"messages":[' * depth + b"1" + b"]}" * depth):
        headers = {**site.auth, "Content-Type": "application/json"}
        answer = httpx.request(method, url, content=body, headers=headers, trust_env=False, timeout=30)
        assert answer.status_code in (400, 204, 200), path
        if answer.status_code == 400:
            assert "nested" in answer.json()["error"]["values"]["problem"]
    assert serves(site)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", ["How long is the lease?", "租期多长？", "\u2200"])  # U+2200 holds the byte of a quote
def test_json_is_utf_8_alone(site: Served, encoding: str, text: str) -> None:
    body = json.dumps({"query": text, "more": ["\u2200", [[[[[[]]]]]], "\u2200"]}, ensure_ascii=False).encode(encoding)
    headers = {**site.auth, "Content-Type": "application/json"}
    answer = httpx.post(f"{site.url}/api/search", content=body, headers=headers, trust_env=False, timeout=30)
    assert answer.status_code == 400
    assert answer.json()["error"]["values"] == {"field": "body", "problem": "not UTF-8"}
    assert serves(site)


# bytes that are no text


@pytest.mark.parametrize("bad", [b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\x80" * 1000])
@pytest.mark.parametrize("path", ["/api/ask", "/api/search", "/v1/chat/completions", "/api/libraries/x/documents"])
def test_bodies_that_are_no_utf8(site: Served, engine: ScriptedEngine, path: str, bad: bytes) -> None:
    content = b'{"question": "' + bad + b'", "query": "' + bad + b'", "paths": ["' + bad + b'"]}'
    headers = {**site.auth, "Content-Type": "application/json"}
    answer = httpx.post(site.url + path, content=content, headers=headers, trust_env=False)
    assert answer.status_code in (400, 422)
    assert answer.json()["error"]["code"] == "bad_request"
    assert engine.calls == []


@pytest.mark.parametrize(
    "path", ["/api/libraries/%ff%fe/statistics", "/api/models/%c3%28", "/api/jobs/%ed%a0%80", "/%ff"]
)
def test_paths_that_are_no_utf8(site: Served, path: str) -> None:
    status, _ = answer_to(site, head(site, f"GET {path} HTTP/1.1"))
    assert status in (400, 404, 405)
    status, _ = answer_to(site, head(site, f"GET /api/audit?limit=%ff&before={'%fe' * 100} HTTP/1.1"))
    assert status == 422
    assert serves(site)


# paths that lead elsewhere


@pytest.mark.parametrize(
    "path",
    [
        "/../../../etc/passwd",
        "/api/../../etc/passwd",
        "/v1/../api/status",
        "/healthz/../api/status",
        "/api/libraries/..%2f..%2f..%2fetc%2fpasswd/statistics",
        "/api/libraries/../../../etc/passwd/documents",
        "//etc/passwd",
        "/healthz%2f..%2fapi%2fstatus",
        "/HEALTHZ",
        "/healthz/",
        "http://127.0.0.1/healthz",
    ],
)
def test_traversal_in_the_address(site: Served, engine: ScriptedEngine, path: str) -> None:
    without = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nConnection: close\r\n\r\n".encode()
    assert answer_to(site, without)[0] in (400, 401)
    status, body = answer_to(site, head(site, f"GET {path} HTTP/1.1"))
    assert status in (200, 307, 400, 404, 405)
    assert b"root:" not in body
    if status == 200:
        assert b"root:" not in body
        assert engine.calls in ([], [("statistics", "../../../etc/passwd")])
    assert serves(site)


@pytest.mark.parametrize(
    "name", ["../../outside.txt", "..\\..\\outside.txt", "/outside.txt", "a/../../../outside.txt", ".."]
)
@pytest.mark.parametrize("library", ["x", "..", "%2e%2e%2f%2e%2e"])
def test_traversal_in_the_name_of_an_upload(site: Served, name: str, library: str) -> None:
    url = f"{site.url}/api/libraries/{library}/documents"
    answer = httpx.post(url, files={"f": (name, b"x")}, headers=site.auth, trust_env=False)
    assert answer.status_code in (202, 307, 400, 404, 405)
    names = {"engine.log", "tokens.lock"}
    assert all(site.home.uploads in path.parents or path.name in names for path in files_in(site.home.root.parent))


# other pages


def test_a_page_calls_only_from_an_origin_that_was_named(home: Home) -> None:
    page = "https://app.example"
    with served(ScriptedEngine(), home, origins=frozenset({page})) as site:

        def call(method: str, origin: str, **headers: str) -> httpx.Response:
            return httpx.request(
                method, site.url + "/api/models", headers={"Origin": origin, **headers}, trust_env=False, timeout=20
            )

        before = call("OPTIONS", page, **{"Access-Control-Request-Method": "POST"})
        assert before.status_code == 204
        assert before.headers["access-control-allow-origin"] == page
        for name in ("authorization", "studiolo-api-version"):
            assert name in before.headers["access-control-allow-headers"]
        assert "access-control-allow-credentials" not in before.headers
        assert call("GET", page).status_code == 401  # it still needs a token
        assert call("GET", page).headers["access-control-allow-origin"] == page
        answer = call("GET", page, **site.auth)
        assert (answer.status_code, answer.headers["vary"]) == (200, "Origin")
        assert "studiolo-api-version" in answer.headers["access-control-expose-headers"]
        for foreign in ("https://evil.example", "http://app.example", "https://app.example:8443", "null"):
            for method in ("OPTIONS", "GET"):
                refused = call(method, foreign, **site.auth)
                assert refused.status_code == 403
                assert not [name for name in refused.headers if name.startswith("access-control")]
        ours = httpx.get(site.url + "/api/models", headers=site.auth, trust_env=False)
        assert "access-control-allow-origin" not in ours.headers
