"""Keys, stores and their files for the tests of stored readings."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from studiolo.inference import readings_file as files
from studiolo.inference.readings import ReadingStore
from studiolo.inference.readings_key import ReadingKey

PAYLOAD = bytes(range(256)) * 4
FILE_BYTES = files.file_bytes(len(PAYLOAD), groups=0)
posix_only = pytest.mark.skipif(os.name != "posix", reason="as POSIX does it")


def key(number: int = 0) -> ReadingKey:
    return ReadingKey(
        model="ab" * 32,
        build="b7000",
        prefix=(1, 2, 3),
        part=(number, 20, 30),
        key_type="f16",
        value_type="f16",
        flash_attention=True,
    )


def store_in(folder: Path, *, budget: int = 1 << 30) -> ReadingStore:
    return ReadingStore(folder, budget_bytes=budget, keep_free_bytes=0)


def content_of(store: ReadingStore, wanted: ReadingKey) -> bytes | None:
    reading = store.get(wanted)
    if reading is None:
        return None
    with reading:
        return bytes(reading.data)


def file_of(folder: Path, wanted: ReadingKey) -> Path:
    return folder / f"{wanted.digest}.r{files.FORMAT}"


def names_in(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def raises(error: Exception) -> Callable[..., object]:
    def call(*_args: object, **_named: object) -> object:
        raise error

    return call
