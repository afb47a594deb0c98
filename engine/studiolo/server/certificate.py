"""The certificate of an address that others can reach: the owner's own, or one made here and signed by itself.

A made one stands in the home (`tls/`, its key 0600) and is used until a month before it ends, so that a client can pin
its fingerprint. Threads: the caller's.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from studiolo.errors import Code, UserError
from studiolo.handshake import write_private
from studiolo.paths import Home

VALID: Final = timedelta(days=397)
RENEWED_BEFORE: Final = timedelta(days=30)
_SIGNING: Final = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate in use. `names`: host names and addresses that it is for; `fingerprint`: SHA-256 in hex."""

    context: ssl.SSLContext
    names: frozenset[str]
    fingerprint: str


def own_certificate(cert: Path, key: Path) -> Certificate:
    """The owner's, as PEM. Raises UserError(bad_request)."""
    return _loaded(cert, key)


def made_certificate(home: Home, *, names: Sequence[str], now: datetime | None = None) -> Certificate:
    """One for these host names and addresses: the home's, or a new one. Raises UserError, EnvironmentFault."""
    cert, key = home.tls / "cert.pem", home.tls / "key.pem"
    at = now or datetime.now(UTC)
    if _usable(cert, names, at):
        with suppress(UserError):  # the key is gone, or that of another: writing the two was broken off in between
            return _loaded(cert, key)
    _make(cert, key, names=names, at=at)
    return _loaded(cert, key)


def _loaded(cert: Path, key: Path) -> Certificate:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(cert, key, password=lambda: "")  # else it would ask the terminal for one
        found = x509.load_pem_x509_certificate(cert.read_bytes())
    except (OSError, ValueError):  # ssl.SSLError is an OSError
        raise UserError(Code.BAD_REQUEST, field="cert", problem="not_a_certificate") from None
    return Certificate(context, frozenset(_names(found)), found.fingerprint(hashes.SHA256()).hex())


def _usable(cert: Path, names: Sequence[str], at: datetime) -> bool:
    try:
        found = x509.load_pem_x509_certificate(cert.read_bytes())
    except (OSError, ValueError):
        return False
    covered = {name.lower() for name in names} <= set(_names(found))
    return covered and found.not_valid_before_utc <= at < found.not_valid_after_utc - RENEWED_BEFORE


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    names = [str(address) for address in found.get_values_for_type(x509.IPAddress)]
    return names + [name.lower() for name in found.get_values_for_type(x509.DNSName) if "*" not in name]


def _make(cert: Path, key: Path, *, names: Sequence[str], at: datetime) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Studiolo")])
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - timedelta(minutes=5))
        .not_valid_after(at + VALID)
        .add_extension(x509.SubjectAlternativeName([_name(name) for name in names]), critical=False)
        # a client that trusts it trusts this server, and nobody whom its key would sign for
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_SIGNING, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(private, hashes.SHA256())
    )
    secret = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_private(key, secret.decode("ascii"))
    write_private(cert, built.public_bytes(serialization.Encoding.PEM).decode("ascii"))


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
