"""A second look at LAC's persons: what it joined is taken apart, what it cut short is completed, what it doubts is
called what it more likely is.

Rules of Chinese names only: a family name of one or two characters with one or two behind it, foreign names joined by
dots, titles behind a name. LAC's own score of each character says how sure it is (the network's, before its
transitions: PERSON against the best other tag). Any thread.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from studiolo.privacy.normalize import is_han
from studiolo.privacy.recognizers.gazetteer import PLACES_ZH
from studiolo.privacy.recognizers.lexicon import (
    AMBIGUOUS_SURNAMES,
    COMPOUND_SURNAMES,
    NOT_NAMES_ZH,
    OFFICES_ZH,
    RARE_SURNAMES,
    SURNAMES,
    TITLES_ZH,
)

Entity = tuple[str, int, int]  # type, start, end
Organised = Callable[[int, int], bool]

_SURE = 1.0  # of two characters without a family name; of others the network must not prefer another tag
_NEAR = -1.0  # a character that PERSON missed by so little may complete a name that begins with a family name
_DOTS = "·•・-"
_LONGEST_NAME = 4
_SHORTEST_LIST = 4  # code points of names written without anything between them
_NOT_GIVEN = frozenset("和与與及的在是对對向从從把被等说說为為之也都先女小总總")  # follow a name, or begin its title
_CALLINGS = re.compile(rf"(?:{TITLES_ZH}|{OFFICES_ZH})$")
_OFFICE = re.compile(rf"(?:{OFFICES_ZH})$")
_NO_PERSON_HERE = re.compile(
    r"(?i: ?vs|主场|客场|主客场|队|联队|俱乐部|公司|集团|银行|中心|大学|学院|半岛|"
    r"[市县區区镇省州岛港湾湖河]|大道|大街|广场|联赛|杯)"
)
_OPPONENT = re.compile(r"(?i:vs\.? ?|主场|客场)$")


def surname_length(text: str, at: int = 0) -> int:
    """How many code points of a family name stand at text[at]: 2, 1 or 0."""
    if text[at : at + 2] in COMPOUND_SURNAMES:
        return 2
    return int(at < len(text) and (text[at] in SURNAMES or text[at] in RARE_SURNAMES))


def refined(text: str, entities: Sequence[Entity], sure: Sequence[float], *, organised: Organised) -> list[Entity]:
    """The entities of a sentence after a second look.

    sure: by how much PERSON wins, for each code point; organised: whether a stretch is more of an
    organisation than of a place.
    """
    if not entities and max(sure) <= _NEAR:
        return []
    found = _recut(text, _over_dots(text, entities))
    found = [_completed(text, one, sure, found) for one in found]
    found += _missed(text, found, sure)
    return [judged for one in sorted(found, key=lambda e: e[1]) for judged in _judged(text, one, sure, organised)]


def _over_dots(text: str, entities: Sequence[Entity]) -> list[Entity]:
    """Parts of a foreign name, joined by dots, as one person."""
    joined: list[Entity] = []
    for kind, start, end in entities:
        if joined:
            before, first, last = joined[-1]
            if last + 1 == start and text[last] in _DOTS and is_han(text[last - 1]) and "PERSON" in (kind, before):
                joined[-1] = ("PERSON", first, end)
                continue
            if last == start and text[last - 1] in _DOTS and "PERSON" in (kind, before):
                joined[-1] = ("PERSON", first, end)
                continue
        joined.append((kind, start, end))
    return joined


def _recut(text: str, entities: Sequence[Entity]) -> list[Entity]:
    """Names written without anything between them, each by itself."""
    found: list[Entity] = []
    at = 0
    while at < len(entities):
        kind, start, end = entities[at]
        last = at
        while (
            kind == "PERSON"
            and last + 1 < len(entities)
            and entities[last + 1][1] - end <= 1
            and all(is_han(c) and c not in _NOT_GIVEN for c in text[end : entities[last + 1][1]])
            and entities[last + 1][0] == "PERSON"
        ):
            last += 1
            end = entities[last][2]
        free = found[-1][2] if found else 0
        together = _names_in(text, start, end) if last > at else None
        if last > at and not together:  # the first one may have lost what stands before it
            together = next(
                (cut for to in (1, 2) if start - to >= free and (cut := _names_in(text, start - to, end))), None
            )
        if together:
            found += [("PERSON", *one) for one in together]
        else:
            found += [part for one in entities[at : last + 1] for part in _taken_apart(text, one)]
        at = last + 1
    return found


def _taken_apart(text: str, entity: Entity) -> list[Entity]:
    """One entity as the names that it is made of. A name of four or five code points stays one, unless it is two names
    to the last of them."""
    kind, start, end = entity
    if kind != "PERSON" or end - start < _SHORTEST_LIST:
        return [entity]
    cut = _names_in(text, start, end)
    if not cut or (end - start < 6 and (cut[-1][1] != end or text[start : start + 2] in COMPOUND_SURNAMES)):
        return [entity]
    return [("PERSON", *one) for one in cut]


def _names_in(text: str, start: int, end: int) -> list[tuple[int, int]] | None:
    """The stretch as names end to end, each with its family name; None where that cannot be. The last one may need a
    character or two more."""
    if not all(is_han(c) for c in text[start:end]):
        return None
    stop = end
    while stop < min(len(text), end + 2) and is_han(text[stop]):
        stop += 1
    best: dict[int, tuple[float, int]] = {start: (0.0, start)}
    for at in range(start, end):
        if at not in best:
            continue
        family = surname_length(text, at)
        for given in (1, 2) if family else ():
            to = at + family + given
            # Two characters behind a family name are the rule; what lies outside the model's names costs.
            cost = best[at][0] + (0.5 if given == 1 else 0.0) + 0.6 * max(0, to - end)
            if to <= stop and (to not in best or cost < best[to][0]):
                best[to] = (cost, at)
    ends = [at for at in best if at >= end]
    if not ends:
        return None
    at = min(ends, key=lambda place: best[place][0])
    names: list[tuple[int, int]] = []
    while at > start:
        names.append((best[at][1], at))
        at = best[at][1]
    return names[::-1]


def _completed(text: str, entity: Entity, sure: Sequence[float], entities: Sequence[Entity]) -> Entity:
    """A family name with one character, and the second one that PERSON missed by little."""
    kind, start, end = entity
    family = surname_length(text, start)
    if (
        kind == "PERSON"
        and family
        and end - start == family + 1
        and end < len(text)
        and is_han(text[end])
        and text[end] not in _NOT_GIVEN
        and text[end - 1] not in _NOT_GIVEN
        and sure[end] > _NEAR
        and not any(first <= end < last for _, first, last in entities)
    ):
        return kind, start, end + 1
    return entity


def _missed(text: str, entities: Sequence[Entity], sure: Sequence[float]) -> list[Entity]:
    """Names that begin with a family name and that PERSON missed by little."""
    near = [at for at, score in enumerate(sure) if score > _NEAR]
    if len(near) < 3:  # a family name and two characters behind it
        return []
    taken = {at for _, start, end in entities for at in range(start, end)}
    found: list[Entity] = []
    at = near[0]
    while at < len(text) - 1:
        family = surname_length(text, at)
        if family and text[at] not in AMBIGUOUS_SURNAMES and at not in taken and sure[at] > _NEAR:
            end = at + family
            while (
                end < len(text)
                and end < at + family + 2
                and end not in taken
                and is_han(text[end])
                and sure[end] > _NEAR
            ):
                end += 1
            if end - at == family + 2 and text[at:end] not in NOT_NAMES_ZH:
                found.append(("PERSON", at, end))
                at = end
                continue
        at += 1
    return found


def _judged(  # noqa: PLR0911 - one return a guard
    text: str, entity: Entity, sure: Sequence[float], organised: Organised
) -> list[Entity]:
    """The entity; a full name without its title; where little speaks for a person, a place or an organisation."""
    kind, start, end = entity
    if kind != "PERSON":
        return [entity]
    value = text[start:end]
    if value in PLACES_ZH:
        return [("LOCATION", start, end)]
    calling = _CALLINGS.search(value)
    if calling is not None and calling.start() >= (1 if _OFFICE.search(value) else 2):
        return [(kind, start, start + calling.start())]
    if calling is not None and not calling.start():
        return []
    family = surname_length(value)
    dotted = any(c in _DOTS for c in value)
    if (
        not family
        and not dotted
        and (_NO_PERSON_HERE.match(text, end) or _OPPONENT.search(text[max(0, start - 3) : start]))
    ):
        return [("ORGANIZATION", start, end)]
    needed = 0.0 if family or len(value) > 2 else _SURE
    if dotted or (family and len(value) == family + 2) or min(sure[start:end]) >= needed or calling is not None:
        return [entity]
    return [("ORGANIZATION" if organised(start, end) else "LOCATION", start, end)]
