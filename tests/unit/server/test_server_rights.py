"""What a named token may do: one table of scopes for all routes, limits, a reader, a class, paths, its own jobs."""

from __future__ import annotations

import inspect
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.routing import BaseRoute, Route
from tests.scripted_engine import ScriptedEngine
from tests.served import TOKEN, Served, served

from studiolo.engine import Engine
from studiolo.errors import EngineBug
from studiolo.originals import forget_library
from studiolo.paths import Home
from studiolo.server.app import THREADS, create_app
from studiolo.server.guarded import guarded
from studiolo.server.limits import MOST_JOBS, Limits
from studiolo.server.rights import ANY, CALLER, NEEDED, OPEN, OWNER, Caller, needed, refusal
from studiolo.server.security import Rules
from studiolo.tokens import NamedToken, Scope, TokenStore
from studiolo.types import Chat, Message, Question, Reader


@pytest.fixture(scope="module")
def one_engine() -> ScriptedEngine:
    return ScriptedEngine()


@pytest.fixture(scope="module")
def site(one_engine: ScriptedEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(one_engine, Home(tmp_path_factory.mktemp("rights") / "home")) as found:
        list(found.engine.add([Path("nothing")]))  # the threads of its jobs begin here, not in a test
        list(found.engine.quantize_model("none", "q4_0"))
        yield found


@pytest.fixture
def engine(one_engine: ScriptedEngine) -> Iterator[ScriptedEngine]:
    one_engine.calls.clear()
    one_engine.cancelled.clear()
    one_engine.holding.clear()
    yield one_engine
    one_engine.hold = False


@pytest.fixture
def home(site: Served, engine: ScriptedEngine) -> Home:
    """That of the site, without tokens."""
    site.home.tokens_file.unlink(missing_ok=True)
    return site.home


def token(home: Home, *scopes: str, **more: Any) -> dict[str, str]:
    store = TokenStore(home, clock=time.time)
    _, secret = store.create(f"t{len(store.list())}", scopes=scopes or ["ask"], **more)
    return {"Authorization": f"Bearer {secret}"}


def call(site: Served, method: str, path: str, headers: dict[str, str], **more: Any) -> httpx.Response:
    return httpx.request(method, site.url + path, headers=headers, trust_env=False, timeout=20, **more)


@contextmanager
def asking(site: Served, headers: dict[str, str]) -> Iterator[Iterator[str]]:
    """The lines of an answer that is being written."""
    url, body = site.url + "/api/ask", {"question": "q"}
    with httpx.stream("POST", url, json=body, headers=headers, trust_env=False, timeout=20) as answer:
        yield answer.iter_lines()


# the table


def routes_of(app: FastAPI) -> Iterator[BaseRoute]:
    for route in app.routes:
        included = getattr(route, "original_router", None)
        yield from [route] if included is None else included.routes


def made_app(home: Home) -> FastAPI:
    return create_app(ScriptedEngine(), rules=Rules(token=TOKEN, port=1), home=home, pid=1)


def served_routes(app: FastAPI) -> set[tuple[str, str]]:
    found = set()
    for route in routes_of(app):
        assert isinstance(route, Route), f"{route}: give it rows in studiolo.server.rights by hand"
        found |= {(method, route.path) for method in route.methods or () if method != "HEAD"}
    described = {(method.upper(), path) for path, methods in app.openapi()["paths"].items() for method in methods}
    assert described <= found
    return found


def test_every_route_says_what_it_needs_and_no_other_does(home: Home) -> None:
    assert served_routes(made_app(home)) == set(NEEDED)
    grantable = {scope.value for scope in Scope}
    for row, scopes in NEEDED.items():
        assert scopes in (OPEN, OWNER) or set(scopes) <= grantable, row
    assert [path for (_, path), scopes in NEEDED.items() if scopes == OPEN] == ["/healthz"]


@pytest.mark.parametrize(("method", "template"), sorted(NEEDED))
def test_a_path_is_taken_for_its_own_route(method: str, template: str) -> None:
    for value in ("x", "合同", "a.b", "import-", "%2e%2e"):
        assert needed(method, re.sub(r"\{\w+\}", value, template)) == NEEDED[method, template]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/nowhere"), ("PUT", "/api/status"), ("HEAD", "/openapi.json"), ("GET", "/api/models/"), ("GET", "")],
)
def test_what_the_table_does_not_name_is_the_owners(method: str, path: str) -> None:
    assert needed(method, path) == OWNER


