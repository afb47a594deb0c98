"""Telling policies apart by what the model reads under them."""

from __future__ import annotations

import pytest

from studiolo.privacy.policy_file import InForce, in_force, read_policy
from studiolo.privacy.strictness import rules_digest, stricter
from studiolo.types import Reader

MASKED = '[types]\nPHONE_NUMBER = "mask"\n'


def rules(text: str, library: str = "") -> InForce:
    return in_force(read_policy(text, file="privacy.toml"), library)


def digest(text: str, *, reader: str = Reader.OWNER) -> str:
    return rules_digest(rules(text), reader=reader)


@pytest.mark.parametrize(
    "text",
    [
        '[types]\nPERSON = "mask"\n',
        '[directions.history]\nPERSON = "block"\n',
        '[custom.PROJECT]\nwords = ["Falcon"]\n',
        '[custom.PROJECT]\nwords = ["青鸟计划"]\n',
        '[allow]\nwords = ["北风公司"]\n',
        "[keep_last]\nPHONE_NUMBER = 4\n",
        '[readers.owner.question]\nPERSON = "mask"\n',
    ],
)
def test_what_the_model_reads_makes_another_digest(text: str) -> None:
    assert digest(text) != digest("")
    assert digest(text) == digest(f"# a comment\n{text}")


@pytest.mark.parametrize(
    "text", ["", "format = 1\n", '[readers.masked]\nPERSON = "block"\n', '[directions.title]\nPERSON = "block"\n']
)
def test_what_the_model_does_not_read_makes_none(text: str) -> None:
    assert digest(text) == digest("")


def test_a_reader_with_rules_for_what_is_asked_has_a_digest_of_its_own() -> None:
    text = '[readers.press.question]\nPERSON = "mask"\n'
    assert digest(text, reader="press") != digest(text) == digest("")


@pytest.mark.parametrize(
    ("after", "before", "expected"),
    [
        ("", "", False),
        ('[types]\nPERSON = "mask"\n', "", True),
        ("", '[types]\nPERSON = "mask"\n', False),
        ('profile = "strict"\n', "", True),
        ('profile = "open"\n', "", False),
        ("", 'profile = "open"\n', True),
        ('[directions.passage]\ndefault = "block"\n', "", True),
        ('[directions.export]\ndefault = "block"\n', "", False),
        ('[types]\ndefault = "pseudonymise"\n', '[types]\ndefault = "allow"\n', True),
        ('[custom.PROJECT]\nwords = ["青鸟计划"]\n', "", True),
        ("", '[allow]\nwords = ["Northwind Ltd"]\n', True),
        ('[readers.masked]\nPERSON = "block"\n', "", False),
        ('[readers.press.question]\nPERSON = "mask"\n', "", True),
        ("", '[readers.press.question]\nPERSON = "mask"\n', False),
        (f"{MASKED}[keep_last]\nPHONE_NUMBER = 2\n", f"{MASKED}[keep_last]\nPHONE_NUMBER = 4\n", True),
        (f"{MASKED}[keep_last]\nPHONE_NUMBER = 4\n", f"{MASKED}[keep_last]\nPHONE_NUMBER = 2\n", False),
        ("[keep_last]\nPHONE_NUMBER = 2\n", "[keep_last]\nPHONE_NUMBER = 4\n", False),  # the model reads a pseudonym
    ],
)
def test_which_of_two_policies_is_stricter(after: str, before: str, *, expected: bool) -> None:
    assert stricter(rules(after), rules(before)) is expected
