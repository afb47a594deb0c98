"""Headers of whole, cut, altered and hostile GGUF files."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from tests.unit.models import gguf_files

from studiolo.errors import Code, UserError
from studiolo.models.gguf import read_gguf


def refused(path: Path, data: bytes) -> Code:
    path.write_bytes(data)
    with pytest.raises(UserError) as caught:
        read_gguf(path)
    return caught.value.code


def test_a_whole_file_says_what_it_is(tmp_path: Path) -> None:
    info = read_gguf(gguf_files.write(tmp_path / "m.gguf"))
    assert (info.architecture, info.name, info.licence) == ("llama", "Tiny 猫", "apache-2.0")
    assert (info.context_tokens, info.layers, info.heads, info.kv_heads) == (2048, 4, 8, 2)
    assert (info.embedding_length, info.vocabulary, info.file_type, info.tensors) == (64, 3, 2, 2)
    assert info.chat_template == "{{ messages }}"
    assert info.size_bytes == (tmp_path / "m.gguf").stat().st_size


def test_version_2_and_heads_of_each_layer(tmp_path: Path) -> None:
    keys = {"llama.attention.head_count_kv": [1, 4, 2]}
    info = read_gguf(gguf_files.write(tmp_path / "m.gguf", version=2, keys=keys))
    assert info.kv_heads == 4


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.6, 0.9])
def test_a_cut_file_is_damaged(tmp_path: Path, share: float) -> None:
    whole = gguf_files.gguf()
    assert refused(tmp_path / "m.gguf", whole[: int(len(whole) * share)]) is Code.DAMAGED_MODEL


def test_one_missing_byte_is_seen(tmp_path: Path) -> None:
    assert refused(tmp_path / "m.gguf", gguf_files.gguf()[:-1]) is Code.DAMAGED_MODEL


@pytest.mark.parametrize(
    "data",
    [
        b"GGML" + gguf_files.gguf()[4:],
        gguf_files.gguf(version=99),
        gguf_files.gguf(tensors=2).replace(struct.pack("<IQQ", 3, 2, 11), struct.pack("<IQQ", 3, 2**60, 11)),
        gguf_files.gguf(tensors=2).replace(struct.pack("<IQQ", 3, 2, 11), struct.pack("<IQQ", 3, 2, 2**60)),
        b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + struct.pack("<Q", 2**62) + b"x" * 64,
        b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + gguf_files.text("k") + struct.pack("<IIQ", 9, 0, 2**60),
        b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + gguf_files.text("k") + struct.pack("<IIQ", 9, 9, 1) * 40,
        gguf_files.gguf(keys={"general.alignment": 0xFFFFFFFF}),
        gguf_files.gguf(keys={"split.count": 3}),
    ],
    ids=["magic", "version", "tensors", "keys", "string", "array", "nesting", "alignment", "shard"],
)
def test_hostile_headers_are_damaged(tmp_path: Path, data: bytes) -> None:
    assert refused(tmp_path / "m.gguf", data) is Code.DAMAGED_MODEL


def test_every_cut_of_the_header_is_refused_and_none_crashes(tmp_path: Path) -> None:
    whole = gguf_files.gguf()
    for length in range(0, len(whole), 7):
        assert refused(tmp_path / "m.gguf", whole[:length]) is Code.DAMAGED_MODEL


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        read_gguf(tmp_path / "none.gguf")
    assert caught.value.code is Code.FILE_MISSING
