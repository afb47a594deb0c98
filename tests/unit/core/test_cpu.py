"""An old processor is told in words, before a library dies of it."""

from __future__ import annotations

import pytest

from studiolo.cpu import available_memory_bytes, require_avx2, worker_threads
from studiolo.errors import Code, EnvironmentFault


def test_a_processor_without_avx2_is_refused() -> None:
    with pytest.raises(EnvironmentFault) as caught:
        require_avx2(frozenset({"sse4_2", "avx"}), machine="x86_64")
    assert caught.value.code is Code.UNSUPPORTED_CPU


@pytest.mark.parametrize(("flags", "machine"), [({"avx", "avx2"}, "x86_64"), ({"asimd"}, "aarch64"), (set(), "AMD64")])
def test_others_pass(flags: set[str], machine: str) -> None:
    require_avx2(frozenset(flags), machine=machine)


def test_threads_and_memory_are_sane() -> None:
    assert worker_threads(3) == 3
    assert worker_threads() >= 1
    assert available_memory_bytes() > 0
