"""Doubles for the heavy parts, for tests of what stands around them. Each keeps what reached it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

from studiolo.inference.runtime import Ended, Piece, Reading, Step
from studiolo.inference.template import CHATML, ChatTemplate
from studiolo.jobs import CancelToken
from studiolo.types import Sampling

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

    def generate(self, prompt: Sequence[int], *, sampling: Sampling, cancel: CancelToken) -> Iterator[Step]:
        self.threads.add(threading.current_thread().name)
        text = "".join(
            f"\x02{CONTROL[token - _FIRST_CONTROL_ID]}\x03" if token >= _FIRST_CONTROL_ID else chr(token)
            for token in prompt
        )
        self.prompts.append(text)
        yield Reading(0, len(prompt), 0)
        yield Reading(len(prompt), len(prompt), 0)
        answer = self._answer(text)
        for number, char in enumerate(answer):
            if self._pause is not None and number == 3:
                self._pause.wait(5)
            if cancel.cancelled:
                yield Ended("cancelled")
                return
            if number >= sampling.max_tokens:
                yield Ended("length")
                return
            yield Piece(char, 1)
        yield Ended("stop")

    def close(self) -> None:
        self.closed = True
