"""Which licences bind their users to more than naming who made the model. Data and one question; pure.

Names are SPDX's and those that model files carry. One that is not known is taken to have conditions; a file that names
none has none to show.
"""

from __future__ import annotations

# may be used for anything by anybody
_FREE = ("apache-2.0", "mit", "mit-0", "isc", "cc0-1.0", "cc-by-4.0", "unlicense", "zlib", "0bsd", "bsd", "wtfpl")


def has_conditions(licence: str) -> bool:
    """Whether its terms are to be read and accepted before the first use."""
    name = licence.strip().casefold()
    return bool(name) and not (name in _FREE or name.startswith(("apache", "bsd-")))
