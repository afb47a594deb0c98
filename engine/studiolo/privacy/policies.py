"""A home's policies as they are in force: read when the engine starts, changed through here, written back whole
with its comments.

The file is not watched: an editor that empties a file before it writes it would, for a moment, have taken every rule
away. Fails closed: where the file is broken, whoever asks for a policy gets that error, and so nothing is screened and
nothing let through, until a sound file is loaded. Threads: any.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from studiolo.errors import Code, StudioloError, UserError, disk_fault
from studiolo.privacy.policy import Table
from studiolo.privacy.policy_comments import with_comments
from studiolo.privacy.policy_file import FORMAT, InForce, PolicyFile, in_force, read_policy
from studiolo.types import PolicyView


class Policies:
    """The policies of one home."""

    def __init__(self, path: Path) -> None:
        """Read the file at `path`; that there is none, or a broken one, is no reason not to open."""
        self._path = path
        self._lock = threading.RLock()
        self._file = PolicyFile()
        self._fault: StudioloError | None = None
        self._made: dict[str, InForce] = {}
        try:
            self.load()
        except StudioloError as error:
            self._fault = error

    @property
    def fault(self) -> StudioloError | None:
        """Why there is no policy in force; None where there is one."""
        with self._lock:
            return self._fault

    def of(self, library: str = "") -> InForce:
        """What counts for a library; "" = for what belongs to none. Raises UserError(bad_policy)."""
        with self._lock:
            if self._fault is not None:
                raise type(self._fault)(self._fault.code, **self._fault.values)
            found = self._made.get(library)
            if found is None:
                found = self._made[library] = in_force(self._file, library)
            return found

    def section(self, library: str = "") -> dict[str, Any]:
        """What the file itself says for a library ("" = the home, without its libraries). Raises what `of` does."""
        self.of(library)
        with self._lock:
            raw = self._file.raw
            if library:
                return dict(raw.get("libraries", {}).get(library, {}))
            return {key: value for key, value in raw.items() if key not in ("format", "libraries")}

    def view(self, library: str = "") -> PolicyView:
        """What counts for a library, for people. Raises what `of` does."""
        rules = self.of(library)
        policy = rules.policy
        return PolicyView(
            library=library,
            profile=rules.profile,
            types=_plain(policy.types),
            directions={name: _plain(table) for name, table in policy.directions.items()},
            readers={
                name: {
                    **({"like": reader.like} if reader.like else {}),
                    **_plain(reader.answer),
                    **{f"{way}.{k}": v for way, table in reader.inward.items() for k, v in _plain(table).items()},
                }
                for name, reader in policy.readers.items()
            },
            custom=rules.own.types,
            refuse=tuple(sorted(policy.refuse)),
            section=self.section(library),
        )

    def load(self) -> None:
        """Read the file again; a broken one leaves in force what was. Raises UserError(bad_policy)."""
        read = read_policy_at(self._path)
        with self._lock:
            self._take(read)

    def set(self, library: str, section: Mapping[str, Any]) -> None:
        """Put `section` in place of what the file says for a library ("" = the home), and write the file.

        Comments stay with what they were written to; those of a library's section go with it.

        Raises UserError(bad_policy) with the line it would have had, and then changes nothing; EnvironmentFault.
        """
        with self._lock:
            text, read = self._with(library, section)
            _write(self._path, text)
            self._take(read)

    def draft(self, library: str, section: Mapping[str, Any]) -> InForce:
        """What would count for a library if `section` were set. Raises what `set` does, and changes nothing."""
        with self._lock:
            return in_force(self._with(library, section)[1], library)

    def _with(self, library: str, section: Mapping[str, Any]) -> tuple[str, PolicyFile]:
        """The file with a section in place of another, as text and as read."""
        import tomli_w  # noqa: TID251

        if self._fault is not None:
            raise type(self._fault)(self._fault.code, **self._fault.values)
        raw = dict(self._file.raw)
        libraries = dict(raw.get("libraries", {}))
        if not library:
            raw = dict(section)
        elif section:
            libraries[library] = dict(section)
        else:
            libraries.pop(library, None)
        raw = {"format": FORMAT, **raw, "libraries": libraries}
        if not libraries:
            raw.pop("libraries")
        try:
            text = tomli_w.dumps(raw, multiline_strings=False)
        except (TypeError, ValueError):  # null is no value of TOML
            raise UserError(Code.BAD_REQUEST, field="policy", problem="this is no policy") from None
        text = with_comments(text, of=self._file.text, gone=None if section else ("libraries", library))
        return text, read_policy(text, file=self._path.name)

    def forget(self, library: str) -> None:
        """Drop what is said of a library that was removed: another of its name starts anew."""
        with self._lock:
            if self._fault is None and library in self._file.libraries:
                self.set(library, {})

    def _take(self, read: PolicyFile) -> None:
        self._file = read
        self._fault = None
        self._made.clear()


def _plain(table: Table) -> dict[str, str]:
    default = {} if table.default is None else {"default": table.default.value}
    return {**default, **{kind: action.value for kind, action in sorted(table.types.items())}}


def read_policy_at(path: Path) -> PolicyFile:
    """The policies in a file; none where there is no file. Raises UserError(bad_policy)."""
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return PolicyFile()
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UserError(Code.BAD_POLICY, file=path.name, line=line, problem="not_utf8", key="") from None
    except OSError:
        raise UserError(Code.BAD_POLICY, file=path.name, line=1, problem="unreadable", key="") from None
    return read_policy(text, file=path.name)


def _write(path: Path, text: str) -> None:
    """Whole or not at all, and for its owner alone: it may hold names."""
    partial = path.with_suffix(".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(partial, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)  # noqa: PTH105
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise disk_fault(error, path.parent) from None
