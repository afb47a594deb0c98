"""Between the seal and the open home: alive at once, everything else as soon as it can be, and no answer before."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field

import httpx
import pytest
from tests.scripted_engine import ScriptedEngine
from tests.served import TOKEN

from studiolo.errors import Code, EnvironmentFault
from studiolo.handshake import Handshake
from studiolo.paths import Home
from studiolo.server.app import create_app
from studiolo.server.listening import bind, url_of
from studiolo.server.opening import Opening
from studiolo.server.run import Server, _config
from studiolo.server.security import Rules

OWNER = {"Authorization": f"Bearer {TOKEN}"}


@dataclass
class Site:
    """A server whose home is not open yet, and what asks it."""

    front: Opening
    server: Server
    url: str
    port: int
    home: Home
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(8, thread_name_prefix="asking"))
    engine: ScriptedEngine = field(default_factory=ScriptedEngine)

    def get(
        self, path: str, headers: dict[str, str] | None = None, method: str = "GET", **more: object
    ) -> httpx.Response:
        with httpx.Client(base_url=self.url, trust_env=False, timeout=20) as client:
            return client.request(method, path, headers=headers or {}, **more)  # type: ignore[arg-type]

    def held(self, path: str, headers: dict[str, str] | None = None, **more: object) -> Future[httpx.Response]:
        """A request that is not answered for the moment."""
        asked = self.pool.submit(self.get, path, headers, **more)  # type: ignore[arg-type]
        with pytest.raises(TimeoutError):
            asked.result(0.2)
        return asked

    def open(self) -> None:
        app = create_app(self.engine, rules=Rules(token=TOKEN, port=self.port), home=self.home, pid=os.getpid())
        self.front.open(app, stop_work=app.state.service.stop_work)


@pytest.fixture
def hold_s() -> float:
    return 10.0


@pytest.fixture
def site(home: Home, hold_s: float) -> Iterator[Site]:
    with closing(bind("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        front = Opening(token=TOKEN, port=port, pid=os.getpid(), hold_s=hold_s)
        up = threading.Event()
        server = Server(_config(front), on_up=up.set, on_stop=front.stop)
        thread = threading.Thread(target=lambda: server.run(sockets=[listener]), name="engine-served")
        thread.start()
        try:
            assert up.wait(20)
            made = Site(front, server, url_of(listener), port, home)
            yield made
        finally:
            server.should_exit = True
            thread.join(20)
            made.pool.shutdown()
            assert not thread.is_alive()


def test_it_is_alive_before_the_home_is_open_and_the_rest_waits_for_that(site: Site) -> None:
    answer = site.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "service": "studiolo", "pid": os.getpid()})
    waiting = site.get("/readyz", OWNER)
    assert (waiting.status_code, waiting.json()) == (503, {"ready": False, "model": "", "loading": ["home"]})
    assert "studiolo-api-version" in answer.headers
    held = [
        site.held("/api/status", OWNER),
        site.held("/v1/models", OWNER),
        site.held("/api/search", OWNER, method="POST", json={"query": "租期"}),
        site.held("/api/redact", OWNER, method="POST", json={"text": "13800138000"}),
    ]
    assert site.engine.calls == []
    site.open()
    assert [one.result(10).status_code for one in held] == [200] * 4
    assert site.get("/healthz").json() == answer.json()
    assert site.get("/readyz", OWNER).json()["ready"] is True


def test_what_the_door_refuses_is_not_answered_before_there_is_a_door(site: Site) -> None:
    held = [
        site.held("/healthz", {"Host": "studiolo.example"}),
        site.held("/healthz", {"Origin": "https://page.example"}),
        site.held("/readyz"),
        site.held("/readyz", {"Authorization": "Bearer wrong"}),
        site.held("/healthz", {"Studiolo-Api-Version": "99"}),
        site.held("/healthz", method="POST"),
    ]
    site.open()
    assert [one.result(10).status_code for one in held] == [403, 403, 401, 401, 400, 401]


class TestWhereItTakesLong:
    @pytest.fixture
    def hold_s(self) -> float:
        return 0.2

    def test_who_waits_is_told_to_come_again(self, site: Site) -> None:
        native = site.get("/api/libraries", OWNER)
        assert (native.status_code, native.headers["retry-after"]) == (503, "1")
        assert native.json()["error"]["code"] == "engine_opening"
        openai = site.get("/v1/chat/completions", OWNER, method="POST", json={"messages": []})
        assert (openai.status_code, openai.headers["retry-after"]) == (503, "1")
        assert openai.json()["error"]["type"] == "server_error"
        site.open()
        while (answer := site.get("/api/libraries", OWNER)).status_code == 503:
            pass
        assert answer.status_code == 200


def test_why_a_home_does_not_open_is_the_owners_to_know(site: Site) -> None:
    owners, others = site.held("/api/status", OWNER), site.held("/api/status", {"Authorization": "Bearer other"})
    site.front.fail(EnvironmentFault(Code.NEWER_FORMAT, store="history", found=99, supported=1))
    told = owners.result(10)
    assert told.json()["error"]["values"] == {"store": "history", "found": 99, "supported": 1}
    refused = others.result(10)
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "engine_start")
    assert "history" not in refused.text
    assert site.get("/readyz", OWNER).json()["error"]["code"] == "newer_format"
    assert site.get("/healthz").status_code == 200


def test_nobody_is_kept_waiting_by_a_server_that_stops(site: Site) -> None:
    held = site.held("/api/status", OWNER)
    site.server.should_exit = True
    answer = held.result(10)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "engine_gone")


def test_the_first_answer_waits_for_no_heavy_import() -> None:
    heavy = ("fastapi", "starlette", "pydantic", "numpy", "cryptography", "httpx", "psutil", "studiolo.bootstrap")
    script = "import sys, studiolo.cli.main, studiolo.cli.serve, studiolo.server.run, studiolo.privacy.keyring_door"
    script += f"\nprint(' '.join(name for name in {heavy!r} if name in sys.modules))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.split() == []


def test_the_handshake_is_what_clients_look_for(site: Site) -> None:
    """A client that has read it finds an engine that is alive, opened or not."""
    from studiolo.client.attach import connect

    token_file = site.home.root / "token"
    site.home.root.mkdir(parents=True)
    token_file.write_text(TOKEN)
    engine = connect(Handshake(site.url, os.getpid(), str(token_file)))
    assert engine is not None
    asked = site.pool.submit(engine.libraries)
    site.open()
    assert asked.result(10) == site.engine.libraries()
    engine.close()
