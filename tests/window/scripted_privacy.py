"""What a scripted engine says of policies, the audit, pseudonyms and reading ahead: a part of `ScriptedEngine`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from studiolo.errors import Code, UserError
from studiolo.types import (
    DEFAULT_LIBRARY,
    AheadStatus,
    AuditFound,
    AuditRecord,
    AuditReport,
    PolicyPreview,
    PolicyView,
    PreviewFound,
    Pseudonym,
)

PHONE = re.compile(r"\+?[0-9][0-9 ]{8,}[0-9]")
NAMES = ("Margaret Holloway", "王小明")
EVENTS = ("screened", "screened", "answer", "revealed")
DIRECTIONS = ("question", "passage", "answer", "")


def record(number: int) -> AuditRecord:
    """A record of the audit."""
    kind = number % len(EVENTS)
    found = (AuditFound("PERSON", "names", 2, 20), AuditFound("PHONE_NUMBER", "contact", 1, 11))
    return AuditRecord(
        number, 1_775_000_000.0 + number, EVENTS[kind], DIRECTIONS[kind], "owner" if kind > 1 else "", "library:0123",
        1, found[: 1 + number % 2], f"{number - 1:064x}", f"{number:064x}",
    )  # fmt: skip


class ScriptedPrivacy:
    """The part. `_here` raises when the engine has gone."""

    _here: Callable[[], None]

    def _prepare_privacy(self) -> None:
        self.policies: dict[str, dict[str, Any]] = {}
        self.previews: list[tuple[str, dict[str, Any], str, str]] = []
        self.log = [record(number) for number in range(1, 8)]
        self.report = AuditReport(1, 7, "0" * 64, "", 0, 0, {"file": "ok"})
        self.table = {
            "PERSON_1": ("PERSON", "Margaret Holloway", ()),
            "PERSON_2": ("PERSON", "王小明", ()),
            "PERSON_2B": ("PERSON", "王先生", ("PERSON_2",)),
            "PHONE_1": ("PHONE_NUMBER", "13800138000", ()),
        }
        self.forgotten: list[str] = []
        self.reading_ahead = AheadStatus(True, 142, 300, True, 620_000_000, 4096 << 20)

    def policy(self, library: str = "") -> PolicyView:
        self._here()
        section = self.policies.get(library, {})
        profile = section.get("profile") or self.policies.get("", {}).get("profile") or "balanced"
        return PolicyView(library, profile, {"default": "pseudonymise"}, {}, {}, tuple(section.get("custom", {})), (),
                          section)  # fmt: skip

    def set_policy(self, library: str, section: Mapping[str, Any]) -> PolicyView:
        self._checked(section)
        self.policies[library] = dict(section)
        return self.policy(library)

    def preview_policy(
        self, library: str, section: Mapping[str, Any], text: str, *, direction: str = "question"
    ) -> PolicyPreview:
        self._here()
        self.previews.append((library, dict(section), text, direction))
        self._checked(section)
        words = {word: name for name, listed in section.get("custom", {}).items() for word in listed.get("words", [])}
        found = [(m.start(), m.end(), "PHONE_NUMBER") for m in PHONE.finditer(text)]
        found += [(m.start(), m.end(), "PERSON") for name in NAMES for m in re.finditer(name, text)]
        found += [(m.start(), m.end(), words[w]) for w in words for m in re.finditer(re.escape(w), text)]
        allowed = section.get("allow", {}).get("words", [])
        seen, at, marks = "", 0, []
        for start, end, kind in sorted(found):
            if text[start:end] in allowed:
                continue
            action = section.get("directions", {}).get(direction, {}).get(kind) or section.get("types", {}).get(kind)
            action = action or section.get("custom", {}).get(kind, {}).get("action") or "pseudonymise"
            marks.append(PreviewFound(kind, start, end, action))
            seen += text[at:start] + (text[start:end] if action in ("allow", "flag", "block") else f"<{kind}>")
            at = end
        blocked = tuple({mark.type for mark in marks if mark.action == "block"})
        return PolicyPreview(seen + text[at:], tuple(marks), blocked)

    @staticmethod
    def _checked(section: Mapping[str, Any]) -> None:
        for name, listed in section.get("custom", {}).items():
            for pattern in listed.get("patterns", []):
                try:
                    re.compile(pattern)
                except re.error:
                    raise UserError(
                        Code.BAD_POLICY, file="privacy.toml", line=7, problem="bad_pattern",
                        key=f"custom.{name}.patterns",
                    ) from None  # fmt: skip

    def audit(self, *, limit: int = 100, before: int | None = None, after: int | None = None) -> list[AuditRecord]:
        self._here()
        if after is not None:
            return [one for one in self.log if one.number > after][:limit]
        return [one for one in self.log if before is None or one.number < before][-limit:]

    def verify_audit(self) -> AuditReport:
        self._here()
        return self.report

    def pseudonyms(self, library: str = DEFAULT_LIBRARY, *, reveal: bool = False) -> list[Pseudonym]:
        self._here()
        if reveal:
            self.log.append(replace(record(len(self.log) + 1), event="revealed", reader="owner"))
        return [
            Pseudonym(token, kind, value if reveal else "", same)
            for token, (kind, value, same) in self.table.items()
            if library == DEFAULT_LIBRARY
        ]

    def forget_person(self, library: str, name: str) -> int:
        self._here()
        self.forgotten.append(name)
        gone = [token for token, (_, _, same) in self.table.items() if token == name or name in same]
        for token in gone:
            del self.table[token]
        return len(gone)

    def forget_pseudonyms(self, library: str | None = None) -> int:
        self._here()
        count = len(self.table)
        self.table.clear()
        return count

    def ahead(self) -> AheadStatus:
        self._here()
        return self.reading_ahead

    def set_ahead(self, *, on: bool | None = None, budget_mb: int | None = None) -> AheadStatus:
        self._here()
        now = self.reading_ahead
        self.reading_ahead = replace(
            now,
            on=now.on if on is None else on,
            working=now.working if on is None else on,
            budget_bytes=now.budget_bytes if budget_mb is None else budget_mb << 20,
        )
        return self.reading_ahead
