"""A process of its own for llama.cpp work that may run out of memory or cannot be stopped: started here, ended here.

Nobody's answer may be lost to it, so it never runs where one is being written. Must not know what the work is.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress

from studiolo.errors import Code, EnvironmentFault
from studiolo.isolation.environment import that_finds_us


def start(module: str, *arguments: str, output: bool = False) -> subprocess.Popen[bytes]:
    """Run a module of ours. The process holds our pipe as its standard input; `output`: its standard output is a pipe.

    It sees neither the working folder's modules nor the terminal, whose Ctrl+C is for the starter to heed.
    """
    return subprocess.Popen(
        [sys.executable, "-P", "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE if output else subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=that_finds_us(os.environ),
        start_new_session=True,
    )


def no_memory(model_id: str) -> EnvironmentFault:
    """What it means when the process was killed, or aborted where no memory was left."""
    return EnvironmentFault(Code.NOT_ENOUGH_MEMORY, model=model_id, needed_bytes=0, available_bytes=0, smaller="")


def end_with_starter() -> None:
    """In the process: end when the starter lets go of our standard input, or dies; nobody wants the work any more."""
    threading.Thread(target=_wait_for_end_of_input, daemon=True).start()


def _wait_for_end_of_input() -> None:
    with suppress(OSError):
        while os.read(0, 1024):
            pass
    os._exit(1)
