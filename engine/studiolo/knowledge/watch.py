"""Follows folders: what comes into them or changes is taken in, what goes is let go. The only import of watchfiles.

One thread for all folders. Each has an eye of its own (the system's notices, or polling), and is looked through from
end to end when watching begins, when it can be reached again, and now and then, because notices get lost. A folder that
cannot be reached loses no document. What the looks and notices mean is decided in `watch_plan.py`.

Threads: `start` and `close` from any; everything else happens on the watching thread (or in a test's, by `tick`).
"""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from studiolo.events import Event, Failed
from studiolo.jobs import CancelToken
from studiolo.knowledge.records import path_key
from studiolo.knowledge.watch_plan import IGNORE_FILE, Disk, Plan, Rules, plan, read_patterns
from studiolo.knowledge.watched import Folder, Mark, State, WatchedFolders, is_below

_TOGETHER = 128  # files of one call to add: so many are begun anew where watching ends in the midst of it
_ADDED = 1  # watchfiles.Change.added
_LOST = "\ufffd"  # watchfiles puts it where a name is not valid text


@dataclass(frozen=True, slots=True)
class Times:
    """How long to wait for what, in seconds."""

    settle_s: float = 5.0  # a file must be missing, because editors replace files by removing them first
    quiet_s: float = 1.0  # nothing must happen to a file, because it may still be being written
    longest_s: float = 20.0  # a file that never gets quiet waits
    poll_s: float = 5.0  # between two looks of a polling eye
    probe_s: float = 2.0  # between two looks whether a folder can be reached
    rescan_s: float = 900.0  # between two looks through all of a folder
    retry_s: float = 60.0  # after nothing could be taken in


class Eye(Protocol):
    """Notices changes in a folder."""

    def changes(self, wait_s: float) -> Collection[tuple[int, str]]:
        """(kind, path) of what has changed since the last call, waiting for it. Raises OSError, RuntimeError."""
        ...

    def close(self) -> None:
        """Notice no more."""
        ...


class _Notices:
    """An eye of watchfiles; it notices on a thread of its own, so nothing is missed between two calls."""

    def __init__(self, folder: Path, *, polling: bool, poll_s: float, stop: threading.Event) -> None:
        from watchfiles._rust_notify import RustNotify  # noqa: TID251 - watchfiles.watch() can wait for one kind of eye alone

        self._stop = stop
        self._notify = RustNotify([str(folder)], False, polling, int(poll_s * 1000), True, True)

    def changes(self, wait_s: float) -> Collection[tuple[int, str]]:
        found = self._notify.watch(400, 50, max(1, int(wait_s * 1000)), self._stop)
        return () if isinstance(found, str) else found

    def close(self) -> None:
        self._notify.close()


def open_eye(folder: Path, *, polling: bool, poll_s: float, stop: threading.Event) -> Eye | None:
    """The folder's eye; a polling one where the system has no more notices to give, None where that fails too."""
    for kind in (False, True) if not polling else (True,):
        try:
            return _Notices(folder, polling=kind, poll_s=poll_s, stop=stop)
        except (OSError, RuntimeError):
            continue
    return None


@dataclass(slots=True)
class _Post:
    """A folder that is being watched. `touched` holds first and last notice of each path that is not dealt with."""

    folder: Folder
    eye: Eye | None = None
    rules: Rules | None = None
    identity: tuple[int, int] = (0, 0)
    touched: dict[str, tuple[float, float, bool]] = field(default_factory=dict)
    missing: dict[bytes, float] = field(default_factory=dict)
    probe_at: float = 0.0
    scan_at: float = 0.0

    def shut(self) -> None:
        if self.eye is not None:
            self.eye.close()
        self.eye = None


