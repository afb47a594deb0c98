"""An engine that stays goes on with what a kill interrupted, and stops promptly when it is closed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.contract.conftest import open_house
from tests.unit.knowledge.conftest import HashEmbedder, find_phones

from studiolo.background import Background
from studiolo.events import Finished
from studiolo.jobs import CancelToken
from studiolo.knowledge.library import KnowledgeBase
from studiolo.paths import Home
from studiolo.types import DEFAULT_LIBRARY, DocumentStatus


class Gated(HashEmbedder):
    """An embedder that waits before each batch while its gate is shut."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.gate.set()
        self.waiting = threading.Event()

    def embed_passages(self, texts: list[str]) -> NDArray[np.float32]:
        self.waiting.set()
        assert self.gate.wait(20)
        return super().embed_passages(texts)


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not reached():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.01)


@pytest.fixture
def embedder() -> Gated:
    return Gated()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files that are embedded one by one: each has more passages than are embedded together (256)."""
    folder = tmp_path / "files"
    folder.mkdir()
    for number in range(4):
        lines = [f"Clause {number}.{line}: {line * 7} florins are due. 第{line}条 金额。\n\n" for line in range(6000)]
        (folder / f"{number} 合同.md").write_text("".join(lines), encoding="utf-8")
    return folder


@pytest.fixture
def opened(home: Home, embedder: Gated) -> Iterator[Callable[[], KnowledgeBase]]:
    bases: list[KnowledgeBase] = []

    def open_it() -> KnowledgeBase:
        bases.append(
            KnowledgeBase(home, embedder_for=lambda _: embedder, screen=find_phones, clock=lambda: 1_800_000_000.0)
        )
        return bases[-1]

    yield open_it
    embedder.gate.set()
    for base in bases:
        base.close()


def test_interrupted_files_are_gone_on_with_and_learnt(
    opened: Callable[[], KnowledgeBase], folder: Path, embedder: Gated
) -> None:
    base = opened()
    embedder.gate.clear()
    stream = base.add([folder])
    reader = threading.Thread(target=lambda: list(stream))
    reader.start()
    assert embedder.waiting.wait(20)
    closing = threading.Thread(target=base.close)
    closing.start()
    time.sleep(0.05)
    embedder.gate.set()
    closing.join(20)
    reader.join(20)
    base = opened()
    interrupted = {d.id for d in base.documents() if d.status is not DocumentStatus.READY}
    assert interrupted
    assert all(document.passages > 256 for document in base.documents() if document.passages)
    learnt: list[tuple[str, str]] = []
    background = Background(base, learn=lambda library, document: learnt.append((library, document)))
    background.start()
    until(lambda: not background.busy)
    background.close()
    assert {document.status for document in base.documents()} == {DocumentStatus.READY}
    assert set(learnt) == {(DEFAULT_LIBRARY, document) for document in interrupted}


def test_missing_vectors_are_made(opened: Callable[[], KnowledgeBase], folder: Path) -> None:
    base = opened()
    list(base.add([folder]))
    row = base._library(DEFAULT_LIBRARY)
    numbers = base._places.numbers(row.id)
    base._store.delete_vectors(row.id, row.embedder, numbers[:40])
    assert base.check(DEFAULT_LIBRARY).without_vector == 40
    background = Background(base, learn=lambda *_: None)
    background.start()
    until(lambda: not background.busy)
    background.close()
    assert sorted(base._store.vector_numbers(row.id, row.embedder)) == numbers


def test_an_interrupted_change_of_embedder_is_finished(
    opened: Callable[[], KnowledgeBase], folder: Path, embedder: Gated
) -> None:
    base = opened()
    list(base.add([folder]))
    change = base.change_embedder(DEFAULT_LIBRARY, "other")
    next(change)
    change.close()  # type: ignore[attr-defined]
    assert base.unfinished_changes() == [(DEFAULT_LIBRARY, "other")]
    embedder.gate.clear()
    embedder.waiting.clear()
    background = Background(base, learn=lambda *_: None)
    background.start()
    assert embedder.waiting.wait(20)
    threading.Timer(0.05, embedder.gate.set).start()
    background.close()  # leaves it, and throws nothing away
    assert base.unfinished_changes() == [(DEFAULT_LIBRARY, "other")]
    background = Background(base, learn=lambda *_: None)
    background.start()
    until(lambda: not background.busy)
    background.close()
    assert base.unfinished_changes() == []
    assert base.libraries()[0].embedder == "other"
    assert base.search("florins")


def test_a_persons_change_goes_before(opened: Callable[[], KnowledgeBase], folder: Path, embedder: Gated) -> None:
    base = opened()
    list(base.add([folder]))
    change = base.change_embedder(DEFAULT_LIBRARY, "other")
    next(change)
    change.close()  # type: ignore[attr-defined]
    embedder.gate.clear()
    embedder.waiting.clear()
    background = Background(base, learn=lambda *_: None)
    background.start()
    assert embedder.waiting.wait(20)
    threading.Timer(0.05, embedder.gate.set).start()
    assert list(background.change_embedder(DEFAULT_LIBRARY, "third", cancel=CancelToken()))[-1] == Finished()
    assert base.libraries()[0].embedder == "third"
    until(lambda: not background.busy)
    background.close()
    background.start()  # closed: nothing begins any more
    assert not background.busy


def test_an_engine_that_stays_leaves_no_thread_when_it_is_closed(tmp_path: Path) -> None:
    with open_house(tmp_path, remote=False) as house:
        list(house.engine.add([house.files]))
        house.local.start_background()
        house.engine.check()
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith(("background", "intake"))] == []


def test_what_an_older_filter_screened_is_screened_again(home: Home, tmp_path: Path) -> None:
    (tmp_path / "租约.md").write_text("# 租约\n\n电话13800138000。\n", encoding="utf-8")

    def open_it(detector: int) -> KnowledgeBase:
        return KnowledgeBase(
            home,
            embedder_for=lambda _: HashEmbedder(),
            screen=find_phones,
            clock=lambda: 1_800_000_000.0,
            detector=detector,
        )

    older = open_it(1)
    list(older.add([tmp_path / "租约.md"]))
    older.close()
    base = open_it(2)
    (document,) = base.documents()
    assert all(passage.stale for passage in base.passages(DEFAULT_LIBRARY, document.id))
    learnt: list[tuple[str, str]] = []
    background = Background(base, learn=lambda *one: learnt.append(one))
    background.start()
    until(lambda: not background.busy)
    background.close()
    assert not any(passage.stale for passage in base.passages(DEFAULT_LIBRARY, document.id))
    assert learnt == [(DEFAULT_LIBRARY, document.id)]  # what was found newly gets its pseudonyms
    base.close()
