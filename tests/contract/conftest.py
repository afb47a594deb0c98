"""One engine of each kind over a home of its own: everything is real but the weights of the models."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.served import served
from tests.support import ScriptedRuntime
from tests.unit.knowledge.conftest import HashEmbedder
from tests.unit.models.gguf_files import gguf

from studiolo.bootstrap import Replacements, open_local
from studiolo.engine import Engine
from studiolo.local import LocalEngine
from studiolo.paths import Home
from studiolo.privacy.analyzer import Analyzer

LEASE = "# Lease\n\nThe term of the lease is twelve months. Rent is due on the first day.\n\nCall +44 20 7946 0958.\n"
LEASE_ZH = "# 租约\n\n租期为十二个月。租金每月一号支付。联系电话 13800138000。\n"


@dataclass
class House:
    """An engine to ask, the one that does the work, and what reached its model."""

    engine: Engine
    local: LocalEngine
    home: Home
    files: Path
    runtimes: list[ScriptedRuntime] = field(default_factory=list)
    going: threading.Event = field(default_factory=threading.Event)

    @property
    def prompts(self) -> list[str]:
        """Every prompt that reached the model."""
        return [prompt for runtime in self.runtimes for prompt in runtime.prompts]


@contextmanager
def open_house(root: Path, *, remote: bool) -> Iterator[House]:
    """A house whose model says where the first passage stands."""
    home, files, runtimes, going = Home(root / "home"), root / "files", [], threading.Event()
    going.set()
    files.mkdir()
    (files / "lease.md").write_text(LEASE, encoding="utf-8")
    (files / "租约.md").write_text(LEASE_ZH, encoding="utf-8")

    def load(_model_id: str) -> ScriptedRuntime:
        runtimes.append(
            ScriptedRuntime(lambda _prompt: "The term of the lease is twelve months [1]. 十二个月。", pause=going)
        )
        return runtimes[-1]

    replacements = Replacements(
        load_runtime=load, embedder_for=lambda _model_id: HashEmbedder(), analyzer=Analyzer.of(names=None)
    )
    local = open_local(home, environ=os.environ, replacements=replacements)
    weights = root / "tiny.gguf"
    weights.write_bytes(gguf())
    try:
        local.import_model(weights)
        if remote:
            with served(local, home) as site:
                list(site.engine.add([root / "nothing"]))  # the server's job threads begin here, not in a test
                list(site.engine.quantize_model("none", "q4_0"))
                yield House(site.engine, local, home, files, runtimes, going)
        else:
            yield House(local, local, home, files, runtimes, going)
    finally:
        going.set()
        local.close()


@pytest.fixture(scope="module", params=["local", "remote"])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with open_house(tmp_path_factory.mktemp(request.param), remote=request.param == "remote") as found:
        yield found


@pytest.fixture
def engine(house: House) -> Engine:
    return house.engine


@pytest.fixture(scope="module")
def filled(house: House) -> House:
    """The house after two documents were added to the default library."""
    list(house.engine.add([house.files]))
    return house
