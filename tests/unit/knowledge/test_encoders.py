"""The fast encoder against sentence-transformers, the choice between them and what is kept of it: on a tiny BERT."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from studiolo.errors import Code, UserError
from studiolo.knowledge import embedder_choice
from studiolo.knowledge.bert_graph import UnsupportedModel, read_plan
from studiolo.knowledge.embedding import Embedder
from studiolo.knowledge.sentence_models import CrossEncoderReranker

WORDS = ["lease", "term", "rent", "keys", "租", "约", "金", "期"]
TEXTS = ["lease term", "租约 rent", "keys keys keys rent term 期 金", "lease", "lease term", "rent " * 60]


def _tokenizer(folder: Path) -> None:
    vocabulary = {name: number for number, name in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 40}
    marks = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings | marks), encoding="utf-8")


def _config(**more):
    from transformers import BertConfig

    sizes = {"vocab_size": 12, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
    return BertConfig(**sizes, intermediate_size=64, max_position_embeddings=48, **more)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    import torch  # noqa: TID251 - the reference
    from transformers import BertModel

    made = tmp_path_factory.mktemp("tiny")
    torch.manual_seed(7)
    BertModel(_config(initializer_range=0.3)).save_pretrained(made)
    _tokenizer(made)
    (made / "1_Pooling").mkdir()
    pooling = {"word_embedding_dimension": 32, "pooling_mode_mean_tokens": True}
    (made / "1_Pooling" / "config.json").write_text(json.dumps(pooling), encoding="utf-8")
    (made / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 40}), encoding="utf-8")
    kinds = ["Transformer", "Pooling"]
    modules = [
        {"idx": n, "name": str(n), "path": ["", "1_Pooling"][n], "type": f"sentence_transformers.models.{kind}"}
        for n, kind in enumerate(kinds)
    ]
    (made / "modules.json").write_text(json.dumps(modules), encoding="utf-8")
    return made


def test_the_fast_vectors_are_those_of_sentence_transformers(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(embedder_choice, "_seconds", lambda encoder, _probe: encoder.name != "onnx-int8")
    fast, exact = Embedder(folder, "tiny", cache=tmp_path), Embedder(folder, "tiny", precision="float32")
    mine, theirs = fast.embed_passages(TEXTS), exact.embed_passages(TEXTS)
    assert (fast.encoder, exact.encoder) == ("onnx-int8", "torch-float32")
    assert mine.dtype == np.float32
    assert (mine * theirs).sum(axis=1).min() > 0.99
    assert np.allclose(np.linalg.norm(mine, axis=1), 1, atol=1e-5)
    assert np.array_equal(mine[0], mine[4])
    assert float(fast.embed_query("租约 rent") @ exact.embed_query("租约 rent")) > 0.99
    assert fast.version == exact.version
    assert fast.embed_passages([]).shape == (0, 32)
    fast.close()
    exact.close()


def test_a_kept_choice_needs_no_torch_and_a_damaged_graph_is_made_anew(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(embedder_choice, "_seconds", lambda encoder, _probe: encoder.name != "onnx-int8")
    first = Embedder(folder, "tiny", cache=tmp_path)
    expected = first.embed_passages(TEXTS)
    first.close()
    (graph,) = tmp_path.glob("*.graph")
    whole = graph.read_bytes()
    graph.write_bytes(whole[:-9] + bytes(9))
    code = (
        "import sys; from pathlib import Path; from studiolo.knowledge.embedding import Embedder\n"
        "e = Embedder(Path(sys.argv[1]), 'tiny', cache=Path(sys.argv[2])); e.embed_query('lease'); print(e.encoder)\n"
        "print(sorted({'torch', 'transformers', 'sentence_transformers'} & set(sys.modules))); e.close()"
    )
    engine = Path(__file__).parents[3] / "engine"
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(engine)},
    )
    assert done.stdout.split("\n")[:2] == ["onnx-int8", "[]"]
    assert graph.read_bytes() == whole
    assert not list(tmp_path.glob("*.partial"))
    again = Embedder(folder, "tiny", cache=tmp_path)
    assert np.allclose(again.embed_passages(TEXTS), expected, atol=1e-5)
    again.close()


@pytest.mark.parametrize("fault", ["far", "fails", "slow"])
def test_an_encoder_that_does_not_hold_leaves_sentence_transformers(folder, tmp_path, monkeypatch, fault):
    from studiolo.knowledge.onnx_encoder import OnnxEncoder

    def wrong(_self, ids):
        if fault == "fails":
            raise RuntimeError
        rows = np.zeros((len(ids), 32), dtype=np.float32)
        rows[:, random.Random(1).randrange(32)] = 1
        return rows

    if fault != "slow":
        monkeypatch.setattr(OnnxEncoder, "encode", wrong)
    slow = {"onnx-int8": 2.0, "torch-float32": 1.0} if fault == "slow" else {"onnx-int8": 1.0, "torch-float32": 2.0}
    monkeypatch.setattr(embedder_choice, "_seconds", lambda encoder, _probe: slow[encoder.name])
    monkeypatch.setattr("studiolo.knowledge.sentence_models.cpu_flags", frozenset)
    embedder = Embedder(folder, "tiny", cache=tmp_path)
    embedder.warm()
    embedder.embed_query("lease")
    assert embedder.encoder == "torch-float32"
    (record,) = tmp_path.glob("choice-*.json")
    assert json.loads(record.read_text())["encoder"] == "torch-float32"
    embedder.close()


def test_another_architecture_is_left_to_torch(folder, tmp_path):
    for name in ("config.json", "modules.json", "sentence_bert_config.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text('{"pooling_mode_mean_tokens": true}', encoding="utf-8")
    assert read_plan(tmp_path).longest == 40
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (tmp_path / "config.json").write_text(json.dumps(config | {"model_type": "roberta"}), encoding="utf-8")
    with pytest.raises(UnsupportedModel):
        read_plan(tmp_path)


def test_a_reranker_scores_each_text_between_0_and_1(tmp_path):
    import torch  # noqa: TID251 - the reference
    from transformers import BertForSequenceClassification

    torch.manual_seed(3)
    BertForSequenceClassification(_config(num_labels=1, initializer_range=0.5)).save_pretrained(tmp_path)
    _tokenizer(tmp_path)
    reranker = CrossEncoderReranker(tmp_path, "tiny")
    scores = reranker.scores("lease 租", ["term", "租约 金", "rent " * 60])
    assert all(0 <= score <= 1 for score in scores)
    assert len(set(scores)) == 3
    assert reranker.scores("lease 租", ["租约 金"]) == pytest.approx([scores[1]], abs=1e-4)
    assert reranker.scores("lease", []) == []
    reranker.close()
    with pytest.raises(UserError) as caught:
        CrossEncoderReranker(tmp_path / "none", "tiny")
    assert caught.value.code is Code.MODEL_MISSING
