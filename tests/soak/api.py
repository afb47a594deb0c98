"""The served API against requests that schemathesis makes of its own description: right ones and wrong ones.

Holds whenever: no answer is a server's error; status, content type, headers and body are as `/openapi.json` says;
nothing is answered without the token, and the engine is the same process afterwards. Half of the names and ids that the
requests hold are put in the place of real ones, so that they get beyond "there is no such".

Paths of this machine are moved into a folder of the scenario's: a request may name any, and the engine obeys its owner.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from studiolo.client.spawn import EngineProcess, spawn_engine
from studiolo.paths import Home
from studiolo.settings import Settings, save_settings
from tests.soak.scenario import Round

ROOT = Path(__file__).resolve().parent.parent.parent
SMALL = "smollm2-135m"
LIBRARIES = ("default", "contracts", "合同 2026")
LEASE = "# Lease\n\nThe term of the lease is twelve months. Call Ada Lovelace on +44 20 7946 0958.\n"
LEASE_ZH = "# 租约\n\n租期为十二个月。联系人王小明，电话 13800138000。\n"
EXAMPLES = 12  # of a round
TOKENS = 3  # of an answer: this is about the API, not the model
PATIENCE_S = 240
_PATHS = ("path", "paths", "folder", "text")  # fields that name files of this machine
_KNOWN_SHARE = 0.6
_WHOLE_SHARE = 0.5


class Api:
    """A round is a dozen requests to one route, in turn right and wrong ones; the routes take turns."""

    name = "api"
    rounds = 420  # 5,000 requests and more
    quick_s = 45.0  # of which starting takes a third

    def start(self, folder: Path) -> None:
        import requests
        import schemathesis

        self._files = (folder / "files").resolve()
        self._counts = folder / "calls.json"
        home = Home(folder / "home")
        for old in (home.root, self._files):
            shutil.rmtree(old, ignore_errors=True)
        _make_home(home)
        self._files.mkdir(parents=True)
        (self._files / "lease.md").write_text(LEASE, encoding="utf-8")
        (self._files / "租约.md").write_text(LEASE_ZH, encoding="utf-8")
        self._process = spawn_engine(home, environ=os.environ)
        self._token = home.token_file.read_text(encoding="utf-8").strip()
        self._session = requests.Session()
        self._session.trust_env = False
        answer = self._get("/openapi.json")
        answer.pop("security")  # else every other wrong request would be one without the token; see `_check_door`
        answer["components"].pop("securitySchemes")
        self._schema = schemathesis.openapi.from_dict(answer)
        self._operations = [found.ok() for found in self._schema.get_all_operations()]
        random.Random(self.name).shuffle(self._operations)  # a short run meets some of every kind
        self._fill()

    def play(self, this: Round) -> None:
        from schemathesis import GenerationMode

        operation = self._operations[this.number % len(self._operations)]
        turn = this.number // len(self._operations)
        if _is_risky(operation.method, operation.path) and turn % 5:
            return  # loads or removes models: now and then is enough
        mode = GenerationMode.NEGATIVE if turn % 3 == 1 else GenerationMode.POSITIVE
        known = self._known()
        self._calls: Counter[str] = Counter()
        try:
            for number, case in enumerate(_cases(operation, mode, seed=this.random.getrandbits(32))):
                self._put(case, known, this.random)
                self._check(case)
                if not number and case.path != "/healthz":
                    self._check_door(case)
        finally:
            self._note()
        assert self._process.poll() is None, "the engine has ended"
        assert self._process.engine.alive(timeout_s=30) == self._process.pid, "another process answers"

    def stop(self) -> None:
        process: EngineProcess | None = getattr(self, "_process", None)
        if process is not None:
            process.terminate()
            self._session.close()

    def _check(self, case: Any) -> None:
        from schemathesis.checks import not_a_server_error
        from schemathesis.specs.openapi import checks

        wanted: list[Callable[..., Any]] = [
            not_a_server_error,
            checks.status_code_conformance,
            checks.content_type_conformance,
            checks.response_headers_conformance,
            checks.response_schema_conformance,
        ]
        headers = {"Authorization": f"Bearer {self._token}"}
        response = case.call(
            base_url=self._process.engine.url, session=self._session, headers=headers, timeout=PATIENCE_S
        )
        self._calls[f"{case.method} {case.path} {response.status_code}"] += 1
        case.validate_response(response, checks=wanted, headers=headers)

    def _check_door(self, case: Any) -> None:
        """The same request without the token, and with a wrong one."""
        for headers in ({}, {"Authorization": f"Bearer {self._token[:-1]}"}):
            response = case.call(
                base_url=self._process.engine.url, session=self._session, headers=headers, timeout=PATIENCE_S
            )
            self._calls[f"{case.method} {case.path} {response.status_code}"] += 1
            assert response.status_code == 401, f"{case.method} {case.path}: answered without the token"

    def _get(self, path: str) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"}
        answer = self._session.get(self._process.engine.url + path, headers=headers, timeout=PATIENCE_S)
        answer.raise_for_status()
        return answer.json()

    def _fill(self) -> None:
        engine = self._process.engine
        for library in LIBRARIES:
            events = list(engine.add([self._files], library=library))
            assert events, "nothing was added"
        for library in (*LIBRARIES[:1], None):
            body = {"question": "How long is the term? 租期多久？", "library": library, "stream": False}
            headers = {"Authorization": f"Bearer {self._token}"}
            self._session.post(
                f"{engine.url}/api/ask", json=body, headers=headers, timeout=PATIENCE_S
            ).raise_for_status()

    def _known(self) -> dict[str, list[Any]]:
        """What there is, by the names under which requests speak of it."""
        engine = self._process.engine
        libraries = [library.name for library in engine.libraries()]
        documents = [document.id for document in engine.documents()]
        conversations = [conversation.id for conversation in engine.conversations()]
        turns = [turn.id for conversation in conversations[:3] for turn in engine.turns(conversation)]
        passages = [passage.id for document in documents[:2] for passage in engine.document_passages(document)]
        jobs = [job["id"] for job in self._get("/api/jobs")["jobs"]]
        known = {
            "name": libraries,
            "library": libraries,
            "document_id": documents,
            "document": documents,
            "ids": [documents[:1], []],
            "passage": passages,
            "conversation_id": conversations,
            "turn_id": turns,
            "job_id": jobs,
            "page": [0, 1],
            "model": [SMALL, f"{SMALL}@default", ""],
            "model_id": [f"{SMALL}@default"],
            "token": ["PERSON_1", "PHONE_1"],
            "messages": [[{"role": "user", "content": "你好, Ada"}]],
        }
        return {name: values for name, values in known.items() if values}

    def _put(self, case: Any, known: dict[str, list[Any]], source: random.Random) -> None:
        """Real names in the place of some, few tokens, and no path outside of the scenario's folder."""
        for container in (case.path_parameters, case.query):
            _name(container, known, source)
        if isinstance(case.body, dict):
            body = json.loads(json.dumps(case.body)) if _is_plain(case.body) else dict(case.body)
            _name(body, known, source)
            _few_tokens(body, case.path)
            case.body = _confined(body, self._files, source=source)

    def _note(self) -> None:
        """Add the round's calls to what has been counted so far."""
        counted: Counter[str] = Counter()
        with contextlib.suppress(OSError, ValueError):
            counted.update(json.loads(self._counts.read_text(encoding="utf-8")))
        counted.update(self._calls)
        self._counts.write_text(json.dumps(dict(sorted(counted.items())), indent=1), encoding="utf-8")


