"""`studiolo pseudonyms`: values are shown at a terminal only, and nothing is erased by a slip."""

from __future__ import annotations

import sys

import pytest
from tests.scripted_engine import ScriptedEngine
from tests.unit.cli.conftest import Command


def test_listing_shows_tokens_types_and_counts(studiolo: Command, engine: ScriptedEngine) -> None:
    ran = studiolo("pseudonyms", "list", "--library", "contracts")
    assert ran.code == 0
    assert ran.out.splitlines() == ["PERSON_1\tPERSON", "PERSON_2\tPERSON\tPERSON_1", "PHONE_1\tPHONE_NUMBER"]
    assert ran.err == "PERSON 2, PHONE_NUMBER 1\n"
    assert engine.calls == [("pseudonyms", "contracts", False)]
    listed = studiolo("pseudonyms", "list", "--json").json
    assert listed["counts"] == {"PERSON": 2, "PHONE_NUMBER": 1}
    assert listed["pseudonyms"][0] == {"token": "PERSON_1", "type": "PERSON", "same_as": []}
    assert studiolo("pseudonyms", "list", "--library", "none").code == 1


def test_values_are_shown_at_a_terminal_only(
    studiolo: Command, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = studiolo("pseudonyms", "list", "--reveal")
    assert (ran.code, ran.out, engine.calls) == (2, "", [])
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert "PERSON_1\tPERSON\tAda 王" in studiolo("pseudonyms", "list", "--reveal").out.splitlines()


@pytest.mark.parametrize(
    ("arguments", "call"),
    [
        (("王小明", "--library", "contracts"), ("forget_person", "contracts", "王小明")),
        (("--all", "--library", "contracts"), ("forget_pseudonyms", "contracts")),
        (("--all-libraries",), ("forget_pseudonyms", None)),
    ],
)
def test_erasing(
    studiolo: Command, engine: ScriptedEngine, arguments: tuple[str, ...], call: tuple[object, ...]
) -> None:
    ran = studiolo("pseudonyms", "forget", *arguments, "--yes")
    assert ran.code == 0
    assert ran.err == f"{2 if call[0] == 'forget_person' else 3} pseudonyms erased.\n"
    assert engine.calls == [call]


@pytest.mark.parametrize("arguments", [(), ("Ada", "--all"), ("--all", "--all-libraries")])
def test_what_is_to_be_erased_must_be_said_once(
    studiolo: Command, engine: ScriptedEngine, arguments: tuple[str, ...]
) -> None:
    assert studiolo("pseudonyms", "forget", *arguments, "--yes").code == 2
    assert engine.calls == []


def test_choosing_what_keeps_the_key(
    studiolo: Command, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert studiolo("pseudonyms", "protect", "file").err == "The key of the pseudonyms is now kept by: file.\n"
    monkeypatch.setattr("click.prompt", lambda *_, **__: "虎 tiger")
    assert "passphrase" in studiolo("pseudonyms", "protect", "passphrase").err
    assert engine.calls == [("protect_pseudonyms", "file", None), ("protect_pseudonyms", "passphrase", "虎 tiger")]
    assert studiolo("pseudonyms", "protect", "hope").code == 2
