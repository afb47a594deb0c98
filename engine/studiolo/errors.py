"""The errors the engine can raise, split by who must act.

    StudioloError
    +-- UserError          the request can be put right by whoever made it
    +-- EnvironmentFault   the machine, the disk, the installation or another process must change
    +-- PolicyBlock        the privacy filter refused; nothing was emitted
    +-- EngineBug          ours; please report it

Every error carries a stable `code` and `values` that an edge (CLI, HTTP, window) puts into a sentence of its own:
the engine writes no sentences. `values` may hold file names or model ids for that sentence; they are in neither
`str()` nor `repr()`, because exceptions end up in logs and logs hold no user text.
"""

from __future__ import annotations

import errno
from enum import StrEnum
from pathlib import Path


class Code(StrEnum):
    """Stable error codes. Each must have a sentence in every edge's table (a test checks it)."""

    # UserError
    FILE_MISSING = "file_missing"  # path
    FILE_UNREADABLE = "file_unreadable"  # path
    FILE_CHANGED = "file_changed"  # path: it is no longer what was read
    UNKNOWN_FORMAT = "unknown_format"  # path, suffix, known
    EMPTY_DOCUMENT = "empty_document"  # path
    NEEDS_PASSWORD = "needs_password"  # noqa: S105 - path
    DAMAGED_FILE = "damaged_file"  # path
    PARSE_TIMEOUT = "parse_timeout"  # path, limit_s
    FILE_TOO_LARGE = "file_too_large"  # path, limit_bytes
    NEEDS_OCR = "needs_ocr"  # path: a picture of text, and text recognition is not installed
    CONVERT_FIRST = "convert_first"  # path, suffix, better: a legacy format that no library reads
    ARCHIVE_TOO_LARGE = "archive_too_large"  # path, limit_bytes: unpacked it would pass the limit
    UNKNOWN_LIBRARY = "unknown_library"  # library
    UNKNOWN_DOCUMENT = "unknown_document"  # document
    UNKNOWN_CONVERSATION = "unknown_conversation"  # conversation
    UNKNOWN_JOB = "unknown_job"  # job
    UNKNOWN_MODEL = "unknown_model"  # model
    MODEL_MISSING = "model_missing"  # model (several: a space between): known to the catalogue, not on this machine
    MODEL_KIND = "model_kind"  # model, kind, needed
    UNKNOWN_ADAPTER = "unknown_adapter"  # adapter, known (ids, a comma between; "" = none is installed)
    ADAPTER_MISFIT = "adapter_misfit"  # adapter, model: it was made for another
    DAMAGED_MODEL = "damaged_model"  # model
    DIGEST_MISMATCH = "digest_mismatch"  # file, expected, actual
    MODEL_EXISTS = "model_exists"  # model
    BAD_POLICY = "bad_policy"  # file, line, problem, key (dotted): the privacy policy's file is not in force
    REFUSED_BY_POLICY = "refused_by_policy"  # path, types: the library takes in no file with such values
    PROMPT_TOO_LONG = "prompt_too_long"  # tokens, limit
    BAD_REQUEST = "bad_request"  # field, problem
    UNAUTHORISED = "unauthorised"
    FORBIDDEN_ORIGIN = "forbidden_origin"
    MISSING_SCOPE = "missing_scope"  # scope ("owner": no named token has it)
    TOO_MANY_REQUESTS = "too_many_requests"  # limit (rate or concurrent), most, retry_after_s
    PATH_NOT_ALLOWED = "path_not_allowed"  # path: outside the roots of a named token
    UNKNOWN_TOKEN = "unknown_token"  # noqa: S105 - name
    TOKEN_EXISTS = "token_exists"  # noqa: S105 - name
    # EnvironmentFault
    # and context_tokens with which it would fit (0: none)
    NOT_ENOUGH_MEMORY = "not_enough_memory"  # model, needed_bytes (0: not known), available_bytes, smaller (id or "")
    DISK_FULL = "disk_full"  # path
    NO_PERMISSION = "no_permission"  # path
    PORT_BUSY = "port_busy"  # host, port
    HOME_BUSY = "home_busy"  # home, pid
    NEWER_FORMAT = "newer_format"  # store, found, supported
    DAMAGED_STORE = "damaged_store"  # store
    UNSUPPORTED_CPU = "unsupported_cpu"  # missing
    MISSING_PACKAGE = "missing_package"  # package
    SOURCE_UNREACHABLE = "source_unreachable"  # model, tried
    PASSPHRASE_NEEDED = "passphrase_needed"  # noqa: S105
    WRONG_PASSPHRASE = "wrong_passphrase"  # noqa: S105
    KEY_LOST = "key_lost"  # protection: keyring or file
    KEYRING_MISSING = "keyring_missing"
    ENGINE_GONE = "engine_gone"
    ENGINE_START = "engine_start"  # exit_code
    ENGINE_OPENING = "engine_opening"  # retry_after_s
    # PolicyBlock
    FILTER_FAILED = "filter_failed"
    BLOCKED_BY_POLICY = "blocked_by_policy"  # types
    # EngineBug
    INTERNAL = "internal"  # where


