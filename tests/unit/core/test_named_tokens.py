"""Named tokens as they are kept: digests alone, one file that only its owner reads, read again when it has changed."""

from __future__ import annotations

import inspect
import json
import os
from pathlib import Path

import pytest

from studiolo import tokens as module
from studiolo.errors import Code, EnvironmentFault, StudioloError, UserError
from studiolo.paths import Home
from studiolo.tokens import PREFIX, NamedToken, Scope, TokenStore, confined, lifetime
from studiolo.types import Reader


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(home: Home, clock: Clock) -> TokenStore:
    return TokenStore(home, clock=clock)


def code_of(error: pytest.ExceptionInfo[StudioloError]) -> tuple[Code, object]:
    return error.value.code, error.value.values.get("problem")


def test_a_token_is_found_by_its_secret_alone(store: TokenStore, home: Home) -> None:
    made, secret = store.create("nightly", scopes=["search", "ingest"])
    assert secret.startswith(PREFIX)
    assert len(secret) >= 43 + len(PREFIX)  # 256 bits
    assert store.find(secret) == made
    assert (made.scopes, made.profile, made.service) == ((Scope.SEARCH, Scope.INGEST), Reader.MASKED, "batch")
    for wrong in ("", secret[:-1], secret + "x", secret.upper(), "\udcff", made.digest):
        assert store.find(wrong) is None
    text = home.tokens_file.read_text()
    assert secret not in text
    assert secret.removeprefix(PREFIX) not in text
    assert json.loads(text)["format"] == 1
    if os.name == "posix":
        assert home.tokens_file.stat().st_mode & 0o777 == 0o600
    assert made.digest not in repr(made)
    assert "digest" not in made.shape()


def test_secrets_are_compared_in_constant_time_and_all_of_them(
    store: TokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = [store.create(name, scopes=["ask"])[1] for name in ("one", "two", "three")]
    compared: list[tuple[str, str]] = []
    real = module.hmac.compare_digest
    monkeypatch.setattr(module.hmac, "compare_digest", lambda a, b: compared.append((a, b)) or real(a, b))
    for guess in (secrets[0], "guess"):
        compared.clear()
        store.find(guess)
        assert len(compared) == 3
        assert all(len(kept) == len(given) == 64 for kept, given in compared)  # digests, of one length
    assert "==" not in inspect.getsource(TokenStore.find)


def test_an_expired_token_is_nobodys(store: TokenStore, clock: Clock) -> None:
    made, secret = store.create("short", scopes=["ask"], lifetime_s=60)
    assert made.expires_at == clock.now + 60
    clock.now += 59
    assert store.find(secret) == made
    clock.now += 1
    assert store.find(secret) is None
    assert [token.name for token in store.list()] == ["short"]


def test_what_another_process_writes_is_seen_at_once(store: TokenStore, home: Home, clock: Clock) -> None:
    _, secret = store.create("a", scopes=["ask"])
    other = TokenStore(home, clock=clock)
    _, second = other.create("b", scopes=["ask"])
    assert store.find(second) is not None
    other.revoke("a")
    assert store.find(secret) is None
    assert [token.name for token in store.list()] == ["b"]


def test_names_are_told_apart(store: TokenStore) -> None:
    store.create("夜间", scopes=["ask"])
    with pytest.raises(UserError) as caught:
        store.create("夜间", scopes=["ask"])
    assert caught.value.code is Code.TOKEN_EXISTS
    with pytest.raises(UserError) as caught:
        store.revoke("nobody")
    assert caught.value.code is Code.UNKNOWN_TOKEN


@pytest.mark.parametrize(
    ("name", "more", "problem"),
    [
        ("a b", {"scopes": ["ask"]}, "not_a_name"),
        ("", {"scopes": ["ask"]}, "not_a_name"),
        ("../x", {"scopes": ["ask"]}, "not_a_name"),
        ("a", {"scopes": []}, "no_scope"),
        ("a", {"scopes": ["owner"]}, "unknown_scope"),
        ("a", {"scopes": ["ask"], "profile": "restore"}, "needs_restore"),
        ("a", {"scopes": ["ask", "restore"], "profile": "owner"}, "not_a_reader"),
        ("a", {"scopes": ["ask"], "profile": "No Reader"}, "not_a_reader"),
    ],
)
def test_what_no_token_can_be(store: TokenStore, name: str, more: dict[str, object], problem: str) -> None:
    with pytest.raises(UserError) as caught:
        store.create(name, **more)
    assert code_of(caught) == (Code.BAD_REQUEST, problem)


def test_the_profile_follows_the_scope(store: TokenStore) -> None:
    assert store.create("a", scopes=["ask", "restore"])[0].profile == "restore"
    assert store.create("b", scopes=["ask", "restore"], profile="masked")[0].profile == "masked"
    assert store.create("c", scopes=["ask"], profile="press")[0].profile == "press"


@pytest.mark.parametrize(("text", "seconds"), [("30d", 2_592_000), ("12h", 43_200), (" 45m ", 2_700)])
def test_lifetimes(text: str, seconds: int) -> None:
    assert lifetime(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "d", "0d", "-1d", "1w", "1.5h", "٣d"])