class Watcher:
    """The watching of one home's folders."""

    def __init__(
        self,
        folders: WatchedFolders,
        *,
        add: Callable[[str, Sequence[Path], CancelToken], Iterator[Event]],
        remove: Callable[[str, Sequence[str]], None],
        home: Path,
        times: Times | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        eye_for: Callable[..., Eye | None] = open_eye,
    ) -> None:
        """`add` takes files into the library of an id, `remove` removes its documents of those ids, if still there."""
        self._folders = folders
        self._add = add
        self._remove = remove
        self._home = path_key(home)
        self._times = times or Times()
        self._now = monotonic
        self._eye_for = eye_for
        self._told: Callable[[str, Event], None] | None = None
        self._posts: dict[tuple[str, bytes], _Post] = {}
        self._stop = threading.Event()
        self._cancel = CancelToken()
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """Whether folders are being watched."""
        return self._thread is not None and not self._stop.is_set()

    def start(self, told: Callable[[str, Event], None] | None = None) -> None:
        """Watch, until `close`. `told` hears (library id, event) of everything that is taken in."""
        if self._thread is None and not self._stop.is_set():
            self._told = told
            self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End. A thread that hangs in a dead network drive is not waited for."""
        self._stop.set()
        self._cancel.cancel()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                try:
                    self.tick(0.5)
                except Exception:  # noqa: BLE001 - the edge of this thread: one bad folder must not end all watching
                    self._stop.wait(1.0)
        finally:
            for post in self._posts.values():
                post.shut()

    def tick(self, wait_s: float) -> None:
        """Listen for `wait_s` at most, and do what is to be done. Everything is taken in before anything goes."""
        self._sync()
        posts = list(self._posts.values())
        for post in posts:
            if self._now() >= post.probe_at:
                self._look(post)
        self._listen(posts, wait_s)
        for post in posts:
            if not self._stop.is_set() and post.folder.state != "unreachable":
                self._take_in(post)
        for post in posts:
            if not self._stop.is_set() and post.folder.state == "watching":
                self._let_go(post, posts)

    def _sync(self) -> None:
        wanted = {(folder.library_id, folder.key): folder for folder in self._folders.all()}
        for key in list(self._posts):
            if key not in wanted or wanted[key].polling != self._posts[key].folder.polling:
                self._posts.pop(key).shut()
        for key, folder in wanted.items():
            self._posts.setdefault(key, _Post(folder))

    # whether it is there, and what happens in it

    def _look(self, post: _Post) -> bool:
        """Find out whether a folder can be reached, and have an eye on it if so."""
        post.probe_at = self._now() + self._times.probe_s
        identity = self._identity(post.folder)
        if identity is None:
            post.shut()
            post.missing.clear()
            post.touched.clear()
            self._note(post, "unreachable")
            return False
        if post.eye is None or identity != post.identity:
            post.shut()
            folder = post.folder
            post.identity = identity
            post.eye = self._eye_for(folder.place, polling=folder.polling, poll_s=self._times.poll_s, stop=self._stop)
            post.scan_at = self._now()
            if post.eye is None:  # it is looked through all the same, if not as often
                post.probe_at = self._now() + self._times.retry_s
            if post.folder.state == "unreachable":
                self._note(post, "watching")
        return True

    def _identity(self, folder: Folder) -> tuple[int, int] | None:
        """What the folder is on the disk; None where it is not there, or stands empty in place of a drive."""
        try:
            status = folder.place.stat()
            with os.scandir(folder.key) as entries:
                empty = next(iter(entries), None) is None
        except (OSError, ValueError):
            return None
        if os.fsdecode(folder.key) in folder.mounts and not os.path.ismount(folder.key):
            return None
        if empty and folder.polling and self._folders.documents(folder.library_id, folder.key):
            return None  # a share that is only half there shows nothing
        return status.st_dev, status.st_ino

    def _note(self, post: _Post, state: State, *, mounts: Sequence[str] | None = None) -> None:
        kept = post.folder.mounts if mounts is None else tuple(mounts)
        if (state, kept) != (post.folder.state, post.folder.mounts):
            post.folder = replace(post.folder, state=state, mounts=kept)
            self._folders.note(post.folder, state=state, mounts=kept)

    def _listen(self, posts: Sequence[_Post], wait_s: float) -> None:
        seeing = [post for post in posts if post.eye is not None]
        if not seeing:
            self._stop.wait(wait_s)
        for post in seeing:
            assert post.eye is not None
            try:
                found = post.eye.changes(wait_s / len(seeing))
            except (OSError, RuntimeError):
                post.shut()
                continue
            now = self._now()
            for kind, path in found:
                if _LOST in path or Path(path) == post.folder.place / IGNORE_FILE:
                    post.scan_at = now
                    continue
                first, _, came = post.touched.get(path, (now, now, False))
                post.touched[path] = (first, now, came or kind == _ADDED)

    # taking in

    def _take_in(self, post: _Post) -> None:
        now, times = self._now(), self._times
        ripe = {
            path: came
            for path, (first, last, came) in post.touched.items()
            if now - last >= times.quiet_s or now - first >= times.longest_s
        }
        whole = now >= post.scan_at
        if not whole and (not ripe or post.folder.state == "paused"):
            return
        if whole or post.rules is None:
            post.rules = Rules(post.folder.place, home=self._home, patterns=read_patterns(post.folder.place))
        seen = self._seen(post, post.rules, None if whole else ripe)
        if seen is None or self._stop.is_set():
            return
        library, folder = post.folder.library_id, post.folder.key
        todo = plan(
            seen,
            documents=self._folders.documents(library, folder),
            marks=self._folders.marks(library, folder),
            named={os.fsencode(path) for path in ripe},
            missing=post.missing,
            now=now,
            settle_s=times.settle_s,
        )
        post.missing = dict(todo.missing) if whole else {**post.missing, **todo.missing}
        done = self._add_all(library, todo, seen)
        for path in ripe:
            post.touched.pop(path, None)
        if done:
            post.scan_at = now + times.rescan_s if whole else post.scan_at
            self._note(post, "watching")
        else:
            post.scan_at = self._now() + times.retry_s
            self._note(post, "paused")

    def _add_all(self, library_id: str, todo: Plan, seen: Disk) -> bool:
        """Take files in; gives whether that was possible, however each of them came out."""
        for start in range(0, len(todo.add), _TOGETHER):
            keys = todo.add[start : start + _TOGETHER]
            self._cancel = cancel = CancelToken()  # a stream that is left cancels its token
            if self._stop.is_set():
                return False
            try:
                for event in self._add(library_id, [Path(os.fsdecode(key)) for key in keys], cancel):
                    self._tell(library_id, event)
                    if isinstance(event, Failed):
                        return False
            except Exception:  # noqa: BLE001 - as in `_run`; it is tried again
                return False
            if self._stop.is_set():
                return False
            # A file without a document could not be opened: it is tried again at the next look through the folder.
            there = self._folders.document_ids(library_id, keys)
            self._folders.mark(library_id, {key: seen.there[key] for key in there})
        return True

    def _tell(self, library_id: str, event: Event) -> None:
        if self._told is not None:
            with suppress(Exception):  # the listener's own affair: the file is in
                self._told(library_id, event)

    def _seen(self, post: _Post, rules: Rules, touched: dict[str, bool] | None) -> Disk | None:
        """What is on the disk now: all of it, or what the notices are about. None where it ceased to be reachable."""
        library, folder = post.folder.library_id, post.folder
        there: dict[bytes, Mark] = {}
        asked: set[bytes] = set()
        if touched is None:
            mounts = set(folder.mounts)
            there.update(self._walk(folder.place, rules, mounts))
            self._note(post, folder.state, mounts=sorted(mounts))
            asked = self._folders.documents(library, folder.key) - there.keys()
        else:
            for name, came in touched.items():
                path, key = Path(name), os.fsencode(name)
                if _is_folder(path):
                    if came and _is_real(path) and rules.reaches(path):  # its files' own notices may not have come
                        there.update(self._walk(path, rules, None))
                elif _missing(key):
                    asked |= {key, *self._folders.documents(library, key)}
                elif _is_real(path.parent) and rules.file(path):
                    there.update(_marked(path))
        absent = self._absent(post.folder, asked)
        if not self._look(post):
            return None
        return Disk(there=there, absent=absent)

    def _walk(self, top: Path, rules: Rules, mounts: set[str] | None) -> dict[bytes, Mark]:
        found: dict[bytes, Mark] = {}
        for root, folders, files in os.walk(top):
            if self._stop.is_set():
                break
            if mounts is not None and os.path.ismount(root):
                mounts.add(root)
            folders[:] = sorted(name for name in folders if rules.folder(Path(root, name)))
            for name in files:
                path = Path(root, name)
                if rules.file(path):
                    found.update(_marked(path))
        return found

    # letting go

    def _absent(self, folder: Folder, keys: Collection[bytes]) -> set[bytes]:
        """Those of `keys` that do not exist, and did not go with a drive that was mounted in the folder."""
        away = [os.fsencode(place) for place in folder.mounts if not os.path.ismount(place)]
        known = self._folders.documents(folder.library_id, folder.key)
        return {
            key for key in keys if key in known and _missing(key) and not any(is_below(key, place) for place in away)
        }

    def _let_go(self, post: _Post, posts: Sequence[_Post]) -> None:
        if not post.missing:
            return
        times, library = self._times, post.folder.library_id
        others = [one for one in posts if one.folder.library_id == library]
        # A file that moved is to be found at its new place first, however late that is noticed.
        settle_s = times.settle_s + 2 * times.poll_s * any(one.folder.polling for one in others)
        if any(one.touched or one.folder.state == "paused" for one in others):
            settle_s += times.longest_s
        disk = Disk(there={}, absent=self._absent(post.folder, post.missing))
        if not self._look(post):  # it may have gone while it was looked at
            return
        todo = plan(disk, documents=(), marks={}, missing=post.missing, now=self._now(), settle_s=settle_s)
        post.missing = {key: first for key, first in todo.missing.items() if key not in todo.remove}
        if todo.remove:
            self._remove(library, list(self._folders.document_ids(library, todo.remove).values()))
            self._folders.unmark(library, todo.remove)


def _marked(path: Path) -> dict[bytes, Mark]:
    """A regular file under its key, empty for anything else."""
    try:
        status = path.lstat()
        key = os.fsencode(path)
        if stat.S_ISLNK(status.st_mode):
            status, key = path.stat(), path_key(path)
    except (OSError, ValueError):
        return {}
    return {key: Mark(status.st_size, status.st_mtime_ns)} if stat.S_ISREG(status.st_mode) else {}


def _missing(key: bytes) -> bool:
    """Whether there surely is no such file: one that may not be looked at is there."""
    try:
        os.lstat(key)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return True
    except OSError:
        return False
    return False


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - never raises


def _is_real(path: Path) -> bool:
    """Whether no link is on the way to a folder: what links lead to is not followed."""
    return path_key(path) == os.fsencode(path)
