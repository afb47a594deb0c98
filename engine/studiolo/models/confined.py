"""What a pull may touch: it has the network, so it gets no document and no conversation to tell of (Linux, Landlock).

It reads programs, certificates, its own settings and the source it was given, and writes the folder of the models. The
rest of the home, its token and key included, and everybody's files are not there for it. Where the kernel has no
Landlock it runs as before; `confine` says so. A home that lies inside an installed Python would not be kept from it.
"""

from __future__ import annotations

import os
import site
import sys
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from studiolo.isolation import landlock
from studiolo.isolation.environment import PACKAGE_ROOT
from studiolo.paths import Home

PROGRAMS = ("/usr", "/lib", "/lib64", "/bin", "/sbin", "/opt", "/nix/store", "/etc", "/proc", "/sys/devices/system")
RESOLVERS = ("/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager", "/run/nscd", "/var/run/nscd")
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")
SETTINGS = (".config/pip", ".pip", ".netrc", ".config/pki", ".pki")
NAMED = ("PIP_CONFIG_FILE", "PIP_CERT", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
PLACES = ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL")


def confine(home: Home, *, environ: MutableMapping[str, str], also: Sequence[Path] = ()) -> bool:
    """Give everything else up, for good; `also`: what was named to be read. False where the kernel cannot.

    PYTHONPATH loses what is no longer there for us: pip would stumble over it. Call it before any thread is started.
    """
    with suppress(OSError):  # writing says what is wrong
        home.models.mkdir(parents=True, exist_ok=True, mode=0o700)
    modules = [Path(place) for place in sys.path if place and not home.root.is_relative_to(place)]
    read = [*_readable(environ), *modules, *also]
    confined = landlock.only_files(read=read, write=[home.models, Path("/dev/null")])
    if confined and environ.get("PYTHONPATH"):
        kept = [place for place in environ["PYTHONPATH"].split(os.pathsep) if Path(place) in modules]
        environ["PYTHONPATH"] = os.pathsep.join(kept)
    return confined


def _readable(environ: Mapping[str, str]) -> Iterator[Path]:
    yield from map(Path, (*PROGRAMS, *RESOLVERS, *DEVICES))
    yield PACKAGE_ROOT
    for prefix in {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix, site.getusersitepackages()}:
        yield Path(prefix)
    owner = Path.home()
    yield from (owner / name for name in SETTINGS)
    yield from (Path(environ[name]) for name in NAMED if environ.get(name))
    for name in PLACES:
        for place in environ.get(name, "").split():
            path = unquote(urlsplit(place).path) if place.startswith("file:") else place
            if path.startswith("/"):
                yield Path(path)
