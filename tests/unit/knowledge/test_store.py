"""The passages' tables: words, meaning and letters find them; removed text is gone from the files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from studiolo.cpu import require_avx2
from studiolo.errors import Code, EnvironmentFault
from studiolo.knowledge.store import PassageStore, Row

LIBRARY = "a1"
MODEL = "model/A"


def write(store: PassageStore, first: int, texts: list[str], *, language: str = "en", context: str = "Handbook"):
    numbers = list(range(first, first + len(texts)))
    store.add(LIBRARY, [Row(number, text, context) for number, text in zip(numbers, texts, strict=True)])
    vectors = np.zeros((len(texts), 4), dtype=np.float32)
    for place in range(len(texts)):
        vectors[place, place % 4] = 1.0
    store.add_vectors(LIBRARY, MODEL, numbers, [language] * len(texts), vectors)


@pytest.fixture
def store(tmp_path: Path):
    opened = PassageStore(tmp_path / "lance")
    yield opened
    opened.close()


def ids(matches) -> list[int]:
    return [match.id for match in matches]


def test_a_passage_comes_back_as_it_was_written(store):
    write(store, 1, ["The term of the lease", "租期"])
    assert store.rows(LIBRARY, [1, 2, 3]) == {
        1: Row(1, "The term of the lease", "Handbook"),
        2: Row(2, "租期", "Handbook"),
    }
    assert list(store.vectors(LIBRARY, MODEL, [2, 9])) == [2]
    assert store.vectors(LIBRARY, MODEL, [2])[2].tolist() == [0.0, 1.0, 0.0, 0.0]


def test_words_are_found_stemmed_in_english_and_cut_in_chinese(store):
    write(store, 1, ["The tenants are running late", "租赁合同的期限为二十四个月", "Something else"])
    assert ids(store.keyword(LIBRARY, "tenant runs", limit=5)) == [1]
    assert ids(store.keyword(LIBRARY, "合同期限", limit=5)) == [2]
    assert len(store.keyword(LIBRARY, "handbook", limit=5)) == 3  # the context is indexed too
    assert store.keyword(LIBRARY, " ,;", limit=5) == []
    assert ids(store.keyword(LIBRARY, "ＴＥＮＡＮＴ", limit=5)) == [1]


def test_rows_added_after_the_index_are_found_before_it_is_tidied(store):
    write(store, 1, ["apples", "苹果和梨"])
    write(store, 3, ["pears", "两个月的押金"])
    assert ids(store.keyword(LIBRARY, "pears", limit=5)) == [3]
    assert ids(store.keyword(LIBRARY, "押金", limit=5)) == [4]
    store.tidy(LIBRARY)
    assert ids(store.keyword(LIBRARY, "pears", limit=5)) == [3]
    assert ids(store.keyword(LIBRARY, "押金", limit=5)) == [4]


def test_letters_are_found_where_words_are_not(store):
    write(store, 1, ["Part PN-4471-B is red", "Part PN-4471-C is blue", "租赁合同", "it's 'quoted' 100%"])
    assert ids(store.containing(LIBRARY, "pn-4471-b", limit=5)) == [1]
    assert store.keyword(LIBRARY, "租", limit=5) == []
    assert ids(store.containing(LIBRARY, "租", limit=5)) == [3]
    assert ids(store.containing(LIBRARY, "'quoted' 100%", limit=5)) == [4]


def test_nearest_gives_cosines_and_keeps_to_numbers_and_languages(store):
    write(store, 1, ["one", "two"])
    write(store, 5, ["一"], language="zh")
    query = np.array([1, 0, 0, 0], dtype=np.float32)
    found = store.nearest(LIBRARY, MODEL, query, limit=2)
    assert [round(match.score, 5) for match in found] == [1.0, 1.0]
    assert set(ids(found)) == {1, 5}
    assert ids(store.nearest(LIBRARY, MODEL, query, limit=5, within=[(4, 9)])) == [5]
    assert ids(store.nearest(LIBRARY, MODEL, query, limit=5, languages=["en"])) == [1, 2]
    assert store.nearest(LIBRARY, "another", query, limit=5) == []


def test_more_runs_than_one_condition_takes_are_searched_all_the_same(store):
    write(store, 1, [f"word{number} shared" for number in range(1, 2001)])
    within = [(number, number) for number in range(1, 2001, 2)]
    assert len(store.keyword(LIBRARY, "shared", limit=2000, within=within)) == 1000
    assert ids(store.keyword(LIBRARY, "word1999", limit=3, within=within)) == [1999]
    assert store.keyword(LIBRARY, "word1998", limit=3, within=within) == []
    assert len(store.rows(LIBRARY, list(range(1, 2001, 2)))) == 1000
    query = np.array([0, 0, 1, 0], dtype=np.float32)
    assert all(match.id % 4 == 3 for match in store.nearest(LIBRARY, MODEL, query, limit=300, within=within))


def test_an_empty_list_of_numbers_finds_nothing(store):
    write(store, 1, ["words"])
    assert store.keyword(LIBRARY, "words", limit=3, within=[]) == []


def test_vectors_of_two_embedders_stand_side_by_side(store):
    write(store, 1, ["one", "two"])
    store.add_vectors(LIBRARY, "model/B", [1], ["en"], np.ones((1, 2), dtype=np.float32))
    assert store.vector_numbers(LIBRARY, "model/B") == [1]
    store.drop_vectors(LIBRARY, MODEL)
    assert store.vector_numbers(LIBRARY, MODEL) == []
    assert store.vector_numbers(LIBRARY, "model/B") == [1]
    store.delete(LIBRARY, [1])
    assert store.vector_numbers(LIBRARY, "model/B") == []


def test_passages_are_in_even_if_the_upkeep_after_them_fails(store, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(PassageStore, "_index", full)
    write(store, 1, ["some words"])
    assert ids(store.keyword(LIBRARY, "words", limit=5)) == [1]
    monkeypatch.undo()
    write(store, 2, ["租赁合同的期限"])
    assert ids(store.keyword(LIBRARY, "合同", limit=5)) == [2]


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def test_purge_leaves_no_file_that_held_removed_text(store, tmp_path):
    write(store, 1, [f"keep {n}" for n in range(50)])
    write(store, 90, ["the secret word"])
    store.tidy(LIBRARY)  # both now share a file, and the word is in the index
    held = {path for path in files(tmp_path / "lance") if path.parent.name == "data" or "_indices" in path.parts}
    assert len(held) > 1
    store.delete(LIBRARY, [90])
    store.purge(LIBRARY)
    assert not any(path.exists() for path in held)
    assert len(store.numbers(LIBRARY)) == len(store.vector_numbers(LIBRARY, MODEL)) == 50
    assert store.keyword(LIBRARY, "secret", limit=5) == []
    assert len(store.keyword(LIBRARY, "keep", limit=60)) == 50


def test_purge_of_the_last_passage_leaves_nothing(store, tmp_path):
    write(store, 1, ["words"])
    store.delete(LIBRARY, [1])
    store.purge(LIBRARY)
    assert {path.name for path in files(tmp_path / "lance")} == {"format.json"}
    write(store, 2, ["words again"])
    assert ids(store.keyword(LIBRARY, "words", limit=5)) == [2]


def test_many_small_writes_leave_few_files(store, tmp_path):
    for number in range(70):
        write(store, number + 1, [f"words {number}"])
    store.tidy(LIBRARY)
    data = [path for path in files(tmp_path / "lance") if path.suffix == ".lance" and "data" in path.parts]
    assert len(data) == 2  # texts, and vectors
    assert ids(store.keyword(LIBRARY, "69", limit=5)) == [70]


def test_what_is_written_is_there_after_opening_again(store, tmp_path):
    write(store, 1, ["words"])
    store.close()
    again = PassageStore(tmp_path / "lance")
    assert again.numbers(LIBRARY) == [1]
    again.close()


def test_a_library_without_a_table_has_nothing(store):
    assert store.numbers("none") == []
    assert store.keyword("none", "words", limit=5) == []
    assert store.rows("none", [1]) == {}
    store.delete("none", [1])
    store.purge("none")
    store.tidy("none")
    store.drop("none")


def test_a_newer_format_is_refused_and_a_damaged_one_named(tmp_path):
    folder = tmp_path / "lance"
    folder.mkdir()
    (folder / "format.json").write_text(json.dumps({"format": 99}), encoding="utf-8")
    with pytest.raises(EnvironmentFault) as caught:
        PassageStore(folder).numbers(LIBRARY)
    assert caught.value.code is Code.NEWER_FORMAT
    (folder / "format.json").write_text("{", encoding="utf-8")
    with pytest.raises(EnvironmentFault) as caught:
        PassageStore(folder).numbers(LIBRARY)
    assert caught.value.code is Code.DAMAGED_STORE


def test_a_damaged_table_is_named(store, tmp_path):
    write(store, 1, ["words"])
    store.close()
    for path in files(tmp_path / "lance"):
        if path.suffix == ".manifest":
            path.write_bytes(b"broken")
    with pytest.raises(EnvironmentFault) as caught:
        store.numbers(LIBRARY)
    assert caught.value.code is Code.DAMAGED_STORE


def test_a_processor_without_avx2_is_told_before_lancedb_loads(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "studiolo.knowledge.store.require_avx2", lambda: require_avx2(frozenset({"sse4_2"}), machine="x86_64")
    )
    with pytest.raises(EnvironmentFault) as caught:
        PassageStore(tmp_path / "lance").numbers(LIBRARY)
    assert caught.value.code is Code.UNSUPPORTED_CPU
    assert not (tmp_path / "lance").exists()
