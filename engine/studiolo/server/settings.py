"""The native API's routes of the home's settings. Threads: as in `native.py`."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from studiolo import wire
from studiolo.server.bodies import SettingsBody
from studiolo.server.errors import WireResponse
from studiolo.server.service import Service


def settings_routes(router: APIRouter, service: Service) -> None:
    """Reading and changing settings."""

    @router.get("/settings", tags=["engine"])
    def settings() -> Response:
        """The settings of the home: all of them, with their defaults and bounds."""
        return WireResponse({"settings": wire.plain(service.engine.settings())})

    @router.patch("/settings", tags=["engine"])
    def change_settings(body: SettingsBody) -> Response:
        """Set some settings; they count at once. What they then are."""
        return WireResponse({"settings": wire.plain(service.engine.change_settings(body.settings))})
