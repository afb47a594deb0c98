"""Stored readings: loading and storing a real state of the model, against plain files; checksums, codecs, opening.

The state is what llama.cpp gives for 1,000 tokens. Files are in the system's cache: a disk's own speed is not measured.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from studiolo.cpu import worker_threads
from studiolo.inference import readings_file as files
from studiolo.inference.context import BATCH_TOKENS, LlamaContext
from studiolo.inference.model import LlamaModel
from studiolo.inference.readings import ReadingStore
from studiolo.inference.readings_key import ReadingKey
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from tests.bench.table import Measure, seconds, table

MODEL = "smollm2-135m"
TOKENS = 1_000
ENTRIES = 10_000
TEXT = Path(__file__).resolve().parent.parent.parent / "ARCHITECTURE.md"


def run(data: Path, *, home: Path) -> None:
    """Print the tables. `home` holds the model; no data set is needed."""
    path = ModelStore(Home(home), load_catalogue()).path(MODEL)
    model = LlamaModel(path, model_id=MODEL)
    context = LlamaContext(model, sequence_tokens=2 * TOKENS, threads=worker_threads())
    try:
        tokens = model.tokenize(TEXT.read_text(encoding="utf-8"), control=False)[:TOKENS]
        read_s = _read(context, tokens)
        state = _state(model, context)
        print(f"{len(tokens)} tokens, {len(state) / 1e6:.1f} MB\n")
        with tempfile.TemporaryDirectory() as folder:
            _loading(state, Path(folder), model=model, context=context, read_s=read_s)
            _storing(state, Path(folder))
            _opening(Path(folder) / "many")
        _checksums(state)
        _codecs(state)
    finally:
        context.close()
        model.close()


def _key(number: int = 0) -> ReadingKey:
    return ReadingKey(
        model="0" * 64,
        build="bench",
        prefix=(),
        part=(number,),
        key_type="f16",
        value_type="f16",
        flash_attention=False,
    )


def _read(context: LlamaContext, tokens: list[int]) -> float:
    """Seconds that the model takes for the tokens."""
    began = time.perf_counter()
    for at in range(0, len(tokens), BATCH_TOKENS):
        assert context.decode(0, tokens[at : at + BATCH_TOKENS])
    return time.perf_counter() - began


def _state(model: LlamaModel, context: LlamaContext) -> bytes:
    size = model.lib.llama_state_seq_get_size(context.handle, 0)
    buffer = (ctypes.c_uint8 * size)()
    assert model.lib.llama_state_seq_get_data(context.handle, buffer, size, 0) == size
    return bytes(buffer)


def _into_model(model: LlamaModel, context: LlamaContext, data: bytes | memoryview) -> None:
    array = np.frombuffer(data, dtype=np.uint8)
    pointer = ctypes.cast(array.ctypes.data, ctypes.POINTER(ctypes.c_uint8))
    assert model.lib.llama_state_seq_set_data(context.handle, pointer, len(array), 0) == len(array)


def _loading(state: bytes, folder: Path, *, model: LlamaModel, context: LlamaContext, read_s: float) -> None:
    plain = folder / "plain"
    plain.write_bytes(state)
    store = ReadingStore(folder / "store", budget_bytes=1 << 40, keep_free_bytes=0)
    assert store.put(_key(), state, tokens=TOKENS)
    target = np.empty(len(state), dtype=np.uint8)

    def got(use: Callable[[memoryview], object]) -> None:
        reading = store.get(_key())
        assert reading is not None
        with reading:
            use(reading.data)

    def copy(data: bytes | memoryview) -> None:
        target[:] = np.frombuffer(data, dtype=np.uint8)

    baseline = _rate("read as a plain file", plain.read_bytes, state)
    measures = [
        _rate("get: verified and mapped", lambda: got(lambda _: None), state),
        _rate("get, and each byte copied", lambda: got(copy), state),
    ]
    print(table("Loading", measures, baseline=baseline))
    measures = [
        Measure("plain file, into the model", seconds(lambda: _into_model(model, context, plain.read_bytes())), "s"),
        Measure("get, into the model", seconds(lambda: got(lambda data: _into_model(model, context, data))), "s"),
    ]
    print(table("The same tokens again", measures, baseline=Measure("read by the model", read_s, "s")))


def _storing(state: bytes, folder: Path) -> None:
    store = ReadingStore(folder / "store", budget_bytes=1 << 40, keep_free_bytes=0)

    def flushed() -> None:
        with (folder / "plain").open("wb") as file:
            file.write(state)
            file.flush()
            os.fsync(file.fileno())

    baseline = _rate("written as a plain file and flushed", flushed, state)
    measures = [
        _rate("put", lambda: store.put(_key(), state, tokens=TOKENS), state),
        _rate("written as a plain file, not flushed", lambda: (folder / "plain").write_bytes(state), state),
    ]
    print(table("Storing", measures, baseline=baseline))


def _opening(folder: Path) -> None:
    folder.mkdir()
    for number in range(ENTRIES):
        key = _key(number).digest
        header = files.Header(bytes.fromhex(key), (), 1, payload_bytes=0, payload_crc=0)
        (folder / f"{key}.r{files.FORMAT}").write_bytes(header.packed())

    def listed() -> None:
        with os.scandir(folder) as listing:
            for one in listing:
                one.stat()

    baseline = Measure("the folder listed, with sizes", seconds(listed), "s")
    opened = seconds(lambda: ReadingStore(folder, budget_bytes=1 << 40, keep_free_bytes=0))
    forgot = seconds(lambda: ReadingStore(folder, budget_bytes=1 << 40, keep_free_bytes=0).forget("none"))
    measures = [Measure("opened", opened, "s"), Measure("opened, and a group looked for in all", forgot, "s")]
    print(table(f"{ENTRIES:,} readings", measures, baseline=baseline))


def _checksums(state: bytes) -> None:
    baseline = _rate("CRC-32", lambda: zlib.crc32(state), state)
    measures = [
        _rate("SHA-256", lambda: hashlib.sha256(state).digest(), state),
        _rate("BLAKE2b", lambda: hashlib.blake2b(state).digest(), state),
    ]
    print(table("Checksums", measures, baseline=baseline))


def _codecs(state: bytes) -> None:
    """Sizes, and the time until the bytes are back; shuffled: the low bytes of all numbers, then the high ones."""
    even = state[: len(state) // 2 * 2]
    shuffled = np.frombuffer(even, dtype=np.uint8).reshape(-1, 2).T.tobytes()
    sizes, times = [], []
    for name, codec in (("LZ4", pa.Codec("lz4")), ("zstd 1", pa.Codec("zstd", 1)), ("zlib 1", pa.Codec("gzip", 1))):
        for kind, raw in (("", even), (", shuffled", shuffled)):
            packed = codec.compress(raw, asbytes=True)

            def back(packed=packed, codec=codec, kind=kind) -> None:
                opened = codec.decompress(packed, len(even))
                if kind:
                    np.ascontiguousarray(np.frombuffer(opened, dtype=np.uint8).reshape(2, -1).T)

            sizes.append(Measure(f"{name}{kind}", len(packed) / 1e6, "MB"))
            times.append(_rate(f"{name}{kind}", back, state, repeat=3))
    print(table("Compression: size", sizes, baseline=Measure("as it is", len(even) / 1e6, "MB")))
    copied = _rate("copied", lambda: bytearray(even), state)
    print(table("Compression: until the bytes are back", times, baseline=copied))


def _rate(name: str, work: Callable[[], object], state: bytes, *, repeat: int = 7) -> Measure:
    return Measure(name, seconds(work, repeat=repeat) * 1e3 / (len(state) / 1e6), "ms/MB")
