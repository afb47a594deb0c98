"""What a process that we start need not know: the passphrase of the pseudonyms. Pure; any thread."""

from __future__ import annotations

from collections.abc import Mapping

_SECRET = "STUDIOLO_PASSPHRASE"  # noqa: S105 - how the variables' names begin


def without_passphrase(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without it, for those who read foreign files, have the network or speak to other programs."""
    return {name: value for name, value in environ.items() if not name.startswith(_SECRET)}