def _make_home(home: Home) -> None:
    from studiolo.home_format import prepare_home
    from tests.real.conftest import link_models

    models = Home(Path(os.environ.get("STUDIOLO_TEST_HOME") or ROOT / ".cache" / "home"))
    prepare_home(home)
    link_models(home, models)
    save_settings(home.settings_file, Settings(chat_model=SMALL, answer_tokens=16))  # type: ignore[call-arg]


def _cases(operation: Any, mode: Any, *, seed: int) -> Iterator[Any]:
    """Requests as Hypothesis draws them from a seed; none where the route takes nothing that could be wrong."""
    import hypothesis
    from hypothesis import HealthCheck, Phase
    from hypothesis.errors import Unsatisfiable

    drawn: list[Any] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(operation.as_strategy(generation_mode=mode))
    def draw(case: Any) -> None:
        drawn.append(case)

    with contextlib.suppress(Unsatisfiable):
        draw()
    yield from drawn


def _is_risky(method: str, path: str) -> bool:
    return path in ("/api/models/quantize", "/api/models/compare") or (method.upper(), path) == (
        "PUT",
        "/api/pseudonyms/protection",
    )


def _name(container: Any, known: dict[str, list[Any]], source: random.Random) -> None:
    if not isinstance(container, dict):
        return
    for name in container:
        if name in known and source.random() < _KNOWN_SHARE:
            container[name] = source.choice(known[name])


def _few_tokens(body: dict[str, Any], path: str) -> None:
    """Answers of a few tokens; a wrong value stays as it is."""
    if path in ("/v1/chat/completions", "/v1/completions"):
        for name in ("max_tokens", "max_completion_tokens"):
            body[name] = _small(body.get(name, TOKENS))
        if isinstance(body.get("n"), int):
            body["n"] = min(body["n"], 2)
    elif path in ("/api/ask", "/api/chat"):
        sampling = body.setdefault("sampling", {})
        if isinstance(sampling, dict):
            sampling["max_tokens"] = _small(sampling.get("max_tokens", TOKENS))


def _small(value: Any) -> Any:
    return min(value, TOKENS) if isinstance(value, int) and not isinstance(value, bool) else value or TOKENS


def _confined(value: Any, folder: Path, *, source: random.Random, name: str = "") -> Any:
    """No path outside of `folder`; half of those that are no whole paths are made some."""
    if isinstance(value, dict):
        return {key: _confined(inner, folder, source=source, name=key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_confined(inner, folder, source=source, name=name) for inner in value]
    if name in _PATHS and isinstance(value, str) and (value.startswith("/") or source.random() < _WHOLE_SHARE):
        kept = [part for part in PurePosixPath(value).parts if part not in ("/", "//", "..")]
        return str(folder.joinpath(*kept)) if kept else str(folder / source.choice(["nothing", "lease.md", "."]))
    return value


def _is_plain(value: Any) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True
