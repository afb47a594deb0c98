"""What the API's soak scenario sends stays in its folder, and asks for few tokens."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.soak.api import TOKENS, _confined, _few_tokens, _name

FOLDER = Path("/soak/files")


@given(st.text() | st.sampled_from(["/", "//", "/..", "/../../etc", "//host/share", "/a/../../b", "/家/文档", "/\x00"]))
def test_no_path_leaves_the_folder(path: str) -> None:
    body = {"path": path, "paths": [path, 1], "inner": {"folder": path}, "name": path, "text": None}
    found = _confined(body, FOLDER, source=random.Random(path))
    for moved in (found["path"], found["paths"][0], found["inner"]["folder"]):
        assert not moved.startswith("/") or Path(moved).is_relative_to(FOLDER)
        assert not moved.startswith("/") or ".." not in Path(moved).parts
    assert (found["name"], found["text"], found["paths"][1]) == (path, None, 1)


@pytest.mark.parametrize("given", [{}, {"max_tokens": 500}, {"max_tokens": None, "n": 8}])
def test_answers_are_short(given: dict[str, object]) -> None:
    chat, native = dict(given), {"sampling": dict(given)}
    _few_tokens(chat, "/v1/chat/completions")
    _few_tokens(native, "/api/ask")
    assert chat["max_tokens"] == native["sampling"]["max_tokens"] == TOKENS
    assert chat.get("n", 1) in (1, 2)
    wrong = {"max_tokens": "many"}
    _few_tokens(wrong, "/v1/completions")
    assert wrong["max_tokens"] == "many"


def test_real_names_are_put_in_the_place_of_some() -> None:
    known = {"library": ["合同"], "name": ["x"]}
    found = []
    for seed in range(40):
        body = {"library": "?", "other": "?"}
        _name(body, known, random.Random(seed))
        assert body["other"] == "?"
        found.append(body["library"])
    assert set(found) == {"?", "合同"}
