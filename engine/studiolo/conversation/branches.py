"""A conversation's turns as a tree: each follows another, and those that follow the same one are its versions.

A question that is edited or asked again follows what the earlier one followed, so nothing is ever replaced. One branch
is shown; the model reads the turns of that branch alone. Pure functions over `Links`. Threads: any.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

Links = Mapping[str, str]
"""By the id of each turn the one it follows, "" for none; in the order in which the turns were asked."""


def path(links: Links, last: str) -> list[str]:
    """The turns from the first to `last`, which is among them; [] where there is no such turn."""
    found: list[str] = []
    while last in links:
        found.append(last)
        last = links[last]
    return found[::-1]


def versions(links: Links) -> dict[str, tuple[str, ...]]:
    """By the id of each turn those that follow the same one, in order, itself among them."""
    after: dict[str, list[str]] = {}
    for turn, follows in links.items():
        after.setdefault(follows, []).append(turn)
    return {turn: tuple(after[follows]) for turn, follows in links.items()}


def newest_end(links: Links, turn: str = "") -> str:
    """The end of the branch that begins with `turn` ("": of all) and goes on with the newest version each time."""
    newest = {follows: one for one, follows in links.items()}
    while turn in newest:
        turn = newest[turn]
    return turn


def without(links: Links, gone: Collection[str], shown: str) -> tuple[dict[str, str], str]:
    """The links of what is left when turns go, and the end of the branch that is then shown.

    What followed one that goes follows what that one followed.
    """

    def left(turn: str) -> str:
        while turn in gone:
            turn = links[turn]
        return turn

    kept = {turn: left(follows) for turn, follows in links.items() if turn not in gone}
    return kept, shown if shown in kept else newest_end(kept, left(shown) if shown in links else "")