def test_every_scope_that_a_route_needs_is_asked_for_by_name(site: Served, home: Home) -> None:
    for (method, template), scopes in NEEDED.items():
        path = re.sub(r"\{\w+\}", "x", template)
        for missing in scopes if scopes != OPEN else ():
            others = [scope.value for scope in Scope if scope != missing]
            held = NamedToken("t", "0" * 64, tuple(Scope(scope) for scope in others), 0.0)
            error = refusal(Caller(held), method, path)
            assert error is not None, (method, path)
            assert error.values == {"scope": missing}
        assert refusal(Caller(), method, path) is None
    answer = call(site, "GET", "/api/audit", token(home, "ask", "search"))
    assert answer.status_code == 403
    assert answer.json()["error"] == {
        "code": "missing_scope",
        "message": "The token lacks the scope that this needs.",
        "values": {"scope": "admin"},
    }
    openai = call(site, "POST", "/v1/embeddings", token(home, "ask"), json={"input": "x"})
    assert openai.status_code == 403
    assert openai.json()["error"]["type"] == "permission_error"


def test_no_named_token_makes_tokens_or_changes_the_policy(site: Served, home: Home, engine: ScriptedEngine) -> None:
    everything = token(home, *[scope.value for scope in Scope])
    for method, path in [
        ("GET", "/api/tokens"),
        ("POST", "/api/tokens"),
        ("DELETE", "/api/tokens/t0"),
        ("PUT", "/api/privacy"),
    ]:
        answer = call(site, method, path, everything, json={})
        assert (answer.status_code, answer.json()["error"]["values"]) == (403, {"scope": "owner"})
    assert engine.calls == []


def test_a_refused_request_is_not_read(site: Served, home: Home) -> None:
    headers = {**token(home, "ask"), "Content-Type": "application/json"}
    answer = call(site, "POST", "/api/models", headers, content=b"this is no JSON")
    assert answer.status_code == 403
    with socket.create_connection(("127.0.0.1", site.port), timeout=30) as connection:
        head = f"Host: 127.0.0.1:{site.port}\r\nContent-Length: {1024**2 + 1}\r\n\r\n".encode()
        connection.sendall(b"POST /api/models HTTP/1.1\r\n" + head)
        refused = b""
        while piece := connection.recv(65536):  # to its end: the rest of a large body is not taken
            refused += piece
    assert refused.startswith(b"HTTP/1.1 401")


def test_a_refusal_reaches_who_is_still_sending(site: Served) -> None:
    with socket.create_connection(("127.0.0.1", site.port), timeout=30) as connection:
        head = f"Host: 127.0.0.1:{site.port}\r\nContent-Length: 5\r\n\r\n".encode()
        connection.sendall(b"POST /api/ask HTTP/1.1\r\n" + head)
        refused = b""
        while not refused.endswith(b"}}"):
            refused += connection.recv(65536)
        assert refused.startswith(b"HTTP/1.1 401")
        connection.sendall(b"12345GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % site.port)
        assert connection.recv(8) == b"HTTP/1.1"  # the connection is as good as before


# the owner's routes


def test_the_owner_makes_lists_and_revokes(site: Served, home: Home) -> None:
    made = call(
        site,
        "POST",
        "/api/tokens",
        site.auth,
        json={"name": "夜间", "scopes": ["ask"], "expires_s": 60, "rate_per_minute": 5},
    )
    assert made.status_code == 201
    secret = made.json()["token"]
    headers = {"Authorization": f"Bearer {secret}"}
    assert call(site, "GET", "/api/models", headers).status_code == 200
    (listed,) = call(site, "GET", "/api/tokens", site.auth).json()["tokens"]
    assert (listed["name"], listed["scopes"], listed["profile"], listed["rate_per_minute"]) == (
        "夜间",
        ["ask"],
        "masked",
        5,
    )
    assert secret not in str(listed)
    assert "digest" not in listed
    again = call(site, "POST", "/api/tokens", site.auth, json={"name": "夜间", "scopes": ["ask"]})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "token_exists")
    assert call(site, "DELETE", "/api/tokens/夜间", site.auth).status_code == 204
    assert call(site, "DELETE", "/api/tokens/夜间", site.auth).status_code == 404
    assert call(site, "GET", "/api/models", headers).status_code == 401


