"""Named tokens on a real engine: what they see is screened, what they send cannot hurt, a full disk says so."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from tests.contract.conftest import House, open_house
from tests.served import Served, child_environ, served

from studiolo.client.spawn import spawn_engine
from studiolo.paths import Home
from studiolo.tokens import TokenStore

PHONES = ("+44 20 7946 0958", "13800138000")


@dataclass
class Site:
    house: House
    served: Served

    def token(self, *scopes: str, **more: Any) -> dict[str, str]:
        store = TokenStore(self.house.home, clock=time.time)
        _, secret = store.create(f"t{len(store.list())}", scopes=scopes, **more)
        return {"Authorization": f"Bearer {secret}"}

    def call(self, method: str, path: str, headers: dict[str, str], **more: Any) -> httpx.Response:
        return httpx.request(method, self.served.url + path, headers=headers, trust_env=False, timeout=60, **more)

    def job(self, job: str, headers: dict[str, str]) -> dict[str, Any]:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            state: dict[str, Any] = self.call("GET", f"/api/jobs/{job}", headers).json()
            if state["state"] not in ("queued", "running"):
                return state
            time.sleep(0.05)
        raise AssertionError("the job did not end")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with open_house(tmp_path_factory.mktemp("tokens"), remote=False) as house, served(house.local, house.home) as found:
        list(house.engine.add([house.files]))
        list(found.engine.add([Path("/nothing")]))  # the server's job thread begins here, not in a test
        yield Site(house, found)


@pytest.mark.parametrize("query", ["Call the landlord", "联系电话"])
def test_passages_are_screened_for_whoever_is_not_the_owner(site: Site, query: str) -> None:
    body = {"query": query, "limit": 10, "reader": "owner"}
    own = site.call("POST", "/api/search", site.served.auth, json=body)
    assert [phone for phone in PHONES if phone in own.text.encode().decode("unicode_escape")] == list(PHONES)
    masked = site.call("POST", "/api/search", site.token("search"), json=body)
    shown = masked.text.encode().decode("unicode_escape")
    assert masked.status_code == 200
    assert len(masked.json()["hits"]) == len(own.json()["hits"])
    assert not [phone for phone in PHONES if phone in shown]
    assert "<PHONE_NUMBER>" in shown
    assert all(hit["spans"] == [] for hit in masked.json()["hits"])
    restored = site.call("POST", "/api/search", site.token("search", "restore"), json=body)
    assert all(phone in restored.text.encode().decode("unicode_escape") for phone in PHONES)
    blocked = site.call("POST", "/api/search", site.token("search", profile="blocked"), json=body)
    assert blocked.status_code == 200
    assert not [phone for phone in PHONES if phone in blocked.text]
    assert len(blocked.json()["hits"]) < len(own.json()["hits"])


def test_answers_are_masked_and_sources_too(site: Site) -> None:
    body = {"question": "How long is the term of the lease? Call +44 20 7946 0958. 电话13800138000", "reader": "owner"}
    answer = site.call("POST", "/api/ask", site.token("ask"), json=body)
    assert answer.status_code == 200
    assert '"kind":"finished"' in answer.text
    assert '"kind":"retrieved"' in answer.text
    shown = answer.text.encode().decode("unicode_escape")
    assert not [phone for phone in PHONES if phone in shown]


@pytest.mark.parametrize("path", ["/api/ask", "/api/chat"])
def test_scripts_begin_when_no_person_is_served(site: Site, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stood_back: list[str] = []
    scheduler = site.house.local._parts.scheduler
    monkeypatch.setattr(scheduler, "give_way", lambda _over, **_: stood_back.append(path))
    body = {"question": "多久?", "messages": [{"role": "user", "content": "多久?"}]}
    for headers, times in (
        (site.served.auth, 0),
        (site.token("ask", service="interactive"), 0),
        (site.token("ask"), 1),
    ):
        stood_back.clear()
        assert '"kind":"finished"' in site.call("POST", path, headers, json=body).text
        assert len(stood_back) == times


def _zip_bomb(files: int, size: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for number in range(files):
            archive.writestr(f"{number}.txt", b"\0" * size)
    return packed.getvalue()


def test_a_zip_bomb_is_refused_and_leaves_nothing(site: Site) -> None:
    inner = _zip_bomb(4, 200 * 1024**2)
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(20):
            archive.writestr(f"{number}.zip", inner)
    headers = site.token("ingest")
    held = psutil.Process().memory_info().rss  # other tests of this process have loaded models
    for name, content in (("bomb.zip", _zip_bomb(12, 200 * 1024**2)), ("炸弹.zip", outer.getvalue())):
        assert len(content) < 16 * 1024**2
        started = site.call("POST", "/api/libraries/bombs/documents", headers, files={"f": (name, content)})
        assert started.status_code == 202
        state = site.job(started.json()["job"], headers)
        (file,) = state["files"]
        assert (file["status"], file["passages"]) in (("failed", 0), ("added", 0)), file
        assert file["reason"] in ("archive_too_large", "file_too_large", "parse_timeout", "empty_document"), file
    assert site.call("GET", "/healthz", {}).status_code == 200
    assert site.call("POST", "/api/search", site.token("search"), json={"query": "lease"}).json()["hits"]
    assert psutil.Process().memory_info().rss - held < 1024**3


def test_files_of_an_upload_and_of_a_root_are_taken_in(site: Site, tmp_path: Path) -> None:
    (tmp_path / "合同.md").write_text("# Contract\n\nThe deposit is two months' rent. 押金为两个月租金。\n", "utf-8")
    headers = site.token("ingest", "search", roots=[tmp_path])
    started = site.call("POST", "/api/libraries/合同/documents", headers, json={"paths": [str(tmp_path)]})
    assert site.job(started.json()["job"], headers)["files"][0]["status"] == "added"
    found = site.call("POST", "/api/search", headers, json={"query": "押金", "library": "合同"}).json()["hits"]
    assert "押金为两个月租金" in found[0]["text"]


# a disk that is full


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="mounts a small disk")
def test_on_a_full_disk_requests_fail_with_the_reason_and_what_is_stored_stays(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=200m", "tmpfs", str(disk)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("may not mount")
    try:
        with open_house(disk, remote=False) as house, served(house.local, house.home) as found:
            site, owner = Site(house, found), found.auth
            list(house.engine.add([house.files]))
            list(found.engine.add([Path("/nothing")]))
            asked = {"question": "How long is the term?", "stream": False}
            before = site.call("POST", "/api/ask", owner, json=asked)
            assert before.status_code == 200
            stored = site.call("GET", "/api/conversations", owner).json()
            filler = disk / "filler"
            with filler.open("wb", buffering=0) as file:
                for size in (1024**2, 4096, 1):
                    with contextlib.suppress(OSError):
                        while file.write(b"\0" * size):
                            pass
            assert shutil.disk_usage(disk).free < 4096
            failing = [
                ("POST", "/api/libraries", {"name": "new"}),
                ("POST", "/api/ask", asked),
                ("POST", "/api/tokens", {"name": "new", "scopes": ["ask"]}),
            ]
            for method, path, body in failing:
                answer = site.call(method, path, owner, json=body)
                assert (answer.status_code, answer.json()["error"]["code"]) == (507, "disk_full"), path
            files = {"f": ("a.txt", b"x" * 100_000)}
            upload = site.call("POST", "/api/libraries/default/documents", owner, files=files)
            assert (upload.status_code, upload.json()["error"]["code"]) == (507, "disk_full")
            assert not [path for path in house.home.uploads.rglob("*") if path.is_file()]
            assert site.call("GET", "/api/conversations", owner).json() == stored
            (conversation,) = stored["conversations"]
            turns = site.call("GET", f"/api/conversations/{conversation['id']}", owner).json()["turns"]
            assert turns[0]["answer"]
            assert len(site.call("GET", "/api/libraries/default/documents", owner).json()["documents"]) == 2
            assert site.call("POST", "/api/search", owner, json={"query": "term of the lease"}).json()["hits"]
            filler.unlink()
            assert site.call("POST", "/api/ask", owner, json=asked).status_code == 200
            assert site.call("POST", "/api/libraries", owner, json={"name": "new"}).status_code == 201
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


# secrets


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_token_is_in_arguments_environment_or_logs(home: Home) -> None:
    environ = child_environ(home)
    engine = spawn_engine(home, environ=environ)
    try:
        owner = home.token_file.read_text().strip()
        _, named = TokenStore(home, clock=time.time).create("夜间", scopes=["ask", "search"])
        address = json.loads(home.engine_file.read_text())["url"]
        for token in (owner, named, "studiolo_guess"):
            headers = {"Authorization": f"Bearer {token}"}
            for path in ("/api/models", "/api/audit", "/nowhere", f"/api/jobs/{token}"):
                httpx.get(address + path, headers=headers, trust_env=False, timeout=60)
        family = [psutil.Process(engine.pid), *psutil.Process(engine.pid).children(recursive=True)]
        for process in family:
            told = Path(f"/proc/{process.pid}/cmdline").read_bytes() + Path(f"/proc/{process.pid}/environ").read_bytes()
            assert owner.encode() not in told
            assert named.encode() not in told
    finally:
        engine.terminate()
    for path in home.root.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert named.encode() not in content, path
            assert owner.encode() not in content, path
