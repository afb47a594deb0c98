"""`/openapi.json` says what the routes do: every answer and error, with examples that hold and requests that work."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from tests.scripted_engine import PASSAGE, ScriptedEngine
from tests.served import Served, served

from studiolo.errors import Code, EnvironmentFault, error_for
from studiolo.paths import Home
from studiolo.server.app import create_app
from studiolo.server.described_native import native_table
from studiolo.server.described_openai import openai_table
from studiolo.server.errors import STATUS
from studiolo.server.rights import OPEN, OWNER, needed
from studiolo.server.security import Rules
from studiolo.server.versions import API_VERSION, HEADER

TABLE = {**native_table(), **openai_table()}
PLACES = {
    "name": "contracts", "document_id": "d1", "page": "3", "conversation_id": "c1", "turn_id": "t1", "model_id": "tiny",
}  # fmt: skip


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    app = create_app(ScriptedEngine(), rules=Rules(token="t", port=1), home=Home(Path("/nowhere")), pid=1)
    return app.openapi()


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine()


@pytest.fixture
def site(engine: ScriptedEngine, home: Home) -> Iterator[Served]:
    with served(engine, home) as found:
        yield found


def validate(spec: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    jsonschema.Draft202012Validator({**schema, "components": spec["components"]}).validate(value)


def operations(spec: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in spec["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def test_every_route_is_described_and_nothing_else(spec: dict[str, Any]) -> None:
    assert {(method, path) for method, path, _ in operations(spec)} == set(TABLE)


def test_the_description_is_whole(spec: dict[str, Any]) -> None:
    json.dumps(spec)
    assert spec["openapi"].startswith("3.1")
    assert spec["security"] == [{"bearer": []}]
    assert {tag for _, _, operation in operations(spec) for tag in operation["tags"]} == {
        tag["name"] for tag in spec["tags"]
    }
    assert f"version {API_VERSION}" in spec["info"]["description"]
    text = json.dumps(spec)
    assert "HTTPValidationError" not in text
    for reference in {part.split('"')[0] for part in text.split('"$ref": "#/')[1:]}:
        place = spec
        for step in reference.split("/"):
            place = place[step]


def test_every_answer_and_error_has_an_example_that_fits(spec: dict[str, Any]) -> None:
    for method, path, operation in operations(spec):
        assert len(operation["responses"]) >= 4 or needed(method, path) == OPEN, (method, path)
        for status, response in operation["responses"].items():
            assert response["description"]
            for media, content in response.get("content", {}).items():
                found = content.get("examples", {"": {"value": content.get("example")}})
                for given in found.values():
                    named = given.get("$ref", "").rsplit("/", 1)[-1]
                    example = spec["components"]["examples"][named] if named else given
                    assert example["value"] is not None, (method, path, status, media)
                    if media == "application/json":
                        validate(spec, content["schema"], example["value"])


def test_every_body_has_an_example_that_fits(spec: dict[str, Any]) -> None:
    for method, path, operation in operations(spec):
        if "requestBody" in operation:
            content = operation["requestBody"]["content"]["application/json"]
            validate(spec, content["schema"], content["example"])
        else:
            assert TABLE[method, path].body is None


def request(site: Served, method: str, path: str, **places: str) -> httpx.Response:
    body = TABLE[method, path].body
    more = {} if body is None else {"json": body}
    address = path.format(**{**PLACES, **places})
    return httpx.request(method, site.url + address, headers=site.auth, trust_env=False, timeout=20, **more)


@pytest.mark.parametrize(("method", "path"), TABLE)
def test_what_is_answered_is_what_is_said(
    site: Served, spec: dict[str, Any], method: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import studiolo.server.libraries as libraries

    monkeypatch.setattr(libraries, "absolute", lambda given, *, field: tmp_path / Path(given).name)
    monkeypatch.setattr("studiolo.server.models.absolute", lambda given, *, field: tmp_path / Path(given).name)
    monkeypatch.setattr("studiolo.server.tokens.absolute", lambda given, *, field: tmp_path / Path(given).name)
    (tmp_path / "model.gguf").write_bytes(b"")
    (tmp_path / "contracts").mkdir()
    if method == "DELETE" and path == "/api/libraries/{name}/documents":
        monkeypatch.setitem(TABLE, (method, path), type(TABLE[method, path])(None, status=204, body={"ids": ["d1"]}))
    job = request(site, "POST", "/api/libraries/{name}/documents").json()["job"]
    if path == "/api/tokens/{name}":
        made = {"name": PLACES["name"], "scopes": ["ask"]}
        httpx.post(f"{site.url}/api/tokens", headers=site.auth, json=made, trust_env=False)
    if "stream_name" in path:
        return  # needs a stream that runs: tests of the native API have one
    model = "tiny" if path.startswith("/api") else "tiny@default"
    answer = request(site, method, path, job_id=job, model_id=model)
    says, operation = TABLE[method, path], spec["paths"][path][method.lower()]
    assert answer.status_code == says.status
    media = answer.headers.get("content-type", "").split(";")[0]
    content = operation["responses"][str(says.status)].get("content", {})
    assert media in content or (not content and not answer.content)
    if media == "application/json":
        validate(spec, content[media]["schema"], answer.json())
    if path != "/healthz":
        assert answer.headers[HEADER] == str(API_VERSION)


@pytest.mark.parametrize(("method", "path"), TABLE)
def test_every_error_said_is_answered_with_its_status(home: Home, spec: dict[str, Any], method: str, path: str) -> None:
    codes = set(TABLE[method, path].codes)
    engine = ScriptedEngine()
    with served(engine, home) as site:
        for code in codes:
            engine.error = error_for(code.value, {})
            answer = request(site, method, path, job_id="none", stream_name="none", model_id="none")
            assert str(answer.status_code) in spec["paths"][path][method.lower()]["responses"]
            if answer.is_error:
                schema = spec["paths"][path][method.lower()]["responses"][str(answer.status_code)]
                validate(spec, schema["content"]["application/json"]["schema"], answer.json())


def test_who_may_stands_with_each_route(spec: dict[str, Any]) -> None:
    for method, path, operation in operations(spec):
        scopes = needed(method, path)
        assert operation["security"] == ([] if scopes == OPEN else [{"bearer": list(scopes)}])
        said = operation["responses"]
        assert ("401" in said) == (scopes != OPEN)
        assert ("429" in said) == (scopes not in (OPEN, OWNER))
        codes = set(said["403"]["content"]["application/json"]["examples"])
        assert (Code.MISSING_SCOPE.value in codes) == bool(set(scopes) - set(OPEN))


@pytest.mark.parametrize(("method", "path"), [("GET", "/api/libraries"), ("GET", "/v1/models")])
def test_a_named_token_is_refused_as_is_said(site: Served, spec: dict[str, Any], method: str, path: str) -> None:
    body = {"name": "once", "scopes": ["ask"], "rate_per_minute": 1}
    made = httpx.post(f"{site.url}/api/tokens", headers=site.auth, json=body, trust_env=False).json()
    for asked, status in (("/api/status", 403), (path, 200), (path, 429)):
        answer = httpx.request(
            method, site.url + asked, headers={"Authorization": f"Bearer {made['token']}"}, trust_env=False
        )
        assert answer.status_code == status
        said = spec["paths"][asked][method.lower()]["responses"][str(status)]
        validate(spec, said["content"]["application/json"]["schema"], answer.json())
        assert all(header in answer.headers for header in said.get("headers", {}))
    assert int(answer.headers["Retry-After"]) > 0


def test_a_picture_alone(site: Served) -> None:
    headers = {**site.auth, "Accept": "image/png"}
    path = "/api/libraries/contracts/documents/d1/pages/3"
    answer = httpx.get(site.url + path, headers=headers, trust_env=False)
    assert answer.headers["content-type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG")
    with_text = httpx.get(site.url + path, headers=site.auth, trust_env=False).json()
    assert with_text["text"] == PASSAGE.text


@pytest.mark.parametrize(("path", "code"), [("/api/libraries", "code"), ("/v1/models", "code")])
def test_another_version_is_refused_before_anything_is_done(
    site: Served, engine: ScriptedEngine, path: str, code: str
) -> None:
    same = httpx.get(site.url + path, headers={**site.auth, HEADER: str(API_VERSION)}, trust_env=False)
    assert same.status_code == 200
    engine.calls.clear()
    for version in ("2", "", "x"):
        other = httpx.get(site.url + path, headers={**site.auth, HEADER: version}, trust_env=False)
        assert (other.status_code, other.json()["error"][code]) == (400, Code.BAD_REQUEST.value)
        assert other.headers[HEADER] == str(API_VERSION)
    assert engine.calls == []


def test_the_description_needs_the_token_and_names_all_statuses(site: Served, spec: dict[str, Any]) -> None:
    assert httpx.get(f"{site.url}/openapi.json", trust_env=False).status_code == 401
    answer = httpx.get(f"{site.url}/openapi.json", headers=site.auth, trust_env=False, timeout=120)
    assert answer.json() == spec
    for method, path, operation in operations(spec):
        known = {str(STATUS[code][0]) for code in TABLE[method, path].codes}
        assert known <= set(operation["responses"])


@pytest.mark.parametrize("code", [Code.KEYRING_MISSING, Code.PASSPHRASE_NEEDED])
def test_a_protection_that_cannot_be_had_is_no_fault_of_the_server(home: Home, code: Code) -> None:
    with served(ScriptedEngine(error=error_for(code.value, {})), home) as site:
        answer = request(site, "PUT", "/api/pseudonyms/protection")
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, code.value)
        with pytest.raises(EnvironmentFault) as caught:
            site.engine.protect_pseudonyms("keyring")
    assert caught.value.code is code
