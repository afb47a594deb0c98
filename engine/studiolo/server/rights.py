"""Who calls, and what each route asks of a named token: one table for all of them.

A route that is not in the table is the owner's alone; a test walks the application and fails on one without a row.
Whoever calls stands in a context variable while the request is served, set by the door. Threads: any.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from studiolo.errors import Code, EngineBug, UserError
from studiolo.tokens import NamedToken, Scope, confined
from studiolo.types import Reader, ServiceClass

OPEN: Final = ("open",)  # no token is needed
OWNER: Final = ("owner",)  # no named token may
ANY: Final[tuple[str, ...]] = ()  # any valid token; jobs and streams are those of the caller
_ASK, _SEARCH, _INGEST = (Scope.ASK.value,), (Scope.SEARCH.value,), (Scope.INGEST.value,)
_ADMIN, _RESTORE = (Scope.ADMIN.value,), (Scope.RESTORE.value,)

UPLOADS: Final = "/api/libraries/{name}/documents"
NEEDED: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {  # all of these scopes
    ("GET", "/healthz"): OPEN,
    ("GET", "/readyz"): ANY,
    ("GET", "/openapi.json"): ANY,
    ("GET", "/api/status"): _ADMIN,
    ("GET", "/api/doctor"): _ADMIN,
    ("GET", "/api/settings"): _ADMIN,
    ("PATCH", "/api/settings"): OWNER,
    ("GET", "/api/ahead"): _ADMIN,
    ("PUT", "/api/ahead"): _ADMIN,
    ("GET", "/api/tokens"): OWNER,
    ("POST", "/api/tokens"): OWNER,
    ("DELETE", "/api/tokens/{name}"): OWNER,
    ("GET", "/api/libraries"): ANY,
    ("POST", "/api/libraries"): _INGEST,
    ("DELETE", "/api/libraries/{name}"): _ADMIN,
    ("GET", "/api/libraries/{name}/statistics"): _ADMIN,
    ("GET", "/api/libraries/{name}/map"): _SEARCH + _RESTORE,  # names and first words as they are
    ("POST", "/api/libraries/{name}/check"): _ADMIN,
    ("PUT", "/api/libraries/{name}/embedder"): _ADMIN,
    ("POST", "/api/libraries/{name}/export"): _ADMIN + _RESTORE,  # the file holds the texts as they are
    ("POST", "/api/libraries/import"): _ADMIN,
    ("GET", "/api/libraries/{name}/watched"): OWNER,
    ("POST", "/api/libraries/{name}/watched"): OWNER,  # what is put there later is read unasked
    ("DELETE", "/api/libraries/{name}/watched"): OWNER,
    ("GET", "/api/libraries/{name}/documents"): _SEARCH + _RESTORE,  # names and paths as they are
    ("POST", "/api/libraries/{name}/documents"): _INGEST,
    ("DELETE", "/api/libraries/{name}/documents"): _ADMIN,
    ("GET", "/api/libraries/{name}/documents/{document_id}"): _SEARCH + _RESTORE,
    ("DELETE", "/api/libraries/{name}/documents/{document_id}"): _ADMIN,
    ("GET", "/api/libraries/{name}/documents/{document_id}/passages"): _SEARCH + _RESTORE,
    ("GET", "/api/libraries/{name}/documents/{document_id}/pages/{page}"): _SEARCH + _RESTORE,
    ("POST", "/api/libraries/{name}/documents/{document_id}/pages/{page}"): _SEARCH + _RESTORE,
    ("GET", "/api/libraries/{name}/documents/{document_id}/report"): _ADMIN,
    ("GET", "/api/libraries/{name}/pseudonyms"): _ADMIN + _RESTORE,
    ("DELETE", "/api/libraries/{name}/pseudonyms"): _ADMIN,
    ("DELETE", "/api/pseudonyms"): _ADMIN,
    ("PUT", "/api/pseudonyms/protection"): OWNER,
    ("GET", "/api/privacy"): _ADMIN + _RESTORE,  # it lists a person's own words
    ("PUT", "/api/privacy"): OWNER,  # it decides what named tokens see
    ("POST", "/api/privacy/preview"): OWNER,  # by its own words and patterns it could tell those of the file
    ("POST", "/api/privacy/load"): OWNER,
    ("GET", "/api/jobs"): ANY,
    ("GET", "/api/jobs/{job_id}"): ANY,
    ("DELETE", "/api/jobs/{job_id}"): ANY,
    ("GET", "/api/jobs/{job_id}/events"): ANY,
    ("DELETE", "/api/streams/{stream_name}"): ANY,
    ("POST", "/api/search"): _SEARCH,
    ("POST", "/api/ask"): _ASK,
    ("POST", "/api/chat"): _ASK,
    ("POST", "/api/redact"): _ASK,
    ("GET", "/api/conversations"): _ADMIN + _RESTORE,
    ("POST", "/api/conversations/quoting"): _ADMIN + _RESTORE,
    ("POST", "/api/conversations/search"): OWNER,  # it looks into all that was ever said
    ("GET", "/api/conversations/{conversation_id}"): _ADMIN + _RESTORE,
    ("PUT", "/api/conversations/{conversation_id}"): _ADMIN + _RESTORE,
    ("GET", "/api/conversations/{conversation_id}/export"): _ADMIN + _RESTORE,
    ("DELETE", "/api/conversations/{conversation_id}"): _ADMIN,
    ("GET", "/api/turns/{turn_id}/seen"): _ADMIN + _RESTORE,
    ("PUT", "/api/turns/{turn_id}/shown"): _ADMIN,
    ("GET", "/api/turns/{turn_id}/screening"): _ADMIN + _RESTORE,
    ("POST", "/api/turns/{turn_id}/reveal"): _ADMIN + _RESTORE,
    ("GET", "/api/audit"): _ADMIN,
    ("GET", "/api/audit/verify"): _ADMIN,
    ("GET", "/api/models"): ANY,
    ("POST", "/api/models"): _ADMIN,
    ("GET", "/api/models/fits"): _ADMIN,
    ("POST", "/api/models/calibrate"): _ADMIN,
    ("POST", "/api/models/quantize"): _ADMIN,
    ("POST", "/api/models/compare"): _ADMIN,
    ("DELETE", "/api/models/{model_id}"): _ADMIN,
    ("GET", "/v1/models"): ANY,
    ("GET", "/v1/models/{model_id}"): ANY,
    ("POST", "/v1/chat/completions"): _ASK,
    ("POST", "/v1/completions"): _ASK,
    ("POST", "/v1/embeddings"): _SEARCH,
    ("GET", "/metrics"): _ADMIN,
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request: the owner, or the holder of a named token."""

    token: NamedToken | None = None

    @property
    def name(self) -> str:
        """The token's name, "" for the owner. Tokens of one name, one after the other, are told apart by `mark`."""
        return "" if self.token is None else self.token.name

    @property
    def mark(self) -> str:
        """What jobs and streams of this caller are known by."""
        return "" if self.token is None else self.token.digest

    def service(self, wanted: ServiceClass) -> ServiceClass:
        """In which class a request is served: anybody may stand back."""
        return "batch" if self.token is not None and self.token.service == "batch" else wanted

    def reader(self, wanted: str) -> str:
        """As whom the caller reads, where the request asks to read as `wanted`."""
        if self.token is None:
            return wanted
        free = self.token.may(Scope.RESTORE) and wanted != Reader.OWNER
        return wanted if free else self.token.profile

    def path(self, path: Path) -> Path:
        """A path that the request names. Raises UserError(path_not_allowed)."""
        return path if self.token is None else confined(path, self.token)

    def require(self, scope: Scope) -> None:
        """Raises UserError(missing_scope)."""
        if self.token is not None and not self.token.may(scope):
            raise UserError(Code.MISSING_SCOPE, scope=scope.value)


