"""Privacy in the window over a real engine with real models: a chip, both sides, the policy, the audit, a pause."""

from __future__ import annotations

import pytest
from tests.window.test_real_engine import House, house

from studiolo_desktop.ui.privacy.dialog import PrivacyDialog
from studiolo_desktop.ui.privacy.sides_dialog import SidesDialog
from studiolo_desktop.ui.privacy.value_card import ValueCard

pytestmark = [pytest.mark.real_model, pytest.mark.timeout(600)]
__all__ = ["house"]

PHONE = "13800138000"
QUESTION = f"May I call {PHONE}? 王小明的电话可以打吗？"


def test_what_the_model_did_not_see_in_a_real_turn(house: House) -> None:
    desk = house.open_window()
    window, privacy = desk.window, desk.privacy
    turn = house.answered(desk, QUESTION)
    house.until(lambda: privacy.screenings.of(turn.id) is not None)
    view = window.transcript.view(turn)
    house.until(lambda: "value:" in view.question.text())

    # the chip says what the model saw
    marks = privacy.screenings.of(turn.id).question.marks
    number = next(n for n, mark in enumerate(marks) if QUESTION[mark.start : mark.end] == PHONE)
    view.question.linkActivated.emit(f"value:{number}")
    card = window.findChild(ValueCard)
    assert (card.seen.text(), card.value.text()) == (f"<{marks[number].token}>", PHONE)
    card.close()
    told = []
    privacy.screenings.reveal(turn.id, marks[number].token, then=told.append, failed=told.append)
    house.until(lambda: bool(told))
    assert told[0].value == PHONE

    # both sides
    view.seen_button.click()
    dialog = window.findChild(SidesDialog)
    house.until(lambda: len(dialog.pairs) > 2)
    assert PHONE in dialog.pairs[0][0].toPlainText()
    assert not any(PHONE in seen.toPlainText() for _, seen in dialog.pairs)
    dialog.accept()

    # the policy, tried and saved
    window.show_privacy("policy")
    pages = window.findChild(PrivacyDialog).pages
    page = pages["policy"]
    house.until(lambda: privacy.policy.preview is not None)
    page.pane.text.setPlainText(QUESTION)
    house.until(lambda: "<PHONE_1>" in page.pane.seen.toPlainText())
    page.own.allow_words.setPlainText(PHONE)
    house.until(lambda: PHONE in page.pane.seen.toPlainText())
    page.save_button.click()
    house.until(lambda: not privacy.policy.dirty)
    assert PHONE in house.home.policy_file.read_text("utf-8")

    # the audit has it, and is whole
    window.show_privacy("audit")
    house.until(lambda: any(one.event == "revealed" for one in privacy.audit.records))
    pages["audit"].verify_button.click()
    house.until(lambda: privacy.audit.report is not None)
    assert privacy.audit.report.sound

    # reading ahead pauses
    window.show_privacy("ahead")
    house.until(lambda: privacy.ahead.status is not None)
    pages["ahead"].switch_button.click()
    house.until(lambda: privacy.ahead.status.on is False)
