"""Homes of earlier versions, kept as they were, still open with everything in them."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fixtures.make_home import NOTE, QUESTION
from tests.real.conftest import link_models

from studiolo.bootstrap import open_local
from studiolo.events import FileDone
from studiolo.local import LocalEngine
from studiolo.paths import Home
from studiolo.settings import Settings

KEPT = sorted((Path(__file__).resolve().parent.parent / "fixtures").glob("home-*.tar.gz"))


def _unpacked(archive: Path, folder: Path) -> Home:
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return Home(folder)


@pytest.fixture(params=KEPT, ids=lambda path: path.name)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LocalEngine]:
    engine = open_local(_unpacked(request.param, tmp_path / "home"), environ=os.environ)
    yield engine
    engine.close()


def test_there_is_one_of_every_format() -> None:
    assert [path.name for path in KEPT] == ["home-1.tar.gz", "home-2.tar.gz"]


def test_documents_and_passages_are_there(kept: LocalEngine) -> None:
    assert [document.name for document in kept.documents()] == ["keys.md", "档案室.txt"]
    assert all(document.status.value == "ready" for document in kept.documents())
    english = next(document for document in kept.documents() if document.name == "keys.md")
    text = "".join(passage.text for passage in kept._parts.knowledge.passages("default", english.id))
    assert "kept by Hannah Lindqvist" in text
    assert "kept by Hannah Lindqvist" in NOTE


def test_conversations_are_there_with_names_restored(kept: LocalEngine) -> None:
    (conversation,) = kept.conversations()
    (turn,) = kept.turns(conversation.id)
    assert turn.question == QUESTION
    assert turn.state == "complete"
    assert "<PERSON_" not in turn.answer
    assert "Hannah Lindqvist" not in kept.model_saw(turn.id)
    assert "<PERSON_" in kept.model_saw(turn.id)
    assert turn.sources


@pytest.mark.real_model
@pytest.mark.parametrize("archive", KEPT, ids=lambda path: path.name)
def test_a_kept_home_is_searched_and_added_to(archive: Path, tmp_path: Path, models_home: Home) -> None:
    home = _unpacked(archive, tmp_path / "home")
    link_models(home, models_home)
    new = tmp_path / "new.txt"
    new.write_text("The reading room closes in August.", encoding="utf-8")
    engine = open_local(home, environ=os.environ, settings=Settings(chat_model="smollm2-135m"))  # type: ignore[call-arg]
    assert engine.search("When is the archive open?", limit=1)[0].passage.document == "keys.md"
    assert engine.search("钥匙由谁保管", limit=1)[0].passage.document == "档案室.txt"
    (done,) = [event for event in engine.add([new]) if isinstance(event, FileDone)]
    assert done.result.status == "added"
    assert engine.search("reading room August", limit=1)[0].passage.document == "new.txt"
    engine.close()
