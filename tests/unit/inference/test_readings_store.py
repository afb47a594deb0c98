"""Readings on disk: whole or not there at all, within the budget, and gone with what they were made of."""

from __future__ import annotations

import errno
import os
import random
import stat
import threading
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studiolo.inference import readings as module
from studiolo.inference import readings_file as files
from studiolo.inference.readings import ReadingStore, StoredReading
from studiolo.inference.readings_key import ReadingKey, RopeSettings, group_digest
from studiolo.paths import Home

PAYLOAD = bytes(range(256)) * 4
FILE_BYTES = files.file_bytes(len(PAYLOAD), groups=0)
posix_only = pytest.mark.skipif(os.name != "posix", reason="as POSIX does it")


def _key(number: int = 0) -> ReadingKey:
    return ReadingKey(
        model="ab" * 32,
        build="b7000",
        prefix=(1, 2, 3),
        part=(number, 20, 30),
        key_type="f16",
        value_type="f16",
        flash_attention=True,
    )


def _store(folder: Path, *, budget: int = 1 << 30) -> ReadingStore:
    return ReadingStore(folder, budget_bytes=budget, keep_free_bytes=0)


def _content(store: ReadingStore, key: ReadingKey) -> bytes | None:
    reading = store.get(key)
    if reading is None:
        return None
    with reading:
        return bytes(reading.data)


def _file(folder: Path, key: ReadingKey) -> Path:
    return folder / f"{key.digest}.r{files.FORMAT}"


def _names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


# --- what comes back


def test_what_was_put_comes_back(tmp_path: Path) -> None:
    store = _store(tmp_path)
    assert store.get(_key()) is None
    assert store.put(_key(), PAYLOAD, tokens=321)
    with store.get(_key()) as reading:
        assert bytes(reading.data) == PAYLOAD
        assert reading.tokens == 321
        assert reading.data.readonly
    assert reading._mapped.closed
    assert store.contains(_key())
    assert not store.contains(_key(1))
    state = store.statistics()
    assert (state.entries, state.size_bytes, state.damaged, state.evicted) == (1, FILE_BYTES, 0, 0)
    assert _file(tmp_path, _key()).stat().st_size == FILE_BYTES


def test_it_comes_back_after_a_restart(tmp_path: Path) -> None:
    assert _store(tmp_path).put(_key(), PAYLOAD, tokens=1)
    store = _store(tmp_path)
    assert store.statistics().size_bytes == FILE_BYTES
    assert _content(store, _key()) == PAYLOAD


@pytest.mark.parametrize(
    "data", [b"", b"x", bytearray(b"abc"), memoryview(b"abcd")[1:3], np.arange(6, dtype=np.float16).reshape(2, 3)]
)
def test_any_buffer_is_kept_as_its_bytes(tmp_path: Path, data: object) -> None:
    store = _store(tmp_path)
    assert store.put(_key(), memoryview(data), tokens=1)
    assert _content(store, _key()) == bytes(data)


def test_a_payload_of_several_chunks_comes_back(tmp_path: Path) -> None:
    data = random.Random(1).randbytes(3 * files._CHUNK_BYTES + 17)
    store = _store(tmp_path)
    assert store.put(_key(), data, tokens=1)
    assert _content(store, _key()) == data


def test_a_second_put_takes_the_place_of_the_first(tmp_path: Path) -> None:
    store = _store(tmp_path)
    assert store.put(_key(), PAYLOAD, tokens=1)
    assert store.put(_key(), b"new", tokens=2)
    assert _content(store, _key()) == b"new"
    assert store.statistics().size_bytes == files.file_bytes(3, groups=0)
    assert len(_names(tmp_path)) == 1


def test_c_reads_the_bytes_without_a_copy(tmp_path: Path) -> None:
    store = _store(tmp_path)
    assert store.put(_key(), PAYLOAD, tokens=1)
    with store.get(_key()) as reading:
        array = np.frombuffer(reading.data, "u1")
        assert array.ctypes.data % 64 == 0
        assert bytes(array) == PAYLOAD
        del array


