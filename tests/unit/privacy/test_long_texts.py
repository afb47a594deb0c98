"""Long texts take time in proportion to their length; a quadratic step would not end within the timeouts here."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from studiolo.privacy.recognizers.base import Match
from studiolo.privacy.recognizers.names import Entities, ScriptNames
from studiolo.privacy.spans import _KEEPS_REST, _rank, drop_swallowed, resolve

TYPES = ("PERSON", "ADDRESS", "LOCATION", "EMAIL_ADDRESS", "SECRET")


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "text", ["The kettle went home to the sea. " * 30_000, "1 2 3 4 " * 100_000, "水壶回家。" * 100_000, "\n" * 500_000]
)
def test_runs_are_found_in_one_pass(text: str) -> None:
    read: list[int] = []

    def count(runs: Sequence[str]) -> list[list[tuple[str, int, int]]]:
        read.extend(map(len, runs))
        return [[] for _ in runs]

    assert ScriptNames(latin=count, han=count).find([text]) == [[]]
    assert sum(read) in (0, len(text))


def test_runs_are_told_apart_by_script() -> None:
    latin: list[str] = []
    han: list[str] = []

    def reader(seen: list[str]) -> Entities:
        def read(runs: Sequence[str]) -> list[list[tuple[str, int, int]]]:
            seen.extend(runs)
            return [[] for _ in runs]

        return read

    names = ScriptNames(latin=reader(latin), han=reader(han))
    assert names.find(["Anna met 王小明 in Rome\nand left\n1 2 3\n李雷"]) == [[]]
    assert latin == ["Anna met ", " in Rome\nand left\n1 2 3\n"]
    assert han == ["Anna met 王小明 in Rome", "李雷"]


@pytest.mark.timeout(60)
def test_many_values_are_resolved() -> None:
    text = "Anna Smith, " * 40_000
    matches = [Match("PERSON", at, at + 10, 0.8) for at in range(0, len(text), 12)]
    rules = [Match("EMAIL_ADDRESS", at, at + 4, 0.9, proven=True) for at in range(0, len(text), 24)]
    assert len(drop_swallowed([*matches, *rules])) == len(matches) + len(rules)
    found = resolve(text, [*matches, *rules])
    assert [match.start for match in found] == sorted(match.start for match in found)
    assert len(found) == len(matches) + len(rules)  # what the rules left of a name stays covered


def plainly(text: str, matches: list[Match]) -> list[Match]:
    """What `resolve` must give, by comparing each with each."""
    chosen: list[Match] = []
    for match in sorted(set(matches), key=_rank, reverse=True):
        rivals = [other for other in chosen if other.start < match.end and match.start < other.end]
        if not rivals:
            chosen.append(match)
        elif match.type in _KEEPS_REST:
            free = [at for at in range(match.start, match.end) if not any(r.start <= at < r.end for r in rivals)]
            runs: list[list[int]] = []
            for at in free:
                if runs and runs[-1][-1] == at - 1:
                    runs[-1].append(at)
                else:
                    runs.append([at])
            for run in runs:
                left, right = run[0], run[-1] + 1
                while left < right and not text[left].isalnum():
                    left += 1
                while right > left and not text[right - 1].isalnum():
                    right -= 1
                letters = sum(c.isalpha() for c in text[left:right])
                if letters >= 2 or (right > left and match.type == "SECRET"):
                    chosen.append(Match(match.type, left, right, match.score))
    return sorted(chosen, key=lambda match: match.start)


@pytest.mark.parametrize("seed", range(200))
def test_resolving_is_what_comparing_each_with_each_gives(seed: int) -> None:
    chance = random.Random(seed)
    text = "".join(chance.choice("ab1 ,王") for _ in range(60))
    matches = []
    for _ in range(chance.randint(1, 14)):
        start = chance.randrange(58)
        end = chance.randint(start + 1, min(60, start + 20))
        score = chance.choice((0.4, 0.6, 0.9))
        matches.append(Match(chance.choice(TYPES), start, end, score, chance.random() < 0.3))
    assert resolve(text, matches) == plainly(text, matches)
    ruled = [match for match in matches if match.type in ("ADDRESS", "EMAIL_ADDRESS", "SECRET")]
    assert drop_swallowed(matches) == [
        match
        for match in matches
        if match in ruled or not any(r.start <= match.start and match.end <= r.end for r in ruled)
    ]
