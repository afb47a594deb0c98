"""What a policy makes of texts on their way to the model: told apart by a digest, and which of two keeps more back.

Knows no text but the policy's own, of which only a digest leaves this module. Threads: any.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

from studiolo.privacy.detector import DETECTOR_VERSION
from studiolo.privacy.policy import TO_MODEL, Action, Direction, Table
from studiolo.privacy.policy_file import InForce
from studiolo.privacy.tokens import LABELS
from studiolo.types import Reader

_RANK: Final = {Action.ALLOW: 0, Action.FLAG: 0, Action.PSEUDONYMISE: 1, Action.MASK: 2, Action.BLOCK: 3}
_UNNAMED: Final = "A_TYPE_THAT_NOBODY_NAMES"


def rules_digest(rules: InForce, *, reader: str) -> str:
    """SHA-256 in hex: the same where the same text is screened alike for the model, however it came to be so.

    What readers see in answers does not count.
    """
    policy = rules.policy
    said: dict[str, Any] = {
        "detector": DETECTOR_VERSION,
        "types": _plain(policy.types),
        "directions": {way: _plain(policy.directions.get(way, Table())) for way in TO_MODEL},
        "inward": {way: [_plain(table) for table in policy.asked_by(reader, way)] for way in TO_MODEL},
        "keep_last": dict(policy.keep_last),
        "own": rules.own.lists(),
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def stricter(after: InForce, before: InForce) -> bool:
    """Whether the model may have read something under `before` that `after` keeps from it, or shows it less of."""
    if after.own.lists() != before.own.lists():
        return True  # which of the words and patterns find more, only the texts could tell
    kinds = {*LABELS, _UNNAMED, *_named(after), *_named(before)}
    readers = {Reader.OWNER.value, *after.policy.readers, *before.policy.readers}
    return any(
        _kept_back(after, kind, way, reader) > _kept_back(before, kind, way, reader)
        for kind in kinds
        for way in TO_MODEL
        for reader in readers
    )


def _kept_back(rules: InForce, kind: str, way: Direction, reader: str) -> tuple[int, int]:
    """How much, to be compared; of two masks the one that leaves fewer digits keeps more."""
    action = rules.policy.action(kind, way, reader=reader)
    digits = rules.policy.keep_last.get(kind, 0) if action is Action.MASK else 0
    return _RANK[action], -digits


def _named(rules: InForce) -> set[str]:
    policy = rules.policy
    asked = [table for reader in policy.readers.values() for table in reader.inward.values()]
    tables = (policy.types, *policy.directions.values(), *asked)
    return {*rules.own.types, *policy.keep_last, *(kind for table in tables for kind in table.types)}


def _plain(table: Table) -> dict[str, str]:
    default = {} if table.default is None else {"": table.default.value}
    return {**default, **{kind: action.value for kind, action in table.types.items()}}
