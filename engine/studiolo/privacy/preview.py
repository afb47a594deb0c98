"""What a policy would make of a text, for a person who is changing it. No table is read or written. Any thread."""

from __future__ import annotations

from collections.abc import Sequence

from studiolo.privacy.normalize import fold
from studiolo.privacy.policy import Action, Direction, Policy
from studiolo.privacy.tokens import label_of, token_name, token_text
from studiolo.types import PolicyPreview, PreviewFound, Span


def preview(text: str, spans: Sequence[Span], *, policy: Policy, direction: Direction) -> PolicyPreview:
    """`text` as it would go in `direction` for the owner, with all that was found in it."""
    numbers: dict[tuple[str, str], int] = {}
    pieces: list[str] = []
    found: list[PreviewFound] = []
    at = 0
    for span in sorted(spans, key=lambda one: one.start):
        action = policy.action(span.type, direction)
        found.append(PreviewFound(span.type, span.start, span.end, action.value))
        value = text[span.start : span.end]
        if action is Action.MASK:
            put = policy.mask(span.type, value)
        elif action is Action.PSEUDONYMISE:
            label, key = label_of(span.type), fold(value).text.casefold()
            others = sum(known == label for known, _ in numbers)
            put = token_text(token_name(label, numbers.setdefault((label, key), others + 1), 0))
        else:
            continue
        pieces += [text[at : span.start], put]
        at = span.end
    blocked = sorted({one.type for one in found if one.action == Action.BLOCK.value})
    return PolicyPreview("".join([*pieces, text[at:]]), tuple(found), tuple(blocked))
