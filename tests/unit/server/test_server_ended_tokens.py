"""A token that is revoked or whose time is over: what runs for it ends, with an error in the form of its API."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import openai
import pytest
from tests.scripted_engine import ScriptedEngine
from tests.served import Served, served

from studiolo.paths import Home
from studiolo.tokens import TokenStore


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine()


@pytest.fixture
def site(engine: ScriptedEngine, tmp_path: Path) -> Iterator[Served]:
    with served(engine, Home(tmp_path / "home")) as found:
        list(found.engine.add([Path("nothing")]))  # the threads of its jobs begin here
        engine.hold = True
        yield found
        engine.hold = False


class Holder:
    """Who has a named token."""

    def __init__(self, site: Served, *, lifetime_s: float | None = None, scopes: tuple[str, ...] = ("ask",)) -> None:
        self.store = TokenStore(site.home, clock=time.time)
        _, self.secret = self.store.create("nightly", scopes=scopes, lifetime_s=lifetime_s)
        self.headers = {"Authorization": f"Bearer {self.secret}"}

    def revoke(self) -> None:
        self.store.revoke("nightly")


def last_event(answer: httpx.Response) -> dict[str, object]:
    lines = [line for line in answer.iter_lines() if line.startswith("data: ")]
    found: dict[str, object] = json.loads(lines[-1].removeprefix("data: "))
    return found


@pytest.mark.parametrize("lifetime_s", [None, 2.0])
def test_a_running_answer_ends(site: Served, engine: ScriptedEngine, lifetime_s: float | None) -> None:
    holder = Holder(site, lifetime_s=lifetime_s)
    with httpx.stream(
        "POST",
        f"{site.url}/api/ask",
        json={"question": "租期多久？"},
        headers=holder.headers,
        trust_env=False,
        timeout=20,
    ) as answer:
        assert answer.status_code == 200
        assert engine.holding.wait(10)
        if lifetime_s is None:
            holder.revoke()
        event = last_event(answer)
    assert (event["kind"], event["code"]) == ("failed", "unauthorised")
    assert engine.cancelled.wait(10)
    again = httpx.get(f"{site.url}/v1/models", headers=holder.headers, trust_env=False)
    assert again.status_code == 401


def test_a_stream_of_the_openai_api_ends_in_its_form(site: Served, engine: ScriptedEngine) -> None:
    holder = Holder(site)
    with (
        openai.OpenAI(base_url=f"{site.url}/v1", api_key=holder.secret, max_retries=0, timeout=20) as client,
        client.chat.completions.create(model="m", messages=[{"role": "user", "content": "q"}], stream=True) as stream,
    ):
        next(iter(stream))
        assert engine.holding.wait(10)
        holder.revoke()
        with pytest.raises(openai.APIError) as caught:
            list(stream)
    assert caught.value.code == "unauthorised"
    assert engine.cancelled.wait(10)


def test_an_answer_in_one_piece_is_refused(site: Served, engine: ScriptedEngine) -> None:
    holder = Holder(site)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(
            httpx.post,
            f"{site.url}/api/ask",
            json={"question": "q", "stream": False},
            headers=holder.headers,
            trust_env=False,
            timeout=20,
        )
        assert engine.holding.wait(10)
        holder.revoke()
        answer = asked.result(20)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorised")


def test_the_events_of_a_job_end_and_the_job_goes_on(site: Served, engine: ScriptedEngine, tmp_path: Path) -> None:
    holder = Holder(site, scopes=("ingest",))
    url = f"{site.url}/api/libraries/x/documents"
    files = {"f": ("合同.txt", b"x")}
    job = httpx.post(url, files=files, headers=holder.headers, trust_env=False, timeout=20).json()["job"]
    with httpx.stream(
        "GET", f"{site.url}/api/jobs/{job}/events", headers=holder.headers, trust_env=False, timeout=20
    ) as answer:
        assert engine.holding.wait(10)
        holder.revoke()
        assert last_event(answer)["code"] == "unauthorised"
    found = httpx.get(f"{site.url}/api/jobs/{job}", headers=site.auth, trust_env=False).json()
    assert found["state"] == "running"
    httpx.delete(f"{site.url}/api/jobs/{job}", headers=site.auth, trust_env=False)
    with httpx.stream("GET", f"{site.url}/api/jobs/{job}/events", headers=site.auth, trust_env=False) as answer:
        last_event(answer)


def test_the_owner_reads_on(site: Served, engine: ScriptedEngine) -> None:
    holder, named = Holder(site), {**site.auth, "X-Studiolo-Stream": "s1"}
    with httpx.stream(
        "POST", f"{site.url}/api/ask", json={"question": "q"}, headers=named, trust_env=False, timeout=20
    ) as answer:
        assert engine.holding.wait(10)
        holder.revoke()
        time.sleep(2.5)  # it has been looked twice
        assert not engine.cancelled.is_set()
        httpx.delete(f"{site.url}/api/streams/s1", headers=site.auth, trust_env=False)
        assert last_event(answer)["kind"] == "finished"
