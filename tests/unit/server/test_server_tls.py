"""An address that others can reach: over TLS alone, under its own names, with a certificate that is made or named."""

from __future__ import annotations

import contextlib
import os
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from tests.scripted_engine import ScriptedEngine
from tests.served import TOKEN

from studiolo.errors import Code, EnvironmentFault, UserError
from studiolo.handshake import Handshake, read_handshake
from studiolo.paths import Home
from studiolo.server.certificate import made_certificate
from studiolo.server.listening import (
    Public,
    Tls,
    bind,
    bind_public,
    certificate_for,
    checked_origin,
    host_headers,
    names_of,
    public,
    url_of,
)
from studiolo.server.run import make_server, serve

AUTH = {"Authorization": f"Bearer {TOKEN}"}


@contextmanager
def both(home: Home) -> Iterator[tuple[str, Public]]:
    """The loopback URL and the TLS listener, here on loopback too."""
    listener, other = bind("127.0.0.1", 0), bind_public("127.0.0.1", 0)
    known = public(Tls(), other, home=home)
    up = threading.Event()
    server = make_server(ScriptedEngine(), home, listener, token=TOKEN, on_up=up.set, other=known)
    thread = threading.Thread(target=lambda: server.run(sockets=[listener]), name="engine-served")
    with closing(listener), closing(other):
        thread.start()
        try:
            assert up.wait(20)
            yield url_of(listener), known
        finally:
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive()


def trusting(home: Home) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(home.tls / "cert.pem"))


def test_both_listeners(home: Home) -> None:
    with both(home) as (plain, other), httpx.Client(verify=trusting(home), trust_env=False, timeout=20) as client:
        assert other.url.startswith("https://127.0.0.1:")
        assert client.get(other.url + "/healthz").status_code == 200
        assert client.get(other.url + "/api/status").status_code == 401
        assert client.get(other.url + "/api/status", headers=AUTH).status_code == 200
        assert client.get(plain + "/api/status", headers=AUTH).status_code == 200
        port, plain_port = other.url.rsplit(":", 1)[1], plain.rsplit(":", 1)[1]
        elsewhere = ("evil.example", f"evil.example:{port}", f"127.0.0.1:{plain_port}", "127.0.0.1", f"10.9.8.7:{port}")
        for host in elsewhere:
            assert client.get(other.url + "/api/status", headers={**AUTH, "Host": host}).status_code == 403
        assert client.get(plain + "/api/status", headers={**AUTH, "Host": f"127.0.0.1:{port}"}).status_code == 403
        for origin in (other.url.replace("https", "http"), plain, "https://evil.example"):
            assert client.get(other.url + "/api/status", headers={**AUTH, "Origin": origin}).status_code == 403
        assert client.get(other.url + "/api/status", headers={**AUTH, "Origin": other.url}).status_code == 200
        with pytest.raises(httpx.HTTPError):  # no plain HTTP there
            httpx.get(other.url.replace("https", "http") + "/healthz", trust_env=False, timeout=20).raise_for_status()
        with pytest.raises(httpx.ConnectError):  # nobody trusts it unasked
            httpx.get(other.url + "/healthz", trust_env=False, timeout=20)


def test_old_versions_of_tls_are_refused(home: Home) -> None:
    with both(home) as (_, other):
        assert other.certificate.context.minimum_version >= ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "192.168.1.5", "[::]"])
def test_without_tls_it_does_not_start(home: Home, host: str) -> None:
    with pytest.raises(UserError) as caught:
        serve(home, environ={}, host=host)
    assert (caught.value.code, caught.value.values) == (Code.BAD_REQUEST, {"field": "host", "problem": "needs_tls"})
    assert not home.root.exists()


@pytest.mark.parametrize("host", ["example.org", "", "8.8.8.8", "1.2.3"])
def test_what_is_no_address_of_this_machine(home: Home, host: str) -> None:
    with pytest.raises(UserError) as caught:
        serve(home, environ={}, host=host, tls=Tls())
    assert caught.value.values == {"field": "host", "problem": "not_an_address"}


def test_a_taken_port(home: Home) -> None:
    with bind_public("127.0.0.1", 0) as taken, pytest.raises(EnvironmentFault) as caught:
        serve(home, environ={}, host="127.0.0.1", port=taken.getsockname()[1], tls=Tls())
    assert caught.value.code is Code.PORT_BUSY


def test_a_certificate_is_kept_until_it_no_longer_fits(home: Home) -> None:
    now = datetime(2026, 6, 1, tzinfo=UTC)
    first = made_certificate(home, names=["127.0.0.1", "study.local"], now=now)
    assert first.names == {"127.0.0.1", "study.local"}
    if os.name == "posix":
        assert (home.tls / "key.pem").stat().st_mode & 0o777 == 0o600
    later = made_certificate(home, names=["127.0.0.1"], now=now + timedelta(days=300))
    assert later.fingerprint == first.fingerprint
    assert made_certificate(home, names=["10.0.0.1"], now=now).fingerprint != first.fingerprint
    ended = made_certificate(home, names=["10.0.0.1"], now=now + timedelta(days=380))
    assert ended.names == {"10.0.0.1"}
    (home.tls / "cert.pem").write_text("broken")
    assert made_certificate(home, names=["10.0.0.1"], now=now).names == {"10.0.0.1"}


