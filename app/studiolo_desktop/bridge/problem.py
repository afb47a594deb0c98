"""What went wrong, as a value the models can keep and the window can put into words.

Knows nothing of languages. An unknown failure becomes `internal`: this module is the window's edge of blame.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from studiolo.errors import Code, StudioloError, error_for
from studiolo.events import Failed


@dataclass(frozen=True, slots=True)
class Problem:
    """An error code and what its sentence needs."""

    code: Code
    values: dict[str, str | int | float] = field(default_factory=dict, repr=False)


def problem_of(error: BaseException) -> Problem:
    """The problem an exception stands for."""
    if isinstance(error, StudioloError):
        return Problem(error.code, dict(error.values))
    return Problem(Code.INTERNAL, {"where": type(error).__name__})


def problem_of_event(event: Failed) -> Problem:
    """The problem at the end of a stream."""
    return problem_of(error_for(event.code, event.values))


def problem_of_reason(reason: str, values: dict[str, str | int | float]) -> Problem:
    """The problem of a document or a file, whose `reason` is an error code."""
    return problem_of(error_for(reason, values))
