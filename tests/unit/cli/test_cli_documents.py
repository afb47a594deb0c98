"""`studiolo documents`: listed, shown and removed."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Any

import pytest
from tests.scripted_engine import ScriptedEngine

from studiolo.types import DEFAULT_LIBRARY

Command = Callable[..., Any]


def test_documents(studiolo: Command, engine: ScriptedEngine) -> None:
    listed = studiolo("documents", "list", "--json").json
    assert listed["library"] == DEFAULT_LIBRARY
    assert listed["documents"][0]["name"] == "租约 lease.pdf"
    assert studiolo("documents", "list").out.startswith("d1\t租约 lease.pdf\t")
    for named in ("d1", "租约 lease.pdf", "/home/ada/租约 lease.pdf"):
        assert studiolo("documents", "remove", named).code == 0
        assert engine.calls[-1] == ("remove_documents", ("d1",), DEFAULT_LIBRARY, "keep")
    assert studiolo("documents", "remove", "d2", "租约 lease.pdf", "d1", "--conversations", "remove").code == 0
    assert engine.calls[-1] == ("remove_documents", ("d2", "d1"), DEFAULT_LIBRARY, "remove")
    assert "quoting" not in [call[0] for call in engine.calls]  # a script is not asked
    gone = studiolo("documents", "remove", "没有.pdf", "--library", "contracts")
    assert (gone.code, gone.out) == (1, "")
    assert "没有.pdf" in gone.err


def test_a_document_says_what_is_missing_of_it(studiolo: Command) -> None:
    (_, line) = studiolo("documents", "list").out.splitlines()
    assert line.endswith("\tread in part: pages 3-5 (password needed), inner.docx (damaged), page 7 (pictures of text)")
    (_, line) = studiolo("documents", "list", LANG="zh_CN.UTF-8").out.splitlines()
    assert line.endswith("\t部分已读取：第 3-5 页（需要密码）；inner.docx（已损坏）；第 7 页（文字为图片）")
    listed = studiolo("documents", "list", "--json").json["documents"][1]
    assert listed["gaps"][0] == {"reason": "needs_password", "first": 3, "last": 5, "name": ""}


def test_showing_a_document(studiolo: Command, engine: ScriptedEngine) -> None:
    facts = dict(line.split("\t", 1) for line in studiolo("documents", "show", "租约 lease.pdf").out.splitlines())
    assert facts["name"] == "租约 lease.pdf"
    assert (facts["pages"], facts["passages"], facts["state"]) == ("4", "9", "ready")
    assert facts["languages"] == "en 1, zh 1"
    assert facts["personal data"] == "3 PERSON"
    assert facts["added"].startswith("2023-11-1")
    assert "状态\t就绪" in studiolo("documents", "show", "d1", LANG="zh_CN.UTF-8").out
    shown = studiolo("documents", "show", "d1", "--json").json
    assert list(shown) == ["library", "document", "languages", "passages_in_order", "report"]
    assert shown["report"]["findings"][1] == {"type": "PERSON", "count": 3, "action": "pseudonymise", "pages": [1, 3]}
    text = studiolo("documents", "show", "d1").out
    assert "found\tPERSON\t3\tpseudonymise\tp. 1, 3\n" in text
    assert "passages not screened\t1\n" in text
    assert [passage["id"] for passage in shown["passages_in_order"]] == ["p1", "p2"]
    assert ("document_passages", "d1", DEFAULT_LIBRARY) in engine.calls
    assert engine.calls[-1] == ("document_report", "d1", DEFAULT_LIBRARY)
    assert studiolo("documents", "show", "none").code == 1


@pytest.mark.parametrize(("typed", "wish"), [("y\n", "remove"), ("n\n", "keep"), ("\n", "keep")])
def test_a_person_is_asked_about_conversations_that_quote(
    studiolo: Command, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch, typed: str, wish: str
) -> None:
    class Typing(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Typing(typed))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    ran = studiolo("documents", "remove", "d1")
    assert ran.code == 0
    assert "1 conversations quote" in ran.err
    assert engine.calls[-1] == ("remove_documents", ("d1",), DEFAULT_LIBRARY, wish)
    monkeypatch.setattr(sys, "stdin", Typing(""))
    assert "quote" not in studiolo("documents", "remove", "d2").err  # none quotes it: nothing to ask
    assert engine.calls[-1] == ("remove_documents", ("d2",), DEFAULT_LIBRARY, "keep")
