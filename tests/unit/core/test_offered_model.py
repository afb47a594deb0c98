"""Which model is marked as the default: the one that answers, or the one to get first."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.unit.models.gguf_files import gguf

from studiolo.bootstrap import open_local
from studiolo.errors import Code, UserError
from studiolo.models.catalog import load_catalogue
from studiolo.paths import Home
from studiolo.settings import Settings
from studiolo.types import Question

FIRST = load_catalogue().flagged("first_start").id


def marked(home: Home, *, chosen: str = "") -> tuple[list[str], str]:
    """The ids marked as default, and the model that the error of a question names."""
    engine = open_local(home, environ=os.environ, settings=Settings(chat_model=chosen))  # type: ignore[call-arg]
    try:
        ids = [model.id for model in engine.models() if model.default]
        with pytest.raises(UserError) as refused:
            engine.ask(Question("How long?"))
        assert refused.value.code in (Code.MODEL_MISSING, Code.UNKNOWN_MODEL, Code.MODEL_KIND)
        return ids, str(refused.value.values["model"])
    finally:
        engine.close()


def take_in(home: Home, folder: Path, name: str) -> str:
    path = folder / f"{name}.gguf"
    path.write_bytes(gguf())
    engine = open_local(home, environ=os.environ)
    try:
        return engine.import_model(path).id
    finally:
        engine.close()


def test_with_no_model_the_one_for_a_first_start_is_offered_as_the_error_does(home):
    assert marked(home) == ([FIRST], FIRST)


def test_with_no_model_the_one_that_the_settings_name_is_offered(home):
    other = next(m.id for m in load_catalogue().models if m.kind == "chat" and m.id != FIRST)
    assert marked(home, chosen=other) == ([other], other)


@pytest.mark.parametrize("chosen", ["no-such-model", "multilingual-e5-small"])
def test_settings_that_name_no_chat_model_do_not_hide_the_offer(home, chosen):
    assert marked(home, chosen=chosen) == ([FIRST], chosen)


def test_the_one_that_is_there_and_chosen_is_marked(home, tmp_path):
    first, second = take_in(home, tmp_path, "one"), take_in(home, tmp_path, "two")
    for chosen in (first, second):
        engine = open_local(home, environ=os.environ, settings=Settings(chat_model=chosen))  # type: ignore[call-arg]
        try:
            assert [model.id for model in engine.models() if model.default] == [chosen]
        finally:
            engine.close()


def test_where_the_chosen_one_is_gone_and_another_is_there_none_is_marked(home, tmp_path):
    take_in(home, tmp_path, "one")
    assert marked(home, chosen=FIRST) == ([], FIRST)
