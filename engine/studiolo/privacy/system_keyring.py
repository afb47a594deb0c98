"""The system's keyring, where it can be used without a dialog and without waiting. The only import of `keyring`.

Only the three stores that a desktop session itself keeps are taken (Secret Service, macOS, Windows): never the `fail`
and `null` backends of a machine without one, and never a third party's plain file. A locked Secret Service collection
counts as none, because reading it would open a dialog. What does not answer within TIMEOUT_S counts as none, too.
D-Bus is a socket: whatever seals the process must come after the key was read. Threads: one call at a time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

SERVICE = "studiolo"
TIMEOUT_S = 5.0
_TAKEN = ("keyring.backends.SecretService", "keyring.backends.macOS", "keyring.backends.Windows")

T = TypeVar("T")


class Keyring(Protocol):
    """What a vault needs of a keyring. Names are no user text."""

    def get(self, name: str) -> str | None:
        """The secret of that name; None where there is none or it cannot be read now."""
        ...

    def set(self, name: str, secret: str) -> bool:
        """Keep a secret. False where it could not be kept."""
        ...

    def delete(self, name: str) -> None:
        """Forget a secret; quiet where there is none."""
        ...


class SystemKeyring:
    """A backend of the `keyring` package behind the protocol above."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def get(self, name: str) -> str | None:
        """See `Keyring`."""
        found = within(lambda: self._backend.get_password(SERVICE, name))
        return found if isinstance(found, str) else None

    def set(self, name: str, secret: str) -> bool:
        """See `Keyring`."""

        def keep() -> bool:
            self._backend.set_password(SERVICE, name, secret)
            return bool(self._backend.get_password(SERVICE, name) == secret)

        return bool(within(keep))

    def delete(self, name: str) -> None:
        """See `Keyring`."""
        within(lambda: self._backend.delete_password(SERVICE, name))


def system_keyring(environ: Mapping[str, str]) -> Keyring | None:
    """The keyring of this session, or None on a machine without one. Opens no dialog."""
    import sys

    if sys.platform.startswith("linux") and not environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return None  # without a session bus there is no Secret Service, and D-Bus would try to start one
    backend = within(_backend)
    return SystemKeyring(backend) if backend is not None and usable(backend) else None


def usable(backend: object) -> bool:
    """Whether a backend is one that a desktop session keeps, and open."""
    module = type(backend).__module__
    if module not in _TAKEN:
        return False
    return module != "keyring.backends.SecretService" or bool(within(_unlocked))


def _backend() -> object:
    import keyring

    return keyring.get_keyring()


def _unlocked() -> bool:
    """Whether the default collection is there and open; asking its alias creates and unlocks nothing."""
    import secretstorage

    connection = secretstorage.dbus_init()
    try:
        return not secretstorage.collection.get_collection_by_alias(connection, "default").is_locked()
    finally:
        connection.close()


def within(work: Callable[[], T], *, timeout_s: float = TIMEOUT_S) -> T | None:
    """What `work` gives, or None where it fails or does not come back in time: then it is left to itself."""
    given: list[T] = []

    def run() -> None:
        try:
            given.append(work())
        except Exception:  # noqa: BLE001 - a keyring that fails in any way is a keyring that is not there
            return

    thread = threading.Thread(target=run, name="keyring", daemon=True)
    thread.start()
    thread.join(timeout_s)
    return given[0] if given else None
