"""Policies, pseudonyms, redacting and the audit of the engine that runs in this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from studiolo.conversation.turn import library_scope
from studiolo.errors import Code, UserError
from studiolo.local.core import LocalCore
from studiolo.privacy.policy import ANSWER, DIRECTIONS, PROFILE_NAMES, Policy
from studiolo.privacy.policy_file import profile as profile_policy
from studiolo.privacy.strictness import stricter
from studiolo.types import (
    DEFAULT_LIBRARY,
    AuditRecord,
    AuditReport,
    PolicyPreview,
    PolicyView,
    Protection,
    Pseudonym,
    Redacted,
)


class LocalPrivacy(LocalCore):
    """What is hidden from whom, and the record of it."""

    def policy(self, library: str = "") -> PolicyView:
        """The privacy policy of a library, or the home's."""
        return self._parts.policies.view(self._policy_of(library))

    def set_policy(self, library: str, section: Mapping[str, Any]) -> PolicyView:
        """Put a section in place of what the home's policy file says of a library, or of the home."""
        name = self._policy_of(library)
        libraries = [name] if name else [library.name for library in self.libraries()]
        self._changed(libraries, lambda: self._parts.policies.set(name, section))
        return self._parts.policies.view(name)

    def load_policy(self) -> PolicyView:
        """Read the home's policy file again."""
        self._changed([library.name for library in self.libraries()], self._parts.policies.load)
        return self._parts.policies.view("")

    def _changed(self, libraries: list[str], change: Callable[[], None]) -> None:
        """Change the policy of some libraries, and put right what rests on it."""
        policies = self._parts.policies
        before = {} if policies.fault else {name: policies.of(name) for name in libraries}
        change()
        self._ahead.wake()
        tightened = [name for name in libraries if name not in before or stricter(policies.of(name), before[name])]
        self._background.rescreen(libraries, stricter=tightened)

    def _policy_of(self, library: str) -> str:
        """The name of a library that is there, or ""."""
        name = library.strip()
        if name and name not in {known.name for known in self.libraries()}:
            raise UserError(Code.UNKNOWN_LIBRARY, library=library)
        return name

    def preview_policy(
        self, library: str, section: Mapping[str, Any], text: str, *, direction: str = "question"
    ) -> PolicyPreview:
        """What a text would become if a section were set; nothing is changed."""
        if direction not in DIRECTIONS or direction == ANSWER:
            raise UserError(Code.BAD_REQUEST, field="direction", problem="unknown_direction")
        rules = self._parts.policies.draft(self._policy_of(library), section)
        return self._parts.screener.preview(text, rules=rules, direction=direction)

    def audit(self, *, limit: int = 100, before: int | None = None, after: int | None = None) -> list[AuditRecord]:
        """Records of the audit log in order."""
        return self._parts.audit.records(limit=limit, before=before, after=after)

    def verify_audit(self) -> AuditReport:
        """Whether the audit log is what was written."""
        return self._parts.audit.verify()

    def redact(self, text: str, *, profile: str | None = None) -> Redacted:
        """The text with its personal data replaced by masks."""
        return self._parts.screener.redact(text, policy=_profile(profile))

    def redact_many(self, texts: Sequence[str], *, profile: str | None = None) -> list[Redacted]:
        """The same for several texts, in order."""
        policy = _profile(profile)
        return [self._parts.screener.redact(text, policy=policy) for text in texts]

    def redact_file(self, path: Path, *, profile: str | None = None, passwords: Sequence[str] = ()) -> Redacted:
        """The same for what a document says."""
        policy = _profile(profile)
        text = self._parts.knowledge.read_text(path, passwords=passwords)
        return self._parts.screener.redact(text, policy=policy)

    def pseudonyms(self, library: str = DEFAULT_LIBRARY, *, reveal: bool = False) -> list[Pseudonym]:
        """The tokens of a library."""
        return self._parts.screener.pseudonyms(self._scope(library), reveal=reveal)

    def forget_person(self, library: str, name: str) -> int:
        """Erase one person with all forms of the name, or any other value."""
        if not name.strip():
            raise UserError(Code.BAD_REQUEST, field="name", problem="empty")
        return self._parts.screener.forget(self._scope(library), name=name)

    def forget_pseudonyms(self, library: str | None = None) -> int:
        """Erase all pseudonyms of a library, or of all libraries and conversations."""
        if library is None:
            return self._parts.screener.forget_all()
        return self._parts.screener.forget(self._scope(library))

    def protect_pseudonyms(self, by: Protection, *, passphrase: str | None = None) -> None:
        """Keep the table's key another way from now on."""
        self._parts.screener.protect(by, passphrase=passphrase)

    def _scope(self, library: str) -> str:
        if library not in {known.name for known in self.libraries()}:
            raise UserError(Code.UNKNOWN_LIBRARY, library=library)
        return library_scope(library)


def _profile(name: str | None) -> Policy | None:
    """The policy of that name; None = the home's. Raises UserError(bad_request)."""
    if name is None:
        return None
    if name not in PROFILE_NAMES:
        raise UserError(Code.BAD_REQUEST, field="profile", problem="unknown_profile")
    return profile_policy(name)
