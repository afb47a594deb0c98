"""`/metrics`: numbers that count, and nothing a person wrote or named."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.scripted_engine import ANSWER_EVENTS, LIBRARY, ScriptedEngine
from tests.served import Served, served

from studiolo.events import Delta, Failed, Started
from studiolo.paths import Home
from studiolo.server.metrics import Family, Metrics, exposed

NAME = re.compile(r"[a-z_:][a-z0-9_:]*")
SAMPLE = re.compile(r'([a-z_:][a-z0-9_:]*)(\{(?:[a-z_]+="[^"\n]*",?)*\})? (-?[0-9.e+-]+|\+Inf)')


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine()


@pytest.fixture
def site(engine: ScriptedEngine, home: Home) -> Iterator[Served]:
    with served(engine, home) as found:
        yield found


def scraped(site: Served) -> dict[str, float]:
    answer = httpx.get(f"{site.url}/metrics", headers=site.auth, trust_env=False)
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return samples(answer.text)


def samples(text: str) -> dict[str, float]:
    """Every sample; the text form is checked on the way: HELP and TYPE first, one family after another."""
    found: dict[str, float] = {}
    family, seen = "", set()
    for line in text.splitlines():
        if line.startswith("# HELP "):
            family = line.split()[2]
            assert family not in seen
            seen.add(family)
        elif line.startswith("# TYPE "):
            assert line.split()[2] == family
            assert line.split()[3] in ("counter", "gauge", "histogram")
        else:
            match = SAMPLE.fullmatch(line)
            assert match, line
            assert match[1].startswith(family)
            found[line.rsplit(" ", 1)[0]] = float(line.rsplit(" ", 1)[1])
    return found


def test_requests_are_counted_by_the_pattern_of_their_route(site: Served) -> None:
    for path in ("/api/libraries/%E5%90%88%E5%90%8C/documents", "/api/libraries/Ada/documents", "/api/nowhere/Ada"):
        httpx.get(site.url + path, headers=site.auth, trust_env=False)
    httpx.get(f"{site.url}/api/libraries", trust_env=False)
    httpx.request("BREW", f"{site.url}/api/libraries", headers=site.auth, trust_env=False)
    answer = httpx.get(f"{site.url}/metrics", headers=site.auth, trust_env=False)
    found = samples(answer.text)
    assert found['studiolo_requests_total{method="GET",route="/api/libraries/{name}/documents",status="200"}'] == 2
    assert found['studiolo_requests_total{method="GET",route="none",status="404"}'] == 1
    assert found['studiolo_requests_total{method="GET",route="none",status="401"}'] == 1
    assert found['studiolo_requests_total{method="other",route="/api/libraries",status="405"}'] == 1
    assert "Ada" not in answer.text
    assert "合同" not in answer.text


def test_answers_tokens_and_the_first_token(site: Served) -> None:
    for stream in (False, True):
        body = {"question": "租期多久?", "stream": stream}
        httpx.post(f"{site.url}/api/ask", json=body, headers=site.auth, trust_env=False)
    found = scraped(site)
    assert found['studiolo_answers_total{reason="stop"}'] == 2
    assert found['studiolo_tokens_total{kind="prompt"}'] == 240
    assert found['studiolo_tokens_total{kind="reused"}'] == 80
    assert found['studiolo_tokens_total{kind="completion"}'] == 14
    assert found['studiolo_first_token_seconds_bucket{le="0.1"}'] == 0
    assert found['studiolo_first_token_seconds_bucket{le="0.25"}'] == 2
    assert found['studiolo_first_token_seconds_bucket{le="+Inf"}'] == 2
    assert found["studiolo_first_token_seconds_count"] == 2
    assert found["studiolo_first_token_seconds_sum"] == pytest.approx(0.4)
    assert found["studiolo_streams"] == 0


def test_an_answer_that_fails_is_counted(home: Home) -> None:
    broken = ScriptedEngine(answer=(Started("c", "t", "m"), Delta("Ada"), Failed("filter_failed")))
    with served(broken, home) as site:
        httpx.post(f"{site.url}/api/ask", json={"question": "q"}, headers=site.auth, trust_env=False)
        found = scraped(site)
    assert found['studiolo_answers_total{reason="failed"}'] == 1
    assert found["studiolo_first_token_seconds_count"] == 0


def test_jobs_files_and_documents(site: Served, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("a")
    assert list(site.engine.add([tmp_path / "a.md", tmp_path / "gone.md"]))
    deadline = time.monotonic() + 20
    while (found := scraped(site))['studiolo_jobs{state="finished"}'] != 1:
        assert time.monotonic() < deadline
    assert found['studiolo_files_total{status="added"}'] == 1
    assert found['studiolo_files_total{status="failed"}'] == 1
    assert found['studiolo_jobs{state="running"}'] == 0
    assert (found["studiolo_libraries"], found["studiolo_documents"]) == (1, LIBRARY.documents)
    assert found["studiolo_passages"] == LIBRARY.passages
    assert found["studiolo_model_loaded"] == 1
    assert found["process_resident_memory_bytes"] > 1_000_000
    assert found["process_cpu_seconds_total"] > 0


def test_it_needs_a_token(site: Served) -> None:
    assert httpx.get(f"{site.url}/metrics", trust_env=False).status_code == 401


def test_labels_are_escaped() -> None:
    family = Family("x", "gauge", "X.", (("", (("a", 'q"\\\n'),), 0.5),))
    assert exposed([family]) == '# HELP x X.\n# TYPE x gauge\nx{a="q\\"\\\\\\n"} 0.5\n'


def test_what_is_no_end_counts_nothing() -> None:
    metrics = Metrics()
    for event in ANSWER_EVENTS[:-1]:
        metrics.answer(event)
        metrics.file(event)
    assert not any(value for family in metrics.families() for _, _, value in family.samples)
