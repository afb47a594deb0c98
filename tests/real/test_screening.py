"""Screening many passages at once with the real name models gives what each passage gives alone."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.privacy.analyzer import Analyzer
from studiolo.privacy.filter import PrivacyFilter
from studiolo.privacy.recognizers.english import Decisions
from studiolo.privacy.recognizers.lac import Lac

pytestmark = pytest.mark.real_model

SAMPLES = Path(__file__).resolve().parents[2] / "assets" / "samples"
PLANTED = [
    "Yesterday Daniel Okafor met Priya Raman in Bristol; his number is 020 7946 0018, hers priya@example.org.",
    "会议由赵晓彤主持，周子昂负责记录，电话13800138000。",
    "😀陈思远与John Smith在上海签了合同，IBAN DE89370400440532013000。",
    "Rohan Mehta will prepare it. Later Rohan sent the file to the Office for National Statistics in Newport",
    "\n\n  \n",
    "Paris",
    "ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ （Ｊａｎｅ Ｗｈｉｔｍｏｒｅ） ﬁled it\ton 3 March 2026 … and left",
]


def pieces() -> list[str]:
    """The sample documents in pieces of a passage's size, and texts with planted values."""
    import pypdfium2

    texts = []
    for path in sorted(SAMPLES.iterdir()):
        if path.suffix == ".pdf":
            with pypdfium2.PdfDocument(path) as document:
                texts += [page.get_textpage().get_text_range() for page in document]
        else:
            texts.append(path.read_text(encoding="utf-8"))
    return [*PLANTED, *(text[at : at + 900] for text in texts for at in range(0, len(text), 900))]


@pytest.fixture(scope="module")
def store(models_home: Home) -> ModelStore:
    return ModelStore(models_home, load_catalogue())


@pytest.fixture(scope="module")
def screener(store: ModelStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivacyFilter]:
    analyzer = Analyzer(spacy_folder=lambda: store.path("en-core-web-sm"), lac_folder=lambda: store.path("lac"))
    made = PrivacyFilter(analyzer, path=tmp_path_factory.mktemp("privacy") / "p.db")
    yield made
    made.close()


def test_a_batch_gives_what_each_passage_gives(screener: PrivacyFilter) -> None:
    passages = pieces()
    one_by_one = [screener.spans(passage) for passage in passages]
    assert screener.spans_batch(passages) == one_by_one
    kinds = {span.type for spans in one_by_one for span in spans}
    assert {"PERSON", "LOCATION", "ORGANIZATION", "EMAIL_ADDRESS", "PHONE_NUMBER", "IBAN"} <= kinds


def test_a_question_is_screened_while_a_batch_is(screener: PrivacyFilter) -> None:
    passages = pieces()
    alone = screener.spans_batch(passages)
    with ThreadPoolExecutor(3) as pool:
        batches = [pool.submit(screener.spans_batch, passages) for _ in range(2)]
        question = pool.submit(lambda: [screener.spans(text) for text in PLANTED])
        assert [batch.result() for batch in batches] == [alone, alone]
        assert question.result() == alone[: len(PLANTED)]


def test_our_decisions_are_those_of_spacy(store: ModelStore) -> None:
    import spacy  # noqa: TID251 - what is held against

    root = store.path("en-core-web-sm")
    folder = min(root.rglob("config.cfg"), key=lambda path: len(path.parts)).parent
    pipeline = spacy.load(folder, exclude=["tagger", "parser", "senter", "attribute_ruler", "lemmatizer"])
    decisions = Decisions(pipeline.get_pipe("ner"))
    texts = pieces()
    found = decisions.entities([pipeline.make_doc(text) for text in texts])
    spoken = [[(e.label_, e.start_char, e.end_char) for e in pipeline(text).ents] for text in texts]
    assert found == spoken
    assert sum(map(len, found)) > 100


def test_what_the_english_network_worked_out_is_let_go_at_once(screener: PrivacyFilter) -> None:
    passages = pieces()
    screener.spans_batch(passages)  # loaded
    gc.collect()
    gc.disable()
    try:
        screener.spans_batch(passages)
        left = {type(thing).__name__ for thing in gc.get_objects()}
    finally:
        gc.enable()
    assert "Language" in left  # the pipeline: what is spaCy's would be seen
    assert "ParserStepModel" not in left  # holds every layer's output, 25 MB a portion


def test_lac_reads_many_texts_as_it_reads_one(store: ModelStore) -> None:
    lac = Lac(store.path("lac"))
    texts = pieces()
    many = lac.entities(texts)
    assert many == [lac.entities([text])[0] for text in texts]
    assert sum(map(len, many)) > 50
