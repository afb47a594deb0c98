"""What every Engine promises of redacting and of pseudonyms."""

from __future__ import annotations

from pathlib import Path

from tests.contract.asked import PHONE, failure, read
from tests.contract.conftest import House

from studiolo.engine import Engine
from studiolo.errors import Code


def test_redacting(house: House, engine: Engine) -> None:
    text = f"电话{PHONE}已登记"
    redacted = engine.redact(text)
    assert redacted == house.local.redact(text)
    assert PHONE not in redacted.text
    (entity,) = redacted.entities
    assert text[entity.start : entity.end] == PHONE


def test_redacting_many(house: House, engine: Engine) -> None:
    texts = [f"电话{PHONE}", "nothing", "", f"call {PHONE} now"]
    assert engine.redact_many(texts) == [engine.redact(text) for text in texts]
    assert engine.redact_many([]) == []


def test_redacting_by_a_profile(engine: Engine) -> None:
    text = f"电话{PHONE}"
    assert engine.redact(text, profile="open").text == text
    for profile in ("balanced", "strict"):
        assert PHONE not in engine.redact(text, profile=profile).text
    for call in (lambda: engine.redact(text, profile="lenient"), lambda: engine.redact_many([text], profile="lenient")):
        assert failure(call).code is Code.BAD_REQUEST


def test_redacting_a_document(house: House, engine: Engine, tmp_path: Path) -> None:
    redacted = engine.redact_file(house.files / "租约.md")
    assert PHONE not in redacted.text
    assert "租期为十二个月" in redacted.text
    assert [entity.type for entity in redacted.entities] == ["PHONE_NUMBER"]
    page = tmp_path / "page.html"
    page.write_text("<p>\u7535\u8bdd " + "".join(f"&#{ord(digit)};" for digit in PHONE) + "</p>", "utf-8")
    assert engine.redact_file(page).text.strip() == "电话 <PHONE_NUMBER>"
    assert failure(lambda: engine.redact_file(tmp_path / "gone.pdf")).code is Code.FILE_MISSING
    assert not [document for document in engine.documents() if document.name == "page.html"]


def test_pseudonyms_are_listed_and_erased(house: House, engine: Engine, tmp_path: Path) -> None:
    name = "erasing 合同"
    document = tmp_path / "contact.md"
    document.write_text(f"电话{PHONE}，mail anna@example.com\n", encoding="utf-8")
    read(engine.add([document], library=name))
    listed = engine.pseudonyms(name)
    assert {one.type for one in listed} == {"PHONE_NUMBER", "EMAIL_ADDRESS"}
    assert {one.value for one in listed} == {""}
    assert {one.value for one in engine.pseudonyms(name, reveal=True)} == {PHONE, "anna@example.com"}
    assert engine.forget_person(name, "Nobody") == 0
    assert engine.forget_person(name, PHONE) == 1
    assert [one.type for one in engine.pseudonyms(name)] == ["EMAIL_ADDRESS"]
    assert engine.forget_pseudonyms(name) == 1
    assert engine.pseudonyms(name) == []
    read(engine.add([document], library=f"{name} 2"))
    assert engine.forget_pseudonyms() >= 2
    assert engine.pseudonyms(f"{name} 2") == []
    assert failure(lambda: engine.pseudonyms("none")).code is Code.UNKNOWN_LIBRARY
    assert failure(lambda: engine.forget_person("none", "x")).code is Code.UNKNOWN_LIBRARY
    assert failure(lambda: engine.forget_pseudonyms("none")).code is Code.UNKNOWN_LIBRARY
    engine.remove_library(name)
    engine.remove_library(f"{name} 2")


def test_what_keeps_the_key_of_the_pseudonyms(house: House, engine: Engine) -> None:
    assert failure(lambda: engine.protect_pseudonyms("keyring")).code is Code.KEYRING_MISSING
    engine.protect_pseudonyms("passphrase", passphrase="虎 tiger 7")
    assert ("pseudonyms", "ok") in {(check.name, check.state) for check in engine.doctor()}
    engine.protect_pseudonyms("file")
    (check,) = [check for check in engine.doctor() if check.name == "pseudonyms"]
    assert (check.state, "who can copy the home can read it" in check.detail) == ("warning", True)
