"""The porter: it connects a sealed process to its engine, starts what it may start, and does nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psutil
import pytest
from tests.scripted_engine import ScriptedEngine
from tests.served import TOKEN, Served, child_environ, served

from studiolo.client import AsyncClient
from studiolo.client.attach import find_running
from studiolo.client.porter import Porter
from studiolo.client.proof import proof_process
from studiolo.errors import Code, EnvironmentFault
from studiolo.handshake import Handshake, announce, write_private
from studiolo.isolation import kernel
from studiolo.jobs import CancelToken
from studiolo.models.pull_client import pull_process
from studiolo.paths import Home
from studiolo.types import Question

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="front ends are sealed on Linux only")


@pytest.fixture
def porter(home: Home) -> Iterator[Porter]:
    started = Porter.start(home, environ=child_environ(home), window=True)
    assert started is not None
    with closing(started):
        yield started


@pytest.fixture
def plain(home: Home) -> Iterator[Porter]:
    """That of a command, which is no window."""
    started = Porter.start(home, environ=child_environ(home))
    assert started is not None
    with closing(started):
        yield started


@pytest.fixture
def site(home: Home) -> Iterator[Served]:
    with served(ScriptedEngine(), home) as found:
        write_private(home.token_file, TOKEN)
        announce(home, Handshake(found.url, os.getpid(), str(home.token_file)))
        yield found


def test_it_connects_to_the_engine(site: Served, porter: Porter) -> None:
    engine = find_running(site.home, porter=porter)
    assert engine is not None
    with closing(engine):
        assert engine.status().model == "tiny"
        assert [event.kind for event in engine.ask(Question("Wie lange?"))][-1] == "finished"


def test_it_connects_to_nothing_else(site: Served, porter: Porter) -> None:
    for url in ("http://127.0.0.1:9", "http://192.0.2.1:80", site.url + "/", "http://localhost:1", ""):
        with pytest.raises(OSError, match="porter"):
            porter.dial(url)
    announce(site.home, Handshake("http://192.0.2.1:80", os.getpid(), str(site.home.token_file)))
    with pytest.raises(OSError, match="porter"):
        porter.dial("http://192.0.2.1:80")


def test_it_starts_no_other_pull_and_opens_no_other_address(porter: Porter, home: Home) -> None:
    for wrong in ("--source=https://example.org/x", "../x", "nothing-of-the-catalogue"):
        with pytest.raises(OSError, match="porter"):
            porter.start_pull(wrong)
    for address in ("file:///etc/passwd", "/bin/sh", "--help", "javascript:1"):
        assert porter.open_address(address) is False
    with pytest.raises(OSError, match="porter"):
        porter.end(1, kill=True)  # none of its children


def test_it_starts_a_pull_that_can_be_watched(porter: Porter, home: Home) -> None:
    cancel = CancelToken()
    cancel.cancel()  # nothing is fetched
    events = list(pull_process("smollm2-135m", home, cancel, start=porter.start_pull))
    assert events[-1].kind == "finished"


@pytest.mark.skipif(kernel.here() is None, reason="the kernel's seal is made for Linux on x86-64 and aarch64")
def test_it_starts_the_proof_of_the_seal(porter: Porter) -> None:
    proof = proof_process(CancelToken(), start=porter.start_proof)
    assert proof is not None
    assert proof.holds
    stopped = CancelToken()
    threading.Timer(0.05, stopped.cancel).start()
    assert proof_process(stopped, start=porter.start_proof) is None


def test_for_a_command_it_neither_pulls_nor_proves_nor_opens_addresses(plain: Porter, home: Home) -> None:
    with pytest.raises(OSError, match="porter"):
        plain.start_pull("smollm2-135m")
    with pytest.raises(OSError, match="porter"):
        plain.start_proof()
    assert plain.open_address("https://studiolo.invalid/?what=was_said") is False


def test_what_it_hands_over_is_for_nobody_who_is_started_here(site: Served, porter: Porter) -> None:
    with closing(porter.dial(site.url)) as dialled:
        assert not os.get_inheritable(dialled.fileno())


def test_a_late_answer_is_not_taken_for_the_next_ones() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with closing(theirs), subprocess.Popen([sys.executable, "-c", ""]) as process:
        ours.settimeout(0.05)
        porter = Porter(ours, process)
        with pytest.raises(OSError, match="timed out"):
            porter.poll(1)
        with contextlib.suppress(BrokenPipeError):  # nobody hears it any more
            theirs.send(b'{"done": 0}')
        with pytest.raises(OSError, match="file descriptor"):
            porter.poll(2)
        porter.close()


def test_it_outlives_requests_that_are_none(porter: Porter) -> None:
    for wrong in (b"[" * 60_000, b"\xff", b"{}", b'["connect"]', b'["engine", "8080"]'):
        porter._talk.send(wrong)
        assert json.loads(porter._talk.recv(1 << 16)) == {"refused": 1}


def test_it_ends_with_who_started_it(home: Home) -> None:
    code = """
