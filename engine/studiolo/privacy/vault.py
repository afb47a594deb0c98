"""Encryption at rest of the pseudonym table: one data key, wrapped by a key that is kept elsewhere.

Every value is encrypted by itself (AES-256-GCM, a fresh 96-bit nonce, bound to the row it stands in and padded, so
that its length tells little); values are looked up by HMAC-SHA256. The data key stands in the file wrapped, again with
AES-256-GCM, by one of three: a random key in the system's keyring, a key derived from a passphrase (scrypt), or a
random key in a file beside the store that its owner alone can read. The third keeps a copied database closed, but not
a copied home: `studiolo doctor` says which of the three it is.

The only import of `cryptography`. Keys, passphrases and values are in no repr and no error. Threads: any.
Sources: NIST SP 800-38D (GCM), RFC 5869 (HKDF), RFC 7914 (scrypt).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import sqlite3
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from studiolo.errors import Code, EnvironmentFault, UserError
from studiolo.privacy.system_keyring import Keyring
from studiolo.types import Protection

SCHEMA = """
CREATE TABLE vault (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    name TEXT NOT NULL,
    protection TEXT NOT NULL,
    salt BLOB NOT NULL,
    cost INTEGER NOT NULL,
    wrapped BLOB NOT NULL
);
"""
STORE = "pseudonyms"
PASSPHRASE = "STUDIOLO_PASSPHRASE"  # noqa: S105 - the variable's name
SCRYPT_COST = 1 << 16  # N with r = 8, p = 1: 64 MiB and a fifth of a second
_LEAST_COST, _MOST_COST = 1 << 10, 1 << 19
_KEY_BYTES = 32
_NONCE_BYTES = 12
_PADDING_BYTES = 32


class Vault:
    """The open data key: seals values, opens them, and makes the tags they are looked up by."""

    def __init__(self, data_key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._data_key = data_key
        self._values = AESGCM(_derived(data_key, b"studiolo pseudonym values"))
        self._tags = _derived(data_key, b"studiolo pseudonym tags")

    def seal(self, value: str, *, place: str) -> bytes:
        """Encrypt `value` for the row `place`: nonce, ciphertext and tag."""
        data = value.encode("utf-8", "surrogatepass")
        padded = len(data).to_bytes(4, "big") + data
        padded += bytes(-len(padded) % _PADDING_BYTES)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._values.encrypt(nonce, padded, place.encode())

    def open(self, sealed: bytes, *, place: str) -> str:
        """What `seal` was given. Raises EnvironmentFault(damaged_store) where the row was changed or moved."""
        from cryptography.exceptions import InvalidTag

        try:
            padded = self._values.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place.encode())
        except (InvalidTag, ValueError):
            raise EnvironmentFault(Code.DAMAGED_STORE, store=STORE) from None
        return padded[4 : 4 + int.from_bytes(padded[:4], "big")].decode("utf-8", "surrogatepass")

    def tag(self, *parts: str) -> bytes:
        """What stands in the file for something it is looked up by: 32 bytes, the same for the same parts."""
        joined = b"".join(
            len(data).to_bytes(4, "big") + data for data in (part.encode("utf-8", "surrogatepass") for part in parts)
        )
        return hmac.digest(self._tags, joined, "sha256")

    def wrapped(self, key: bytes, *, header: bytes) -> bytes:
        """The data key under another key, bound to `header`: nonce, ciphertext and tag."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(key).encrypt(nonce, self._data_key, header)


@dataclass(frozen=True, slots=True)
class _Row:
    """The wrapped data key as it stands in the file. `name` is random: what the keyring and the key file go by."""

    name: str
    protection: Protection
    salt: bytes
    cost: int
    wrapped: bytes = field(repr=False)

    @property
    def header(self) -> bytes:
        """What the wrapping is bound to."""
        return f"studiolo vault 1|{self.name}|{self.protection}|{self.cost}|".encode() + self.salt