@pytest.mark.parametrize(
    "body",
    [{}, {"name": "a"}, {"name": "a/b", "scopes": ["ask"]}, {"name": "a", "scopes": ["owner"]},
     {"name": "a", "scopes": []},
     {"name": "a", "scopes": ["ask"], "expires_s": 0}, {"name": "a", "scopes": ["ask"], "service": "first"},
     {"name": "a", "scopes": ["ask"], "roots": ["relative"]}, {"name": "a", "scopes": ["ask"], "profile": "restore"}],
)  # fmt: skip
def test_bad_bodies_make_no_token(site: Served, home: Home, body: dict[str, Any]) -> None:
    assert call(site, "POST", "/api/tokens", site.auth, json=body).status_code in (400, 422)
    assert not home.tokens_file.exists()


def test_an_expired_and_an_unknown_token_are_told_nothing(site: Served, home: Home) -> None:
    expired = token(home, "ask", lifetime_s=-1)
    answers = [
        call(site, "GET", "/api/models", headers) for headers in (expired, {"Authorization": "Bearer studiolo_x"})
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json() == answers[1].json()


def test_a_damaged_file_shuts_out_named_tokens_alone(site: Served, home: Home) -> None:
    headers = token(home, "ask")
    home.tokens_file.write_text("{")
    answer = call(site, "GET", "/api/models", headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "damaged_store")
    assert call(site, "GET", "/api/models", site.auth).status_code == 200


# as whom, and in which class


def last(engine: ScriptedEngine) -> Any:
    return engine.calls[-1][1]


@pytest.mark.parametrize(
    ("scopes", "profile", "wanted", "reads"),
    [
        (("ask",), None, "owner", "masked"),
        (("ask",), None, "restore", "masked"),
        (("ask",), "blocked", "masked", "blocked"),
        (("ask",), "press", "owner", "press"),
        (("ask", "restore"), None, "owner", "restore"),
        (("ask", "restore"), "masked", "restore", "restore"),
        (("ask", "restore"), None, "blocked", "blocked"),
    ],
)
def test_readers(
    site: Served,
    home: Home,
    engine: ScriptedEngine,
    scopes: tuple[str, ...],
    profile: str | None,
    wanted: str,
    reads: str,
) -> None:
    headers = token(home, *scopes, profile=profile)
    asked = {"question": "多久?", "reader": wanted, "stream": False}
    assert call(site, "POST", "/api/ask", headers, json=asked).status_code == 200
    assert (last(engine).reader, last(engine).service, last(engine).client) == (reads, "batch", "t0")
    chat = {"messages": [{"role": "user", "content": "多久?"}], "reader": wanted}
    assert call(site, "POST", "/api/chat", headers, json=chat).status_code == 200
    assert (last(engine).reader, last(engine).client) == (reads, "t0")


def test_the_openai_api_reads_as_the_token_does(site: Served, home: Home, engine: ScriptedEngine) -> None:
    headers = token(home, "ask", service="interactive")
    for more in ({}, {"library": "default"}, {"stream": True}):
        body = {"model": "tiny", "messages": [{"role": "user", "content": "q"}], **more}
        assert call(site, "POST", "/v1/chat/completions", headers, json=body).status_code == 200
        assert (last(engine).reader, last(engine).service, last(engine).client) == ("masked", "interactive", "t0")


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/completions"])
@pytest.mark.parametrize("more", [{}, {"library": "default"}])
def test_a_script_of_the_owners_says_that_it_stands_back(
    site: Served, engine: ScriptedEngine, path: str, more: dict[str, str]
) -> None:
    body = {"model": "tiny", "messages": [{"role": "user", "content": "多久？"}], "prompt": "多久？", **more}
    for service in ("interactive", "batch"):
        assert call(site, "POST", path, site.auth, json={**body, "service": service}).status_code == 200
        assert last(engine).service == service
    assert call(site, "POST", path, site.auth, json=body).status_code == 200
    assert last(engine).service == "interactive"
    refused = call(site, "POST", path, site.auth, json={**body, "service": "first"})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "service")


