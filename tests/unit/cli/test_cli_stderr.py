"""What reaches the terminal: one line that says what to do, no control characters, nothing of other libraries."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from studiolo.cli.sentences import PROBLEMS, sentence
from studiolo.cli.terminal import existing, one_line, visible
from studiolo.errors import Code, EnvironmentFault, UserError, unexpected

CHILD = """
import logging, sys, threading, warnings
from studiolo.cli.terminal import keep_quiet
keep_quiet()
logging.getLogger("some.library").critical("quotes the TEXT")
warnings.warn("quotes the TEXT")
thread = threading.Thread(target=lambda: int("TEXT"))
thread.start()
thread.join()
print("done")
"""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("kettle\x1b[31m.txt", "kettle\\x1b[31m.txt"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("bell\x07 \x9b2J", "bell\\x07 \\x9b2J"),
        ("茶壶 🫖", "茶壶 🫖"),
    ],
)
def test_control_characters_are_shown_and_not_obeyed(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_name_stays_on_its_line() -> None:
    assert one_line("a\nb\tc\u2028d.txt") == "a\\nb\\tc\\u2028d.txt"


def test_no_path_is_not_the_folder_at_hand() -> None:
    with pytest.raises(UserError) as caught:
        existing("")
    assert caught.value.code is Code.FILE_MISSING
    assert existing("a.txt") == Path.cwd() / "a.txt"


def test_other_libraries_write_nothing_to_stderr() -> None:
    done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout.strip(), done.stderr) == ("done", "")


def test_memory_is_given_in_sizes_a_person_reads() -> None:
    values = {"model": "big", "needed_bytes": 3 << 30, "available_bytes": 200 << 20, "smaller": ""}
    said = sentence(EnvironmentFault(Code.NOT_ENOUGH_MEMORY, **values), chinese=False)
    assert "needs 3.0 GiB of memory and 200 MiB are free" in said


@pytest.mark.parametrize("chinese", [False, True])
def test_memory_that_ran_out_unmeasured_has_a_sentence_without_figures(chinese: bool) -> None:
    said = sentence(unexpected(MemoryError()), chinese=chinese)
    assert "?" not in said
    assert "0" not in said


@pytest.mark.parametrize("problem", sorted(PROBLEMS))
def test_problems_are_words_in_both_languages(problem: str) -> None:
    for chinese in (False, True):
        said = sentence(UserError(Code.BAD_REQUEST, field="library", problem=problem), chinese=chinese)
        assert PROBLEMS[problem][int(chinese)] in said


def test_damaged_settings_are_to_be_corrected_or_deleted() -> None:
    said = sentence(EnvironmentFault(Code.DAMAGED_STORE, store="settings"), chinese=False)
    assert "settings.json" in said
    assert "add again" not in said


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="POSIX")
def test_pull_says_what_a_source_may_be() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "studiolo.cli", "models", "pull", "--help"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    words = " ".join(done.stdout.split())
    assert "--source FILE|FOLDER|URL" in words
    assert "digest is checked" in words