class KeyHolder:
    """Where the wrapping key comes from on this machine, and which of the ways protects a store."""

    def __init__(
        self,
        key_file: Path,
        *,
        passphrase: str | None = None,
        find_keyring: Callable[[], Keyring | None] | None = None,
        scrypt_cost: int = SCRYPT_COST,
    ) -> None:
        """`key_file`: where the key stands if nothing better is there. `find_keyring` is asked only when needed."""
        self._key_file = key_file
        self._passphrase = passphrase or None
        self._find_keyring = find_keyring or (lambda: None)
        self._cost = scrypt_cost
        self._stale: _Row | None = None

    def create(self, connection: sqlite3.Connection) -> Vault:
        """Make a data key, protected by the best there is: a passphrase if given, else the keyring, else the file."""
        vault = Vault(secrets.token_bytes(_KEY_BYTES))
        if self._passphrase:
            self.protect(connection, vault, "passphrase")
            return vault
        try:
            self.protect(connection, vault, "keyring")
        except EnvironmentFault as fault:
            if fault.code is not Code.KEYRING_MISSING:
                raise
            self.protect(connection, vault, "file")
        return vault

    def unlock(self, connection: sqlite3.Connection) -> tuple[Vault, bool]:
        """(the store's vault, whether a passphrase is given that does not protect it yet). Changes nothing.

        Raises EnvironmentFault: passphrase_needed, wrong_passphrase, key_lost, damaged_store.
        """
        row = _read(connection)
        if row is None:
            raise EnvironmentFault(Code.DAMAGED_STORE, store=STORE)
        vault = Vault(self._unwrapped(row))
        return vault, row.protection != "passphrase" and self._passphrase is not None

    def protect(
        self, connection: sqlite3.Connection, vault: Vault, by: Protection, *, passphrase: str | None = None
    ) -> None:
        """Wrap the data key anew; the old wrapping is no longer in the file (`secure_delete`).

        Raises EnvironmentFault: passphrase_needed (none given), keyring_missing.
        """
        old = _read(connection)
        name = secrets.token_hex(8)  # a key of its own: the old one must open nothing any more
        if by == "passphrase":
            self._passphrase = passphrase or self._passphrase
            if not self._passphrase:
                raise EnvironmentFault(Code.PASSPHRASE_NEEDED)
            salt = secrets.token_bytes(16)
            row = _Row(name, by, salt, self._cost, b"")
            key = _stretched(self._passphrase, salt, self._cost)
        else:
            row = _Row(name, by, b"", 0, b"")
            key = secrets.token_bytes(_KEY_BYTES)
            kept = self._keep_in_keyring(name, key) if by == "keyring" else self._keep_in_file(key, name)
            if not kept:
                raise EnvironmentFault(Code.KEYRING_MISSING)
            self._passphrase = None
        connection.execute(
            "INSERT OR REPLACE INTO vault VALUES (1, ?, ?, ?, ?, ?)",
            (row.name, row.protection, row.salt, row.cost, vault.wrapped(key, header=row.header)),
        )
        self._stale = old

    def settle(self) -> None:
        """Once the new wrapping is committed: forget the key of the old one."""
        old, self._stale = self._stale, None
        if old is None:
            return
        if old.protection == "keyring":
            keyring = self._find_keyring()
            if keyring is not None:
                keyring.delete(old.name)
        elif old.protection == "file":
            self._file(old.name).unlink(missing_ok=True)

    def _unwrapped(self, row: _Row) -> bytes:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = self._key_of(row)
        try:
            return AESGCM(key).decrypt(row.wrapped[:_NONCE_BYTES], row.wrapped[_NONCE_BYTES:], row.header)
        except (InvalidTag, ValueError):
            if row.protection == "passphrase":
                raise EnvironmentFault(Code.WRONG_PASSPHRASE) from None
            raise EnvironmentFault(Code.KEY_LOST, protection=row.protection) from None

    def _key_of(self, row: _Row) -> bytes:
        if row.protection == "passphrase":
            if not self._passphrase:
                raise EnvironmentFault(Code.PASSPHRASE_NEEDED)
            if not _LEAST_COST <= row.cost <= _MOST_COST:
                raise EnvironmentFault(Code.DAMAGED_STORE, store=STORE)
            return _stretched(self._passphrase, row.salt, row.cost)
        kept = self._from_keyring(row.name) if row.protection == "keyring" else self._from_file(row.name)
        if kept is None:
            raise EnvironmentFault(Code.KEY_LOST, protection=row.protection)
        return kept

    def _from_keyring(self, name: str) -> bytes | None:
        keyring = self._find_keyring()
        kept = None if keyring is None else keyring.get(name)
        return None if kept is None else _decoded(kept)

    def _keep_in_keyring(self, name: str, key: bytes) -> bool:
        keyring = self._find_keyring()
        return keyring is not None and keyring.set(name, base64.b64encode(key).decode())

    def _file(self, name: str) -> Path:
        return self._key_file.with_name(f"{self._key_file.name}.{name}")

    def _from_file(self, name: str) -> bytes | None:
        try:
            return _decoded(self._file(name).read_text("ascii"))
        except (OSError, ValueError):
            return None

    def _keep_in_file(self, key: bytes, name: str) -> bool:
        from studiolo.errors import disk_fault

        path = self._file(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(base64.b64encode(key))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise disk_fault(error, path.parent) from None
        return True


def passphrase_from(environ: Mapping[str, str]) -> str | None:
    """The passphrase that the environment gives: STUDIOLO_PASSPHRASE, or the first line of STUDIOLO_PASSPHRASE_FD.

    Raises UserError(bad_request) where the descriptor cannot be read.
    """
    number = environ.get("STUDIOLO_PASSPHRASE_FD")
    if not number:
        return environ.get(PASSPHRASE) or None
    try:
        with os.fdopen(int(number), encoding="utf-8") as file:
            return file.readline().rstrip("\r\n") or None
    except (OSError, ValueError):
        raise UserError(Code.BAD_REQUEST, field="STUDIOLO_PASSPHRASE_FD", problem="it cannot be read") from None


def protection_of(connection: sqlite3.Connection) -> Protection:
    """What protects a store's key."""
    row = _read(connection)
    if row is None:
        raise EnvironmentFault(Code.DAMAGED_STORE, store=STORE)
    return row.protection


def _read(connection: sqlite3.Connection) -> _Row | None:
    row = connection.execute("SELECT name, protection, salt, cost, wrapped FROM vault").fetchone()
    return None if row is None else _Row(*row)


def _derived(key: bytes, purpose: bytes) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), length=_KEY_BYTES, salt=None, info=purpose).derive(key)


def _stretched(passphrase: str, salt: bytes, cost: int) -> bytes:
    """The key of a passphrase, however its characters were composed when it was typed."""
    data = unicodedata.normalize("NFKC", passphrase).encode("utf-8", "surrogatepass")
    return hashlib.scrypt(data, salt=salt, n=cost, r=8, p=1, maxmem=2 * 128 * 8 * cost, dklen=_KEY_BYTES)


def _decoded(text: str) -> bytes | None:
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return key if len(key) == _KEY_BYTES else None
