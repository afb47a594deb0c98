"""Files of stored readings that are not what was written: never given out, and gone afterwards."""

from __future__ import annotations

import errno
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kept_readings import FILE_BYTES, PAYLOAD, content_of, file_of, key, names_in, posix_only, raises, store_in

from studiolo.inference import readings_file as files


def _damage_is_seen(folder: Path, content: bytes, *, size: int) -> None:
    """A file with that content is not given out, and is gone afterwards."""
    path = file_of(folder, key())
    path.write_bytes(content)
    store = store_in(folder)
    assert store.statistics().size_bytes == size
    assert store.get(key()) is None
    assert not path.exists()
    state = store.statistics()
    assert (state.entries, state.size_bytes, state.damaged) == (0, 0, 1)
    assert not store.contains(key())


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A whole file: a header with a group, and a payload of 64 bytes."""
    folder = tmp_path_factory.mktemp("written")
    assert store_in(folder).put(key(), PAYLOAD[:64], tokens=5, groups=["document 1"])
    return file_of(folder, key()).read_bytes()


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
    store = store_in(folder)
    assert store.get(key()) is None
    assert store.statistics().damaged == 1
    path.write_bytes(whole)
    assert content_of(store_in(folder), key()) is not None


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, bytes]:
    folder = tmp_path_factory.mktemp("large")
    assert store_in(folder).put(key(), random.Random(2).randbytes(2 * files._CHUNK_BYTES + 100), tokens=1)
    path = file_of(folder, key())
    return folder, path, path.read_bytes()


def test_a_file_that_spoils_while_the_store_is_open_is_seen(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    assert store.put(key(), PAYLOAD, tokens=1)
    assert content_of(store, key()) == PAYLOAD
    with file_of(tmp_path, key()).open("r+b") as file:
        file.seek(FILE_BYTES - 1)
        file.write(b"\0")
    assert store.get(key()) is None
    assert store.put(key(), PAYLOAD, tokens=1)
    assert content_of(store, key()) == PAYLOAD


def test_another_readings_file_is_not_given_out(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    assert store.put(key(1), PAYLOAD, tokens=1)
    file_of(tmp_path, key(1)).rename(file_of(tmp_path, key(0)))
    reopened = store_in(tmp_path)
    assert reopened.get(key(0)) is None
    assert reopened.statistics().damaged == 1


def test_a_file_of_a_newer_format_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = bytes.fromhex(key().digest)
    monkeypatch.setattr(files, "FORMAT", 2)
    header = files.Header(digest, (), 1, payload_bytes=0, payload_crc=0).packed()
    monkeypatch.undo()
    _damage_is_seen(tmp_path, header, size=len(header))


def test_files_of_other_formats_are_removed_at_the_start(tmp_path: Path) -> None:
    names = [f"{key(number).digest}.r{version}" for number, version in enumerate((0, 2, 17))]
    for name in names:
        (tmp_path / name).write_bytes(PAYLOAD)
    store = store_in(tmp_path)
    assert names_in(tmp_path) == []
    assert store.statistics().damaged == 3


def test_what_a_killed_write_left_is_removed_at_the_start(tmp_path: Path) -> None:
    (tmp_path / f"{key().digest}.12.partial").write_bytes(PAYLOAD)
    store = store_in(tmp_path)
    assert names_in(tmp_path) == []
    assert store.statistics().entries == 0


def test_other_peoples_files_are_left_alone(tmp_path: Path) -> None:
    names = ["notes.txt", "文件.pdf", f"{key().digest}.txt", f"{key().digest}", "x.partial", ".DS_Store"]
    for name in names:
        (tmp_path / name).write_bytes(PAYLOAD)
    (tmp_path / "folder").mkdir()
    store = store_in(tmp_path, budget=0)
    store.clear()
    assert names_in(tmp_path) == sorted([*names, "folder"])
    assert store.statistics().size_bytes == 0


@posix_only
def test_a_link_and_a_folder_in_a_readings_place_are_no_reading(tmp_path: Path) -> None:
    folder = tmp_path / "readings"
    folder.mkdir()
    precious = tmp_path / "precious"
    precious.write_bytes(PAYLOAD)
    file_of(folder, key()).symlink_to(precious)
    file_of(folder, key(1)).mkdir()
    store = store_in(folder)
    assert store.get(key()) is None
    assert store.get(key(1)) is None
    assert not store.put(key(1), PAYLOAD, tokens=1)
    assert store.put(key(), PAYLOAD, tokens=1)
    assert precious.read_bytes() == PAYLOAD


def test_a_file_that_vanished_is_no_reading(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    assert store.put(key(), PAYLOAD, tokens=1)
    file_of(tmp_path, key()).unlink()
    assert store.get(key()) is None
    assert store.statistics().size_bytes == 0


def test_a_disk_that_cannot_give_a_page_back_loses_the_reading_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_in(tmp_path)
    assert store.put(key(), PAYLOAD, tokens=1)

    def broken(*_args: object, **_named: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(files, "zlib", type("Broken", (), {"crc32": staticmethod(broken)}))
    assert store.get(key()) is None
    monkeypatch.undo()
    assert not store.contains(key())
    assert names_in(tmp_path) == []


def test_without_room_to_map_it_a_reading_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_in(tmp_path)
    assert store.put(key(), PAYLOAD, tokens=1)
    monkeypatch.setattr(files.mmap, "mmap", raises(OSError(errno.ENOMEM, "Cannot allocate memory")))
    assert store.get(key()) is None
    monkeypatch.undo()
    assert content_of(store, key()) == PAYLOAD
