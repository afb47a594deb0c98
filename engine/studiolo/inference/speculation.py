"""Drafts for one answer: what it copies, found in the prompt and in itself, to be checked many tokens at once.

On a processor checking costs nearly as much a token as writing, unless many are checked together: 16 in the time of 10
that are written, 32 in that of 17 (1.5B, Q4_K_M, two cores). So a draft is long or there is none, and it has to be
right mostly. What the answer says last must stand somewhere before, token for token and long enough; the draft is what
follows there, up to the end of the sentence, where answers that quote mostly leave off, and beyond it only where two
ends are behind the answer already. After a draft of which less than half was right it takes a longer match.

A draft is a guess and decides nothing: each of its tokens is held against the one that the request's own sampler
chooses. Looking drafts up in the prompt: Saxena 2023, https://github.com/apoorvumang/prompt-lookup-decoding.

Knows ids and what they write, no text. Pure. Threads: one owner.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

ROWS = 16  # a draft and the token before it are a multiple of it: what lies between takes as long as the next
LEAST_MATCH = 20  # tokens: answers that only share some words with a passage leave it before
MOST_MATCH = 128  # more are not compared, and never asked for
_TRIES = 16  # places that are compared
_CROSSED = 2  # sentence ends in a match, from which on the next one is taken for none
_STOPS = (".", "!", "?")  # before a blank
_WIDE_STOPS = ("。", "！", "？", "；")
_BEHIND = " \"'”’)）」』》"  # may stand behind a stop and belong to the sentence


class Drafts:
    """Makes drafts for one request, and is told how right they were."""

    def __init__(self, piece: Callable[[int], bytes]) -> None:
        """`piece(token)` is what a token writes, UTF-8 that may begin or end inside a character."""
        self._piece = piece
        self._latest: dict[int, int] = {}  # the hash of LEAST_MATCH tokens -> where they ended last
        self._earlier: list[int] = []  # for each place, where those that end there ended before; -1 = nowhere
        self._ends: dict[int, bool] = {}  # places that were asked about: whether a sentence ends there
        self._needed = LEAST_MATCH

    def next(self, tokens: Sequence[int], *, most: int) -> list[int]:
        """What may follow `tokens`, a prompt and its answer so far; between two calls they may only grow.

        At most `most` tokens; a multiple of ROWS less one, or none.
        """
        if most < ROWS - 1:
            return []
        self._note(tokens)
        at, length = self._longest(tokens)
        if length < self._needed:
            return []
        end = min(at + most, len(tokens))
        if not self._crosses(tokens, at - length, at):
            end = self._sentence_end(tokens, at, end)
        size = (end - at + 1) // ROWS * ROWS - 1
        return list(tokens[at : at + size]) if size > 0 else []

    def told(self, *, drafted: int, right: int) -> None:
        """How many tokens of the last draft were right."""
        if right == drafted:
            self._needed = LEAST_MATCH
        elif 2 * right < drafted:
            self._needed = min(2 * self._needed, MOST_MATCH)

    def _note(self, tokens: Sequence[int]) -> None:
        """Note where each run of LEAST_MATCH tokens ends, but for the last one: that is what is looked for."""
        latest, earlier = self._latest, self._earlier
        for end in range(len(earlier), len(tokens)):
            if end < LEAST_MATCH:
                earlier.append(-1)
                continue
            run = hash(tuple(tokens[end - LEAST_MATCH : end]))
            earlier.append(latest.get(run, -1))
            latest[run] = end

    def _longest(self, tokens: Sequence[int]) -> tuple[int, int]:
        """Where what the tokens end with has stood before, the longest such match: its end and its length."""
        best = longest = 0
        at = self._latest.get(hash(tuple(tokens[-LEAST_MATCH:])), -1)
        for _ in range(_TRIES):
            if at < 0:
                break
            length = _common(tokens, at)
            if length > longest:
                best, longest = at, length
            at = self._earlier[at]
        return best, longest

    def _crosses(self, tokens: Sequence[int], start: int, end: int) -> bool:
        """Whether tokens[start:end] go on behind enough sentence ends. Marks in a row are one end."""
        crossed, behind = 0, False
        for at in range(end - 1, start - 1, -1):
            ends = self._ends_at(tokens, at)
            crossed += ends and behind
            if crossed == _CROSSED:
                return True
            behind = not ends
        return False

    def _sentence_end(self, tokens: Sequence[int], start: int, end: int) -> int:
        """Where the sentence ends that tokens[start] goes on with, at most `end`; `start` where it begins one."""
        return next((at + 1 for at in range(start - 1, end) if self._ends_at(tokens, at)), end)

    def _ends_at(self, tokens: Sequence[int], at: int) -> bool:
        """Whether a sentence or a line ends with tokens[at]."""
        known = self._ends.get(at)
        if known is not None:
            return known
        after = tokens[at + 1] if at + 1 < len(tokens) else None
        ends = self._ends_with(tokens[max(0, at - 2) : at + 1], after)
        if after is not None:
            self._ends[at] = ends
        return ends

    def _ends_with(self, tokens: Sequence[int], after: int | None) -> bool:
        """The same of the last of up to three tokens, over which one character may be spread."""
        if b"\n" in self._piece(tokens[-1]):
            return True
        text = b"".join(map(self._piece, tokens)).decode("utf-8", "replace").rstrip(_BEHIND)
        if text.endswith(_STOPS):  # not in a number or a name
            return after is None or not self._piece(after)[:1].strip()
        return text.endswith(_WIDE_STOPS)


def _common(tokens: Sequence[int], at: int) -> int:
    """How many tokens before `at` are those that all end with; at most MOST_MATCH."""
    behind, most, length = len(tokens) - at, min(at, MOST_MATCH), 0
    while length < most and tokens[at - 1 - length] == tokens[at - 1 - length + behind]:
        length += 1
    return length
