"""Where the engine listens: always on loopback; with TLS also on an address that others can reach.

Both are bound before anything is opened. Threads: the caller's.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from studiolo.errors import Code, EnvironmentFault, UserError
from studiolo.paths import Home

if TYPE_CHECKING:
    from studiolo.server.certificate import Certificate

BACKLOG: Final = 128
_HOST_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_ORIGIN: Final = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Tls:
    """That an address is served over TLS; without a certificate of the owner's one is made."""

    cert: Path | None = None
    key: Path | None = None

    def __post_init__(self) -> None:
        """Refuse one without the other. Raises UserError(bad_request)."""
        if (self.cert is None) != (self.key is None):
            raise UserError(Code.BAD_REQUEST, field="cert", problem="cert_and_key")


@dataclass(frozen=True, slots=True)
class Public:
    """A TLS listener: its certificate, the Host headers with which clients name it, and its address."""

    listener: socket.socket
    certificate: Certificate
    hosts: frozenset[str]
    url: str


def public(tls: Tls, listener: socket.socket, *, home: Home) -> Public:
    """What is to be known of a bound listener, while the system may still be asked. Raises as `certificate_for`."""
    certificate = certificate_for(tls, listener, home=home)
    names = names_of(listener)
    hosts = host_headers(sorted({*names, *certificate.names}), listener.getsockname()[1])
    return Public(listener, certificate, hosts, _public_url(listener, names))


def certificate_for(tls: Tls, listener: socket.socket, *, home: Home) -> Certificate:
    """The owner's certificate, or one made for the listener's names. Raises UserError, EnvironmentFault."""
    from studiolo.server.certificate import made_certificate, own_certificate

    if tls.cert is not None and tls.key is not None:
        return own_certificate(tls.cert, tls.key)
    return made_certificate(home, names=names_of(listener))


def bind(host: str, port: int) -> socket.socket:
    """A listening socket on a loopback address. Raises UserError(bad_request), EnvironmentFault(port_busy)."""
    address = _address(host)
    if not address.is_loopback:
        raise UserError(Code.BAD_REQUEST, field="host", problem="needs_tls")
    return _listening(str(address), port)


def bind_public(host: str, port: int) -> socket.socket:
    """A listening socket on any address of this machine. Raises as `bind`."""
    return _listening(str(_address(host)), port)


def names_of(listener: socket.socket) -> list[str]:
    """The addresses and names that lead to a listener: its own, or all of this machine where it listens on all."""
    address = ipaddress.ip_address(listener.getsockname()[0].partition("%")[0])
    found = _own_addresses(address.version) if address.is_unspecified else [str(address)]
    host = socket.gethostname().lower()
    return [*found, *([host] if _HOST_NAME.fullmatch(host) else [])]


def host_headers(names: Sequence[str], port: int) -> frozenset[str]:
    """The Host headers with which clients name a TLS listener."""
    written = [f"[{name}]" if ":" in name else name for name in names]
    return frozenset([f"{name}:{port}" for name in written] + (written if port == 443 else []))


def checked_origin(origin: str) -> str:
    """An origin as browsers send it. Raises UserError(bad_request)."""
    named = origin.strip().lower().rstrip("/")
    if not _ORIGIN.fullmatch(named):
        raise UserError(Code.BAD_REQUEST, field="allow-origin", problem="not_an_origin")
    return named


def url_of(listener: socket.socket, *, scheme: str = "http") -> str:
    """The address of a bound listener."""
    address, port = listener.getsockname()[:2]
    return f"{scheme}://[{address}]:{port}" if ":" in address else f"{scheme}://{address}:{port}"


def _public_url(listener: socket.socket, names: Sequence[str]) -> str:
    """Where it listens; where that is everywhere, at an address that others can reach."""
    address, port = listener.getsockname()[:2]
    if not ipaddress.ip_address(address.partition("%")[0]).is_unspecified:
        return url_of(listener, scheme="https")
    found = []
    for name in names:
        with contextlib.suppress(ValueError):
            found.append(ipaddress.ip_address(name))
    best = next((one for one in found if not one.is_loopback and not one.is_link_local), found[0] if found else None)
    shown = address if best is None else str(best)
    return f"https://[{shown}]:{port}" if ":" in shown else f"https://{shown}:{port}"


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address("127.0.0.1" if host == "localhost" else host.strip("[]"))
    except ValueError:
        raise UserError(Code.BAD_REQUEST, field="host", problem="not_an_address") from None


def _own_addresses(version: int) -> list[str]:
    import psutil

    family = socket.AF_INET if version == 4 else socket.AF_INET6
    listed = (one for of in psutil.net_if_addrs().values() for one in of if one.family == family)
    return sorted({str(ipaddress.ip_address(one.address.partition("%")[0])) for one in listed})


def _listening(address: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere it would let two programs share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        if isinstance(error, OSError) and error.errno == errno.EADDRNOTAVAIL:
            raise UserError(Code.BAD_REQUEST, field="host", problem="not_an_address") from None
        raise EnvironmentFault(Code.PORT_BUSY, host=address, port=port) from None
    return listener
