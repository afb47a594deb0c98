"""Errors as HTTP answers: one table from code to status and sentence, one form for our API and one for OpenAI's.

The sentences hold no values: those stand beside them in `values`, for the authenticated caller alone.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from studiolo.errors import Code, StudioloError
from studiolo.wire import dumps

STATUS: dict[Code, tuple[int, str]] = {
    Code.FILE_MISSING: (404, "There is no such file."),
    Code.FILE_UNREADABLE: (422, "The file cannot be read."),
    Code.FILE_CHANGED: (409, "The file is no longer what was read; add it again."),
    Code.UNKNOWN_FORMAT: (415, "Files of this format cannot be read."),
    Code.EMPTY_DOCUMENT: (422, "The document holds no text."),
    Code.NEEDS_PASSWORD: (422, "The document is protected by a password."),
    Code.DAMAGED_FILE: (422, "The file is damaged."),
    Code.PARSE_TIMEOUT: (422, "Reading the file took too long and was stopped."),
    Code.FILE_TOO_LARGE: (413, "The file or the request is too large."),
    Code.NEEDS_OCR: (422, "The file is a picture of text, and text recognition is not installed."),
    Code.CONVERT_FIRST: (422, "The file is of an old format; save it in a current one."),
    Code.ARCHIVE_TOO_LARGE: (413, "The archive unpacks to more than the limit."),
    Code.UNKNOWN_LIBRARY: (404, "There is no library of that name."),
    Code.UNKNOWN_DOCUMENT: (404, "There is no such document in this library."),
    Code.UNKNOWN_CONVERSATION: (404, "There is no such conversation."),
    Code.UNKNOWN_JOB: (404, "There is no such job, or it has been forgotten."),
    Code.UNKNOWN_MODEL: (404, "There is no model of that name."),
    Code.MODEL_MISSING: (409, "The model is known but not on this machine; pull or import it first."),
    Code.MODEL_KIND: (400, "The model is of another kind than is needed here."),
    Code.UNKNOWN_ADAPTER: (404, "There is no adapter of that name; see those known."),
    Code.ADAPTER_MISFIT: (400, "The adapter was made for another model."),
    Code.DAMAGED_MODEL: (422, "The model file is damaged."),
    Code.DIGEST_MISMATCH: (422, "The file's digest is not the expected one."),
    Code.MODEL_EXISTS: (409, "There is a model of that name already."),
    Code.BAD_POLICY: (409, "The privacy policy cannot be used; see the file, the line and the problem."),
    Code.REFUSED_BY_POLICY: (422, "The library takes in no file with such personal data."),
    Code.PROMPT_TOO_LONG: (413, "The request does not fit into the model's context."),
    Code.BAD_REQUEST: (400, "The request is not well formed; see the field and the problem."),
    Code.UNAUTHORISED: (401, "A valid bearer token is needed."),
    Code.FORBIDDEN_ORIGIN: (403, "Requests from this host or origin are refused."),
    Code.MISSING_SCOPE: (403, "The token lacks the scope that this needs."),
    Code.TOO_MANY_REQUESTS: (429, "The token's limit is reached; try again after the time given."),
    Code.PATH_NOT_ALLOWED: (403, "The token may not name this path."),
    Code.UNKNOWN_TOKEN: (404, "There is no token of that name."),
    Code.TOKEN_EXISTS: (409, "There is a token of that name already."),
    Code.NOT_ENOUGH_MEMORY: (507, "There is not enough memory for the model."),
    Code.DISK_FULL: (507, "The disk is full."),
    Code.NO_PERMISSION: (500, "A file or folder of the home cannot be written."),
    Code.PORT_BUSY: (503, "The port is taken by another program."),
    Code.HOME_BUSY: (503, "Another process has this home open."),
    Code.NEWER_FORMAT: (500, "The data was written by a newer version."),
    Code.DAMAGED_STORE: (500, "A store of the home is damaged."),
    Code.UNSUPPORTED_CPU: (501, "This processor lacks an instruction set that is needed."),
    Code.MISSING_PACKAGE: (501, "A package of the installation is missing."),
    Code.SOURCE_UNREACHABLE: (502, "The model's sources cannot be reached."),
    Code.PASSPHRASE_NEEDED: (503, "The pseudonym table is protected by a passphrase, and none was given."),
    Code.WRONG_PASSPHRASE: (503, "The passphrase does not open the pseudonym table."),
    Code.KEY_LOST: (503, "The key of the pseudonym table is not where it was kept."),
    Code.KEYRING_MISSING: (501, "This machine has no keyring that can be used now."),
    Code.ENGINE_GONE: (503, "The engine has gone."),
    Code.ENGINE_START: (503, "The engine did not start."),
    Code.ENGINE_OPENING: (503, "The engine is opening its home; try again after the time given."),
    Code.FILTER_FAILED: (500, "The privacy filter could not run, so nothing was let through."),
    Code.BLOCKED_BY_POLICY: (403, "The privacy policy withholds this."),
    Code.INTERNAL: (500, "Something went wrong inside the engine; please report it."),
}

_OPENAI_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}


class WireResponse(Response):
    """JSON as `studiolo.wire` writes it: ASCII, so that any file name can travel."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The body."""
        return dumps(content).encode("ascii")


def status_of(error: StudioloError) -> int:
    """The HTTP status of an error."""
    return STATUS[error.code][0]


def native_shape(error: StudioloError) -> dict[str, Any]:
    """`{error: {code, message, values}}`."""
    return {"error": {"code": error.code.value, "message": STATUS[error.code][1], "values": error.values}}


def openai_shape(error: StudioloError, *, status: int | None = None) -> dict[str, Any]:
    """`{error: {message, type, code, param}}`, with our `values` as an extension."""
    status = status or status_of(error)
    message = STATUS[error.code][1]
    param = error.values.get("field") if error.code is Code.BAD_REQUEST else None
    if param is not None:
        message = f"{message} {param}: {error.values.get('problem', '')}"
    kind = _OPENAI_TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    return {
        "error": {
            "message": message,
            "type": kind,
            "code": error.code.value,
            "param": param,
            "values": error.values,
        }
    }


def respond(error: StudioloError, path: str, *, status: int | None = None) -> WireResponse:
    """The answer to a request for `path` that ended in `error`, in the form of that part of the API."""
    status = status or status_of(error)
    shape = openai_shape(error, status=status) if path.startswith("/v1/") else native_shape(error)
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if "retry_after_s" in error.values:
        headers["Retry-After"] = str(error.values["retry_after_s"])
    return WireResponse(shape, status_code=status, headers=headers)
