"""Importing the face loads nothing heavy: a window and a --help must be quick."""

from __future__ import annotations

import subprocess
import sys

HEAVY = (
    "torch",
    "llama_cpp",
    "lancedb",
    "spacy",
    "presidio_analyzer",
    "sentence_transformers",
    "PySide6",
    "onnxruntime",
)


def _loaded(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(' '.join(name for name in {HEAVY!r} if name in sys.modules))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return set(run.stdout.split())


def test_import_studiolo_loads_nothing_heavy() -> None:
    assert _loaded("import studiolo") == set()


def test_the_public_face_is_sorted_and_each_name_is_there() -> None:
    import studiolo

    assert list(studiolo.__all__) == sorted(studiolo.__all__)
    assert _loaded("import studiolo\nfor name in studiolo.__all__: getattr(studiolo, name)") == set()


def test_opening_an_engine_loads_nothing_heavy() -> None:
    """Stores are opened; models and their libraries come when they are needed."""
    assert _loaded(
        "import os, tempfile\nfrom pathlib import Path\nfrom studiolo.paths import Home\n"
        "from studiolo.bootstrap import open_local\n"
        "engine = open_local(Home(Path(tempfile.mkdtemp())), environ={})\nengine.close()"
    ) <= {"lancedb"}
