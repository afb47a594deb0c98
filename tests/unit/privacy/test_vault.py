"""Encryption at rest: nothing readable in the file, the right key or a clear error, and nothing overwritten."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from studiolo.errors import Code, EnvironmentFault, StudioloError, UserError
from studiolo.privacy.pseudonym_store import PseudonymStore
from studiolo.privacy.pseudonyms import PseudonymTable, key_of
from studiolo.privacy.system_keyring import SystemKeyring, system_keyring, usable, within
from studiolo.privacy.vault import KeyHolder, Vault, passphrase_from

COST = 1 << 10  # the least that is taken: tests need no slow key
VALUES = {
    "PERSON": ("Margaret Holloway", "Holloway", "王小明", "王先生", "欧阳晓雯"),
    "PHONE_NUMBER": ("+44 20 7946 0958", "138 0013 8000"),
    "EMAIL_ADDRESS": ("m.holloway@example.com",),
    "SECRET": ("Abc12345-密码",),
    "项目代号": ("Blauer Reiter", "青瓷计划"),
}
LIBRARY = "library:合同 2026"
OLD_SCHEMA = """
CREATE TABLE pseudonyms (
    library TEXT NOT NULL, label TEXT NOT NULL, number INTEGER NOT NULL, form INTEGER NOT NULL, type TEXT NOT NULL,
    value TEXT NOT NULL, key TEXT NOT NULL, issued_at REAL NOT NULL,
    PRIMARY KEY (library, label, number, form), UNIQUE (library, label, key)
) WITHOUT ROWID;
"""


class ListedKeyring:
    """A keyring that keeps its secrets in a dict; `open` False is a locked one."""

    def __init__(self) -> None:
        self.secrets: dict[str, str] = {}
        self.open = True

    def get(self, name: str) -> str | None:
        return self.secrets.get(name) if self.open else None

    def set(self, name: str, secret: str) -> bool:
        if self.open:
            self.secrets[name] = secret
        return self.open

    def delete(self, name: str) -> None:
        self.secrets.pop(name, None)


def holder(folder: Path, *, passphrase: str | None = None, keyring: ListedKeyring | None = None) -> KeyHolder:
    return KeyHolder(folder / "p.key", passphrase=passphrase, find_keyring=lambda: keyring, scrypt_cost=COST)


def opened(folder: Path, *, passphrase: str | None = None, keyring: ListedKeyring | None = None) -> PseudonymStore:
    return PseudonymStore(folder / "p.db", holder(folder, passphrase=passphrase, keyring=keyring))


def filled(store: PseudonymStore) -> dict[str, str]:
    table = PseudonymTable(store, LIBRARY)
    return {table.token(kind, value): value for kind, values in VALUES.items() for value in values}


def restored(store: PseudonymStore, tokens: dict[str, str]) -> dict[str, str]:
    table = PseudonymTable(store, LIBRARY)
    return {token: entry.value for token in tokens if (entry := table.entry(token)) is not None}


def bytes_of(folder: Path) -> bytes:
    """All bytes of the folder: SQLite's file with its free pages, its log, backups, keys."""
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file())


def readable(data: bytes) -> list[str]:
    """What of the values, the look-up keys, the library's name and the types stands in `data`, in any usual form."""
    words = [value for values in VALUES.values() for value in values]
    words += [key_of(kind, value) for kind, values in VALUES.items() for value in values]
    words += ["Holloway", "小明", "7946", "0013", "合同 2026", "Blauer", "项目代号"]
    found = []
    for word in words:
        for form in (word, word.lower(), word.replace(" ", "")):
            for encoding in ("utf-8", "utf-16-le", "gb18030", "unicode_escape"):
                if form.encode(encoding) in data:
                    found.append(word)
    return found


def fault_of(call) -> Code:
    with pytest.raises(StudioloError) as caught:
        call()
    return caught.value.code


@pytest.mark.parametrize(("passphrase", "with_keyring"), [(None, False), (None, True), ("虎 tiger 7", False)])
def test_nothing_readable_in_the_file(tmp_path: Path, passphrase: str | None, with_keyring: bool) -> None:
    keyring = ListedKeyring() if with_keyring else None
    store = opened(tmp_path, passphrase=passphrase, keyring=keyring)
    tokens = filled(store)
    assert readable(bytes_of(tmp_path)) == []  # the log is still open
    store.close()
    assert readable(bytes_of(tmp_path)) == []
    again = opened(tmp_path, passphrase=passphrase, keyring=keyring)
    assert restored(again, tokens) == tokens
    assert again.protection == ("passphrase" if passphrase else "keyring" if with_keyring else "file")
    again.close()


