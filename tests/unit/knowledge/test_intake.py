"""Steps of the intake side by side: a file is screened while it is embedded, and closing waits for neither."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest
from tests.unit.knowledge.conftest import HashEmbedder, find_phones, results

from studiolo.errors import Code, PolicyBlock
from studiolo.types import DocumentStatus, Span

LONG = "\n\n".join(f"# Part {n}\n\n{'The tenant pays the rent on the first. ' * 40}" for n in range(200))


@pytest.fixture
def long(tmp_path: Path) -> Path:
    path = tmp_path / "long.md"
    path.write_text(LONG, encoding="utf-8")
    return path


def embedding(before) -> HashEmbedder:
    """An embedder that calls `before` first."""
    made = HashEmbedder()

    def embed(texts):
        before(texts)
        return np.stack([made._vector(text) for text in texts])

    made.embed_passages = embed
    return made


def test_a_file_is_screened_while_it_is_embedded(open_base, long):
    begun = threading.Event()
    embedder = embedding(lambda _: begun.set())

    def screen(text: str) -> tuple[Span, ...]:
        assert begun.wait(30)
        return find_phones(text)

    base = open_base(embedder_for=lambda _: embedder, screen=screen)
    assert [result.status for result in results(base.add([long]))] == ["added"]


def test_a_file_that_the_filter_cannot_read_is_not_embedded_to_its_end(open_base, long):
    refused = threading.Event()
    embedded: list[int] = []
    embedder = embedding(lambda texts: embedded.append(len(texts)) or time.sleep(0.1) or refused.wait(30))

    def screen(text: str) -> tuple[Span, ...]:
        refused.set()
        raise PolicyBlock(Code.FILTER_FAILED)

    base = open_base(embedder_for=lambda _: embedder, screen=screen)
    assert [(result.status, result.reason) for result in results(base.add([long]))] == [("failed", "filter_failed")]
    assert 0 <= sum(embedded) <= 64
    assert base.search("rent") == []


def test_a_file_is_not_ready_before_it_is_screened(open_base, long):
    embedded = threading.Event()
    held = threading.Event()
    embedder = embedding(lambda _: embedded.set())
    base = open_base(embedder_for=lambda _: embedder, screen=lambda text: held.wait(30) and find_phones(text))
    adding = threading.Thread(target=lambda: list(base.add([long])))
    adding.start()
    assert embedded.wait(30)
    time.sleep(0.3)
    assert [document.status for document in base.documents()] == [DocumentStatus.KEYWORD]
    held.set()
    adding.join(30)
    assert [document.status for document in base.documents()] == [DocumentStatus.READY]


def test_closing_does_not_wait_for_a_long_document(open_base, long):
    begun = threading.Event()
    embedder = embedding(lambda _: begun.set() or time.sleep(0.5))
    base = open_base(embedder_for=lambda _: embedder)
    adding = threading.Thread(target=lambda: list(base.add([long])))
    adding.start()
    assert begun.wait(30)
    base.close()
    adding.join(30)
    assert not adding.is_alive()
    base = open_base()
    assert base.resume() == 1
    deadline = time.monotonic() + 30
    while base.busy and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [document.status for document in base.documents()] == [DocumentStatus.READY]
