"""Documents in English and Chinese, added and found with the default embedder itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from studiolo.events import FileDone
from studiolo.knowledge.embedding import Embedder
from studiolo.knowledge.library import KnowledgeBase
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home

pytestmark = pytest.mark.real_model
MODEL = "multilingual-e5-small"

LEASE = """# Lease

The tenant rents the flat at 12 Harbour Lane for a term of twenty-four months.

## Pets

Cats may be kept. Dogs need the landlord's written consent.
"""
MANUAL = """# 咖啡机说明书

## 除垢

每使用两百次请除垢一次,把除垢剂倒入水箱,按住蒸汽键五秒。

## 保修

整机保修三年,零件 PN-4471-B 除外。
"""


@pytest.fixture(scope="module")
def embedder(models_home: Home):
    made = Embedder(ModelStore(models_home, load_catalogue()).path(MODEL), MODEL)
    made.embed_query("warm up")  # its threads belong to the module, not to the first test
    made.embed_passages([f"warm up {number} " * 80 for number in range(24)])
    yield made
    made.close()


@pytest.fixture
def base(tmp_path: Path, embedder: Embedder):
    opened = KnowledgeBase(
        Home(tmp_path / "home"), embedder_for=lambda _: embedder, screen=lambda _: (), clock=lambda: 0.0
    )
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "lease.md").write_text(LEASE, encoding="utf-8")
    (folder / "说明书.md").write_text(MANUAL, encoding="utf-8")
    ended = [event.result for event in opened.add([folder]) if isinstance(event, FileDone)]
    assert [result.status for result in ended] == ["added", "added"]
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("question", "document"),
    [
        ("How long may the tenant stay?", "lease.md"),
        ("Am I allowed to keep a dog?", "lease.md"),
        ("机器多久要清一次水垢?", "说明书.md"),
        ("How many years of warranty does the coffee machine have?", "说明书.md"),
        ("PN-4471-B", "说明书.md"),
    ],
)
def test_the_document_is_found_in_either_language(base, question, document):
    assert base.search(question)[0].passage.document == document


def test_a_chinese_question_finds_the_english_page(base):
    # Among few passages the embedder leans to the question's own language, so not necessarily first.
    hits = base.search("养狗需要房东同意吗?")
    assert "lease.md" in [hit.passage.document for hit in hits]


def test_vectors_are_those_of_sentence_transformers(embedder, models_home):
    from sentence_transformers import SentenceTransformer  # noqa: TID251 - the reference to compare with

    texts = ["The term is two years.", "租期为二十四个月,自签字之日起计算。" * 10, "A word"]
    folder = ModelStore(models_home, load_catalogue()).path(MODEL)
    reference = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    passages = reference.encode(["passage: " + text for text in texts], normalize_embeddings=True)
    query = reference.encode("query: " + texts[0], normalize_embeddings=True)
    assert np.min(np.sum(embedder.embed_passages(texts) * passages, axis=1)) > 0.99
    assert float(np.dot(embedder.embed_query(texts[0]), query)) > 0.99


def test_tokens_are_counted_as_the_model_reads_them(embedder, models_home):
    from transformers import AutoTokenizer

    folder = ModelStore(models_home, load_catalogue()).path(MODEL)
    reference = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    for text in (LEASE, MANUAL, "PN-4471-B"):
        assert embedder.count_tokens(text) == len(reference.encode(text, add_special_tokens=False))