def test_closing_while_somebody_looks_does_no_harm(tmp_path: Path) -> None:
    store = _store(tmp_path)
    assert store.put(_key(), PAYLOAD, tokens=1)
    reading = store.get(_key())
    array = np.frombuffer(reading.data, "u1")
    reading.close()
    reading.close()
    assert bytes(array) == PAYLOAD


@posix_only
def test_only_the_owner_may_look(tmp_path: Path) -> None:
    folder = Home(tmp_path).readings
    store = _store(folder)
    assert store.put(_key(), PAYLOAD, tokens=1)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(_file(folder, _key()).stat().st_mode) == 0o600


# --- keys


def _others(key: ReadingKey) -> dict[str, list[ReadingKey]]:
    """For every field, keys that differ from `key` in it alone."""
    changed: dict[str, list[object]] = {
        "model": ["cd" * 32, ""],
        "build": ["b7001", "b7000 "],
        "prefix": [(), (1, 2), (1, 2, 3, 0), (1, 2, -3), (3, 2, 1)],
        "part": [(), (0, 20, 31), (0, 20), (0, 20, 30, 0)],
        "key_type": ["q8_0"],
        "value_type": ["q8_0"],
        "flash_attention": [False],
        "rope": [
            replace(RopeSettings(), **{one.name: getattr(RopeSettings(), one.name) + 1}) for one in fields(RopeSettings)
        ],
        "adapters": [(("ef" * 32, 1.0),), (("ef" * 32, 0.5),), (("ef" * 32, 1.0), ("01" * 32, 1.0))],
        "layout": ["swa"],
    }
    assert set(changed) == {one.name for one in fields(ReadingKey)}
    return {name: [replace(key, **{name: value}) for value in values] for name, values in changed.items()}


def test_a_key_that_differs_in_anything_is_another_key(tmp_path: Path) -> None:
    store = _store(tmp_path)
    assert store.put(_key(), PAYLOAD, tokens=1)
    others = [one for many in _others(_key()).values() for one in many]
    assert len({one.digest for one in [_key(), *others]}) == 1 + len(others)
    for one in others:
        assert store.get(one) is None
    assert _content(store, replace(_key())) == PAYLOAD


@given(st.lists(st.integers(-(2**31), 2**31 - 1)), st.lists(st.integers(-(2**31), 2**31 - 1)))
def test_where_the_prefix_ends_counts(prefix: list[int], part: list[int]) -> None:
    whole = replace(_key(), prefix=(), part=(*prefix, *part))
    cut = replace(_key(), prefix=tuple(prefix), part=tuple(part))
    assert (whole.digest == cut.digest) == (not prefix)


@given(st.text(), st.text())
def test_where_a_text_ends_counts(first: str, second: str) -> None:
    joined = replace(_key(), model=first + second, build="")
    apart = replace(_key(), model=first, build=second)
    assert (joined.digest == apart.digest) == (not second)


def test_a_whole_number_is_the_same_key_as_its_float() -> None:
    one = replace(_key(), adapters=(("ef" * 32, 1),), rope=RopeSettings(freq_base=10_000))
    same = replace(_key(), adapters=(("ef" * 32, 1.0),), rope=RopeSettings(freq_base=10_000.0))
    assert one == same
    assert one.digest == same.digest


def test_a_key_does_not_show_what_was_read() -> None:
    key = replace(_key(), prefix=(4711,), part=(4712,))
    assert "4711" not in repr(key)
    assert "4712" not in repr(key)


def test_a_key_stays_the_same_over_versions_of_the_program() -> None:
    """If this fails, every reading on every disk is lost: raise FORMAT, so that they are removed and do not linger."""
    assert files.FORMAT == 1
    assert _key().digest == "4ac2964522e02b839530e7e43c873860f9b2b3281dbf123ae27174361aa6363f"


# --- damage


