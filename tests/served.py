"""A served engine on a loopback thread, for tests that speak HTTP to it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studiolo.client.remote import RemoteEngine
from studiolo.engine import Engine
from studiolo.paths import Home
from studiolo.server.run import bind, make_server, url_of
from studiolo.server.security import Rules

ROOT = Path(__file__).resolve().parent.parent
TOKEN = "token-of-these-tests"


def child_environ(home: Home, **more: str) -> dict[str, str]:
    """The environment of a child process that is to find our packages and this home."""
    search_path = os.pathsep.join([str(ROOT / "engine"), str(ROOT)])
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR", "TEMP") if name in os.environ}
    return {**kept, "PYTHONPATH": search_path, "STUDIOLO_HOME": str(home.root), "LANG": "C", **more}


@dataclass(frozen=True)
class Served:
    """Where it listens, and a client."""

    url: str
    port: int
    engine: RemoteEngine
    home: Home

    @property
    def auth(self) -> dict[str, str]:
        """The header that opens it."""
        return {"Authorization": f"Bearer {TOKEN}"}


@contextmanager
def served(engine: Engine, home: Home, **rules: Any) -> Iterator[Served]:
    """Serve `engine` until the end of the block; does not close it. `rules`: of the door, beside token and port."""
    listener = bind("127.0.0.1", 0)
    up = threading.Event()
    made = Rules(token=TOKEN, port=listener.getsockname()[1], **rules)
    server = make_server(engine, home, listener, token=TOKEN, on_up=up.set, rules=made)
    thread = threading.Thread(target=lambda: server.run(sockets=[listener]), name="engine-served")
    with closing(listener):
        url, port = url_of(listener), listener.getsockname()[1]
        thread.start()
        try:
            assert up.wait(20), "the server did not come up"
            with closing(RemoteEngine(url, TOKEN, timeout_s=20)) as remote:
                yield Served(url, port, remote, home)
        finally:
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive()
