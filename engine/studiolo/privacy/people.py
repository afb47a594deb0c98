"""Who is who among the names of one library: which number a new form of a name belongs to.

A form joins a number only where exactly one person fits and none of that person's whole names speaks against it. Where
it shows only later that several numbers are one person's (a given name and a family name, each met alone, and then
both together), the numbers stay and are tied as aliases.

Holds names, so never logged. Not safe for use while it changes: the owner locks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from studiolo.privacy.persons import Name, conflict, part_of, same_person


@dataclass(frozen=True, slots=True)
class Place:
    """Where a new form belongs: to a number, or (None) to a new one that is the same person as some others."""

    number: int | None
    same_as: tuple[int, ...] = ()


class People:
    """The forms of every number, found by their parts, so that a new name is not compared to all others."""

    def __init__(self) -> None:
        self._forms: dict[int, list[Name]] = {}
        self._next_form: dict[int, int] = {}
        self._by_part: dict[str, set[int]] = {}
        self._same: dict[int, set[int]] = {}

    def add(self, number: int, name: Name, *, form: int) -> None:
        """A form that was issued."""
        known = self._forms.setdefault(number, [])
        known[:] = [part_of(one, name) for one in known]
        for one in known:
            name = part_of(name, one)
        known.append(name)
        self._next_form[number] = max(self._next_form.get(number, 0), form + 1)
        for part in _parts(name):
            self._by_part.setdefault(part, set()).add(number)

    def forms(self, number: int) -> int:
        """The next form that may be issued for a number."""
        return self._next_form.get(number, 0)

    def tie(self, number: int, other: int) -> None:
        """Two numbers are one person's."""
        self._same.setdefault(number, set()).add(other)
        self._same.setdefault(other, set()).add(number)

    def aliases(self, number: int) -> set[int]:
        """The other numbers of the same person: tied to it, or to one that is tied to it and to nobody else."""
        direct = self._same.get(number, set())
        further = {
            far for near in direct for far in self._same.get(near, set()) if not self._speaks_against(number, far)
        }
        return (direct | further) - {number}

    def fitting(self, name: Name) -> list[int]:
        """The numbers whose person may bear this form of a name, in order."""
        found = [
            number
            for number in sorted(self.sharing(name))
            if not any(conflict(name, form) for form in self._forms[number])
        ]
        exact = [n for n in found if any(form.whole == name.whole for form in self._forms[n])]
        return exact or found

    def place_of(self, name: Name) -> Place:
        """Where a form that has no token yet belongs."""
        fitting = self.fitting(name)
        if len(fitting) == 1:
            return Place(fitting[0])
        if not fitting:
            return Place(None)
        if name.shape == "full":
            # Parts met alone before: each was taken for somebody, and now one name holds them all.
            whole = [n for n in fitting if any(form.shape == "full" for form in self._forms[n])]
            partial = tuple(n for n in fitting if n not in whole and not self._contested(n, name))
            if not whole:
                return Place(None, partial)
            return Place(whole[0], partial) if len(whole) == 1 else Place(None)
        one = fitting[0]
        if all(other in self.aliases(one) for other in fitting[1:]):
            return Place(max(fitting, key=lambda n: (any(form.shape == "full" for form in self._forms[n]), -n)))
        return Place(None)

    def _contested(self, number: int, name: Name) -> bool:
        """Whether a part that stands alone may as well be somebody else's than `name`'s."""
        others = {n for form in self._forms[number] for n in self.sharing(form)} - {number}
        return any(conflict(name, form) for n in others for form in self._forms[n])

    def sharing(self, name: Name) -> set[int]:
        """The numbers with any form that may be of the same person as `name`."""
        candidates = set().union(*(self._by_part.get(part, set()) for part in _parts(name)))
        return {number for number in candidates if any(same_person(name, form) for form in self._forms[number])}

    def _speaks_against(self, one: int, other: int) -> bool:
        return any(conflict(a, b) for a in self._forms.get(one, ()) for b in self._forms.get(other, ()))


def _parts(name: Name) -> Iterator[str]:
    yield from {name.whole, name.family, name.given} - {""}
