"""The passages' table: words, meaning and letters find them; a document changes at once; removed text is gone."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest

from studiolo.cpu import require_avx2
from studiolo.errors import Code, EnvironmentFault
from studiolo.knowledge.store import PassageStore, Row
from studiolo.types import Passage, Span

LIBRARY = "a1"


def passage(document_id: str, number: int, text: str, *, language: str = "en", spans=()) -> Passage:
    return Passage(
        id=f"{document_id}-{number}",
        document_id=document_id,
        document="",
        page=number + 1,
        page_end=number + 1,
        start=number * 100,
        end=number * 100 + len(text),
        heading=("Part",),
        text=text,
        language=language,
        spans=spans,
    )


def write(store: PassageStore, document_id: str, texts: list[str], *, content: str = "v1", **options) -> None:
    rows = [Row(passage(document_id, n, text, **options), context="Handbook") for n, text in enumerate(texts)]
    vectors = np.zeros((len(texts), 4), dtype=np.float32)
    for number in range(len(texts)):
        vectors[number, number % 4] = 1.0
    store.write(LIBRARY, rows, vectors, document_id=document_id, content=content)


@pytest.fixture
def store(tmp_path: Path):
    opened = PassageStore(tmp_path / "lance")
    yield opened
    opened.close()


def texts(found) -> list[str]:
    return [entry.passage.text for entry in found]


def test_a_passage_comes_back_as_it_was_written(store):
    spans = (Span("PHONE_NUMBER", 3, 9, 0.5),)
    write(store, "d1", ["The term of the lease"], spans=spans)
    assert store.passages(LIBRARY, "d1") == [passage("d1", 0, "The term of the lease", spans=spans)]
    write(store, "d2", ["not screened"], spans=None)
    assert store.passages(LIBRARY, "d2")[0].spans is None


def test_words_are_found_stemmed_in_english_and_cut_in_chinese(store):
    write(store, "d1", ["The tenants are running late", "租赁合同的期限为二十四个月", "Something else"])
    assert texts(store.keyword(LIBRARY, "tenant runs", limit=5)) == ["The tenants are running late"]
    assert texts(store.keyword(LIBRARY, "合同期限", limit=5)) == ["租赁合同的期限为二十四个月"]
    assert len(store.keyword(LIBRARY, "handbook", limit=5)) == 3  # the context is indexed too
    assert store.keyword(LIBRARY, " ,;", limit=5) == []
    assert texts(store.keyword(LIBRARY, "ＴＥＮＡＮＴ", limit=5)) == ["The tenants are running late"]


def test_rows_added_after_the_index_are_found_before_it_is_tidied(store):
    write(store, "d1", ["apples"])
    write(store, "d2", ["pears"])
    assert texts(store.keyword(LIBRARY, "pears", limit=5)) == ["pears"]
    store.tidy(LIBRARY)
    assert texts(store.keyword(LIBRARY, "pears", limit=5)) == ["pears"]


def test_letters_are_found_where_words_are_not(store):
    write(store, "d1", ["Part PN-4471-B is red", "Part PN-4471-C is blue", "租赁合同", "it's 'quoted' 100%"])
    assert texts(store.containing(LIBRARY, "pn-4471-b", limit=5)) == ["Part PN-4471-B is red"]
    assert store.keyword(LIBRARY, "租", limit=5) == []
    assert texts(store.containing(LIBRARY, "租", limit=5)) == ["租赁合同"]
    assert texts(store.containing(LIBRARY, "'quoted' 100%", limit=5)) == ["it's 'quoted' 100%"]


def test_nearest_gives_cosines_and_keeps_to_documents_and_languages(store):
    write(store, "d1", ["one", "two"])
    write(store, "d2", ["一"], language="zh")
    query = np.array([1, 0, 0, 0], dtype=np.float32)
    found = store.nearest(LIBRARY, query, limit=2)
    assert [round(entry.score, 5) for entry in found] == [1.0, 1.0]
    assert set(texts(found)) == {"one", "一"}
    assert texts(store.nearest(LIBRARY, query, limit=5, documents=["d2"])) == ["一"]
    assert texts(store.nearest(LIBRARY, query, limit=5, languages=["en"])) == ["one", "two"]


def test_a_document_is_replaced_in_one_commit_and_others_stay(store):
    write(store, "d1", ["old one", "old two", "old three"])
    write(store, "d2", ["elsewhere"])
    write(store, "d1", ["new one"], content="v2")
    assert set(texts(store.keyword(LIBRARY, "old new elsewhere", limit=9))) == {"new one", "elsewhere"}
    assert store.count(LIBRARY) == 2
    assert [p.text for p in store.passages(LIBRARY, "d1")] == ["new one"]
    assert store.content_of(LIBRARY, "d1") == "v2"
    assert store.content_of(LIBRARY, "d3") is None


def test_a_reader_sees_all_of_a_document_or_none_while_it_changes(store):
    write(store, "d1", ["version 0"] * 30)
    seen: set[frozenset[str]] = set()
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            seen.add(frozenset(p.text for p in store.passages(LIBRARY, "d1")))

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(1, 12):
        write(store, "d1", [f"version {number}"] * 30, content=f"v{number}")
        if number % 4 == 0:
            store.purge(LIBRARY)
    stop.set()
    reader.join()
    assert all(len(texts_seen) == 1 for texts_seen in seen)


def test_a_document_is_in_even_if_the_upkeep_after_it_fails(store, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(PassageStore, "_index", full)
    write(store, "d1", ["some words"])
    assert texts(store.keyword(LIBRARY, "words", limit=5)) == ["some words"]
    monkeypatch.undo()
    write(store, "d2", ["租赁合同的期限"])
    assert texts(store.keyword(LIBRARY, "合同", limit=5)) == ["租赁合同的期限"]


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def test_purge_leaves_no_file_that_held_removed_text(store, tmp_path):
    write(store, "d1", [f"keep {n}" for n in range(50)])
    write(store, "d2", ["the secret word"])
    store.tidy(LIBRARY)  # both documents now share a file, and the word is in the index
    held = {path for path in files(tmp_path / "lance") if path.parent.name == "data" or "_indices" in path.parts}
    assert len(held) > 1
    store.delete(LIBRARY, "d2")
    store.purge(LIBRARY)
    assert not any(path.exists() for path in held)
    assert store.count(LIBRARY) == 50
    assert texts(store.keyword(LIBRARY, "secret", limit=5)) == []
    assert len(store.keyword(LIBRARY, "keep", limit=60)) == 50


def test_purge_of_the_last_document_leaves_nothing(store, tmp_path):
    write(store, "d1", ["words"])
    store.delete(LIBRARY, "d1")
    store.purge(LIBRARY)
    assert {path.name for path in files(tmp_path / "lance")} == {"format.json"}
    write(store, "d1", ["words again"])
    assert texts(store.keyword(LIBRARY, "words", limit=5)) == ["words again"]


def test_many_small_writes_leave_few_files(store, tmp_path):
    for number in range(70):
        write(store, f"d{number}", [f"words {number}"])
    store.tidy(LIBRARY)
    assert len([path for path in files(tmp_path / "lance") if path.suffix == ".lance" and "data" in path.parts]) == 1
    assert texts(store.keyword(LIBRARY, "69", limit=5)) == ["words 69"]


def test_what_is_written_is_there_after_opening_again(store, tmp_path):
    write(store, "d1", ["words"])
    store.close()
    again = PassageStore(tmp_path / "lance")
    assert again.count(LIBRARY) == 1
    again.close()


def test_a_library_without_a_table_has_nothing(store):
    assert store.count("none") == 0
    assert store.keyword("none", "words", limit=5) == []
    assert store.passages("none", "d1") == []
    store.delete("none", "d1")
    store.purge("none")
    store.tidy("none")
    store.drop("none")


def test_a_newer_format_is_refused_and_a_damaged_one_named(tmp_path):
    folder = tmp_path / "lance"
    folder.mkdir()
    (folder / "format.json").write_text(json.dumps({"format": 99}), encoding="utf-8")
    with pytest.raises(EnvironmentFault) as caught:
        PassageStore(folder).count(LIBRARY)
    assert caught.value.code is Code.NEWER_FORMAT
    (folder / "format.json").write_text("{", encoding="utf-8")
    with pytest.raises(EnvironmentFault) as caught:
        PassageStore(folder).count(LIBRARY)
    assert caught.value.code is Code.DAMAGED_STORE


def test_a_damaged_table_is_named(store, tmp_path):
    write(store, "d1", ["words"])
    store.close()
    for path in files(tmp_path / "lance"):
        if path.suffix == ".manifest":
            path.write_bytes(b"broken")
    with pytest.raises(EnvironmentFault) as caught:
        store.count(LIBRARY)
    assert caught.value.code is Code.DAMAGED_STORE


def test_a_processor_without_avx2_is_told_before_lancedb_loads(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "studiolo.knowledge.store.require_avx2", lambda: require_avx2(frozenset({"sse4_2"}), machine="x86_64")
    )
    with pytest.raises(EnvironmentFault) as caught:
        PassageStore(tmp_path / "lance").count(LIBRARY)
    assert caught.value.code is Code.UNSUPPORTED_CPU
    assert not (tmp_path / "lance").exists()
