"""The native API's routes of models: listing, importing, quantizing, comparing, removing them.

What takes long is a job, in a lane of its own: documents are added meanwhile. Threads: as in `native.py`.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from studiolo import wire
from studiolo.server.bodies import CompareBody, FileBody, ModelBody, QuantizeBody
from studiolo.server.errors import WireResponse
from studiolo.server.libraries import ACCEPTED, NO_CONTENT, absolute, accepted
from studiolo.server.rights import caller
from studiolo.server.service import Service

_LANE = "models"


def model_routes(router: APIRouter, service: Service) -> None:
    """The models of this machine."""
    engine = service.engine

    @router.get("/models", tags=["models"])
    def models() -> Response:
        """The catalogue, and what was imported beside it."""
        return WireResponse({"models": wire.plain(engine.models())})

    @router.post("/models", status_code=201, tags=["models"])
    def import_model(body: FileBody) -> Response:
        """Import a model or adapter file of this machine."""
        return WireResponse(wire.plain(engine.import_model(absolute(body.path, field="path"))), status_code=201)

    @router.get("/models/fits", tags=["models"])
    def model_fits() -> Response:
        """How each chat model would do on this machine: memory needed and free, speed as measured or expected."""
        return WireResponse({"fits": wire.plain(engine.model_fits())})

    @router.post("/models/calibrate", status_code=ACCEPTED, tags=["models"])
    def calibrate_model(body: ModelBody) -> Response:
        """Measure how a model runs fastest here. Answers with a job to watch; the model's next load uses the result."""
        return accepted(
            service.jobs.submit(lambda cancel: engine.calibrate_model(body.model, cancel=cancel), lane=_LANE)
        )

    @router.post("/models/quantize", status_code=ACCEPTED, tags=["models"])
    def quantize_model(body: QuantizeBody) -> Response:
        """Make a smaller model of an installed one. Answers with a job to watch; its progress names the new model."""
        return accepted(
            service.jobs.submit(
                lambda cancel: engine.quantize_model(body.model, body.to, name=body.name, cancel=cancel), lane=_LANE
            )
        )

    @router.post("/models/compare", status_code=ACCEPTED, tags=["models"])
    def compare_models(body: CompareBody) -> Response:
        """Measure what a model loses and gains against another. Answers with a job to watch, which has the result."""
        text, who = None if body.text is None else absolute(body.text, field="text"), caller()
        return accepted(
            service.jobs.submit(
                lambda cancel: engine.compare_models(
                    body.model,
                    body.other,
                    text=None if text is None else who.path(text),
                    tokens=body.tokens,
                    cancel=cancel,
                ),
                lane=_LANE,
            )
        )

    @router.delete("/models/{model_id}", status_code=NO_CONTENT, tags=["models"])
    def remove_model(model_id: str) -> Response:
        """Remove a model's files."""
        engine.remove_model(model_id)
        return Response(status_code=NO_CONTENT)