def test_the_owner_is_asked_for_by_the_launch_token(site: Served, engine: ScriptedEngine) -> None:
    assert call(site, "POST", "/api/ask", site.auth, json={"question": "q", "stream": False}).status_code == 200
    assert (last(engine).reader, last(engine).service, last(engine).client) == (Reader.OWNER, "interactive", "")
    list(site.engine.ask(Question("q", service="batch")))
    assert last(engine).service == "batch"
    list(site.engine.chat(Chat((Message("user", "q"),), service="batch")))
    assert last(engine).service == "batch"


def test_search_shows_what_the_token_may_see(site: Served, home: Home, engine: ScriptedEngine) -> None:
    assert (
        call(site, "POST", "/api/search", token(home, "search"), json={"query": "q", "reader": "owner"}).status_code
        == 200
    )
    assert engine.calls[-1] == ("search", "q", "default", 5, None, "masked")
    assert call(site, "POST", "/api/search", site.auth, json={"query": "q"}).status_code == 200
    assert engine.calls[-1] == ("search", "q", "default", 5, None)


def test_nobody_is_taken_for_the_owner() -> None:
    with pytest.raises(EngineBug):
        guarded(ScriptedEngine()).ask(Question("q"))
    with pytest.raises(EngineBug):
        guarded(ScriptedEngine()).search("q")


def test_what_has_a_reader_is_guarded() -> None:
    """A method of the engine that shows something to a reader, or asks as one, goes through the guard."""
    inner = ScriptedEngine()
    for name, method in inspect.getmembers(Engine, inspect.isfunction):
        kinds = " ".join(str(one.annotation) for one in inspect.signature(method).parameters.values())
        if "reader" in inspect.signature(method).parameters or "Question" in kinds or "Chat" in kinds:
            assert getattr(guarded(inner), name) != getattr(inner, name), name


# limits


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def refused(limits: Limits, held: NamedToken) -> dict[str, Any] | None:
    try:
        limits.begin(held)
    except Exception as error:
        return error.values  # type: ignore[attr-defined, no-any-return]
    return None


def test_a_rate_is_a_bucket_that_fills_up_again() -> None:
    clock = Clock()
    limits, held = Limits(clock=clock), NamedToken("a", "a", (), 0.0, rate_per_minute=6)
    assert [refused(limits, held) for _ in range(6)] == [None] * 6
    assert refused(limits, held) == {"limit": "rate", "most": 6, "retry_after_s": 10}
    clock.now += 9.5
    assert refused(limits, held) == {"limit": "rate", "most": 6, "retry_after_s": 1}
    clock.now += 0.5
    assert refused(limits, held) is None
    clock.now += 10_000  # no more than full
    assert [refused(limits, held) is None for _ in range(8)] == [True] * 6 + [False] * 2
    assert refused(limits, NamedToken("b", "b", (), 0.0)) is None


def test_so_many_at_a_time() -> None:
    limits, held = Limits(clock=Clock()), NamedToken("a", "a", (), 0.0, concurrent=2)
    assert [refused(limits, held) for _ in range(2)] == [None, None]
    assert refused(limits, held) == {"limit": "concurrent", "most": 2, "retry_after_s": 1}
    limits.end(held)
    assert refused(limits, held) is None


