"""Work in a process of its own (`process`) that says how far it is: one line of JSON in, events as lines of JSON out.

The request goes through the process's standard input, never through its arguments or a file: it may hold people's text.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from studiolo import wire
from studiolo.errors import StudioloError, error_for, unexpected
from studiolo.events import Event, Failed, Finished
from studiolo.inference import process
from studiolo.jobs import CancelToken


def events_of(module: str, request: dict[str, Any], *, cancel: CancelToken, model_id: str) -> Iterator[Event]:
    """Start `module`, whose `main` is `serve`; the events that it tells, Finished last. Cancelling kills it.

    Raises what it failed with; EnvironmentFault(not_enough_memory) of `model_id` where it ended without a word.
    """
    with process.start(module, output=True) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        cancel.on_cancel(running.kill)
        ended = False
        try:
            with suppress(OSError):  # it has died: what it left to read says so
                running.stdin.write(wire.dumps(request).encode("ascii") + b"\n")
                running.stdin.flush()
            for line in running.stdout:
                event = wire.event_from(json.loads(line))
                if isinstance(event, Failed):
                    raise error_for(event.code, event.values)
                ended = isinstance(event, Finished)
                yield event
        finally:
            running.kill()
            with suppress(OSError):  # the rest of the request, which nobody reads any more
                running.stdin.close()
    if cancel.cancelled and not ended:
        yield Finished(reason="cancelled")
    elif not ended:
        raise process.no_memory(model_id)


def serve(work: Callable[[dict[str, Any]], None]) -> int:
    """The process: read the request, do the work, which tells its events, and tell what it failed with."""
    try:
        request = json.loads(sys.stdin.buffer.readline())
        process.end_with_starter()
        work(request)
    except StudioloError as error:
        tell(Failed(code=error.code.value, values=error.values))
    except Exception as error:  # noqa: BLE001 - the edge of this process; whoever started it must learn of it
        told = unexpected(error)
        tell(Failed(code=told.code.value, values=told.values))
    return 0


def tell(event: Event) -> None:
    """In the process: hand an event to whoever started it."""
    sys.stdout.write(wire.dumps(wire.event_plain(event)) + "\n")
    sys.stdout.flush()
