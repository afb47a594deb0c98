"""Every code has a status and a sentence; both forms of an error carry it."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import httpx
import pytest
from tests.scripted_engine import ScriptedEngine
from tests.served import served

from studiolo.errors import Code, EngineBug, EnvironmentFault, PolicyBlock, StudioloError, error_for
from studiolo.paths import Home
from studiolo.server.errors import STATUS, native_shape, openai_shape, status_of
from studiolo.server.logs import PlacesFormatter


@pytest.mark.parametrize("code", list(Code))
def test_every_code_is_in_the_table(code: Code) -> None:
    error = error_for(code.value, {"path": "/secret"})
    status, message = STATUS[code]
    assert 400 <= status < 600
    assert re.fullmatch(r"[A-Z].+\.", message)
    assert "{" not in message
    assert status_of(error) == status
    assert native_shape(error)["error"] == {"code": code.value, "message": message, "values": {"path": "/secret"}}
    openai = openai_shape(error)["error"]
    assert openai.keys() >= {"message", "type", "code", "param"}
    assert "/secret" not in openai["message"]


def test_blame_shows_in_the_status() -> None:
    for code in Code:
        error = error_for(code.value, {})
        if isinstance(error, EnvironmentFault | EngineBug):
            assert status_of(error) >= 500
        elif not isinstance(error, PolicyBlock):
            assert status_of(error) < 500


@pytest.mark.parametrize(
    ("path", "read"),
    [("/api/models", lambda body: body["error"]["code"]), ("/v1/models", lambda body: body["error"]["type"])],
)
def test_an_unexpected_error_says_only_its_kind(
    home: Home, path: str, read: object, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(ScriptedEngine):
        def models(self):
            raise ValueError("Ada's phone")

    with served(Broken(), home) as site:
        answer = httpx.get(site.url + path, headers=site.auth, trust_env=False)
    assert answer.status_code == 500
    assert "Ada" not in answer.text
    assert "ValueError" in answer.text
    assert callable(read)
    assert read(answer.json()) in ("internal", "server_error")
    assert [record for record in caplog.records if record.exc_info]
    for record in caplog.records:
        assert "Ada" not in PlacesFormatter("%(message)s").format(record)


def test_a_log_line_of_an_error_names_places_not_messages() -> None:
    try:
        try:
            raise KeyError("Ada")
        except KeyError as inner:
            raise RuntimeError("Lovelace") from inner
    except RuntimeError:
        import sys

        record = logging.LogRecord("studiolo", logging.ERROR, __file__, 1, "failed", (), sys.exc_info())
    line = PlacesFormatter("%(message)s").format(record)
    assert "RuntimeError" in line
    assert Path(__file__).name in line
    assert "Ada" not in line
    assert "Lovelace" not in line


def test_unknown_paths_and_methods(home: Home) -> None:
    with served(ScriptedEngine(), home) as site:
        nowhere = httpx.get(site.url + "/api/nowhere", headers=site.auth, trust_env=False)
        wrong = httpx.put(site.url + "/api/status", headers=site.auth, trust_env=False)
    assert nowhere.status_code == 404
    assert nowhere.json()["error"]["code"] == "bad_request"
    assert wrong.status_code == 405
    assert wrong.headers["allow"] == "GET"


def test_an_error_of_the_engine_keeps_code_and_values(home: Home) -> None:
    error = EnvironmentFault(Code.NEWER_FORMAT, store="历史", found=9, supported=1)
    with served(ScriptedEngine(error=error), home) as site:
        with pytest.raises(StudioloError) as caught:
            site.engine.libraries()
        answer = httpx.get(site.url + "/v1/models", headers=site.auth, trust_env=False)
    assert type(caught.value) is EnvironmentFault
    assert (caught.value.code, caught.value.values) == (error.code, error.values)
    assert answer.json()["error"]["type"] == "server_error"
