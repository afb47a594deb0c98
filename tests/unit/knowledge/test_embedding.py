"""What can be known of an embedder without loading it, and that it stays unloaded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from studiolo.errors import Code, UserError
from studiolo.knowledge.embedding import Embedder, batches


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "model"
    (made / "1_Pooling").mkdir(parents=True)
    (made / "config.json").write_text(json.dumps({"hidden_size": 12}), encoding="utf-8")
    (made / "1_Pooling" / "config.json").write_text(json.dumps({"word_embedding_dimension": 8}), encoding="utf-8")
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "lease": 1, "term": 2}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.enable_truncation(2)  # as exported tokenizers do; counting must not stop there
    tokenizer.save(str(made / "tokenizer.json"))
    return made


@pytest.mark.parametrize(
    ("model_id", "languages"),
    [
        ("multilingual-e5-small", ()),
        ("all-minilm-l6-v2", ("en",)),
        ("paraphrase-multilingual-MiniLM-L12-v2", ()),
        ("something-else", ()),
    ],
)
def test_languages_are_known_by_family(folder, model_id, languages):
    embedder = Embedder(folder, model_id)
    assert embedder.languages == languages
    embedder.close()


def test_batches_are_of_like_length_and_bounded():
    lengths = [250, 3, 250, 2, 200, 1, 245, 240] + [1] * 40
    groups = batches(lengths)
    assert sorted(index for group in groups for index in group) == list(range(len(lengths)))
    for group in groups:
        longest = max(lengths[index] for index in group)
        assert len(group) == 1 or (len(group) <= 32 and len(group) * longest <= 512)
    assert set(groups[0]) == {0, 2}


def test_many_texts_are_counted_as_one_by_one(folder):
    embedder = Embedder(folder, "x")
    texts = ["lease term", "", "lease 租约 term other"]
    assert embedder.count_tokens_batch(texts) == [embedder.count_tokens(text) for text in texts] == [2, 0, 4]
    embedder.close()


def test_prompts_of_an_unknown_family_are_the_folders_own(folder):
    prompts = {"prompts": {"query": "Q: ", "document": "D: "}}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts), encoding="utf-8")
    embedder = Embedder(folder, "something-else")
    assert (embedder._traits.query_prefix, embedder._traits.passage_prefix) == ("Q: ", "D: ")
    embedder.close()


def test_a_folder_that_is_no_model_is_refused(tmp_path, folder):
    with pytest.raises(UserError) as caught:
        Embedder(tmp_path / "none", "x")
    assert caught.value.code is Code.MODEL_MISSING
    (folder / "tokenizer.json").write_text("{", encoding="utf-8")
    embedder = Embedder(folder, "x")
    with pytest.raises(UserError) as caught:
        embedder.count_tokens("words")
    assert caught.value.code is Code.DAMAGED_MODEL
    embedder.close()


def test_counting_tokens_loads_neither_torch_nor_transformers(folder):
    code = (
        "import sys; from pathlib import Path; from studiolo.knowledge.embedding import Embedder\n"
        "e = Embedder(Path(sys.argv[1]), 'x'); print(e.count_tokens('lease term other lease'), e.dimension)\n"
        "print(sorted({'torch', 'transformers', 'sentence_transformers', 'lancedb'} & set(sys.modules)))"
    )
    engine = Path(__file__).parents[3] / "engine"
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(engine)},
    )
    assert done.stdout.split("\n")[:2] == ["4 8", "[]"]


def test_the_knowledge_base_loads_nothing_heavy_before_it_is_needed():
    code = "import sys, studiolo.knowledge.library; print({'torch', 'lancedb', 'numpy', 'pyarrow'} & set(sys.modules))"
    engine = Path(__file__).parents[3] / "engine"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(engine)}
    )
    assert done.stdout.strip() == "set()"
