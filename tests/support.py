"""Doubles for the heavy parts, for tests of what stands around them. Each keeps what reached it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from studiolo.errors import Code, PolicyBlock
from studiolo.inference.steps import Ended, Piece, Prompt, Reading, Step
from studiolo.inference.template import CHATML, ChatTemplate
from studiolo.privacy.arguments import ToolArguments
from studiolo.types import Edit, Hit, Passage, Reader, Redaction, Sampling, Screened, Span

CONTROL = ("<|im_start|>", "<|im_end|>")
_FIRST_CONTROL_ID = 0x110000  # above every code point


class ScriptedRuntime:
    """A Runtime that answers from a function of the prompt's text.

    One token a character; control tokens have ids of their own, so a forged one can be told from a real one.
    `prompts` holds every prompt that reached the model, as text, with control tokens written `\\x02name\\x03`.
    """

    context_tokens = 8192

    def __init__(self, answer: Callable[[str], str], *, pause: threading.Event | None = None) -> None:
        self._answer = answer
        self._pause = pause
        self.template = ChatTemplate(CHATML)
        self.prompts: list[str] = []
        self.threads: set[str] = set()
        self.closed = False
        self.ahead = False  # whether passages count as read ahead

    def tokenize(self, text: str, *, control: bool) -> list[int]:
        if not control:
            return [ord(char) for char in text]
        ids: list[int] = []
        while text:
            for number, name in enumerate(CONTROL):
                if text.startswith(name):
                    ids.append(_FIRST_CONTROL_ID + number)
                    text = text[len(name) :]
                    break
            else:
                ids.append(ord(text[0]))
                text = text[1:]
        return ids

    def begin(self, prompt: Prompt, sampling: Sampling) -> ScriptedAnswer:
        self.threads.add(threading.current_thread().name)
        text = "".join(
            f"\x02{CONTROL[token - _FIRST_CONTROL_ID]}\x03" if token >= _FIRST_CONTROL_ID else chr(token)
            for token in prompt.tokens
        )
        self.prompts.append(text)
        return ScriptedAnswer(self._steps(text, len(prompt.tokens), sampling))

    def advance(self, running: Sequence[ScriptedAnswer]) -> list[list[Step]]:
        self.threads.add(threading.current_thread().name)
        return [[next(answer.steps)] for answer in running]

    def end(self, running: ScriptedAnswer) -> None:
        running.steps.close()

    def park(self, running: ScriptedAnswer) -> None: ...

    def unpark(self, running: ScriptedAnswer) -> bool:
        return True

    def stored(self, prompt: Prompt) -> bool:
        return self.ahead and bool(prompt.behind)

    def interrupt(self) -> None: ...

    def resume(self) -> None: ...

    def _steps(self, text: str, size: int, sampling: Sampling) -> Generator[Step]:
        yield Reading(0, size, 0)
        yield Reading(size, size, 0)
        for number, char in enumerate(self._answer(text)):
            if self._pause is not None and number == 3:
                self._pause.wait(5)
            if number >= sampling.max_tokens:
                yield Ended("length")
                return
            yield Piece(char, 1)
        yield Ended("stop")

    def close(self) -> None:
        self.closed = True


@dataclass(eq=False)
class ScriptedAnswer:
    """A request under way in a ScriptedRuntime."""

    steps: Generator[Step]
    ended: bool = False


class FixedScreener:
    """A Screener that knows a few values by heart. `broken` makes it fail closed, as the real one does."""

    def __init__(self, values: Mapping[str, str], *, broken: bool = False) -> None:
        self._values = dict(values)  # value -> token
        self.broken = broken
        self.asked: list[tuple[str, Sequence[Span] | None]] = []  # (direction, spans) of each text
        self.refuses: dict[str, PolicyBlock] = {}  # by direction

    def screen(
        self,
        text: str,
        *,
        library_id: str,
        spans: Sequence[Span] | None = None,
        direction: str = "question",
        reader: str = Reader.OWNER,
    ) -> Screened:
        self.asked.append((direction, spans))
        if self.broken:
            raise PolicyBlock(Code.FILTER_FAILED)
        if direction in self.refuses:
            raise self.refuses[direction]
        edits: list[Edit] = []
        out, position = "", 0
        found = sorted(
            (start, value) for value in self._values for start in _all(text, value)
        )  # values in these tests never overlap
        for start, value in found:
            out += text[position:start]
            token = self._values[value]
            edits.append(Edit("PERSON", start, start + len(value), len(out), len(out) + len(token)))
            out += token
            position = start + len(value)
        redactions = (Redaction("PERSON", len(edits)),) if edits else ()
        return Screened(out + text[position:], tuple(edits), redactions)

    def screen_again(
        self, text: str, *, library_id: str, direction: str = "history", reader: str = Reader.OWNER
    ) -> Screened:
        raw = self.restore(text, library_id=library_id, reader=Reader.OWNER)
        return self.screen(raw, library_id=library_id, direction=direction, reader=reader)

    def rules_digest(self, *, library_id: str, reader: str = Reader.OWNER) -> str:
        return f"{sorted(self._values)}"

    def holds_known(self, text: str, *, library_id: str, reader: str = Reader.OWNER) -> bool:
        return any(value in text for value in self._values)

    def stream(self, *, library_id: str, reader: Reader, seen: Iterable[str] | None = None) -> FixedStream:
        return FixedStream(self, library_id, reader)

    def tool_arguments(self, *, library_id: str, reader: Reader, seen: Iterable[str] | None = None) -> ToolArguments:
        return ToolArguments(lambda left: FixedStream(self, library_id, reader))

    def restore(self, text: str, *, library_id: str, reader: Reader) -> str:
        for value, token in self._values.items():
            text = text.replace(token, value if reader in (Reader.OWNER, Reader.RESTORE) else "<PERSON>")
        return text


class FixedStream:
    """Holds everything back to the end: enough for tests of what stands around it."""

    def __init__(self, screener: FixedScreener, library_id: str, reader: Reader) -> None:
        self._screener, self._library_id, self._reader = screener, library_id, reader
        self._held = ""
        self.redactions: tuple[Redaction, ...] = ()

    def feed(self, chunk: str) -> str:
        self._held += chunk
        return ""

    def cut_short(self) -> str:
        return ""

    def finish(self) -> str:
        return self._screener.restore(self._held, library_id=self._library_id, reader=self._reader)


class FixedRetriever:
    """Gives the same hits to every query and keeps the calls."""

    def __init__(self, hits: Sequence[Hit]) -> None:
        self._hits = list(hits)
        self.calls: list[tuple[str, tuple[str, ...]]] = []

    def search(
        self, query: str, *, library: str, limit: int, document: str | None = None, context: Sequence[str] = ()
    ) -> list[Hit]:
        self.calls.append((query, tuple(context)))
        return self._hits[:limit]

    def whole(self, document: str, *, library: str) -> list[Hit]:
        return self._hits


def passage(
    text: str, *, number: int = 1, page: int = 1, document: str = "lease.pdf", screened: bool = True
) -> Passage:
    """A passage of one page."""
    return Passage(
        id=f"p{number}",
        document_id=f"d{number}",
        document=document,
        page=page,
        page_end=page,
        start=0,
        end=len(text),
        heading=(),
        text=text,
        language="en",
        spans=() if screened else None,
    )


def _all(text: str, value: str) -> Iterator[int]:
    start = text.find(value)
    while start >= 0:
        yield start
        start = text.find(value, start + len(value))
