"""Which tokens' probabilities a reader gets: those of text that is shown as the model wrote it.

The filter restores and masks what the model writes. A stretch that is shown otherwise than it was written becomes one
entry: the text as shown, with the probability of all of its tokens together and without alternatives. So joined, the
entries are the text that is shown, and nothing stands in them that the text does not hold but alternatives to tokens
that are shown themselves. Up to the first such stretch entries come with the text; from there on at its end, when it
is certain which text came from which tokens. Threads: one owner.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher
from itertools import accumulate, pairwise

from studiolo.types import TokenLogprob

_CERTAIN = 12  # bytes that have to be the same between two changed stretches
_COMPARED = 4000  # bytes at most; what is longer is one stretch


class ShownTokens:
    """Feed tokens as they are written and text as it is shown; give what belongs together."""

    def __init__(self) -> None:
        self._tokens: list[TokenLogprob] = []  # written, not given yet
        self._written = b""  # their text
        self._shown = b""  # shown, not accounted for
        self._changed = False

    def wrote(self, tokens: Iterable[TokenLogprob]) -> None:
        """The model has written these."""
        added = list(tokens)
        self._tokens += added
        self._written += b"".join(bytes(token.bytes) for token in added)

    def shown(self, text: str) -> tuple[TokenLogprob, ...]:
        """The reader has been shown this; the entries that are certain now."""
        self._shown += text.encode("utf-8", "replace")
        if self._changed or not self._written.startswith(self._shown):
            self._changed = True
            return ()
        given, at = 0, 0
        for token in self._tokens:
            if at + len(token.bytes) > len(self._shown):
                break
            at += len(token.bytes)
            given += 1
        entries = tuple(token for token in self._tokens[:given] if token.bytes)
        del self._tokens[:given]
        self._written, self._shown = self._written[at:], self._shown[at:]
        return entries

    def finish(self) -> tuple[TokenLogprob, ...]:
        """The rest, when nothing more is shown."""
        ends = list(accumulate((len(token.bytes) for token in self._tokens), initial=0))
        kept: list[tuple[int, int, int]] = []  # token, and where its text begins and ends in what was shown
        blocks = list(self._same())
        for number, (start, end) in enumerate(pairwise(ends)):
            for written, shown, size in blocks:
                if start < end and written <= start and end <= written + size:
                    kept.append((number, start - written + shown, end - written + shown))
        entries: list[TokenLogprob] = []
        token = at = 0
        for number, start, end in [*kept, (len(self._tokens), len(self._shown), len(self._shown))]:
            if at < start:
                together = sum(one.logprob for one in self._tokens[token:number])
                stretch = self._shown[at:start]
                entries.append(TokenLogprob(stretch.decode("utf-8", "replace"), tuple(stretch), together))
            if number < len(self._tokens):
                entries.append(self._tokens[number])
            token, at = number + 1, end
        self._tokens, self._written, self._shown = [], b"", b""
        return tuple(entries)

    def _same(self) -> Iterator[tuple[int, int, int]]:
        """Stretches shown as written: where in what was written, where in what was shown, and how long."""
        written, shown = self._written, self._shown
        most = min(len(written), len(shown))
        head = next((at for at in range(most) if written[at] != shown[at]), most)
        tail = next((at for at in range(most - head) if written[-1 - at] != shown[-1 - at]), most - head)
        yield 0, 0, head
        middle_written, middle_shown = written[head : len(written) - tail], shown[head : len(shown) - tail]
        if len(middle_written) <= _COMPARED and len(middle_shown) <= _COMPARED:
            for block in SequenceMatcher(None, middle_written, middle_shown, autojunk=False).get_matching_blocks():
                if block.size >= _CERTAIN:
                    yield head + block.a, head + block.b, block.size
        yield len(written) - tail, len(shown) - tail, tail
