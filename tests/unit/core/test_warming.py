"""Just after a start: words answer while the embedder is being loaded, and say so; nothing passes the filter early."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.support import ScriptedRuntime
from tests.unit.knowledge.conftest import HashEmbedder
from tests.unit.models.gguf_files import gguf

from studiolo.bootstrap import Replacements, open_local
from studiolo.local import LocalEngine
from studiolo.paths import Home
from studiolo.privacy.analyzer import Analyzer
from studiolo.shapes import ranked_by, search_shape
from studiolo.types import Hit, Question
from studiolo.wire import hit_from, hit_plain

LEASE = "# Lease\n\nThe term of the lease is twelve months. Call 13800138000.\n"
LEASE_ZH = "# 租约\n\n租期为十二个月。租金每月一号支付。\n"


class Slow(HashEmbedder):
    """An embedder that is loaded when it is told to be."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded = threading.Event()
        self.asked = 0

    def embed_query(self, text: str) -> NDArray[np.float32]:
        self.asked += 1
        assert self.loaded.wait(20)
        return super().embed_query(text)


@pytest.fixture
def embedder() -> Slow:
    return Slow()


@pytest.fixture
def engine(home: Home, tmp_path: Path, embedder: Slow) -> Iterator[LocalEngine]:
    replacements = Replacements(
        load_runtime=lambda _model_id: ScriptedRuntime(lambda _prompt: "Twelve months."),
        embedder_for=lambda _model_id: embedder,
        analyzer=Analyzer.of(names=None),
    )
    made = open_local(home, environ=os.environ, replacements=replacements)
    files = tmp_path / "files"
    files.mkdir()
    (files / "lease.md").write_text(LEASE, encoding="utf-8")
    (files / "租约.md").write_text(LEASE_ZH, encoding="utf-8")
    list(made.add([files]))
    (tmp_path / "tiny.gguf").write_bytes(gguf())
    made.import_model(tmp_path / "tiny.gguf")
    yield made
    embedder.loaded.set()
    made.close()


def names(hits: list[Hit]) -> list[str]:
    return [hit.passage.document for hit in hits]


@pytest.mark.parametrize(("query", "found"), [("term of the lease", "lease.md"), ("租金", "租约.md")])
def test_words_answer_until_meaning_can(engine: LocalEngine, embedder: Slow, query: str, found: str) -> None:
    engine.warm_words()
    assert engine.status().loading == ("model", "search", "filter")
    early = engine.search(query)
    assert names(early)[0] == found
    assert {hit.by for hit in early} == {"words"}
    assert ranked_by(early) == search_shape(query, early, seconds=0.0)["by"] == "words"
    assert embedder.asked == 0
    warming = threading.Thread(target=engine.warm_up, name="warm-up")
    warming.start()
    while engine.status().loading != ("search",):
        pass
    assert {hit.by for hit in engine.search(query)} == {"words"}
    embedder.loaded.set()
    warming.join(20)
    assert engine.status().loading == ()
    late = engine.search(query)
    assert names(late)[0] == found
    assert ranked_by(late) == "meaning"


def test_nothing_is_not_said_before_meaning_was_asked(engine: LocalEngine, embedder: Slow) -> None:
    engine.warm_words()
    found: list[list[Hit]] = []
    asking = threading.Thread(target=lambda: found.append(engine.search("zzzz qqqq")))
    asking.start()
    asking.join(0.3)
    assert found == []
    embedder.loaded.set()
    asking.join(20)
    assert ranked_by(found[0]) == "meaning"


def test_a_question_waits_for_meaning(engine: LocalEngine, embedder: Slow) -> None:
    """What the model reads decides what it answers: an answer from worse passages would be kept."""
    engine.warm_words()
    events: list[object] = []
    asking = threading.Thread(target=lambda: events.extend(engine.ask(Question("How long is the term?"))))
    asking.start()
    embedder.loaded.set()
    asking.join(20)
    assert embedder.asked > 0
    assert not asking.is_alive()


def test_a_command_that_opens_the_home_for_a_moment_waits_for_meaning(engine: LocalEngine, embedder: Slow) -> None:
    embedder.loaded.set()
    assert ranked_by(engine.search("term of the lease")) == "meaning"
    assert embedder.asked > 0


def test_how_a_hit_was_found_travels(engine: LocalEngine) -> None:
    engine.warm_words()
    for hit in engine.search("term of the lease"):
        assert hit_from(hit_plain(hit)) == hit
