"""A policy in words: profiles, directions, actions, and what is wrong with one. Only which keys there are, no texts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from studiolo.errors import Code
from studiolo_desktop.bridge.problem import Problem
from studiolo_desktop.look import Look
from studiolo_desktop.texts import TEXTS
from studiolo_desktop.ui.privacy.kinds import kind_name

EVERYWHERE = ""
DEFAULT = "default"  # what the policy file calls the types that it does not name
PROFILES = ("open", "balanced", "strict")
DIRECTIONS = ("question", "passage", "history", "tool", "file_name", "title", "export")
ACTIONS = ("allow", "flag", "mask", "pseudonymise", "block")
TYPES = (
    "PERSON", "PHONE_NUMBER", "EMAIL_ADDRESS", "ADDRESS", "DATE_OF_BIRTH", "CN_ID", "NATIONAL_ID", "PASSPORT",
    "DRIVER_LICENSE", "LICENSE_PLATE", "BANK_ACCOUNT", "IBAN", "CREDIT_CARD", "MEDICAL_ID", "CHAT_ACCOUNT",
    "IP_ADDRESS", "URL", "SECRET", "LOCATION", "ORGANIZATION", "DATE_TIME", "AGE", "NRP", "TITLE", "ZIP_CODE",
)  # fmt: skip


def action_choices(look: Look) -> list[tuple[str, str]]:
    """What can become of a value; "" leaves it to the profile."""
    tr = look.tr
    return [("", tr("policy.by_profile")), *((action, tr(f"policy.action_{action}")) for action in ACTIONS)]


def direction_choices(look: Look) -> list[tuple[str, str]]:
    """Where a text goes; "" is everywhere."""
    tr = look.tr
    return [
        (EVERYWHERE, tr("policy.everywhere")),
        *((direction, tr(f"policy.direction_{direction}")) for direction in DIRECTIONS),
    ]


def profile_choices(look: Look, *, of_home: bool) -> list[tuple[str, str]]:
    """What a policy starts from; "" for a library: what counts for all."""
    tr = look.tr
    first = tr("policy.profile_default") if of_home else tr("policy.profile_home")
    return [("", first), *((name, tr(f"policy.profile_{name}")) for name in PROFILES)]


def types_of(section: dict[str, Any], custom: Iterable[str]) -> list[str]:
    """The types to be decided about: the common ones, those that the section names, a person's own; then the rest."""
    named = set(section.get("types", {})).union(*section.get("directions", {}).values())
    return [*dict.fromkeys([*TYPES, *sorted((named | set(custom)) - {DEFAULT})]), DEFAULT]


def type_words(look: Look, kind: str) -> str:
    """A type's name in the list."""
    return look.tr("policy.everything_else") if kind == DEFAULT else kind_name(look, kind)


def problem_words(look: Look, problem: Problem) -> str:
    """What is wrong, where, and in which line of the file it would stand."""
    if problem.code is not Code.BAD_POLICY:
        sentence = look.sentence(problem)
        return f"{sentence.what} {sentence.todo}".strip()
    values = problem.values
    key = f"policy.problem_{values.get('problem', '')}"
    what = look.tr(key) if key in TEXTS else look.tr("policy.problem_other", problem=str(values.get("problem", "")))
    return look.tr("policy.problem_at", what=what, file=str(values.get("file", "")), line=str(values.get("line", "")))
