"""Measuring a real model: every setting runs, cancelling stops it, what was found is kept; memory is as foretold."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.real.conftest import SMALL

from studiolo.cli.main import run
from studiolo.cli.terminal import Terminal
from studiolo.inference import calibration
from studiolo.inference.calibration import MOST_TOKENS, Cancelled, Probe, Trial, calibrate
from studiolo.inference.fit import need_of
from studiolo.inference.model import LlamaModel
from studiolo.inference.runtime import LlamaRuntime
from studiolo.inference.scheduler import Scheduler
from studiolo.inference.steps import Piece
from studiolo.inference.template import TemplateMessage
from studiolo.inference.tuning import Tuning, default_tuning, read_calibration
from studiolo.jobs import CancelToken
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.settings import Settings, save_settings
from studiolo.types import Sampling

pytestmark = pytest.mark.real_model

LOAD_AND_USE = """
import sys
from pathlib import Path
import psutil
from studiolo.inference.calibration import Probe
from studiolo.inference.library import library
from studiolo.inference.model import LlamaModel
from studiolo.inference.tuning import Tuning
from studiolo.jobs import CancelToken
library()
before = psutil.Process().memory_full_info()
probe = Probe(LlamaModel(Path(sys.argv[1]), model_id="m"), cancel=CancelToken())
probe.measure(Tuning(1, 1), read=700, write=4)
after = psutil.Process().memory_full_info()
print(after.uss - before.uss, after.rss - before.rss)
"""


@pytest.fixture
def store(models_home: Home, tmp_path: Path) -> ModelStore:
    home = Home(tmp_path / "home")
    shutil.copytree(models_home.models / SMALL, home.models / SMALL)
    return ModelStore(home, load_catalogue())


@pytest.fixture(scope="module")
def model(models_home: Home) -> Iterator[LlamaModel]:
    loaded = LlamaModel(ModelStore(models_home, load_catalogue()).path(SMALL), model_id=SMALL)
    yield loaded
    loaded.close()


@pytest.mark.parametrize(
    "tuning",
    [
        Tuning(1, 2),
        Tuning(1, 1, batch=128, ubatch=128),
        Tuning(1, 1, flash_attention=False),
        Tuning(1, 1, batch=256, ubatch=64, kv_type="q8_0"),
    ],
)
def test_every_setting_runs(model: LlamaModel, tuning: Tuning) -> None:
    probe = Probe(model, cancel=CancelToken())
    try:
        both = probe.measure(tuning, read=32, write=4)
        assert both.read > 0
        assert both.write > 0
        assert probe.measure(tuning, read=32, write=0).write == 0
        assert probe.measure(tuning, read=0, write=4).read == 0
    finally:
        probe.close()


def test_at_most_two_contexts_live(model: LlamaModel) -> None:
    probe = Probe(model, cancel=CancelToken())
    try:
        for size in (64, 128, 256, 64):
            probe.measure(Tuning(1, 1, batch=size, ubatch=size), read=16, write=1)
        assert [key[0] for key in probe._contexts] == [256, 64]
    finally:
        probe.close()
    assert not probe._contexts


def test_a_calibration_of_a_real_model(model: LlamaModel) -> None:
    trials: list[Trial] = []
    found = calibrate(model, cancel=CancelToken(), threads=1, read_tokens=64, on_trial=trials.append)
    assert found is not None
    assert {(trial.tuning.flash_attention, trial.tuning.kv_type) for trial in trials} >= {
        (True, "f16"),
        (False, "f16"),
        (True, "q8_0"),
    }
    assert min(found.speed.read, found.speed.write, found.default_speed.read, found.bandwidth) > 0
    assert found.default == default_tuning(1)


def test_cancelling_stops_it_and_leaves_the_model_usable(model: LlamaModel) -> None:
    cancel = CancelToken()
    timer: list[threading.Timer] = []

    def soon(_: Trial) -> None:
        if not timer:
            timer.append(threading.Timer(0.05, cancel.cancel))
            timer[0].start()

    assert calibrate(model, cancel=cancel, threads=1, on_trial=soon) is None
    timer[0].join()
    probe = Probe(model, cancel=cancel)
    with pytest.raises(Cancelled):
        probe.measure(Tuning(1, 1), read=16, write=1)
    probe.close()
    probe = Probe(model, cancel=CancelToken())
    assert probe.measure(Tuning(1, 1), read=16, write=1).read > 0
    probe.close()


@pytest.mark.parametrize(("load", "kept"), [(0.0, True), (0.9, False)])
def test_the_doctor_keeps_what_was_not_disturbed(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], load: float, kept: bool
) -> None:
    monkeypatch.setattr(calibration.LoadMeter, "load", lambda _: load)
    for name, value in (("budget_s", 0.0), ("read_tokens", 32)):
        monkeypatch.setitem(calibrate.__kwdefaults__, name, value)
    save_settings(store.home.settings_file, Settings(threads=1))  # type: ignore[call-arg]
    terminal = Terminal({"STUDIOLO_HOME": str(store.home.root), "LANG": "zh_CN.UTF-8"})
    run(["doctor", "--calibrate", "--json"], terminal=terminal)
    said = capsys.readouterr()
    (tuning,) = [check for check in json.loads(said.out)["checks"] if check["name"] == f"tuning.{SMALL}"]
    assert tuning["values"]["calibrated"] is kept
    assert ("已保存" in said.err) is kept
    assert ("90%" in said.err) is not kept
    found = read_calibration(store.get(SMALL).sha256, cache=store.home.cache)
    assert (found is not None) is kept
    if found is not None:
        assert tuning["values"]["read_tokens_s"] == round(found.speed.read, 1)


@pytest.mark.parametrize(
    "tuning", [Tuning(1, 1, ubatch=128), Tuning(1, 1, flash_attention=False), Tuning(1, 1, ubatch=256, kv_type="q8_0")]
)
def test_a_model_answers_under_every_setting(store: ModelStore, tuning: Tuning) -> None:
    runtime = LlamaRuntime(store.path(SMALL), model_id=SMALL, context_tokens=512, tuning=tuning)
    scheduler = Scheduler(lambda _: runtime)
    try:
        with scheduler.lease(SMALL) as lease:
            for text in ("The capital of France is", "法国的首都是"):
                prompt = lease.compose([TemplateMessage("user", (text * 20,))])
                steps = lease.generate(prompt, sampling=Sampling(max_tokens=4), cancel=CancelToken())
                assert any(isinstance(step, Piece) and step.text for step in steps)
    finally:
        scheduler.close()


def test_memory_is_no_more_than_was_foretold(store: ModelStore) -> None:
    need = need_of(SMALL, store=store, context_tokens=MOST_TOKENS, tuning=Tuning(1, 1))
    command = [sys.executable, "-c", LOAD_AND_USE, str(store.path(SMALL))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    own, resident = map(int, done.stdout.split())
    assert need.kv * 0.9 < own <= need.kv + need.compute + need.weights  # the file's pages may count as ours alone
    assert need.weights * 0.9 < resident <= need.total
