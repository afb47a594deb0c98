"""Readings on disk: what comes back, the budget and the order of use, disks that refuse, what belongs together."""

from __future__ import annotations

import errno
import os
import random
import stat
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kept_readings import FILE_BYTES, PAYLOAD, content_of, file_of, key, names_in, posix_only, raises, store_in

from studiolo.inference import readings as module
from studiolo.inference import readings_file as files
from studiolo.inference.readings import ReadingStore, StoredReading
from studiolo.inference.readings_key import ReadingKey, group_digest
from studiolo.paths import Home

# --- what comes back


def test_what_was_put_comes_back(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    assert store.get(key()) is None
    assert store.put(key(), PAYLOAD, tokens=321)
    with store.get(key()) as reading:
        assert bytes(reading.data) == PAYLOAD
        assert reading.tokens == 321
        assert reading.data.readonly
    assert reading._mapped.closed
    assert store.contains(key())
    assert not store.contains(key(1))
    state = store.statistics()
    assert (state.entries, state.size_bytes, state.damaged, state.evicted) == (1, FILE_BYTES, 0, 0)
    assert file_of(tmp_path, key()).stat().st_size == FILE_BYTES


def test_it_comes_back_after_a_restart(tmp_path: Path) -> None:
    assert store_in(tmp_path).put(key(), PAYLOAD, tokens=1)
    store = store_in(tmp_path)
    assert store.statistics().size_bytes == FILE_BYTES
    assert content_of(store, key()) == PAYLOAD


@pytest.mark.parametrize(
    "data", [b"", b"x", bytearray(b"abc"), memoryview(b"abcd")[1:3], np.arange(6, dtype=np.float16).reshape(2, 3)]
)
def test_any_buffer_is_kept_as_its_bytes(tmp_path: Path, data: object) -> None:
    store = store_in(tmp_path)
    assert store.put(key(), memoryview(data), tokens=1)
    assert content_of(store, key()) == bytes(data)


def test_a_payload_of_several_chunks_comes_back(tmp_path: Path) -> None:
    data = random.Random(1).randbytes(3 * files._CHUNK_BYTES + 17)
    store = store_in(tmp_path)
    assert store.put(key(), data, tokens=1)
    assert content_of(store, key()) == data


def test_a_second_put_takes_the_place_of_the_first(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    assert store.put(key(), PAYLOAD, tokens=1)
    assert store.put(key(), b"new", tokens=2)
    assert content_of(store, key()) == b"new"
    assert store.statistics().size_bytes == files.file_bytes(3, groups=0)
    assert len(names_in(tmp_path)) == 1


def test_c_reads_the_bytes_without_a_copy(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    assert store.put(key(), PAYLOAD, tokens=1)
    with store.get(key()) as reading:
        array = np.frombuffer(reading.data, "u1")
        assert array.ctypes.data % 64 == 0
        assert bytes(array) == PAYLOAD
        del array


def test_closing_while_somebody_looks_does_no_harm(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    assert store.put(key(), PAYLOAD, tokens=1)
    reading = store.get(key())
    array = np.frombuffer(reading.data, "u1")
    reading.close()
    reading.close()
    assert bytes(array) == PAYLOAD


@posix_only
def test_only_the_owner_may_look(tmp_path: Path) -> None:
    folder = Home(tmp_path).readings
    store = store_in(folder)
    assert store.put(key(), PAYLOAD, tokens=1)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(file_of(folder, key()).stat().st_mode) == 0o600


# --- budget and use


def test_the_least_recently_used_goes_first(tmp_path: Path) -> None:
    store = store_in(tmp_path, budget=3 * FILE_BYTES)
    for number in range(3):
        assert store.put(key(number), PAYLOAD, tokens=1)
    assert content_of(store, key(0)) == PAYLOAD
    assert store.contains(key(1))  # does not count as use
    assert store.put(key(3), PAYLOAD, tokens=1)
    assert [store.contains(key(number)) for number in range(4)] == [True, False, True, True]
    assert store.statistics().evicted == 1
    assert len(names_in(tmp_path)) == 3


def test_the_order_of_use_outlives_a_restart(tmp_path: Path) -> None:
    store = store_in(tmp_path, budget=4 * FILE_BYTES)
    for number in range(4):
        assert store.put(key(number), PAYLOAD, tokens=1)
    for number in (2, 0):
        assert content_of(store, key(number)) == PAYLOAD
    assert [key(number).digest for number in (1, 3, 2, 0)] == list(store_in(tmp_path)._entries)
    smaller = store_in(tmp_path, budget=2 * FILE_BYTES)
    assert [smaller.contains(key(number)) for number in range(4)] == [True, False, True, False]


def test_a_clock_that_was_set_back_does_not_turn_the_order_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store_in(tmp_path).put(key(0), PAYLOAD, tokens=1)
    monkeypatch.setattr(module.time, "time_ns", lambda: 1_000_000_000)
    store = store_in(tmp_path)
    assert store.put(key(1), PAYLOAD, tokens=1)
    assert store.put(key(2), PAYLOAD, tokens=1)
    assert [key(number).digest for number in range(3)] == list(store_in(tmp_path)._entries)


def test_times_that_mean_nothing_cost_only_the_order(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    for number in range(3):
        assert store.put(key(number), PAYLOAD, tokens=1)
        os.utime(file_of(tmp_path, key(number)), (0, 4_000_000_000 if number else 0))
    again = store_in(tmp_path)
    assert all(content_of(again, key(number)) == PAYLOAD for number in range(3))


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5_000), st.booleans()), max_size=15))
def test_the_budget_holds_whatever_comes(tmp_path_factory: pytest.TempPathFactory, calls: list) -> None:
    folder = tmp_path_factory.mktemp("budget")
    store = store_in(folder, budget=8_000)
    for number, size, read in calls:
        if read:
            content_of(store, key(number))
        else:
            assert store.put(key(number), b"x" * size, tokens=1)
            assert store.contains(key(number))
        on_disk = sum(one.stat().st_size for one in folder.iterdir())
        assert on_disk == store.statistics().size_bytes <= 8_000


def test_what_can_never_fit_drops_nothing(tmp_path: Path) -> None:
    store = store_in(tmp_path, budget=2 * FILE_BYTES)
    assert store.put(key(0), PAYLOAD, tokens=1)
    assert not store.put(key(1), PAYLOAD * 3, tokens=1)
    assert store.contains(key(0))
    assert store.statistics().evicted == 0


def test_another_budget_counts_at_once(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    for number in range(4):
        assert store.put(key(number), PAYLOAD, tokens=1)
    store.resize(2 * FILE_BYTES)
    assert [store.contains(key(number)) for number in range(4)] == [False, False, True, True]
    assert store.statistics().budget_bytes == 2 * FILE_BYTES
    store.resize(0)
    assert not store.put(key(), b"", tokens=0)
    assert names_in(tmp_path) == []


# --- disks that refuse


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
@pytest.mark.parametrize("where", ["fsync", "replace", "open"])
def test_a_disk_that_refuses_keeps_nothing_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, where: str
) -> None:
    store = store_in(tmp_path)
    assert store.put(key(0), PAYLOAD, tokens=1)
    with monkeypatch.context() as patch:
        patch.setattr(os, where, raises(OSError(code, "refused")))
        assert not store.put(key(0), PAYLOAD, tokens=2)
        assert not store.put(key(1), PAYLOAD, tokens=2)
    assert names_in(tmp_path) == [file_of(tmp_path, key(0)).name]
    assert store.statistics().size_bytes == FILE_BYTES
    assert store._used == FILE_BYTES
    assert content_of(store, key(0)) == PAYLOAD
    assert store.put(key(1), PAYLOAD, tokens=1)


@posix_only
def test_a_write_that_ends_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    import resource

    store = store_in(tmp_path)
    large = b"x" * 500_000
    assert store.put(key(0), large, tokens=1)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, limits[1]))
    try:
        assert not store.put(key(0), large, tokens=2)
        assert not store.put(key(1), large, tokens=2)
        assert store.put(key(2), PAYLOAD, tokens=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert names_in(tmp_path) == sorted(file_of(tmp_path, key(number)).name for number in (0, 2))
    assert content_of(store, key(0)) == large
    assert store._used == store.statistics().size_bytes


def test_what_others_need_of_the_disk_is_left_to_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = ReadingStore(tmp_path, budget_bytes=1 << 30, keep_free_bytes=10_000)
    free = 10_000 + 3 * FILE_BYTES

    def usage(_path: Path) -> object:
        used = sum(one.stat().st_size for one in tmp_path.iterdir())
        return type("Usage", (), {"free": free - used})

    monkeypatch.setattr(module.shutil, "disk_usage", usage)
    for number in range(5):
        assert store.put(key(number), PAYLOAD, tokens=1)
    assert store.statistics().entries == 3
    free -= 2 * FILE_BYTES  # somebody else needed it
    assert store.put(key(5), PAYLOAD, tokens=1)
    assert store.statistics().entries == 1
    free -= 2 * FILE_BYTES
    assert not store.put(key(6), PAYLOAD, tokens=1)


def test_a_folder_that_cannot_be_is_an_empty_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    store = store_in(tmp_path / "file" / "readings")
    assert not store.put(key(), PAYLOAD, tokens=1)
    assert store.get(key()) is None
    assert store.forget("document 1") == store.clear() == 0
    assert store.statistics().entries == 0


def test_a_folder_that_was_removed_by_hand_is_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "readings"
    store = store_in(folder)
    assert store.put(key(), PAYLOAD, tokens=1)
    file_of(folder, key()).unlink()
    folder.rmdir()
    assert store.get(key()) is None
    assert store.put(key(), PAYLOAD, tokens=1)
    assert content_of(store, key()) == PAYLOAD


# --- readings that are held while they go


@posix_only
@pytest.mark.parametrize("how", ["drop", "clear", "evict", "replace", "forget"])
def test_a_reading_that_is_held_stays_readable(tmp_path: Path, how: str) -> None:
    store = store_in(tmp_path, budget=FILE_BYTES + 64)
    assert store.put(key(), PAYLOAD, tokens=1, groups=["document"])
    with store.get(key()) as reading:
        if how == "drop":
            assert store.drop(key())
        elif how == "clear":
            assert store.clear() == 1
        elif how == "forget":
            assert store.forget("document") == 1
        elif how == "evict":
            assert store.put(key(1), PAYLOAD, tokens=1)
        else:
            assert store.put(key(), PAYLOAD[::-1], tokens=1)
        assert bytes(reading.data) == PAYLOAD
    assert content_of(store, key()) == (PAYLOAD[::-1] if how == "replace" else None)


class _Windows:
    """Refuses to remove or replace files that are held, as Windows does."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.held: set[str] = set()
        unlink, swap = Path.unlink, os.replace

        def refuse(path: object) -> None:
            if Path(path).name in self.held:
                raise PermissionError(errno.EACCES, "in use")

        def checked_unlink(path: Path, missing_ok: bool = False) -> None:
            refuse(path)
            unlink(path, missing_ok=missing_ok)

        def checked_swap(source: Path, target: Path) -> None:
            refuse(target)
            swap(source, target)

        patch.setattr(Path, "unlink", checked_unlink)
        patch.setattr(os, "replace", checked_swap)

    def hold(self, store: ReadingStore, wanted: ReadingKey) -> StoredReading:
        reading = store.get(wanted)
        self.held = {f"{wanted.digest}.r{files.FORMAT}"}
        return reading

    def let_go(self, reading: StoredReading) -> None:
        self.held = set()
        reading.close()


def test_what_windows_will_not_remove_is_gone_for_us_and_removed_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows = _Windows(monkeypatch)
    store = store_in(tmp_path)
    assert store.put(key(), PAYLOAD, tokens=1, groups=["document"])
    reading = windows.hold(store, key())
    assert store.forget("document") == 1
    assert bytes(reading.data) == PAYLOAD
    assert store.get(key()) is None
    assert store.statistics().size_bytes == 0
    assert not store.put(key(), PAYLOAD, tokens=1)
    assert names_in(tmp_path) == [f"{key().digest}.gone", f"{key().digest}.r{files.FORMAT}"]
    windows.let_go(reading)
    assert names_in(tmp_path) == []
    assert store.put(key(), PAYLOAD, tokens=1)
    assert content_of(store, key()) == PAYLOAD


def test_what_windows_would_not_remove_is_removed_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows = _Windows(monkeypatch)
    store = store_in(tmp_path)
    assert store.put(key(), PAYLOAD, tokens=1)
    reading = windows.hold(store, key())
    assert store.drop(key())
    assert not store_in(tmp_path).contains(key())  # still held
    windows.held = set()  # a killed process holds nothing
    again = store_in(tmp_path)
    assert again.get(key()) is None
    assert names_in(tmp_path) == []
    reading.close()


# --- what belongs together


def test_what_was_made_of_a_document_goes_with_it(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    for number, groups in enumerate((["库/1", "文件/7"], ["库/1", "文件/8"], ["库/2"], [], ["库/2", "文件/7"])):
        assert store.put(key(number), PAYLOAD, tokens=1, groups=groups)
    assert store.forget("文件/7") == 2
    assert [store.contains(key(number)) for number in range(5)] == [False, True, True, True, False]
    assert store.forget("文件/7") == 0
    assert store.forget("库/1", "库/2") == 2
    assert store.contains(key(3))
    assert len(names_in(tmp_path)) == 1


def test_what_belongs_together_is_known_after_a_restart(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    for number in range(6):
        assert store.put(key(number), PAYLOAD, tokens=1, groups=[f"document {number % 2}", "library"])
    store = store_in(tmp_path)
    assert content_of(store, key(0)) == PAYLOAD
    assert store.forget("document 0") == 3
    assert len(names_in(tmp_path)) == 3
    assert store.statistics().damaged == 0
    assert store_in(tmp_path).forget("library") == 3
    assert names_in(tmp_path) == []


def test_what_cannot_say_whose_it_is_goes_too(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    for number in range(3):
        assert store.put(key(number), PAYLOAD, tokens=1, groups=["document"])
    with file_of(tmp_path, key(1)).open("r+b") as file:
        file.seek(80)  # in the digest of its group
        file.write(b"\0\0")
    again = store_in(tmp_path)
    assert again.forget("another document") == 1
    assert [again.contains(key(number)) for number in range(3)] == [True, False, True]
    assert again.statistics().damaged == 1


def test_the_names_of_groups_are_not_on_the_disk(tmp_path: Path) -> None:
    assert store_in(tmp_path).put(key(), PAYLOAD, tokens=1, groups=["合同 Müller"])
    content = file_of(tmp_path, key()).read_bytes()
    assert group_digest("合同 Müller") in content
    assert "合同".encode() not in content
    assert b"ller" not in content


@pytest.mark.parametrize(("how", "kept"), [("forget", False), ("clear", False), ("forget another", True)])
def test_what_is_being_written_when_its_document_goes_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, kept: bool
) -> None:
    store = store_in(tmp_path)
    flush = os.fsync

    def meanwhile(descriptor: int) -> None:
        monkeypatch.setattr(os, "fsync", flush)
        if how == "clear":
            store.clear()
        else:
            store.forget("document" if how == "forget" else "another document")

    monkeypatch.setattr(os, "fsync", meanwhile)
    assert store.put(key(), PAYLOAD, tokens=1, groups=["document"]) is kept
    assert len(names_in(tmp_path)) == kept
    assert store._used == store.statistics().size_bytes
    assert store.contains(key()) is kept


def test_what_the_model_still_reads_of_a_removed_document_is_not_kept(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.forget("gone", for_good=True)
    assert not store.put(key(), PAYLOAD, tokens=1, groups=("gone", "library"))
    assert names_in(tmp_path) == []
    assert store.put(key(1), PAYLOAD, tokens=1, groups=("kept", "library"))
    store.know_again("gone")
    assert store.put(key(), PAYLOAD, tokens=1, groups=("gone", "library"))


def test_very_many_groups_are_refused(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    assert store.put(key(), PAYLOAD, tokens=1, groups=map(str, range(files.MOST_GROUPS)))
    assert content_of(store, key()) == PAYLOAD
    assert store_in(tmp_path).forget("17") == 1
    with pytest.raises(ValueError, match="groups"):
        store.put(key(), PAYLOAD, tokens=1, groups=map(str, range(files.MOST_GROUPS + 1)))


def test_dropping_and_clearing(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    for number in range(3):
        assert store.put(key(number), PAYLOAD, tokens=1)
    assert store.drop(key(0))
    assert not store.drop(key(0))
    assert store.clear() == 2
    assert names_in(tmp_path) == []
    assert store.statistics().size_bytes == store._used == 0


# --- threads


def test_many_threads_put_read_and_drop_at_once(tmp_path: Path) -> None:
    """Whatever is read is what was put under that key, and the books agree with the folder afterwards."""
    budget = 6 * files.file_bytes(20_000, groups=1)
    store = store_in(tmp_path, budget=budget)
    failures: list[object] = []
    hits: list[int] = []

    def payload(number: int) -> bytes:
        return bytes([number]) * (10_000 + 1_000 * number)

    def work(seed: int) -> None:
        rng = random.Random(seed)
        try:
            for _ in range(150):
                number = rng.randrange(10)
                chance = rng.random()
                if chance < 0.35:
                    store.put(key(number), payload(number), tokens=number, groups=[f"document {number % 3}"])
                elif chance < 0.9:
                    reading = store.get(key(number))
                    if reading is not None:
                        with reading:
                            hits.append(number)
                            assert reading.tokens == number
                            assert bytes(reading.data) == payload(number)
                elif chance < 0.97:
                    store.drop(key(number))
                else:
                    store.forget(f"document {number % 3}")
                assert store.statistics().size_bytes <= budget
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert hits
    state = store.statistics()
    assert state.damaged == 0
    assert state.size_bytes == store._used == sum(one.stat().st_size for one in tmp_path.iterdir())
    assert state.entries == len(names_in(tmp_path))
