"""Fetches one file over https, going on where an earlier attempt stopped. One thread."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from studiolo.errors import Code, UserError
from studiolo.jobs import CancelToken
from studiolo.models.files import flush_to_disk, writing_into
from studiolo.models.packages import SourceFailed

if TYPE_CHECKING:
    import httpx

CONNECT_TIMEOUT_S = 15.0
READ_TIMEOUT_S = 60.0
ATTEMPTS = 4
PAUSE_S = 1.0
MAX_REDIRECTS = 8
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def check_address(url: str) -> None:
    """Raise UserError(bad_request) unless it is https, or http on this very machine."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise UserError(Code.BAD_REQUEST, field="source", problem="https")


def fetch(url: str, target: Path, *, size_bytes: int, cancel: CancelToken) -> Iterator[int]:
    """Download `url` to `target`, after what is there; yields the bytes that are there. Ends early when cancelled.

    Raises SourceFailed (unreachable, refused, or of another size), EnvironmentFault(disk_full, no_permission).
    """
    import httpx

    check_address(url)
    timeout = httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
    # redirects are followed by hand below: each address is checked, so that none leaves https
    with httpx.Client(timeout=timeout, follow_redirects=False) as client:
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(PAUSE_S * attempt)
            if cancel.cancelled:
                return
            try:
                ended = yield from _attempt(client, url, target, size_bytes=size_bytes, cancel=cancel)
            except httpx.TransportError:
                continue
            if ended:
                return
    raise SourceFailed


def _attempt(
    client: httpx.Client, url: str, target: Path, *, size_bytes: int, cancel: CancelToken
) -> Generator[int, None, bool]:
    """One request; True = the file is complete, or nobody wants it any more."""
    with writing_into(target.parent), target.open("ab") as out:
        done = out.tell()
        if done > size_bytes:
            out.truncate(0)
            done = 0
        if done == size_bytes:
            return True
        headers = {"Accept-Encoding": "identity"}
        if done:
            headers["Range"] = f"bytes={done}-"
        for _ in range(MAX_REDIRECTS):
            with client.stream("GET", url, headers=headers) as response:
                if response.is_redirect and response.next_request is not None:
                    url = str(response.next_request.url)
                    check_address(url)
                    continue
                if response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                    out.truncate(0)
                    return False
                if response.status_code not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
                    raise SourceFailed
                if response.status_code == HTTPStatus.OK and done:  # the server knows no ranges: from the start
                    out.truncate(0)
                    done = 0
                for chunk in response.iter_raw():  # as it comes: a chunk size would hold back what a break then loses
                    done += len(chunk)
                    if done > size_bytes:
                        out.truncate(0)
                        raise SourceFailed
                    out.write(chunk)
                    yield done
                    if cancel.cancelled:
                        return True
                flush_to_disk(out)
                return done == size_bytes
        raise SourceFailed
