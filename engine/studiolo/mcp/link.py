"""The engine behind the tools: found or started at the first call, found again where it has been started anew.

Threads: the loop's.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Mapping
from pathlib import Path

from anyio import to_thread

from studiolo.client.asynchronous import AsyncClient
from studiolo.client.porter import Porter
from studiolo.client.reach import reach
from studiolo.paths import Home


class Link:
    """One engine of one home, asked with one token."""

    def __init__(
        self, home: Home, *, environ: Mapping[str, str], token_file: Path | None, porter: Porter | None = None
    ) -> None:
        """Connects to nothing yet. `token_file` None: the owner's token. `porter`: of a process that is sealed."""
        self._home = home
        self._environ = environ
        self._token_file = token_file
        self._porter = porter
        self._client: AsyncClient | None = None
        self._lock = asyncio.Lock()

    @property
    def token_file(self) -> Path:
        """Where the token stands that this server acts with."""
        return self._token_file or self._home.token_file

    async def client(self) -> AsyncClient:
        """The engine, that answers. Raises what `reach` does."""
        async with self._lock:
            if self._client is not None and not await self._client.alive():
                await self._let_go()
            if self._client is None:
                self._client = await to_thread.run_sync(self._found)
            return self._client

    async def aclose(self) -> None:
        """Let go of the engine; one that was started here ends."""
        async with self._lock:
            await self._let_go()

    def _found(self) -> AsyncClient:
        found = reach(self._home, environ=self._environ, start=True, token_file=self._token_file, porter=self._porter)
        dial = None if self._porter is None else functools.partial(self._porter.dial, found.url)
        return AsyncClient(found.url, found.token, process=found.process, dial=dial)

    async def _let_go(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()