def test_a_token_without_a_limit_leaves_threads_to_others() -> None:
    limits, held = Limits(clock=Clock()), NamedToken("a", "a", (), 0.0)
    assert [refused(limits, held) for _ in range(64)] == [None] * 64
    assert refused(limits, held) == {"limit": "concurrent", "most": 64, "retry_after_s": 1}
    assert THREADS > 2 * 64


def test_what_is_remembered_of_tokens_is_bounded() -> None:
    limits = Limits(clock=Clock())
    for number in range(3000):
        held = NamedToken("a", str(number), (), 0.0, rate_per_minute=1)
        limits.begin(held)
        limits.end(held)
    assert len(limits._uses) <= 1000


def test_the_limit_is_said_with_the_time_to_wait(site: Served, home: Home) -> None:
    headers = token(home, "ask", rate_per_minute=2)
    answers = [call(site, "GET", path, headers) for path in ("/api/models", "/v1/models", "/v1/models")]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 30
    assert answers[-1].json()["error"]["type"] == "rate_limit_error"
    assert answers[-1].json()["error"]["values"]["limit"] == "rate"
    assert call(site, "GET", "/api/models", token(home, "ask")).status_code == 200


def test_a_stream_counts_until_it_has_ended(site: Served, home: Home, engine: ScriptedEngine) -> None:
    engine.hold = True
    headers = token(home, "ask", concurrent=1)
    with asking(site, headers) as lines:
        next(lines)
        assert engine.holding.wait(10)
        answer = call(site, "GET", "/api/models", headers)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
        assert call(site, "GET", "/api/models", site.auth).status_code == 200
    deadline = time.monotonic() + 10
    while call(site, "GET", "/api/models", headers).status_code == 429 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert call(site, "GET", "/api/models", headers).status_code == 200


# jobs and streams


def test_a_token_queues_so_many_jobs_and_leaves_the_others_theirs(
    site: Served, home: Home, engine: ScriptedEngine, tmp_path: Path
) -> None:
    mine, other = token(home, "ingest", roots=[tmp_path]), token(home, "ingest", roots=[tmp_path])
    (tmp_path / "租约.txt").write_text("x")
    add, body = "/api/libraries/x/documents", {"paths": [str(tmp_path / "租约.txt")]}
    engine.hold = True
    first = call(site, "POST", add, site.auth, json=body).json()["job"]
    jobs = [call(site, "POST", add, mine, json=body).json()["job"] for _ in range(MOST_JOBS)]
    for refused in (
        call(site, "POST", add, mine, json=body),
        call(site, "POST", add, mine, files={"f": ("合同.txt", b"x")}),
    ):
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        assert refused.json()["error"]["values"]["most"] == MOST_JOBS
    assert not (home.uploads / "x" / "合同.txt").exists()
    jobs += [call(site, "POST", add, headers, json=body).json()["job"] for headers in (other, site.auth)]
    engine.hold = False
    for job in (*jobs, first):
        call(site, "DELETE", f"/api/jobs/{job}", site.auth)
    for job in jobs:
        assert '"finished"' in call(site, "GET", f"/api/jobs/{job}/events", site.auth).text
    assert call(site, "POST", add, mine, json=body).status_code == 202


def test_who_counts_for_a_monitor_counts_everybodys_jobs(
    site: Served, home: Home, engine: ScriptedEngine, tmp_path: Path
) -> None:
    monitor, engine.hold = token(home, "admin"), True
    body = {"paths": [str(tmp_path)]}
    job = call(site, "POST", "/api/libraries/x/documents", site.auth, json=body).json()["job"]
    assert engine.holding.wait(10)
    assert 'studiolo_jobs{state="running"} 1\n' in call(site, "GET", "/metrics", monitor).text
    assert call(site, "GET", "/api/jobs", monitor).json() == {"jobs": []}
    assert call(site, "DELETE", f"/api/jobs/{job}", site.auth).status_code == 202
    call(site, "GET", f"/api/jobs/{job}/events", site.auth)