def test_no_lifetimes(text: str) -> None:
    with pytest.raises(UserError) as caught:
        lifetime(text)
    assert code_of(caught) == (Code.BAD_REQUEST, "not_a_length")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"{", Code.DAMAGED_STORE),
        (b"[]", Code.DAMAGED_STORE),
        (b'{"format": 1}', Code.DAMAGED_STORE),
        (b'{"format": 1, "tokens": [{"name": "x"}]}', Code.DAMAGED_STORE),
        (b'{"format": 2, "tokens": []}', Code.NEWER_FORMAT),
        (b"[" * 100_000, Code.DAMAGED_STORE),
    ],
)
def test_a_file_that_cannot_be_read_lets_nobody_in(store: TokenStore, home: Home, content: bytes, code: Code) -> None:
    home.root.mkdir()
    home.tokens_file.write_bytes(content)
    with pytest.raises(EnvironmentFault) as caught:
        store.find("anything")
    assert caught.value.code is code
    assert caught.value.values["store"] == "tokens"
    with pytest.raises(EnvironmentFault):
        store.create("a", scopes=["ask"])
    assert home.tokens_file.read_bytes() == content


# paths


def token_for(*roots: Path) -> NamedToken:
    return NamedToken("t", "0" * 64, (Scope.INGEST,), 0.0, roots=tuple(str(root.resolve()) for root in roots))


@pytest.fixture
def places(tmp_path: Path) -> Path:
    for name in ("根/sub", "outside", "根2"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("根/sub/租约.txt", "outside/secret.txt", "根2/near.txt"):
        (tmp_path / name).write_text("x")
    return tmp_path


def test_paths_inside_a_root(places: Path) -> None:
    token = token_for(places / "根")
    for inside in ("根", "根/sub", "根/sub/租约.txt", "根/sub/../sub/租约.txt", "根/not there yet.txt"):
        assert confined(places / inside, token) == (places / inside).resolve()


@pytest.mark.parametrize(
    "path",
    [
        "outside/secret.txt",
        "根/../outside/secret.txt",
        "根/sub/../../outside/secret.txt",
        "根2/near.txt",  # its name begins as the root's does
        "",
        "根/../outside/nothing there",
        "outside/\x00",
        "x" * 5000,
    ],
)
def test_paths_outside_of_every_root(places: Path, path: str) -> None:
    with pytest.raises(UserError) as caught:
        confined(places / path, token_for(places / "根"))
    assert caught.value.code is Code.PATH_NOT_ALLOWED


def test_a_token_without_roots_may_name_no_path(places: Path) -> None:
    for path in (places / "根", Path("/"), Path("/etc/passwd")):
        with pytest.raises(UserError):
            confined(path, token_for())


@pytest.mark.skipif(os.name != "posix", reason="makes symbolic links")
def test_links_lead_nowhere_else(places: Path) -> None:
    token = token_for(places / "根")
    (places / "根/file.txt").symlink_to(places / "outside/secret.txt")
    (places / "inward").symlink_to(places / "根/sub/租约.txt")
    assert confined(places / "inward", token) == (places / "根/sub/租约.txt").resolve()
    for path in ("根/file.txt", "根"):  # the file, and the folder that a walk would find it in
        with pytest.raises(UserError) as caught:
            confined(places / path, token)
        assert caught.value.code is Code.PATH_NOT_ALLOWED
    assert confined(places / "根/sub", token)
    (places / "根/sub/folder").symlink_to(places / "outside")
    for path in ("根/sub/folder/secret.txt", "根/sub"):
        with pytest.raises(UserError):
            confined(places / path, token)
    (places / "根/circle").symlink_to(places / "根/circle")
    with pytest.raises(UserError):
        confined(places / "根/circle", token)


@pytest.mark.skipif(os.name != "posix", reason="makes symbolic links")
def test_a_root_is_kept_as_the_folder_that_it_led_to(store: TokenStore, places: Path) -> None:
    (places / "link").symlink_to(places / "根")
    made, _ = store.create("a", scopes=["ingest"], roots=[places / "link"])
    assert made.roots == (str((places / "根").resolve()),)
    with pytest.raises(UserError) as caught:
        store.create("b", scopes=["ingest"], roots=[places / "nowhere"])
    assert caught.value.code is Code.FILE_MISSING
