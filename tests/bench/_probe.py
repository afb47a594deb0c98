"""The second probe: structured values in forms chosen from general knowledge, with sentences of our own wording.

It was written and committed before any rule was run on it, so that its first figure says what the rules do with
forms nobody tuned them to. Drawn from a fixed seed; nothing is stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from tests.bench._probe_carriers import Form
from tests.bench._probe_forms import FORMS
from tests.bench._probe_negatives import negatives

SEED = 20261124
EACH = 5  # values of a form and language
LOOK_ALIKES_EACH = 4


@dataclass(frozen=True, slots=True)
class Sample:
    """A text; text[start:end] is its value (start == end: it has none)."""

    language: str
    form: str
    type: str
    text: str
    start: int
    end: int


def second_probe(language: str) -> list[Sample]:
    """Every form's values in `language`, then the look-alikes."""
    samples = [sample for form in FORMS if language in form.languages for sample in _of(form, language)]
    samples += [
        Sample(language, "look-alike", "", text, 0, 0) for text in negatives(language, seed=SEED, each=LOOK_ALIKES_EACH)
    ]
    return samples


def _of(form: Form, language: str) -> Iterator[Sample]:
    rng = Random(f"{SEED}-{form.name}-{language}")
    sentences = form.carriers[0 if language == "en" else 1]
    first = rng.randrange(len(sentences))
    for i in range(EACH):
        before, _, after = (
            sentences[(first + i) % len(sentences)].replace("{{", "{").replace("}}", "}").partition("{v}")
        )
        value = form.make(rng)
        yield Sample(language, form.name, form.type, before + value + after, len(before), len(before) + len(value))