import os, sys
from studiolo.client.porter import Porter
from studiolo.paths import home_from
porter = Porter.start(home_from(os.environ), environ=os.environ)
print(porter._process.pid, flush=True)
os._exit(0)
"""
    ran = subprocess.run([sys.executable, "-c", code], env=child_environ(home), capture_output=True, check=True)
    deadline = time.monotonic() + 30
    while psutil.pid_exists(int(ran.stdout)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not psutil.pid_exists(int(ran.stdout))


def test_without_it_the_engine_is_gone(site: Served, home: Home) -> None:
    porter = Porter.start(home, environ=child_environ(home))
    assert porter is not None
    engine = find_running(site.home, porter=porter)
    assert engine is not None
    porter.close()
    engine._client._transport.close()  # the connections that are kept would still serve
    with closing(engine), pytest.raises(EnvironmentFault) as raised:
        engine.status()
    assert raised.value.code is Code.ENGINE_GONE


def test_it_connects_an_asyncio_program(site: Served, porter: Porter) -> None:
    async def main() -> None:
        async with AsyncClient(site.url, TOKEN, dial=lambda: porter.dial(site.url)) as client:
            answers = await asyncio.gather(*(client.ask(f"押金 {number}?") for number in range(6)))
            assert {answer.text for answer in answers} == {"Twelve months 十二个月 [1]."}
            assert (await client.status()).model == "tiny"
            with pytest.raises(EnvironmentFault) as gone:
                async with AsyncClient(
                    "http://127.0.0.1:9", "x", dial=lambda: porter.dial("http://127.0.0.1:9")
                ) as other:
                    await other.status()
            assert gone.value.code is Code.ENGINE_GONE

    asyncio.run(main())


def test_a_connection_that_comes_too_late_is_closed(site: Served) -> None:
    begun, go = threading.Event(), threading.Event()
    made: list[socket.socket] = []

    def late() -> socket.socket:
        begun.set()
        go.wait(20)
        made.append(socket.create_connection(("127.0.0.1", site.port)))
        return made[0]

    async def main() -> None:
        async with AsyncClient(site.url, "x", dial=late) as client:
            asked = asyncio.create_task(client.libraries())
            await asyncio.to_thread(begun.wait, 20)
            asked.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asked
            go.set()
            await asyncio.get_running_loop().shutdown_default_executor()

    asyncio.run(main())
    assert made[0].fileno() == -1


@pytest.mark.skipif(kernel.here() is None, reason="the kernel's seal is made for Linux on x86-64 and aarch64")
def test_a_sealed_command_reaches_the_running_engine_and_nothing_else(site: Served, home: Home) -> None:
    code = """
import json, os, socket
from studiolo.client.session import open_engine
from studiolo.isolation.seal import self_test
from studiolo.types import Question
with open_engine(environ=os.environ, sealed=True) as engine:
    found = {"model": engine.status().model, "sealed": self_test().sealed}
    found["answer"] = [event.kind for event in engine.ask(Question("押金是多少？"))][-1]
try:
    socket.socket(socket.AF_INET)
except PermissionError:
    found["socket"] = "refused"
print(json.dumps(found))
"""
    ran = subprocess.run(
        [sys.executable, "-c", code], env=child_environ(home), capture_output=True, check=False, timeout=60
    )
    assert ran.returncode == 0, ran.stderr.decode()[-2000:]
    found: dict[str, Any] = json.loads(ran.stdout)
    assert found == {"model": "tiny", "sealed": True, "answer": "finished", "socket": "refused"}
