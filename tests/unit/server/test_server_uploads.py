"""File names of a client's choosing stay in their folder; a broken body leaves nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studiolo.errors import Code, UserError
from studiolo.originals import forget_upload, library_folder, safe_name
from studiolo.paths import Home
from studiolo.server.uploads import Upload


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("lease.pdf", "lease.pdf"),
        ("租约 2026.pdf", "租约 2026.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\system.ini", "system.ini"),
        ("/etc/passwd", "passwd"),
        ("..", "upload"),
        ("", "upload"),
        (".bashrc", "bashrc"),
        ("a\x00b\nc.txt", "abc.txt"),
        ('a<b>:"|?*.txt', "a_b______.txt"),
        ("con.txt", "_con.txt"),
        ("name. . ", "name"),
        ("cafe\u0301.txt", "caf\u00e9.txt"),
    ],
)
def test_safe_names(given_name: str, kept: str) -> None:
    assert safe_name(given_name) == kept


@given(st.text(max_size=400))
def test_any_name_is_safe(name: str) -> None:
    safe = safe_name(name)
    assert safe
    assert safe not in (".", "..")
    assert not set(safe) & set('/\\<>:"|?*\x00\n')
    assert len(safe.encode()) <= 200


def test_a_long_name_keeps_its_suffix() -> None:
    assert safe_name("长" * 300 + ".pdf").endswith("长.pdf")


def test_two_libraries_never_share_a_folder(home: Home) -> None:
    assert library_folder(home, "a/b") != library_folder(home, "b")
    assert library_folder(home, "合同") == home.uploads / "合同"


def body(boundary: bytes, *parts: tuple[str, bytes]) -> bytes:
    out = b""
    for name, content in parts:
        out += b"--" + boundary + b'\r\nContent-Disposition: form-data; name="f"; filename="' + name.encode()
        out += b'"\r\nContent-Type: application/pdf\r\n\r\n' + content + b"\r\n"
    return out + b"--" + boundary + b"--\r\n"


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_a_body_in_pieces_of_any_size(home: Home, size: int) -> None:
    content = bytes(range(256)) * 5 + b"\r\n--not-the-boundary\r\n"
    raw = body(b"xyz", ("a.pdf", content), ("租约.txt", b""), ("a.pdf", b"second"))
    upload = Upload(home, library="L", content_type="multipart/form-data; boundary=xyz")
    for start in range(0, len(raw), size):
        upload.write(raw[start : start + size])
    assert upload.finish() == [home.uploads / "L" / "a.pdf", home.uploads / "L" / "租约.txt"]
    assert (home.uploads / "L" / "a.pdf").read_bytes() == b"second"
    assert not list((home.uploads / ".partial").iterdir())


@pytest.mark.parametrize("cut", [1, 30, 90, 140])
def test_a_body_that_breaks_off_leaves_nothing(home: Home, cut: int) -> None:
    upload = Upload(home, library="L", content_type="multipart/form-data; boundary=xyz")
    upload.write(body(b"xyz", ("a.pdf", b"content" * 10))[:cut])
    with pytest.raises(UserError) as caught:
        upload.finish()
    upload.abandon()
    assert caught.value.code is Code.BAD_REQUEST
    assert not [path for path in home.root.rglob("*") if path.is_file()]


@pytest.mark.parametrize("content_type", ["multipart/form-data", "text/plain", "", "multipart/mixed; boundary=x"])
def test_a_header_without_a_boundary(home: Home, content_type: str) -> None:
    with pytest.raises(UserError):
        Upload(home, library="L", content_type=content_type)


def test_garbage_is_no_body(home: Home) -> None:
    upload = Upload(home, library="L", content_type="multipart/form-data; boundary=xyz")
    with pytest.raises(UserError):
        upload.write(b"no boundary here")
    upload.abandon()


def test_only_our_own_copies_are_forgotten(home: Home, tmp_path: Path) -> None:
    own, ours = tmp_path / "own.txt", home.uploads / "L" / "a.txt"
    ours.parent.mkdir(parents=True)
    for path in (own, ours):
        path.write_text("x")
    forget_upload(home, str(own))
    forget_upload(home, str(home.uploads / ".." / ".." / "own.txt"))
    forget_upload(home, str(ours))
    assert own.exists()
    assert not ours.exists()