def test_jobs_and_streams_are_their_callers(site: Served, home: Home, engine: ScriptedEngine, tmp_path: Path) -> None:
    mine, other = token(home, "ingest", "ask", roots=[tmp_path]), token(home, "ingest", "ask", "admin")
    job = call(site, "POST", "/api/libraries/x/documents", mine, json={"paths": [str(tmp_path)]}).json()["job"]
    for path, method in [
        (f"/api/jobs/{job}", "GET"),
        (f"/api/jobs/{job}/events", "GET"),
        (f"/api/jobs/{job}", "DELETE"),
    ]:
        assert call(site, method, path, other).json()["error"]["code"] == "unknown_job"
        assert call(site, method, path, mine).status_code in (200, 202)
        assert call(site, method, path, site.auth).status_code in (200, 202)
    engine.hold = True
    named = {"X-Studiolo-Stream": "s1"}
    with asking(site, {**mine, **named}) as lines:
        next(lines)
        assert call(site, "DELETE", "/api/streams/s1", other).status_code == 404
        assert call(site, "DELETE", "/api/streams/s1", site.auth).status_code == 404
        assert not engine.cancelled.is_set()
        assert call(site, "DELETE", "/api/streams/s1", mine).status_code == 204
        assert engine.cancelled.wait(10)
        list(lines)


# paths


def test_paths_of_named_tokens_stay_in_their_roots(
    site: Served, home: Home, engine: ScriptedEngine, tmp_path: Path
) -> None:
    root, outside = tmp_path / "根", tmp_path / "outside"
    for folder in (root, outside):
        folder.mkdir()
        (folder / "a.txt").write_text("x")
    everything = token(home, *[scope.value for scope in Scope], roots=[root])
    calls: list[tuple[str, str, Any]] = [
        ("POST", "/api/libraries/x/documents", lambda path: {"paths": [str(root / "a.txt"), path]}),
        ("POST", "/api/libraries/x/export", lambda path: {"path": path}),
        ("POST", "/api/libraries/import", lambda path: {"path": path}),
        ("POST", "/api/redact", lambda path: {"path": path}),
        ("POST", "/api/models", lambda path: {"path": path}),
        ("POST", "/api/models/compare", lambda path: {"model": "tiny", "other": "big", "text": path}),
    ]
    out = [str(outside / "a.txt"), str(root / ".." / "outside" / "a.txt"), "/etc/passwd", str(home.token_file), "/"]
    for method, path, body in calls:
        for named in out:
            answer = call(site, method, path, everything, json=body(named))
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "path_not_allowed"), (path, named)
        assert call(site, method, path, everything, json=body("a.txt")).status_code == 400  # relative
    assert engine.calls == []
    for method, path, body in calls:
        assert call(site, method, path, everything, json=body(str(root / "a.txt"))).status_code in (200, 201, 202, 404)
        assert call(site, method, path, site.auth, json=body(str(outside / "a.txt"))).status_code in (
            200,
            201,
            202,
            404,
        )


def test_a_link_that_takes_a_files_place_while_a_job_waits_leads_nowhere(
    site: Served, home: Home, engine: ScriptedEngine, tmp_path: Path
) -> None:
    root = tmp_path / "根"
    root.mkdir()
    file = root / "租约 lease.txt"
    file.write_text("x")
    everything = token(home, *[scope.value for scope in Scope], roots=[root])
    engine.hold = True
    ahead = {
        lane: call(site, "POST", path, site.auth, json=body).json()["job"]
        for lane, path, body in [
            ("", "/api/libraries/x/documents", {"paths": [str(file)]}),
            ("models", "/api/models/quantize", {"model": "tiny", "to": "q4_0"}),
        ]
    }
    jobs = [
        call(site, "POST", path, everything, json=body).json()["job"]
        for path, body in [
            ("/api/libraries/x/documents", {"paths": [str(file)]}),
            ("/api/libraries/x/export", {"path": str(file)}),
            ("/api/libraries/import", {"path": str(file)}),
            ("/api/models/compare", {"model": "tiny", "other": "big", "text": str(file)}),
        ]
    ]
    file.unlink()
    file.symlink_to(home.token_file)
    engine.calls.clear()
    engine.hold = False
    for job in ahead.values():
        assert call(site, "DELETE", f"/api/jobs/{job}", site.auth).status_code == 202
    for job in jobs:
        assert '"path_not_allowed"' in call(site, "GET", f"/api/jobs/{job}/events", everything).text
    assert engine.calls == []


