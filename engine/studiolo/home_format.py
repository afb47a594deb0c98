"""The home's folder and the version of its format, which stands in a file of its own: looked at before anything is
opened. Threads: any.
"""

from __future__ import annotations

import json
import os

from studiolo.errors import Code, EnvironmentFault, disk_fault
from studiolo.paths import Home

HOME_FORMAT = 1


def prepare_home(home: Home) -> None:
    """Make the folder (for its owner alone) and check its format. Raises EnvironmentFault."""
    try:
        home.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not home.format_file.exists():
            partial = home.format_file.with_suffix(".partial")
            partial.write_text(json.dumps({"format": HOME_FORMAT}), encoding="utf-8")
            os.replace(partial, home.format_file)  # noqa: PTH105
        found = json.loads(home.format_file.read_text(encoding="utf-8"))["format"]
        if not isinstance(found, int):
            raise TypeError
    except OSError as error:
        raise disk_fault(error, home.root) from None
    except (ValueError, KeyError, TypeError):
        raise EnvironmentFault(Code.DAMAGED_STORE, store="home") from None
    if found > HOME_FORMAT:
        raise EnvironmentFault(Code.NEWER_FORMAT, store="home", found=found, supported=HOME_FORMAT)
