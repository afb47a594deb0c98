"""The screens of privacy, for `screenshots`: what is done on a stage before its picture is taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from studiolo.client.proof import OPEN, Proof, Tried
from studiolo.isolation.ways import WAYS
from studiolo_desktop.ui.privacy.dialog import PrivacyDialog
from studiolo_desktop.ui.privacy.sides_dialog import SidesDialog
from studiolo_desktop.ui.privacy.value_card import ValueCard

VALUES = {
    "Margaret Holloway": ("PERSON", "PERSON_1"),
    "Wen Yalan": ("PERSON", "PERSON_2"),
    "王小明": ("PERSON", "PERSON_3"),
    "+44 20 7946 0958": ("PHONE_NUMBER", "PHONE_1"),
    "13800138000": ("PHONE_NUMBER", "PHONE_2"),
    "**** 1111": ("CREDIT_CARD", "CARD_1"),
}
QUESTION = {
    "en": "What does Margaret Holloway pay, and how can I reach her on +44 20 7946 0958?",
    "zh": "王小明的试用期工资是多少？他的电话是 13800138000 吗？",
}
ANSWER = {
    "en": "**Margaret Holloway** pays EUR 1,430 a month by card **** 1111 [1]. Her number is +44 20 7946 0958; "
    "Wen Yalan takes messages for her [3].",
    "zh": "**王小明**的试用期工资为每月人民币 12,000 元 [1]，汇入卡 **** 1111。他的电话是 13800138000。",
}


def answered(stage: Any, language: str) -> None:
    """An answer with chips."""
    engine = stage.engine
    engine.values, engine.secrets = VALUES, {"CARD_1": "4111 1111 1111 1111"}
    engine.answer = ANSWER[language]
    stage.desktop.chat.ask(QUESTION[language])
    stage.until(lambda: not stage.desktop.chat.busy)
    stage.until(lambda: stage.desktop.privacy.screenings.of(stage.desktop.chat.turns[-1].id) is not None)


def card(stage: Any, language: str) -> None:
    """A hidden value, revealed."""
    answered(stage, language)
    window = stage.desktop.window
    view = window.transcript.view(stage.desktop.chat.turns[-1])
    view.answer.value_clicked.emit(1)
    shown = window.findChild(ValueCard)
    stage.until(lambda: "4111" in shown.value.text())
    stage.shown = shown


def sides(stage: Any, language: str) -> None:
    """What the model saw."""
    answered(stage, language)
    window = stage.desktop.window
    window.show_sides(stage.desktop.chat.turns[-1])
    dialog = window.findChild(SidesDialog)
    stage.until(lambda: bool(dialog.pairs))
    stage.shown = dialog


def _page(stage: Any, name: str) -> Any:
    stage.desktop.window.show_privacy(name)
    stage.shown = stage.desktop.window.findChild(PrivacyDialog)
    stage.settle()
    return stage.shown.pages[name]


def seal(stage: Any, _language: str) -> None:
    """The proof, done."""
    tried = tuple(Tried(name, True, "EPERM", OPEN, True, "kernel") for name in WAYS)
    stage.desktop.privacy.seal._prove = lambda _cancel: Proof(True, tried, 0, 23)
    page = _page(stage, "seal")
    page.prove_button.click()
    stage.until(page.table.isVisible)


def seal_before(stage: Any, _language: str) -> None:
    """The seal, not proven yet."""
    stage.desktop.privacy.seal._prove = lambda _cancel: None
    _page(stage, "seal")


def policy(stage: Any, language: str) -> None:
    """A policy being changed."""
    stage.engine.policies[""] = {
        "types": {"LOCATION": "pseudonymise"},
        "custom": {"PROJECT": {"words": ["Falcon", "青鸟计划"], "patterns": ["PRJ-[0-9]{4}"]}},
    }
    page = _page(stage, "policy")
    stage.until(lambda: stage.desktop.privacy.policy.preview is not None)
    page.rows["PHONE_NUMBER"]._choose("mask")
    stage.until(lambda: page.save_button.isEnabled() and bool(page.pane.seen.toPlainText()))


def policy_problem(stage: Any, language: str) -> None:
    """A policy that does not fit."""
    policy(stage, language)
    page = stage.shown.pages["policy"]
    page.own.cards[0].patterns.setPlainText("PRJ-[0-9")
    stage.until(lambda: bool(page.own.cards[0].note.text()))
    stage.settle()
    bar = page.own.parentWidget().parentWidget().parentWidget().verticalScrollBar()
    bar.setValue(bar.maximum())
    stage.settle()


def audit(stage: Any, _language: str) -> None:
    """The audit, verified."""
    page = _page(stage, "audit")
    page.verify_button.click()
    stage.until(lambda: stage.desktop.privacy.audit.report is not None)


def names(stage: Any, _language: str) -> None:
    """Pseudonyms with their values."""
    page = _page(stage, "names")
    page.reveal_button.click()
    stage.until(lambda: stage.desktop.privacy.names.revealed)
    page.table.setCurrentCell(1, 0)


def ahead(stage: Any, _language: str) -> None:
    """Reading ahead."""
    page = _page(stage, "ahead")
    stage.until(lambda: page.bar.value() == 142)


SCREENS: dict[str, Callable[[Any, str], None]] = {
    "chips": answered,
    "value-card": card,
    "sides": sides,
    "privacy-seal": seal_before,
    "privacy-proof": seal,
    "privacy-policy": policy,
    "privacy-policy-problem": policy_problem,
    "privacy-audit": audit,
    "privacy-names": names,
    "privacy-ahead": ahead,
}