def test_every_path_in_a_body_is_looked_at() -> None:
    """A field of a request that names a path goes through `absolute`, which knows the caller."""
    from studiolo.server import libraries, models, native, tokens

    source = "".join(inspect.getsource(module) for module in (libraries, models, native, tokens))
    assert not re.findall(r"(?<!caller\(\)\.path\()\bPath\(body\.", source)
    for field in ("body.path", "body.folder", "body.paths", "body.text", "body.roots"):
        uses = re.findall(rf".*{re.escape(field)}\b.*", source)
        assert all(
            "absolute(" in use or "is not None" in use or "is None" in use or "paths=paths" in use or "redact" in use
            or use.strip().startswith("path, paths =")
            for use in uses
        ), uses  # fmt: skip


def test_an_upload_of_a_named_token_needs_no_root(site: Served, home: Home) -> None:
    answer = call(site, "POST", "/api/libraries/x/documents", token(home, "ingest"), files={"f": ("../../a.txt", b"x")})
    assert answer.status_code == 202
    assert (home.uploads / ".tokens" / "t0" / "x" / "a.txt").read_bytes() == b"x"


@pytest.mark.parametrize("name", ["lease.txt", "租约.txt"])
def test_an_upload_replaces_the_callers_own_file_alone(site: Served, home: Home, name: str) -> None:
    callers = [site.auth, token(home, "ingest"), token(home, "ingest")]
    added: list[Path] = []
    for number, headers in enumerate([*callers, *callers]):
        files = {"f": (name, f"version {number}".encode())}
        job = call(site, "POST", "/api/libraries/合同/documents", headers, files=files).json()["job"]
        told = call(site, "GET", f"/api/jobs/{job}/events", headers).text
        assert '"finished"' in told
    added = sorted(path for path in home.uploads.rglob(name) if path.is_file())
    assert sorted(path.read_text() for path in added) == ["version 3", "version 4", "version 5"]
    assert (home.uploads / "合同" / name).read_text() == "version 3"
    forget_library(home, "合同")
    assert not list(home.uploads.rglob(name))


def test_a_laxer_policy_needs_the_scope_restore(site: Served, home: Home, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    body = {"path": str(tmp_path / "a.txt"), "profile": "open"}
    refusing = call(site, "POST", "/api/redact", token(home, "ask", roots=[tmp_path]), json=body)
    assert refusing.json()["error"]["values"] == {"scope": "restore"}
    assert (
        call(site, "POST", "/api/redact", token(home, "ask", "restore", roots=[tmp_path]), json=body).status_code == 200
    )


def test_callers_do_not_mix(site: Served, home: Home, engine: ScriptedEngine) -> None:
    headers = [token(home, "ask", profile=profile) for profile in ("masked", "blocked", "press")] + [site.auth]
    threads = [
        threading.Thread(
            target=lambda number=number, one=one: call(
                site, "POST", "/api/ask", one, json={"question": str(number), "stream": False}
            )
        )
        for number, one in enumerate(headers * 10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asked = [call[1] for call in engine.calls if call[0] == "ask"]
    assert len(asked) == 40
    expected = ["masked", "blocked", "press", "owner"]
    assert all(question.reader == expected[int(question.text) % 4] for question in asked)
    assert CALLER.get(None) is None
    assert ANY == ()