def _damage_is_seen(folder: Path, content: bytes, *, size: int) -> None:
    """A file with that content is not given out, and is gone afterwards."""
    path = _file(folder, _key())
    path.write_bytes(content)
    store = _store(folder)
    assert store.statistics().size_bytes == size
    assert store.get(_key()) is None
    assert not path.exists()
    state = store.statistics()
    assert (state.entries, state.size_bytes, state.damaged) == (0, 0, 1)
    assert not store.contains(_key())


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A whole file: a header with a group, and a payload of 64 bytes."""
    folder = tmp_path_factory.mktemp("written")
    assert _store(folder).put(_key(), PAYLOAD[:64], tokens=5, groups=["document 1"])
    return _file(folder, _key()).read_bytes()


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged")


def test_every_single_flipped_bit_is_seen(written: bytes, damaged: Path) -> None:
    for bit in range(8 * len(written)):
        content = bytearray(written)
        content[bit // 8] ^= 1 << bit % 8
        _damage_is_seen(damaged, bytes(content), size=len(written))


def test_every_shortened_and_every_lengthened_file_is_seen(written: bytes, damaged: Path) -> None:
    for length in range(len(written)):
        _damage_is_seen(damaged, written[:length], size=length)
    for extra in (b"\0", b"\0" * 4096, written):
        _damage_is_seen(damaged, written + extra, size=len(written) + len(extra))


@given(data=st.data())
def test_damage_of_any_kind_is_seen(data: st.DataObject, written: bytes, damaged: Path) -> None:
    at = data.draw(st.integers(0, len(written) - 1))
    put = data.draw(st.binary(min_size=1, max_size=40))
    cut = data.draw(st.integers(0, 40))
    content = written[:at] + put + written[at + cut :]
    if content != written:
        _damage_is_seen(damaged, content, size=len(content))


@given(bit=st.integers(0, 8 * (2 * files._CHUNK_BYTES + 100) - 1))
def test_a_flipped_bit_in_a_large_payload_is_seen(bit: int, large: tuple[Path, Path, bytes]) -> None:
    folder, path, whole = large
    with path.open("r+b") as file:
        offset = len(whole) - (2 * files._CHUNK_BYTES + 100) + bit // 8
        file.seek(offset)
        file.write(bytes([whole[offset] ^ 1 << bit % 8]))
    store = _store(folder)
    assert store.get(_key()) is None
    assert store.statistics().damaged == 1
    path.write_bytes(whole)
    assert _content(_store(folder), _key()) is not None


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, bytes]:
    folder = tmp_path_factory.mktemp("large")
    assert _store(folder).put(_key(), random.Random(2).randbytes(2 * files._CHUNK_BYTES + 100), tokens=1)
    path = _file(folder, _key())
    return folder, path, path.read_bytes()


def test_a_file_that_spoils_while_the_store_is_open_is_seen(tmp_path: Path) -> None:
    store = _store(tmp_path)
    assert store.put(_key(), PAYLOAD, tokens=1)
    assert _content(store, _key()) == PAYLOAD
    with _file(tmp_path, _key()).open("r+b") as file:
        file.seek(FILE_BYTES - 1)
        file.write(b"\0")
    assert store.get(_key()) is None
    assert store.put(_key(), PAYLOAD, tokens=1)
    assert _content(store, _key()) == PAYLOAD


def test_another_readings_file_is_not_given_out(tmp_path: Path) -> None:
    store = _store(tmp_path)
    assert store.put(_key(1), PAYLOAD, tokens=1)
    _file(tmp_path, _key(1)).rename(_file(tmp_path, _key(0)))
    reopened = _store(tmp_path)
    assert reopened.get(_key(0)) is None
    assert reopened.statistics().damaged == 1


def test_a_file_of_a_newer_format_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = _key()
    digest = bytes.fromhex(key.digest)
    monkeypatch.setattr(files, "FORMAT", 2)
    header = files.Header(digest, (), 1, payload_bytes=0, payload_crc=0).packed()
    monkeypatch.undo()
    _damage_is_seen(tmp_path, header, size=len(header))


def test_files_of_other_formats_are_removed_at_the_start(tmp_path: Path) -> None:
    names = [f"{_key(number).digest}.r{version}" for number, version in enumerate((0, 2, 17))]
    for name in names:
        (tmp_path / name).write_bytes(PAYLOAD)
    store = _store(tmp_path)
    assert _names(tmp_path) == []
    assert store.statistics().damaged == 3


def test_what_a_killed_write_left_is_removed_at_the_start(tmp_path: Path) -> None:
    (tmp_path / f"{_key().digest}.12.partial").write_bytes(PAYLOAD)
    store = _store(tmp_path)
    assert _names(tmp_path) == []
    assert store.statistics().entries == 0


def test_other_peoples_files_are_left_alone(tmp_path: Path) -> None:
    names = ["notes.txt", "文件.pdf", f"{_key().digest}.txt", f"{_key().digest}", "x.partial", ".DS_Store"]
    for name in names:
        (tmp_path / name).write_bytes(PAYLOAD)
    (tmp_path / "folder").mkdir()
    store = _store(tmp_path, budget=0)
    store.clear()
    assert _names(tmp_path) == sorted([*names, "folder"])
    assert store.statistics().size_bytes == 0


@posix_only
def test_a_link_and_a_folder_in_a_readings_place_are_no_reading(tmp_path: Path) -> None:
    folder = tmp_path / "readings"
    folder.mkdir()
    precious = tmp_path / "precious"
    precious.write_bytes(PAYLOAD)
    _file(folder, _key()).symlink_to(precious)
    _file(folder, _key(1)).mkdir()
    store = _store(folder)
    assert store.get(_key()) is None
    assert store.get(_key(1)) is None
    assert not store.put(_key(1), PAYLOAD, tokens=1)
    assert store.put(_key(), PAYLOAD, tokens=1)
    assert precious.read_bytes() == PAYLOAD


def test_a_file_that_vanished_is_no_reading(tmp_path: Path) -> None:
    store = _store(tmp_path)
    assert store.put(_key(), PAYLOAD, tokens=1)
    _file(tmp_path, _key()).unlink()
    assert store.get(_key()) is None
    assert store.statistics().size_bytes == 0


def test_a_disk_that_cannot_give_a_page_back_loses_the_reading_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = _store(tmp_path)
    assert store.put(_key(), PAYLOAD, tokens=1)

    def broken(*_args: object, **_named: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(files, "zlib", type("Broken", (), {"crc32": staticmethod(broken)}))
    assert store.get(_key()) is None
    monkeypatch.undo()
    assert not store.contains(_key())
    assert _names(tmp_path) == []


def test_without_room_to_map_it_a_reading_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = _store(tmp_path)
    assert store.put(_key(), PAYLOAD, tokens=1)
    monkeypatch.setattr(files.mmap, "mmap", _raises(OSError(errno.ENOMEM, "Cannot allocate memory")))
    assert store.get(_key()) is None
    monkeypatch.undo()
    assert _content(store, _key()) == PAYLOAD


# --- budget and use


def test_the_least_recently_used_goes_first(tmp_path: Path) -> None:
    store = _store(tmp_path, budget=3 * FILE_BYTES)
    for number in range(3):
        assert store.put(_key(number), PAYLOAD, tokens=1)
    assert _content(store, _key(0)) == PAYLOAD
    assert store.contains(_key(1))  # does not count as use
    assert store.put(_key(3), PAYLOAD, tokens=1)
    assert [store.contains(_key(number)) for number in range(4)] == [True, False, True, True]
    assert store.statistics().evicted == 1
    assert len(_names(tmp_path)) == 3


def test_the_order_of_use_outlives_a_restart(tmp_path: Path) -> None:
    store = _store(tmp_path, budget=4 * FILE_BYTES)
    for number in range(4):
        assert store.put(_key(number), PAYLOAD, tokens=1)
    for number in (2, 0):
        assert _content(store, _key(number)) == PAYLOAD
    assert [_key(number).digest for number in (1, 3, 2, 0)] == list(_store(tmp_path)._entries)
    smaller = _store(tmp_path, budget=2 * FILE_BYTES)
    assert [smaller.contains(_key(number)) for number in range(4)] == [True, False, True, False]


def test_a_clock_that_was_set_back_does_not_turn_the_order_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _store(tmp_path).put(_key(0), PAYLOAD, tokens=1)
    monkeypatch.setattr(module.time, "time_ns", lambda: 1_000_000_000)
    store = _store(tmp_path)
    assert store.put(_key(1), PAYLOAD, tokens=1)
    assert store.put(_key(2), PAYLOAD, tokens=1)
    assert [_key(number).digest for number in range(3)] == list(_store(tmp_path)._entries)


def test_times_that_mean_nothing_cost_only_the_order(tmp_path: Path) -> None:
    store = _store(tmp_path)
    for number in range(3):
        assert store.put(_key(number), PAYLOAD, tokens=1)
        os.utime(_file(tmp_path, _key(number)), (0, 4_000_000_000 if number else 0))
    again = _store(tmp_path)
    assert all(_content(again, _key(number)) == PAYLOAD for number in range(3))


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5_000), st.booleans()), max_size=15))
def test_the_budget_holds_whatever_comes(tmp_path_factory: pytest.TempPathFactory, calls: list) -> None:
    folder = tmp_path_factory.mktemp("budget")
    store = _store(folder, budget=8_000)
    for number, size, read in calls:
        if read:
            _content(store, _key(number))
        else:
            assert store.put(_key(number), b"x" * size, tokens=1)
            assert store.contains(_key(number))
        on_disk = sum(one.stat().st_size for one in folder.iterdir())
        assert on_disk == store.statistics().size_bytes <= 8_000


def test_what_can_never_fit_drops_nothing(tmp_path: Path) -> None:
    store = _store(tmp_path, budget=2 * FILE_BYTES)
    assert store.put(_key(0), PAYLOAD, tokens=1)
    assert not store.put(_key(1), PAYLOAD * 3, tokens=1)
    assert store.contains(_key(0))
    assert store.statistics().evicted == 0


def test_another_budget_counts_at_once(tmp_path: Path) -> None:
    store = _store(tmp_path)
    for number in range(4):
        assert store.put(_key(number), PAYLOAD, tokens=1)
    store.resize(2 * FILE_BYTES)
    assert [store.contains(_key(number)) for number in range(4)] == [False, False, True, True]
    assert store.statistics().budget_bytes == 2 * FILE_BYTES
    store.resize(0)
    assert not store.put(_key(), b"", tokens=0)
    assert _names(tmp_path) == []


# --- disks that refuse


def _raises(error: Exception) -> Callable[..., object]:
    def call(*_args: object, **_named: object) -> object:
        raise error

    return call


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
@pytest.mark.parametrize("where", ["fsync", "replace", "open"])
def test_a_disk_that_refuses_keeps_nothing_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, where: str
) -> None:
    store = _store(tmp_path)
    assert store.put(_key(0), PAYLOAD, tokens=1)
    with monkeypatch.context() as patch:
        patch.setattr(os, where, _raises(OSError(code, "refused")))
        assert not store.put(_key(0), PAYLOAD, tokens=2)
        assert not store.put(_key(1), PAYLOAD, tokens=2)
    assert _names(tmp_path) == [_file(tmp_path, _key(0)).name]
    assert store.statistics().size_bytes == FILE_BYTES
    assert store._used == FILE_BYTES
    assert _content(store, _key(0)) == PAYLOAD
    assert store.put(_key(1), PAYLOAD, tokens=1)


@posix_only
def test_a_write_that_ends_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    import resource

    store = _store(tmp_path)
    large = b"x" * 500_000
    assert store.put(_key(0), large, tokens=1)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, limits[1]))
    try:
        assert not store.put(_key(0), large, tokens=2)
        assert not store.put(_key(1), large, tokens=2)
        assert store.put(_key(2), PAYLOAD, tokens=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert _names(tmp_path) == sorted(_file(tmp_path, _key(number)).name for number in (0, 2))
    assert _content(store, _key(0)) == large
    assert store._used == store.statistics().size_bytes


def test_what_others_need_of_the_disk_is_left_to_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = ReadingStore(tmp_path, budget_bytes=1 << 30, keep_free_bytes=10_000)
    free = 10_000 + 3 * FILE_BYTES

    def usage(_path: Path) -> object:
        used = sum(one.stat().st_size for one in tmp_path.iterdir())
        return type("Usage", (), {"free": free - used})

    monkeypatch.setattr(module.shutil, "disk_usage", usage)
    for number in range(5):
        assert store.put(_key(number), PAYLOAD, tokens=1)
    assert store.statistics().entries == 3
    free -= 2 * FILE_BYTES  # somebody else needed it
    assert store.put(_key(5), PAYLOAD, tokens=1)
    assert store.statistics().entries == 1
    free -= 2 * FILE_BYTES
    assert not store.put(_key(6), PAYLOAD, tokens=1)


def test_a_folder_that_cannot_be_is_an_empty_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    store = _store(tmp_path / "file" / "readings")
    assert not store.put(_key(), PAYLOAD, tokens=1)
    assert store.get(_key()) is None
    assert store.forget("document 1") == store.clear() == 0
    assert store.statistics().entries == 0


def test_a_folder_that_was_removed_by_hand_is_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "readings"
    store = _store(folder)
    assert store.put(_key(), PAYLOAD, tokens=1)
    _file(folder, _key()).unlink()
    folder.rmdir()
    assert store.get(_key()) is None
    assert store.put(_key(), PAYLOAD, tokens=1)
    assert _content(store, _key()) == PAYLOAD


# --- readings that are held while they go


@posix_only
@pytest.mark.parametrize("how", ["drop", "clear", "evict", "replace", "forget"])
def test_a_reading_that_is_held_stays_readable(tmp_path: Path, how: str) -> None:
    store = _store(tmp_path, budget=FILE_BYTES + 64)
    assert store.put(_key(), PAYLOAD, tokens=1, groups=["document"])
    with store.get(_key()) as reading:
        if how == "drop":
            assert store.drop(_key())
        elif how == "clear":
            assert store.clear() == 1
        elif how == "forget":
            assert store.forget("document") == 1
        elif how == "evict":
            assert store.put(_key(1), PAYLOAD, tokens=1)
        else:
            assert store.put(_key(), PAYLOAD[::-1], tokens=1)
        assert bytes(reading.data) == PAYLOAD
    assert _content(store, _key()) == (PAYLOAD[::-1] if how == "replace" else None)


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

    def hold(self, store: ReadingStore, key: ReadingKey) -> StoredReading:
        reading = store.get(key)
        self.held = {f"{key.digest}.r{files.FORMAT}"}
        return reading

    def let_go(self, reading: StoredReading) -> None:
        self.held = set()
        reading.close()


def test_what_windows_will_not_remove_is_gone_for_us_and_removed_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows = _Windows(monkeypatch)
    store = _store(tmp_path)
    assert store.put(_key(), PAYLOAD, tokens=1, groups=["document"])
    reading = windows.hold(store, _key())
    assert store.forget("document") == 1
    assert bytes(reading.data) == PAYLOAD
    assert store.get(_key()) is None
    assert store.statistics().size_bytes == 0
    assert not store.put(_key(), PAYLOAD, tokens=1)
    assert _names(tmp_path) == [f"{_key().digest}.gone", f"{_key().digest}.r{files.FORMAT}"]
    windows.let_go(reading)
    assert _names(tmp_path) == []
    assert store.put(_key(), PAYLOAD, tokens=1)
    assert _content(store, _key()) == PAYLOAD


def test_what_windows_would_not_remove_is_removed_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows = _Windows(monkeypatch)
    store = _store(tmp_path)
    assert store.put(_key(), PAYLOAD, tokens=1)
    reading = windows.hold(store, _key())
    assert store.drop(_key())
    assert not _store(tmp_path).contains(_key())  # still held
    windows.held = set()  # a killed process holds nothing
    again = _store(tmp_path)
    assert again.get(_key()) is None
    assert _names(tmp_path) == []
    reading.close()


# --- what belongs together


def test_what_was_made_of_a_document_goes_with_it(tmp_path: Path) -> None:
    store = _store(tmp_path)
    for number, groups in enumerate((["库/1", "文件/7"], ["库/1", "文件/8"], ["库/2"], [], ["库/2", "文件/7"])):
        assert store.put(_key(number), PAYLOAD, tokens=1, groups=groups)
    assert store.forget("文件/7") == 2
    assert [store.contains(_key(number)) for number in range(5)] == [False, True, True, True, False]
    assert store.forget("文件/7") == 0
    assert store.forget("库/1", "库/2") == 2
    assert store.contains(_key(3))
    assert len(_names(tmp_path)) == 1


def test_what_belongs_together_is_known_after_a_restart(tmp_path: Path) -> None:
    store = _store(tmp_path)
    for number in range(6):
        assert store.put(_key(number), PAYLOAD, tokens=1, groups=[f"document {number % 2}", "library"])
    store = _store(tmp_path)
    assert _content(store, _key(0)) == PAYLOAD
    assert store.forget("document 0") == 3
    assert len(_names(tmp_path)) == 3
    assert store.statistics().damaged == 0
    assert _store(tmp_path).forget("library") == 3
    assert _names(tmp_path) == []


def test_what_cannot_say_whose_it_is_goes_too(tmp_path: Path) -> None:
    store = _store(tmp_path)
    for number in range(3):
        assert store.put(_key(number), PAYLOAD, tokens=1, groups=["document"])
    with _file(tmp_path, _key(1)).open("r+b") as file:
        file.seek(80)  # in the digest of its group
        file.write(b"\0\0")
    again = _store(tmp_path)
    assert again.forget("another document") == 1
    assert [again.contains(_key(number)) for number in range(3)] == [True, False, True]
    assert again.statistics().damaged == 1


def test_the_names_of_groups_are_not_on_the_disk(tmp_path: Path) -> None:
    assert _store(tmp_path).put(_key(), PAYLOAD, tokens=1, groups=["合同 Müller"])
    content = _file(tmp_path, _key()).read_bytes()
    assert group_digest("合同 Müller") in content
    assert "合同".encode() not in content
    assert b"ller" not in content


@pytest.mark.parametrize(("how", "kept"), [("forget", False), ("clear", False), ("forget another", True)])
def test_what_is_being_written_when_its_document_goes_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, kept: bool
) -> None:
    store = _store(tmp_path)
    flush = os.fsync

    def meanwhile(descriptor: int) -> None:
        monkeypatch.setattr(os, "fsync", flush)
        if how == "clear":
            store.clear()
        else:
            store.forget("document" if how == "forget" else "another document")

    monkeypatch.setattr(os, "fsync", meanwhile)
    assert store.put(_key(), PAYLOAD, tokens=1, groups=["document"]) is kept
    assert len(_names(tmp_path)) == kept
    assert store._used == store.statistics().size_bytes
    assert store.contains(_key()) is kept


def test_very_many_groups_are_refused(tmp_path: Path) -> None:
    store = _store(tmp_path)
    assert store.put(_key(), PAYLOAD, tokens=1, groups=map(str, range(files.MOST_GROUPS)))
    assert _content(store, _key()) == PAYLOAD
    assert _store(tmp_path).forget("17") == 1
    with pytest.raises(ValueError, match="groups"):
        store.put(_key(), PAYLOAD, tokens=1, groups=map(str, range(files.MOST_GROUPS + 1)))


def test_dropping_and_clearing(tmp_path: Path) -> None:
    store = _store(tmp_path)
    for number in range(3):
        assert store.put(_key(number), PAYLOAD, tokens=1)
    assert store.drop(_key(0))
    assert not store.drop(_key(0))
    assert store.clear() == 2
    assert _names(tmp_path) == []
    assert store.statistics().size_bytes == store._used == 0


# --- threads


def test_many_threads_put_read_and_drop_at_once(tmp_path: Path) -> None:
    """Whatever is read is what was put under that key, and the books agree with the folder afterwards."""
    budget = 6 * files.file_bytes(20_000, groups=1)
    store = _store(tmp_path, budget=budget)
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
                    store.put(_key(number), payload(number), tokens=number, groups=[f"document {number % 3}"])
                elif chance < 0.9:
                    reading = store.get(_key(number))
                    if reading is not None:
                        with reading:
                            hits.append(number)
                            assert reading.tokens == number
                            assert bytes(reading.data) == payload(number)
                elif chance < 0.97:
                    store.drop(_key(number))
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
    assert state.entries == len(_names(tmp_path))
