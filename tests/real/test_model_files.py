"""The model files as pulled: what the catalogue says of them, and the embedder's tokenizer against known ids."""

from __future__ import annotations

import hashlib

import pytest

from studiolo.models.catalog import load_catalogue
from studiolo.models.gguf import read_gguf
from studiolo.models.memory import estimate
from studiolo.models.store import ModelStore
from studiolo.paths import Home

pytestmark = pytest.mark.real_model

# as the engine of the package that carries the file reads them (it has a tokenizer of its own, in C)
KNOWN_IDS = {
    "Hello world!": [0, 35378, 8999, 38, 2],
    "你好，世界": [0, 6, 124084, 4, 3221, 2],
}


def test_installed_files_have_the_digests_of_the_catalogue(models_home: Home) -> None:
    store = ModelStore(models_home, load_catalogue())
    checked = 0
    for model in store.catalogue.models:
        if store.installed(model.id):
            for file in model.files:
                with (store.folder(model.id) / file.name).open("rb") as content:
                    assert hashlib.file_digest(content, "sha256").hexdigest() == file.sha256
                checked += 1
    assert checked >= 4


def test_the_headers_of_installed_chat_models(models_home: Home) -> None:
    store = ModelStore(models_home, load_catalogue())
    for model in store.list():
        if model.kind == "chat" and model.installed:
            info = read_gguf(store.path(model.id))
            assert info.size_bytes == model.size_bytes
            assert info.chat_template
            needed = estimate(info, file_bytes=model.size_bytes, context_tokens=4096).total
            assert model.size_bytes < needed <= model.memory_bytes


def test_the_embedder_reads_text_as_it_was_trained_to(models_home: Home) -> None:
    from tokenizers import Tokenizer

    folder = ModelStore(models_home, load_catalogue()).path("multilingual-e5-small")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    for text, ids in KNOWN_IDS.items():
        assert tokenizer.encode(text).ids == ids
    assert tokenizer.encode("ϙ").ids != tokenizer.encode("ख़").ids
    assert tokenizer.encode("Ｆｕｌｌ　ｗｉｄｔｈ").ids == tokenizer.encode("Full width").ids
    assert tokenizer.encode("e\u0301cole").ids == tokenizer.encode("école").ids