def test_the_readable_test_can_see(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes("Margaret Holloway 王小明".encode())
    assert {"Margaret Holloway", "王小明", "小明"} <= set(readable(bytes_of(tmp_path)))


@pytest.mark.parametrize("with_passphrase", [False, True])
def test_an_unencrypted_table_is_migrated_and_its_bytes_are_gone(tmp_path: Path, with_passphrase: bool) -> None:
    old = sqlite3.connect(tmp_path / "p.db")
    old.execute("PRAGMA journal_mode=WAL")
    old.executescript(OLD_SCHEMA + "PRAGMA user_version=1;")
    old.execute("INSERT INTO pseudonyms VALUES ('gone', 'PERSON', 1, 0, 'PERSON', 'Blauer Reiter', 'Blauer Reiter', 1)")
    number = 0
    tokens = {}
    for kind, values in VALUES.items():
        for value in values:
            number += 1
            old.execute(
                "INSERT INTO pseudonyms VALUES (?, ?, ?, 0, ?, ?, ?, 1)",
                (LIBRARY, "VALUE", number, kind, value, key_of(kind, value)),
            )
            tokens[f"VALUE_{number}"] = value
    old.execute("DELETE FROM pseudonyms WHERE library = 'gone'")  # leaves a readable free cell
    old.commit()
    old.close()
    assert readable((tmp_path / "p.db").read_bytes())
    passphrase = "虎 tiger 7" if with_passphrase else None
    store = opened(tmp_path, passphrase=passphrase)
    assert restored(store, tokens) == tokens
    assert readable(bytes_of(tmp_path)) == []
    table = PseudonymTable(store, LIBRARY)
    assert table.token("项目代号", "new") == f"VALUE_{number + 1}"
    store.close()
    assert readable(bytes_of(tmp_path)) == []
    assert not list(tmp_path.glob("*.backup"))


def test_a_backup_left_by_a_kill_is_gone_at_the_next_opening(tmp_path: Path) -> None:
    opened(tmp_path).close()
    (tmp_path / "p.v1.backup").write_bytes("王小明".encode() * 100)
    opened(tmp_path).close()
    assert not (tmp_path / "p.v1.backup").exists()


@pytest.mark.parametrize(
    ("given", "code"),
    [(None, Code.PASSPHRASE_NEEDED), ("tiger 7", Code.WRONG_PASSPHRASE), ("", Code.PASSPHRASE_NEEDED)],
)
def test_without_the_passphrase_nothing_opens_and_nothing_changes(
    tmp_path: Path, given: str | None, code: Code
) -> None:
    store = opened(tmp_path, passphrase="虎 tiger 7")
    tokens = filled(store)
    store.close()
    before = (tmp_path / "p.db").read_bytes()
    assert fault_of(lambda: opened(tmp_path, passphrase=given)) is code
    assert (tmp_path / "p.db").read_bytes() == before
    store = opened(tmp_path, passphrase="虎 tiger 7")
    assert restored(store, tokens) == tokens
    store.close()


def test_a_lost_key_is_said_and_nothing_is_made_anew(tmp_path: Path) -> None:
    opened(tmp_path).close()
    (key,) = tmp_path.glob("p.key.*")
    assert os.name == "nt" or stat.S_IMODE(key.stat().st_mode) == 0o600
    kept = key.read_bytes()
    key.unlink()
    assert fault_of(lambda: opened(tmp_path)) is Code.KEY_LOST
    assert not list(tmp_path.glob("p.key.*"))
    key.write_bytes(b"A" * 44)
    assert fault_of(lambda: opened(tmp_path)) is Code.KEY_LOST
    key.write_bytes(kept)
    opened(tmp_path).close()


def test_a_locked_keyring_is_said(tmp_path: Path) -> None:
    keyring = ListedKeyring()
    store = opened(tmp_path, keyring=keyring)
    tokens = filled(store)
    store.close()
    keyring.open = False
    assert fault_of(lambda: opened(tmp_path, keyring=keyring)) is Code.KEY_LOST
    assert fault_of(lambda: opened(tmp_path)) is Code.KEY_LOST
    keyring.open = True
    store = opened(tmp_path, keyring=keyring)
    assert restored(store, tokens) == tokens
    store.close()


def test_another_passphrase_wraps_the_key_anew(tmp_path: Path) -> None:
    store = opened(tmp_path, passphrase="first")
    tokens = filled(store)
    store.protect("passphrase", passphrase="zweite 第二")
    store.close()
    assert fault_of(lambda: opened(tmp_path, passphrase="first")) is Code.WRONG_PASSPHRASE
    store = opened(tmp_path, passphrase="zweite 第二")
    assert restored(store, tokens) == tokens
    store.close()


def test_every_way_to_every_other(tmp_path: Path) -> None:
    keyring = ListedKeyring()
    store = opened(tmp_path, keyring=keyring)
    tokens = filled(store)
    for by in ("file", "passphrase", "keyring", "passphrase", "file", "keyring"):
        store.protect(by, passphrase="pass" if by == "passphrase" else None)
        assert len(keyring.secrets) == (by == "keyring")
        assert len(list(tmp_path.glob("p.key.*"))) == (by == "file")
        store.close()
        store = opened(tmp_path, keyring=keyring, passphrase="pass" if by == "passphrase" else None)
        assert store.protection == by
        assert restored(store, tokens) == tokens
    store.close()


def test_a_passphrase_that_is_given_protects_from_then_on(tmp_path: Path) -> None:
    store = opened(tmp_path)
    tokens = filled(store)
    store.close()
    store = opened(tmp_path, passphrase="now")
    assert store.protection == "passphrase"
    assert not list(tmp_path.glob("p.key.*"))
    assert restored(store, tokens) == tokens
    store.close()
    assert fault_of(lambda: opened(tmp_path)) is Code.PASSPHRASE_NEEDED


def test_without_a_keyring_it_cannot_be_chosen(tmp_path: Path) -> None:
    store = opened(tmp_path)
    assert fault_of(lambda: store.protect("keyring")) is Code.KEYRING_MISSING
    assert fault_of(lambda: store.protect("passphrase")) is Code.PASSPHRASE_NEEDED
    assert store.protection == "file"
    store.close()
    opened(tmp_path).close()


@pytest.mark.parametrize("column", ["sealed", "form"])
def test_a_changed_or_moved_row_is_damage(tmp_path: Path, column: str) -> None:
    store = opened(tmp_path)
    filled(store)
    store.close()
    database = sqlite3.connect(tmp_path / "p.db")
    change = (
        "sealed = CAST(substr(sealed, 1, 20) || x'00' || substr(sealed, 22) AS BLOB)"
        if column == "sealed"
        else "form = form + 40"
    )
    database.execute(f"UPDATE pseudonyms SET {change}")
    database.commit()
    database.close()
    store = opened(tmp_path)
    assert fault_of(lambda: PseudonymTable(store, LIBRARY)) is Code.DAMAGED_STORE
    store.close()


def test_seals_differ_and_are_padded() -> None:
    vault = Vault(bytes(range(32)))
    one, other = vault.seal("王小明", place="a"), vault.seal("王小明", place="a")
    assert one != other
    assert vault.open(one, place="a") == vault.open(other, place="a") == "王小明"
    assert len(one) == len(vault.seal("Ann", place="a"))
    assert fault_of(lambda: vault.open(one, place="b")) is Code.DAMAGED_STORE
    assert fault_of(lambda: vault.open(b"", place="a")) is Code.DAMAGED_STORE
    assert vault.tag("ab", "c") != vault.tag("a", "bc")
    assert vault.open(vault.seal("\ud800\0", place="a"), place="a") == "\ud800\0"


def test_no_key_in_an_error(tmp_path: Path) -> None:
    opened(tmp_path, passphrase="虎 tiger 7").close()
    with pytest.raises(EnvironmentFault) as caught:
        opened(tmp_path, passphrase="tiger 8")
    assert "tiger" not in repr(caught.value) + str(caught.value) + repr(caught.value.values)


def test_the_passphrase_from_the_environment(tmp_path: Path) -> None:
    assert passphrase_from({}) is None
    assert passphrase_from({"STUDIOLO_PASSPHRASE": "虎"}) == "虎"
    file = tmp_path / "secret"
    file.write_text("虎 tiger\n second line", encoding="utf-8")
    assert passphrase_from({"STUDIOLO_PASSPHRASE_FD": str(os.open(file, os.O_RDONLY))}) == "虎 tiger"
    with pytest.raises(UserError):
        passphrase_from({"STUDIOLO_PASSPHRASE_FD": "98765"})


def test_a_machine_without_a_keyring_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    from keyring.backends import fail, null

    assert not usable(fail.Keyring())
    assert not usable(null.Keyring())
    assert not usable(ListedKeyring())
    assert system_keyring({}) is None
    assert system_keyring({"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"}) is None  # the tests' backend is `null`


def test_a_keyring_that_fails_or_hangs_is_none() -> None:
    import threading

    class Failing:
        def get_password(self, service: str, name: str) -> str:
            raise OSError

        set_password = delete_password = get_password

    broken = SystemKeyring(Failing())
    assert broken.get("x") is None
    assert broken.set("x", "y") is False
    broken.delete("x")
    hanging = threading.Event()
    assert within(hanging.wait, timeout_s=0.05) is None
    hanging.set()