class StudioloError(Exception):
    """Base of all errors; raise one of the four below.

    `values` hold what the sentence needs (strings and numbers only). They never reach `str()` or `repr()`.
    """

    def __init__(self, code: Code, **values: str | float) -> None:
        super().__init__(code.value)
        self.code = code
        self.values = values

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.code.value})"


class UserError(StudioloError):
    """The request can be put right by whoever made it."""


class EnvironmentFault(StudioloError):
    """The machine, the disk, the installation or another process must change."""


class PolicyBlock(StudioloError):
    """The privacy filter refused, or could not run: it fails closed."""


class EngineBug(StudioloError):
    """A defect of ours."""


_USER = list(Code)[: list(Code).index(Code.NOT_ENOUGH_MEMORY)]
_POLICY = (Code.FILTER_FAILED, Code.BLOCKED_BY_POLICY)


def error_for(code: str, values: dict[str, str | int | float]) -> StudioloError:
    """The error a code stands for, as when it comes back over HTTP. An unknown code becomes EngineBug."""
    try:
        known = Code(code)
    except ValueError:
        return EngineBug(Code.INTERNAL, where="unknown error code")
    if known in _USER:
        return UserError(known, **values)
    if known in _POLICY:
        return PolicyBlock(known, **values)
    if known is Code.INTERNAL:
        return EngineBug(known, **values)
    return EnvironmentFault(known, **values)


def unexpected(error: BaseException, *, model: str = "") -> StudioloError:
    """What an edge says of an exception that is none of ours: its type, never its text."""
    if isinstance(error, StudioloError):
        return error
    if isinstance(error, MemoryError):
        return EnvironmentFault(Code.NOT_ENOUGH_MEMORY, model=model, needed_bytes=0, available_bytes=0, smaller="")
    return EngineBug(Code.INTERNAL, where=type(error).__name__)


def import_failed(error: BaseException, *, package: str) -> EnvironmentFault:
    """Why a package could not be imported: it is not there, or there is no memory for its libraries."""
    said = str(error).lower()
    if isinstance(error, MemoryError) or "failed to map" in said or "allocate memory" in said:
        return EnvironmentFault(Code.NOT_ENOUGH_MEMORY, model="", needed_bytes=0, available_bytes=0, smaller="")
    return EnvironmentFault(Code.MISSING_PACKAGE, package=package)


def disk_fault(error: OSError, folder: Path) -> EnvironmentFault:
    """The fault that an OSError of writing into `folder` stands for."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return EnvironmentFault(Code.DISK_FULL, path=str(folder))
    return EnvironmentFault(Code.NO_PERMISSION, path=str(folder))
