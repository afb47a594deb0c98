"""How fast memory is: writing an answer reads all weights once a token, so this is what bounds it on a processor.

Takes a tenth of a second or so and 192 MiB while it runs. Threads: its own, ended on return.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

_BYTES = 64 << 20  # a thread's source: larger than most processors' caches
_ROUNDS = 4


def memory_bandwidth(threads: int) -> float:
    """Bytes a second that `threads` threads copying at once move, read and written counted both; the best of a few."""
    import numpy as np

    share = max(1 << 20, _BYTES // max(1, threads) * min(threads, 2))
    pairs = [(np.ones(share // 8), np.empty(share // 8)) for _ in range(threads)]
    for source, target in pairs:
        np.copyto(target, source)  # the system gives pages at the first touch
    best = 0.0
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(_ROUNDS):
            began = time.perf_counter()
            for done in [pool.submit(np.copyto, target, source) for source, target in pairs]:
                done.result()
            best = max(best, 2 * share * threads / (time.perf_counter() - began))
    return best
