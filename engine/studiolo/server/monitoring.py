"""`GET /metrics`: what the server has counted, and how the engine and its process stand now.

Threads: the server's pool.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator

from fastapi import APIRouter
from starlette.responses import Response

from studiolo import __version__
from studiolo.server.metrics import CONTENT_TYPE, Family, counter, exposed, gauge, gauge_by
from studiolo.server.service import Service


def metrics_router(service: Service) -> APIRouter:
    """The one route."""
    router = APIRouter(tags=["engine"])

    @router.get("/metrics", response_class=Response)
    def metrics() -> Response:
        """Counters in Prometheus' text form: requests, answers, tokens, jobs, documents, memory. No user text."""
        families = [*service.metrics.families(), *_standing(service), *_process()]
        return Response(exposed(families), media_type=CONTENT_TYPE)

    return router


def _standing(service: Service) -> Iterator[Family]:
    status = service.engine.status()
    libraries = service.engine.libraries()
    yield Family("studiolo_info", "gauge", "The version that serves.", (("", (("version", __version__),), 1.0),))
    yield gauge("studiolo_model_loaded", "Whether the chat model is loaded.", status.model_loaded)
    yield gauge("studiolo_busy", "Whether an answer is being written.", status.busy)
    yield gauge("studiolo_ingesting", "Whether files are being taken in.", status.reading)
    yield gauge("studiolo_passages_read_ahead", "Passages that the model has read ahead.", status.ahead)
    yield gauge("studiolo_streams", "Streams that run now.", service.streams.running)
    states: Counter[str] = Counter(service.jobs.states())
    known = ("queued", "running", "finished", "failed", "cancelled")
    yield gauge_by(
        "studiolo_jobs", "Jobs that can be asked for, by state.", "state", {state: states[state] for state in known}
    )
    yield gauge("studiolo_libraries", "Libraries.", len(libraries))
    yield gauge("studiolo_documents", "Documents of all libraries.", sum(library.documents for library in libraries))
    yield gauge("studiolo_passages", "Passages of all libraries.", sum(library.passages for library in libraries))


def _process() -> Iterator[Family]:
    import psutil

    process = psutil.Process(os.getpid())
    with process.oneshot():
        memory, times, began = process.memory_info(), process.cpu_times(), process.create_time()
    children = sum(_memory(child) for child in process.children(recursive=True))
    yield counter("process_cpu_seconds_total", "User and system CPU time.", times.user + times.system)
    yield gauge("process_start_time_seconds", "When the process began, Unix time.", began)
    yield gauge("process_resident_memory_bytes", "Resident memory.", memory.rss)
    yield gauge("process_virtual_memory_bytes", "Virtual memory.", memory.vms)
    yield gauge("studiolo_children_memory_bytes", "Resident memory of child processes, as of parsers.", children)
    yield gauge("studiolo_uptime_seconds", "Since the process began.", max(time.time() - began, 0.0))


def _memory(process: object) -> int:
    import psutil

    try:
        return int(process.memory_info().rss) if isinstance(process, psutil.Process) else 0
    except psutil.Error:
        return 0  # it has ended meanwhile
