"""The native API as a script sees it: shapes, server-sent events, jobs, uploads, cancelling."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.scripted_engine import ANSWER_EVENTS, COMPARISON, TALLY, ScriptedEngine
from tests.served import Served, served

from studiolo.errors import Code, EnvironmentFault, UserError
from studiolo.events import Failed, Started
from studiolo.paths import Home
from studiolo.server.bodies import PathsBody
from studiolo.server.run import _settle
from studiolo.types import AdapterUse, Reader


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine()


@pytest.fixture
def site(engine: ScriptedEngine, home: Home) -> Iterator[Served]:
    with served(engine, home) as found:
        yield found


def call(site: Served, method: str, path: str, **more: Any) -> httpx.Response:
    headers = {**site.auth, **more.pop("headers", {})}
    return httpx.request(method, site.url + path, headers=headers, trust_env=False, timeout=20, **more)


def finished(site: Served, job: str) -> dict[str, Any]:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        state = call(site, "GET", f"/api/jobs/{job}").json()
        if state["state"] not in ("queued", "running"):
            return state
        time.sleep(0.02)
    raise AssertionError("the job did not end")


def test_ask_streams_one_server_sent_event_each(site: Served, engine: ScriptedEngine) -> None:
    answer = call(site, "POST", "/api/ask", json={"question": "多久?"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    blocks = [block for block in answer.text.split("\n\n") if block]
    kinds = [block.split("\n")[0].removeprefix("event: ") for block in blocks]
    assert kinds == [event.kind for event in ANSWER_EVENTS]
    data = [json.loads(block.split("\n")[1].removeprefix("data: ")) for block in blocks]
    assert "".join(item["text"] for item in data if item["kind"] == "delta") == "Twelve months 十二个月 [1]."
    (_, question) = engine.calls[0]
    assert (question.text, question.library, question.reader) == ("多久?", "default", Reader.OWNER)


def test_ask_without_a_stream_is_the_shape_of_the_contract(site: Served) -> None:
    assert call(site, "POST", "/api/ask", json={"question": "q", "stream": False}).json() == {
        "answer": "Twelve months 十二个月 [1].",
        "citations": [
            {
                "document": "租约 lease.pdf",
                "page": 3,
                "quote": "The term of the lease is twelve months.",
                "verified": True,
            }
        ],
        "timings": {
            "retrieve_s": 0.01,
            "first_token_s": 0.2,
            "total_s": 0.9,
            "read_tokens_per_s": 400.0,
            "write_tokens_per_s": 10.0,
            "energy_j": 31.5,
        },
        "usage": {"prompt_tokens": 120, "reused_tokens": 40, "completion_tokens": 7},
        "redactions": [{"type": "PHONE", "count": 1}],
    }


def test_adapters_are_named_in_the_body(site: Served, engine: ScriptedEngine) -> None:
    adapters = [{"name": "合同", "scale": -0.5}, {"name": "b"}]
    call(site, "POST", "/api/ask", json={"question": "多久?", "adapters": adapters})
    call(site, "POST", "/api/chat", json={"messages": [{"role": "user", "content": "q"}], "adapters": adapters})
    assert [asked.adapters for _, asked in engine.calls] == [(AdapterUse("合同", -0.5), AdapterUse("b"))] * 2
    for bad in ([{"name": ""}], [{"name": "b", "scale": -10.5}], [{"name": "b", "scale": "strong"}], {"name": "b"}):
        assert call(site, "POST", "/api/ask", json={"question": "q", "adapters": bad}).status_code == 422


@pytest.mark.parametrize("stream", [True, False])
def test_an_early_error_is_a_status(site: Served, stream: bool) -> None:
    answer = call(site, "POST", "/api/ask", json={"question": "q", "library": "none", "stream": stream})
    assert answer.status_code == 404
    assert answer.json()["error"]["values"] == {"library": "none"}


def test_a_late_error_is_the_last_event(home: Home) -> None:
    class Breaks(ScriptedEngine):
        def ask(self, question, *, cancel=None):
            yield Started("c", "t", "m")
            raise EnvironmentFault(Code.DISK_FULL, path="/家")

    with served(Breaks(), home) as site:
        answer = call(site, "POST", "/api/ask", json={"question": "q"})
        whole = call(site, "POST", "/api/ask", json={"question": "q", "stream": False})
    assert answer.text.count("event: ") == 2
    assert json.loads(answer.text.rsplit("data: ", 1)[1]) == {
        "kind": "failed",
        "code": "disk_full",
        "values": {"path": "/家"},
    }
    assert whole.status_code == 507


def test_a_stream_without_an_end_gets_one(home: Home) -> None:
    with served(ScriptedEngine(answer=(Started("c", "t", "m"),)), home) as site:
        answer = call(site, "POST", "/api/ask", json={"question": "q"})
    assert json.loads(answer.text.rsplit("data: ", 1)[1])["code"] == "internal"


def test_leaving_a_stream_cancels_the_work(home: Home) -> None:
    engine = ScriptedEngine(hold=True)
    with served(engine, home) as site:
        with httpx.stream(
            "POST", site.url + "/api/ask", json={"question": "q"}, headers=site.auth, trust_env=False
        ) as answer:
            lines = answer.iter_text()  # kept: an iterator that is dropped closes the connection at once
            assert next(lines)
            assert engine.holding.wait(10)
        assert engine.cancelled.wait(10)


def test_leaving_an_answer_that_is_not_streamed_cancels_the_work(home: Home) -> None:
    engine = ScriptedEngine(hold=True)
    with served(engine, home) as site:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(
                site.url + "/api/ask",
                json={"question": "q", "stream": False},
                headers=site.auth,
                trust_env=False,
                timeout=0.5,
            )
        assert engine.cancelled.wait(10)


def test_search_shape(site: Served, engine: ScriptedEngine) -> None:
    found = call(site, "POST", "/api/search", json={"query": "租期", "library": "contracts", "limit": 1}).json()
    assert found.keys() == {"query", "hits", "seconds", "by"}
    (hit,) = found["hits"]
    assert hit.items() >= {"document": "租约 lease.pdf", "page": 3, "passage_id": "p1", "score": 0.75}.items()
    assert engine.calls == [("search", "租期", "contracts", 1, None)]


def test_adding_paths_is_a_job(site: Served, tmp_path: Path) -> None:
    good, gone = tmp_path / "合同.txt", tmp_path / "gone.txt"
    good.write_text("text")
    accepted = call(site, "POST", "/api/libraries/default/documents", json={"paths": [str(good), str(gone)]})
    assert accepted.status_code == 202
    job = accepted.json()["job"]
    ended = finished(site, job)
    assert ended["state"] == "finished"
    assert [(item["path"], item["status"], item["reason"]) for item in ended["files"]] == [
        (str(good), "added", ""),
        (str(gone), "failed", "file_missing"),
    ]
    late = call(site, "GET", accepted.json()["events"]).text
    assert [line for line in late.split("\n") if line.startswith("event")][-1] == "event: finished"
    assert late.count("event: file_done") == 2


@pytest.mark.parametrize("body", [{}, {"paths": []}, {"paths": "x"}, {"paths": ["relative.txt"]}, [], "text", None])
def test_bad_paths_are_refused(site: Served, engine: ScriptedEngine, body: Any) -> None:
    answer = call(site, "POST", "/api/libraries/default/documents", json=body)
    assert answer.status_code == 400
    assert engine.calls == []


def test_a_job_can_be_cancelled(home: Home, tmp_path: Path) -> None:
    engine = ScriptedEngine(hold=True)
    with served(engine, home) as site:
        job = call(site, "POST", "/api/libraries/default/documents", json={"paths": [str(tmp_path)]}).json()["job"]
        assert engine.holding.wait(10)
        assert call(site, "GET", f"/api/jobs/{job}").json()["progress"]["stage"] == "parse"
        assert call(site, "DELETE", f"/api/jobs/{job}").status_code == 202
        assert finished(site, job)["state"] == "cancelled"
        assert call(site, "GET", "/api/jobs/none").status_code == 404


def test_a_job_says_how_far_the_whole_is(home: Home, tmp_path: Path) -> None:
    engine = ScriptedEngine(hold=True)
    with served(engine, home) as site:
        job = call(site, "POST", "/api/libraries/default/documents", json={"paths": [str(tmp_path)]}).json()["job"]
        assert engine.holding.wait(10)
        progress = call(site, "GET", f"/api/jobs/{job}").json()["progress"]
        assert progress.items() >= {"stage": "parse", "item": str(tmp_path), "done": 0, "total": 1}.items()
        counted = ("files", "files_total", "pages", "passages", "passages_total", "passages_per_s", "left_s")
        assert {name: progress[name] for name in counted} == {name: getattr(TALLY, name) for name in counted}
        call(site, "DELETE", f"/api/jobs/{job}")
        finished(site, job)


def test_passwords_reach_the_engine_and_no_log(
    site: Served, engine: ScriptedEngine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    body = {"paths": [str(tmp_path / "锁.pdf")], "passwords": ["Tr0ub4dor", "密码"]}
    assert "Tr0ub4dor" not in repr(PathsBody.model_validate(body))
    job = call(site, "POST", "/api/libraries/default/documents", json=body).json()["job"]
    ended = finished(site, job)
    assert engine.calls[0][3:] == ("Tr0ub4dor", "密码")
    late = call(site, "GET", f"/api/jobs/{job}/events").text
    refused = call(site, "POST", "/api/libraries/default/documents", json={**body, "passwords": [["Tr0ub4dor"]]})
    assert refused.status_code == 400
    assert "Tr0ub4dor" not in json.dumps(ended) + late + refused.text + caplog.text


def test_one_document(site: Served) -> None:
    path = "/api/libraries/default/documents"
    assert call(site, "GET", f"{path}/d2").json()["gaps"][0] == {
        "reason": "needs_password", "first": 3, "last": 5, "name": ""
    }  # fmt: skip
    assert [passage["label"] for passage in call(site, "GET", f"{path}/d1/passages").json()["passages"]] == ["iii"] * 2
    assert call(site, "GET", f"{path}/none").status_code == 404


def test_removing_documents(site: Served, engine: ScriptedEngine) -> None:
    path = "/api/libraries/default/documents"
    quoting = call(site, "POST", "/api/conversations/quoting", json={"ids": ["d1", "d2"]}).json()
    assert [conversation["id"] for conversation in quoting["conversations"]] == ["c1"]
    body = {"ids": ["d1", "d2"], "conversations": "remove"}
    assert call(site, "DELETE", path, json=body).status_code == 204
    assert call(site, "DELETE", f"{path}/d1", params={"conversations": "remove"}).status_code == 204
    assert call(site, "DELETE", f"{path}/d1").status_code == 204
    assert engine.calls[1:] == [
        ("remove_documents", ("d1", "d2"), "default", "remove"),
        ("remove_documents", ("d1",), "default", "remove"),
        ("remove_documents", ("d1",), "default", "keep"),
    ]
    assert call(site, "DELETE", path, json={"ids": ["none"]}).status_code == 404
    assert call(site, "DELETE", path, json={"ids": ["d1"], "conversations": "burn"}).status_code == 422


def test_a_library_as_a_whole(site: Served, engine: ScriptedEngine, tmp_path: Path) -> None:
    path = "/api/libraries/contracts"
    assert call(site, "GET", f"{path}/statistics").json()["documents"] == {"ready": 1, "partial": 1}
    drawn = call(site, "GET", f"{path}/map").json()
    assert (drawn["library"], drawn["passages"], drawn["without_vector"]) == ("contracts", 9, 7)
    assert drawn["points"][1] == {
        "passage": "p2", "document_id": "d2", "document": "租约.pdf", "page": 0, "x": 1.0, "y": -0.25,
        "text": "租期为十二个月", "label": "",
    }  # fmt: skip
    assert call(site, "GET", "/api/libraries/none/map").status_code == 404
    engine.calls.pop()
    assert call(site, "POST", f"{path}/check").json().items() >= {"missing": 1, "sound": False}.items()
    for method, route, body in (
        ("PUT", f"{path}/embedder", {"model": "minilm"}),
        ("POST", "/api/libraries/import", {"path": str(tmp_path / "a"), "name": "b"}),
        ("POST", f"{path}/export", {"path": str(tmp_path / "a"), "paths": True}),
    ):
        answer = call(site, method, route, json=body)
        assert answer.status_code == 202
        assert finished(site, answer.json()["job"])["state"] == "finished"
    assert engine.calls[-1] == ("export_library", "contracts", tmp_path / "a", True)
    folder = {"folder": str(tmp_path / "文档")}
    assert call(site, "POST", f"{path}/watched", json=folder).status_code == 204
    (listed,) = call(site, "GET", f"{path}/watched").json()["folders"]
    assert listed == {**folder, "polling": False, "state": "paused"}
    assert call(site, "DELETE", f"{path}/watched", json=folder).status_code == 204
    assert [call_[0] for call_ in engine.calls] == [
        "statistics", "library_map", "check", "change_embedder", "import_library", "export_library", "watch", "watched",
        "unwatch",
    ]  # fmt: skip
    assert call(site, "GET", "/api/libraries/none/statistics").status_code == 404
    unknown = call(site, "PUT", "/api/libraries/none/embedder", json={"model": "minilm"}).json()["job"]
    assert finished(site, unknown)["end"]["code"] == "unknown_library"


@pytest.mark.parametrize(
    ("method", "route", "body"),
    [
        ("POST", "/api/libraries/import", {"path": "a"}),
        ("POST", "/api/libraries/contracts/export", {"path": "a"}),
        ("POST", "/api/libraries/contracts/watched", {"folder": "a"}),
        ("DELETE", "/api/libraries/contracts/watched", {"folder": "../a"}),
    ],
)
def test_paths_of_nowhere_are_refused(
    site: Served, engine: ScriptedEngine, method: str, route: str, body: dict[str, str]
) -> None:
    assert call(site, method, route, json=body).status_code == 400
    assert engine.calls == []


def test_a_model_made_smaller_and_compared(site: Served, engine: ScriptedEngine, tmp_path: Path) -> None:
    text = str(tmp_path / "文.txt")
    for route, body in (
        ("calibrate", {"model": "tiny"}),
        ("quantize", {"model": "tiny", "to": "q4_0"}),
        ("compare", {"model": "tiny", "other": "tiny-q4_0", "text": text, "tokens": 99}),
    ):
        answer = call(site, "POST", f"/api/models/{route}", json=body)
        assert answer.status_code == 202
        ended = finished(site, answer.json()["job"])
        assert ended["state"] == "finished"
    assert ended["comparison"]["agreement"] == COMPARISON.agreement
    assert engine.calls == [
        ("calibrate_model", "tiny"),
        ("quantize_model", "tiny", "q4_0", None),
        ("compare_models", "tiny", "tiny-q4_0", Path(text), 99),
    ]
    for wrong in ({"text": "a.txt"}, {"tokens": 1}):
        body = {"model": "tiny", "other": "big", **wrong}
        assert call(site, "POST", "/api/models/compare", json=body).status_code in (400, 422)


def test_documents_are_added_while_models_are_compared(home: Home, tmp_path: Path) -> None:
    engine = ScriptedEngine(hold=True)
    with served(engine, home) as site:
        call(site, "POST", "/api/models/compare", json={"model": "tiny", "other": "big"})
        assert engine.holding.wait(10)
        engine.hold = False
        (tmp_path / "a.txt").write_text("x", encoding="utf-8")
        body = {"paths": [str(tmp_path / "a.txt")]}
        job = call(site, "POST", "/api/libraries/default/documents", json=body).json()["job"]
        assert finished(site, job)["state"] == "finished"
    assert engine.cancelled.is_set()


def test_stopping_the_server_cancels_what_runs(home: Home, tmp_path: Path) -> None:
    engine = ScriptedEngine(hold=True)
    with served(engine, home) as site:
        call(site, "POST", "/api/libraries/default/documents", json={"paths": [str(tmp_path)]})
        assert engine.holding.wait(10)
    assert engine.cancelled.is_set()


def test_an_upload_is_kept_in_the_home(site: Served, engine: ScriptedEngine) -> None:
    files = [("files", ("租约.pdf", b"one")), ("files", ("b.txt", b"two"))]
    job = call(site, "POST", "/api/libraries/合同/documents", files=files).json()["job"]
    ended = finished(site, job)
    kept = site.home.uploads / "合同"
    assert {path.name: path.read_bytes() for path in kept.iterdir()} == {"租约.pdf": b"one", "b.txt": b"two"}
    assert [item["path"] for item in ended["files"]] == [str(kept / "租约.pdf"), str(kept / "b.txt")]
    assert ("create_library", "合同", None) in engine.calls


def test_an_upload_that_cannot_be_read_is_not_kept(site: Served) -> None:
    job = call(site, "POST", "/api/libraries/default/documents", files={"f": ("a.pdf", b"bad")}).json()["job"]
    assert finished(site, job)["files"][0]["reason"] == "damaged_file"
    assert not list((site.home.uploads / "default").iterdir())


def test_a_library_name_that_cannot_be_stores_nothing(site: Served) -> None:
    answer = call(site, "POST", "/api/libraries/bad/documents", files={"f": ("a.txt", b"x")})
    assert answer.status_code == 400
    assert not site.home.uploads.exists()


def test_the_other_routes(site: Served, engine: ScriptedEngine, tmp_path: Path) -> None:
    assert call(site, "GET", "/api/status").json()["model"] == "tiny"
    assert call(site, "GET", "/readyz").json() == {"ready": True, "model": "tiny", "loading": []}
    engine.loaded = False
    assert call(site, "GET", "/readyz").status_code == 503
    assert call(site, "GET", "/api/doctor").json()["checks"][0] == {
        "name": "cpu",
        "state": "ok",
        "detail": "AVX2",
        "values": {},
    }
    assert call(site, "GET", "/api/libraries").json()["libraries"][0]["name"] == "default"
    assert call(site, "POST", "/api/libraries", json={"name": "合同"}).status_code == 201
    assert call(site, "GET", "/api/libraries/default/documents").json()["documents"][0]["id"] == "d1"
    assert call(site, "POST", "/api/redact", json={"text": "Ada"}).json() == {
        "text": "<PERSON>",
        "entities": [{"type": "PERSON", "start": 0, "end": 3, "score": 0.5}],
    }
    many = call(site, "POST", "/api/redact", json={"texts": ["Ada", "好"], "profile": "open"}).json()
    assert [one["text"] for one in many["results"]] == ["<PERSON>", "好"]
    (tmp_path / "信.pdf").write_bytes(b"%PDF")
    read = call(site, "POST", "/api/redact", json={"path": str(tmp_path / "信.pdf"), "passwords": ["s3cret"]}).json()
    assert read["text"] == "read of 信.pdf: <PERSON> s3cret"
    assert call(site, "POST", "/api/redact", json={"path": "信.pdf"}).status_code == 400
    assert call(site, "POST", "/api/redact", json={"text": "Ada", "profile": "lenient"}).status_code == 400
    for wrong in ({}, {"text": "Ada", "texts": ["Ada"]}, {"text": None}):
        refused = call(site, "POST", "/api/redact", json=wrong)
        assert refused.status_code == 422
        assert "Ada" not in refused.text
    assert [model["id"] for model in call(site, "GET", "/api/models").json()["models"]] == ["tiny", "big", "e5"]
    assert call(site, "POST", "/api/models", json={"path": str(tmp_path)}).status_code == 201
    assert call(site, "DELETE", "/api/models/none").status_code == 404
    assert call(site, "DELETE", "/api/models/tiny").status_code == 204
    assert call(site, "GET", "/api/conversations").json()["conversations"][0]["id"] == "c1"
    assert call(site, "GET", "/api/conversations/c1").json()["turns"][0]["answer"] == "Twelve months [1]."
    assert call(site, "DELETE", "/api/conversations/c2").status_code == 404
    assert call(site, "GET", "/api/turns/t1/seen").json() == {
        "turn": "t1",
        "text": "<PERSON_1> 租约",
        "parts": [{"kind": "template", "text": "<PERSON_1> "}, {"kind": "text", "text": "租约"}],
    }
    revealed = call(site, "POST", "/api/turns/t1/reveal", json={"token": "<PERSON_1>"})
    assert revealed.json() == {"token": "PERSON_1", "type": "PERSON", "value": "Ada 爱达"}
    assert call(site, "POST", "/api/turns/t1/reveal", json={"token": "<PERSON_2>"}).status_code == 400


def test_the_audit(site: Served, engine: ScriptedEngine) -> None:
    records = call(site, "GET", "/api/audit").json()["records"]
    assert [record["number"] for record in records] == [1, 2, 3]
    assert list(records[0]) == [
        *("number", "time", "event", "direction", "reader", "library", "count", "found", "previous", "hash"),
    ]
    assert [one["number"] for one in call(site, "GET", "/api/audit?limit=1&before=3").json()["records"]] == [2]
    assert [one["number"] for one in call(site, "GET", "/api/audit?after=2").json()["records"]] == [3]
    assert call(site, "GET", "/api/audit?limit=0").status_code == 422
    assert call(site, "GET", "/api/audit/verify").json()["problem"] == ""
    assert httpx.get(site.url + "/api/audit", trust_env=False).status_code == 401


def test_pseudonyms(site: Served, engine: ScriptedEngine) -> None:
    path = "/api/libraries/contracts/pseudonyms"
    assert [one["value"] for one in call(site, "GET", path).json()["pseudonyms"]] == ["", "", ""]
    assert call(site, "GET", f"{path}?reveal=true").json()["pseudonyms"][1] == {
        "token": "PERSON_2", "type": "PERSON", "value": "Ada", "same_as": ["PERSON_1"],
    }  # fmt: skip
    assert call(site, "DELETE", path, json={"name": "王小明"}).json() == {"erased": 2}
    assert call(site, "DELETE", path, json={"nane": "王小明"}).status_code == 422  # a slip must not erase everything
    assert engine.calls[-1] == ("forget_person", "contracts", "王小明")
    assert call(site, "DELETE", path).json() == {"erased": 3}
    assert call(site, "DELETE", "/api/pseudonyms").json() == {"erased": 3}
    assert call(site, "PUT", "/api/pseudonyms/protection", json={"by": "file"}).status_code == 204
    assert engine.calls[-1] == ("protect_pseudonyms", "file", None)
    assert call(site, "PUT", "/api/pseudonyms/protection", json={"by": "hope"}).status_code == 422
    assert call(site, "GET", "/api/libraries/none/pseudonyms").status_code == 404


@pytest.mark.parametrize("error", [None, UserError(Code.MODEL_MISSING, model="big"), ValueError("x")])
def test_what_was_interrupted_is_gone_on_with_after_the_models(error: Exception | None) -> None:
    class Stays(ScriptedEngine):
        def warm_up(self) -> None:
            self.calls.append(("warm_up",))
            if error is not None:
                raise error

        def start_background(self) -> None:
            self.calls.append(("start_background",))

    engine = Stays()
    _settle(engine)
    assert engine.calls == [("warm_up",), ("start_background",)]


def test_the_description_of_the_api(site: Served) -> None:
    described = call(site, "GET", "/openapi.json").json()
    promised = {
        "/healthz", "/readyz", "/v1/models", "/v1/chat/completions", "/v1/embeddings", "/api/libraries",
        "/api/libraries/{name}", "/api/libraries/{name}/documents", "/api/libraries/{name}/documents/{document_id}",
        "/api/jobs/{job_id}", "/api/jobs/{job_id}/events", "/api/search", "/api/ask", "/api/redact", "/api/models",
        "/api/models/{model_id}", "/api/conversations", "/api/conversations/{conversation_id}",
        "/api/turns/{turn_id}/seen", "/api/doctor", "/api/status", "/api/libraries/{name}/statistics",
        "/api/libraries/{name}/check", "/api/libraries/{name}/map", "/api/libraries/{name}/embedder",
        "/api/libraries/{name}/export",
        "/api/libraries/import", "/api/libraries/{name}/watched", "/api/conversations/quoting",
        "/api/libraries/{name}/documents/{document_id}/passages", "/api/libraries/{name}/pseudonyms",
        "/api/pseudonyms", "/api/pseudonyms/protection",
    }  # fmt: skip
    assert promised <= described["paths"].keys()
    documents = described["paths"]["/api/libraries/{name}/documents"]
    assert documents.keys() == {"get", "post", "delete"}
    accepted = documents["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"]
    assert accepted["passwords"]["items"]["format"] == "password"


def test_a_first_event_that_failed_stays_an_event(home: Home) -> None:
    with served(ScriptedEngine(answer=(Failed("prompt_too_long", {"tokens": 9, "limit": 5}),)), home) as site:
        answer = call(site, "POST", "/api/chat", json={"messages": [{"role": "user", "content": "x"}]})
    assert answer.status_code == 200
    assert json.loads(answer.text.rsplit("data: ", 1)[1])["values"] == {"tokens": 9, "limit": 5}
