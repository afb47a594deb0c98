"""The samples as texts in two languages."""

from __future__ import annotations

from pathlib import Path

from studiolo.inference.sample_texts import FOLDERS, is_chinese, sample_texts


def test_the_samples_by_language() -> None:
    def read(path: Path) -> str:
        return path.read_bytes().decode("utf-8", "ignore") if path.suffix in (".md", ".txt") else ""

    texts = dict(sample_texts(read))
    assert list(texts) == ["en", "zh"]
    assert "信息安全" in texts["zh"]
    assert not is_chinese(texts["en"])
    assert FOLDERS[0].is_dir()


def test_without_the_samples_there_are_none(tmp_path: Path) -> None:
    assert sample_texts(lambda path: "x", folders=(tmp_path / "none",)) == ()


def test_what_is_chinese() -> None:
    assert is_chinese("甲方 Northgate Ltd 租期十二个月，租金每月一号支付。")
    assert not is_chinese("The tenant 陈晓 pays the rent on the first day of each month.")
    assert not is_chinese("12 345 ...")
