"""Office files that a password protects, old and new: opened with the passwords given. The only import of msoffcrypto.

The opened copy lies in a temporary file while it is read. Any thread.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from studiolo.errors import Code, UserError
from studiolo.knowledge.parsers.blocks import Parsed, Reading
from studiolo.knowledge.parsers.members import DEEPEST

_DEFAULT = "VelvetSweatshop"  # what Excel itself uses to protect a file without asking; [MS-OFFCRYPTO] 2.3.7.1


def read(path: Path, reading: Reading) -> Parsed:
    """The document inside. Raises UserError(needs_password) where no password fits, else what its own format raises."""
    import msoffcrypto
    from msoffcrypto.exceptions import DecryptionError, FileFormatError, InvalidKeyError, ParseError

    from studiolo.knowledge.parsers import parse

    if reading.depth > DEEPEST:  # what was opened says that it is still locked
        raise UserError(Code.NEEDS_PASSWORD, path=str(path))
    inside = replace(reading, depth=reading.depth + 1)
    for password in (*reading.passwords, _DEFAULT):
        with tempfile.TemporaryDirectory(prefix="studiolo-") as folder:
            plain = Path(folder) / f"opened{path.suffix}"
            try:
                with path.open("rb") as locked, plain.open("wb") as out:
                    office = msoffcrypto.OfficeFile(locked)
                    office.load_key(password=password)
                    office.decrypt(out)
            except (DecryptionError, InvalidKeyError):
                continue
            except (FileFormatError, ParseError, ValueError, KeyError, IndexError, TypeError):
                raise UserError(Code.DAMAGED_FILE, path=str(path)) from None
            return parse(plain, reading=inside)
    raise UserError(Code.NEEDS_PASSWORD, path=str(path))
