"""Every state has words in both languages; places, gaps, lengths of time and the bar say what they should."""

from __future__ import annotations

import io
import re
import sys
from dataclasses import replace

import pytest
from tests.scripted_engine import DOCUMENT, PARTIAL, TALLY

from studiolo.cli.progress import progress_bar
from studiolo.cli.words import (
    REASONS,
    STATES,
    duration_words,
    gap_words,
    place_words,
    state_words,
    tally_words,
)
from studiolo.errors import Code
from studiolo.events import Progress
from studiolo.types import DocumentStatus, Gap, Redaction

CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.mark.parametrize("status", list(DocumentStatus))
def test_every_state_has_words(status: DocumentStatus) -> None:
    english, chinese = STATES[status]
    assert english.isascii()
    assert CHINESE.search(chinese)
    assert state_words(replace(DOCUMENT, status=status), chinese=True) == chinese


def test_reasons_are_codes_and_in_both_languages() -> None:
    for reason, (english, chinese) in REASONS.items():
        assert Code(reason)
        assert english.isascii()
        assert CHINESE.search(chinese)


def test_a_document_that_failed_says_why_in_a_sentence() -> None:
    failed = replace(DOCUMENT, status=DocumentStatus.FAILED, reason="damaged_file")
    assert state_words(failed, chinese=False).startswith("not read: /home/ada/租约 lease.pdf is damaged. Open it")
    assert "已损坏。" in state_words(failed, chinese=True)
    assert state_words(replace(failed, reason="unheard_of"), chinese=False) == "not read: unheard_of"
    assert "需要密码" in state_words(PARTIAL, chinese=True)
    refused = replace(failed, reason="refused_by_policy", redactions=(Redaction("SECRET", 2),))
    assert "this library refuses files with SECRET." in state_words(refused, chinese=False)
    assert "此资料库拒收含有 SECRET 的文件" in state_words(refused, chinese=True)


@pytest.mark.parametrize(
    ("gap", "english", "chinese"),
    [
        (Gap("needs_password", 3, 5), "pages 3-5 (password needed)", "第 3-5 页（需要密码）"),
        (Gap("needs_ocr", 7, 7), "page 7 (pictures of text)", "第 7 页（文字为图片）"),
        (Gap("damaged_file", 2, 0, "a\nb.zip"), "a\\nb.zip, page 2 (damaged)", "a\\nb.zip 第 2 页（已损坏）"),
        (Gap("unheard_of"), "unheard_of", "unheard_of"),
    ],
)
def test_gaps(gap: Gap, english: str, chinese: str) -> None:
    assert gap_words(gap, chinese=False) == english
    assert gap_words(gap, chinese=True) == chinese


@pytest.mark.parametrize(
    ("page", "label", "english", "chinese"),
    [
        (3, "", "p. 3", "第 3 页"),
        (4, "iv", "iv (p. 4)", "iv（第 4 页）"),
        (0, "费用!2-40", "费用!2-40", "费用!2-40"),
        (0, "", "", ""),
    ],
)
def test_places(page: int, label: str, english: str, chinese: str) -> None:
    assert place_words(page, label, chinese=False) == english
    assert place_words(page, label, chinese=True) == chinese


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (0.2, "0 s", "0 秒"),
        (59.4, "59 s", "59 秒"),
        (61, "2 min", "2 分钟"),
        (3600, "1 h 0 min", "1 小时 0 分钟"),
        (7800, "2 h 10 min", "2 小时 10 分钟"),
    ],
)
def test_lengths_of_time(seconds: float, english: str, chinese: str) -> None:
    assert duration_words(seconds, chinese=False) == english
    assert duration_words(seconds, chinese=True) == chinese


def test_how_far_an_ingestion_is() -> None:
    assert tally_words(TALLY, chinese=False) == "1/4 files, 20 passages, 2.5/s, about 2 min left"
    assert tally_words(TALLY, chinese=True) == "1/4 个文件，20 个段落，2.5 个/秒，剩余约 2 分钟"
    early = replace(TALLY, passages_per_s=0.0, left_s=None)
    assert tally_words(early, chinese=False) == "1/4 files, 20 passages"


@pytest.mark.parametrize("is_terminal", [True, False])
def test_the_bar_is_for_a_terminal_alone(monkeypatch: pytest.MonkeyPatch, is_terminal: bool) -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return is_terminal

    monkeypatch.setattr(sys, "stderr", Screen())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "160")
    with progress_bar(ingestion=True) as bar:
        bar.show(Progress("parse", 1, 9, "/家/early.pdf"))
        bar.tally(TALLY)
        bar.show(Progress("embed", 1, 2, "/家/租约 [bold].pdf"))
        if is_terminal:
            bar._shown.refresh()  # type: ignore[union-attr]
    written = sys.stderr.getvalue()  # type: ignore[attr-defined]
    if is_terminal:
        assert "1/4 files, 20 passages, 2.5/s, about 2 min left" in written
        assert "租约 [bold].pdf" in written
    else:
        assert written == ""