def test_a_certificate_whose_key_is_gone_or_anothers_is_made_anew(home: Home, tmp_path: Path) -> None:
    first = made_certificate(home, names=["10.0.0.1"])
    (home.tls / "key.pem").unlink()
    second = made_certificate(home, names=["10.0.0.1"])
    assert second.fingerprint != first.fingerprint
    other = Home(tmp_path / "other")
    made_certificate(other, names=["10.0.0.1"])
    (other.tls / "key.pem").replace(home.tls / "key.pem")
    assert made_certificate(home, names=["10.0.0.1"]).fingerprint != second.fingerprint


@pytest.mark.parametrize("strict", [False, True])  # Python is, from 3.13 on
def test_clients_that_trust_the_certificate_trust_this_server_alone(home: Home, *, strict: bool) -> None:
    made = made_certificate(home, names=["127.0.0.1", "study.local"])
    trusting = ssl.create_default_context(cafile=str(home.tls / "cert.pem"))
    trusting.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if strict:
        trusting.verify_flags |= ssl.VERIFY_X509_STRICT
    for name in ("127.0.0.1", "study.local"):
        incoming, outgoing, back = ssl.MemoryBIO(), ssl.MemoryBIO(), ssl.MemoryBIO()
        client = trusting.wrap_bio(incoming, outgoing, server_hostname=name)
        server = made.context.wrap_bio(back, incoming, server_side=True)
        for _ in range(4):
            for side in (client, server):
                with contextlib.suppress(ssl.SSLWantReadError):
                    side.do_handshake()
                back.write(outgoing.read())
        assert client.getpeercert(binary_form=True)
    found = x509.load_pem_x509_certificate((home.tls / "cert.pem").read_bytes())
    assert not found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_a_certificate_of_ones_own(home: Home, tmp_path: Path) -> None:
    made_certificate(home, names=["study.example"])
    cert, key = home.tls / "cert.pem", home.tls / "key.pem"
    with bind_public("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        known = public(Tls(cert, key), listener, home=home)
        assert {f"127.0.0.1:{port}", f"study.example:{port}"} <= known.hosts
        other = tmp_path / "other"
        made_certificate(Home(other), names=["x"])
        (tmp_path / "text").write_text("no certificate")
        anothers, text, none = other / "tls" / "key.pem", tmp_path / "text", tmp_path / "none"
        for wrong in ((cert, anothers), (text, key), (none, key), (key, cert)):
            with pytest.raises(UserError) as caught:
                certificate_for(Tls(*wrong), listener, home=home)
            assert caught.value.values == {"field": "cert", "problem": "not_a_certificate"}
    with pytest.raises(UserError) as caught:
        Tls(cert, None)
    assert caught.value.values["problem"] == "cert_and_key"


def test_a_key_with_a_passphrase_asks_nobody(home: Home, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization

    made_certificate(home, names=["x"])
    key = serialization.load_pem_private_key((home.tls / "key.pem").read_bytes(), None)
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    with bind_public("127.0.0.1", 0) as listener, pytest.raises(UserError):
        certificate_for(Tls(home.tls / "cert.pem", locked), listener, home=home)


def test_names_of_a_listener(home: Home) -> None:
    with bind_public("127.0.0.1", 0) as one, bind_public("0.0.0.0", 0) as every:
        assert names_of(one)[0] == "127.0.0.1"
        assert set(names_of(every)) >= {"127.0.0.1"}
        assert "0.0.0.0" not in names_of(every)
        assert "//0.0.0.0" not in public(Tls(), every, home=home).url
    assert host_headers(["::1", "a.example"], 8443) == {"[::1]:8443", "a.example:8443"}
    assert host_headers(["a.example"], 443) == {"a.example:443", "a.example"}


@pytest.mark.parametrize(
    ("given", "kept"),
    [("https://App.Example/", "https://app.example"), ("http://localhost:3000", "http://localhost:3000")],
)
def test_origins(given: str, kept: str) -> None:
    assert checked_origin(given) == kept


@pytest.mark.parametrize("origin", ["*", "null", "app.example", "https://a/path", "https://", "ftp://a", "https://*.a"])
def test_no_origins(origin: str) -> None:
    with pytest.raises(UserError) as caught:
        checked_origin(origin)
    assert caught.value.values["problem"] == "not_an_origin"


def test_our_own_programs_still_find_the_loopback_address() -> None:
    line = Handshake("http://127.0.0.1:1", 2, "/t", public="https://10.0.0.1:3", fingerprint="ab").line()
    found = read_handshake(line)
    assert found is not None
    assert found.url == "http://127.0.0.1:1"
    assert '"public": "https://10.0.0.1:3"' in line
    assert "public" not in Handshake("http://127.0.0.1:1", 2, "/t").line()