CALLER: ContextVar[Caller] = ContextVar("studiolo_caller")


def caller() -> Caller:
    """Who sent the request that is being served. Raises EngineBug where none is: nobody is taken for the owner."""
    found = CALLER.get(None)
    if found is None:
        raise EngineBug(Code.INTERNAL, where="no caller")
    return found


def needed(method: str, path: str) -> tuple[str, ...]:
    """What a request needs: `OPEN`, scopes that the caller has to have all of, or `OWNER` (all that is not listed)."""
    fitting = [scopes for verb, pattern, scopes in _PATTERNS if verb == method and pattern.fullmatch(path)]
    return fitting[0] if fitting else OWNER


def refusal(called: Caller, method: str, path: str) -> UserError | None:
    """Why the caller may not do this; None where they may."""
    if called.token is None:
        return None
    missing = [scope for scope in needed(method, path) if scope != OPEN[0] and not called.token.may(scope)]
    return UserError(Code.MISSING_SCOPE, scope=missing[0]) if missing else None


def takes_uploads(method: str, path: str) -> bool:
    """Whether a request's body may be as large as files are."""
    return method == "POST" and _pattern(UPLOADS).fullmatch(path) is not None


@functools.cache
def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}]*\}", template)
    return re.compile("[^/]+".join(re.escape(part) for part in parts))


# Whole names before parameters, as the router takes them in the order of their routes.
_PATTERNS = [
    (method, _pattern(template), scopes)
    for (method, template), scopes in sorted(NEEDED.items(), key=lambda row: row[0][1].count("{"))
]
