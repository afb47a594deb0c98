"""What any question of a language looks like to an embedder, so that it can be taken off one that is asked.

A multilingual embedder puts every question near to passages that are near to questions at large, and across two
languages that outweighs what is asked: some passages come up for everything. Taking off half of the mean vector of a
few questions that ask for nothing in particular leaves what is particular (recall@5 of Chinese questions over English
paragraphs .906 -> .941, the other way round .933 -> .946; XQuAD, E5). Within one language it gains nothing.

Threads: any; a language's mean is made once an embedder, at the first question that needs it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from studiolo.knowledge.seams import TextEmbedder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_QUESTIONS = {
    "en": (
        "What is it called?",
        "Who is responsible for it?",
        "When did it begin?",
        "Where does it take place?",
        "How many of them are there?",
        "How much does it cost?",
        "Why was it changed?",
        "How long does it last?",
        "Which one is the largest?",
        "What happens if it is late?",
        "How does it work?",
        "What does the word mean?",
        "Who wrote the report?",
        "In what year was it founded?",
        "What are the main reasons for this?",
        "Is it allowed?",
    ),
    "zh": (
        "它叫什么名字？",
        "由谁负责？",
        "什么时候开始的？",
        "在哪里进行？",
        "一共有多少个？",
        "需要多少钱？",
        "为什么改变了？",
        "持续多长时间？",
        "哪一个最大？",
        "如果迟了会怎么样？",
        "它是怎么工作的？",
        "这个词是什么意思？",
        "报告是谁写的？",
        "是哪一年成立的？",
        "主要原因有哪些？",
        "这样做可以吗？",
    ),
}
LANGUAGES = tuple(_QUESTIONS)


class Background:
    """The mean question of each language, for each embedder."""

    def __init__(self) -> None:
        self._means: dict[tuple[str, str], NDArray[np.float32]] = {}
        self._lock = threading.Lock()

    def mean(self, embedder: TextEmbedder, language: str) -> NDArray[np.float32]:
        """The mean vector (not of unit length) of questions in one of `LANGUAGES`."""
        import numpy as np

        key = (embedder.model_id, language)
        with self._lock:
            if key not in self._means:
                vectors = [embedder.embed_query(question) for question in _QUESTIONS[language]]
                self._means[key] = np.mean(vectors, axis=0, dtype=np.float32)
            return self._means[key]
