"""The filter over a folder of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.privacy.support import make_filter

from studiolo.privacy.filter import PrivacyFilter


@pytest.fixture
def screener(tmp_path: Path) -> Iterator[PrivacyFilter]:
    made = make_filter(tmp_path)
    yield made
    made.close()
