"""A whole engine over real models, with a runtime that keeps every prompt that reached the model."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from studiolo.bootstrap import Replacements, open_local
from studiolo.home_format import prepare_home
from studiolo.inference.runtime import LlamaRuntime, Running
from studiolo.inference.steps import Prompt, Step
from studiolo.inference.template import ChatTemplate
from studiolo.knowledge.embedding import Embedder
from studiolo.local import LocalEngine
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.privacy.analyzer import Analyzer
from studiolo.settings import Settings, save_settings
from studiolo.types import Sampling

SMALL = "smollm2-135m"


class RecordingRuntime:
    """A real runtime; `prompts` holds what it was given to read, turned back into text."""

    def __init__(self, inner: LlamaRuntime) -> None:
        self._inner = inner
        self.context_tokens = inner.context_tokens
        self.prompts: list[str] = []

    @property
    def template(self) -> ChatTemplate:
        return self._inner.template

    def tokenize(self, text: str, *, control: bool) -> list[int]:
        return self._inner.tokenize(text, control=control)

    def begin(self, prompt: Prompt, sampling: Sampling) -> Running | None:
        running = self._inner.begin(prompt, sampling)
        if running is not None:
            pieces = b"".join(self._inner.model.piece(token) for token in prompt.tokens)
            self.prompts.append(pieces.decode("utf-8", "replace"))
        return running

    def advance(self, running: Sequence[Running]) -> list[list[Step]]:
        return self._inner.advance(running)

    def end(self, running: Running) -> None:
        self._inner.end(running)

    def park(self, running: Running) -> None:
        self._inner.park(running)

    def unpark(self, running: Running) -> bool:
        return self._inner.unpark(running)

    def stored(self, prompt: Prompt) -> bool:
        return self._inner.stored(prompt)

    def interrupt(self) -> None:
        self._inner.interrupt()

    def resume(self) -> None:
        self._inner.resume()

    def close(self) -> None:
        self._inner.close()


@dataclass
class Study:
    """An engine, its home, and what its model has read."""

    engine: LocalEngine
    home: Home
    runtimes: list[RecordingRuntime]

    @property
    def prompts(self) -> list[str]:
        return [prompt for runtime in self.runtimes for prompt in runtime.prompts]


def link_models(home: Home, models_home: Home) -> None:
    """Give `home` the installed models, each file by a hard link or a copy: nothing is written to the shared ones.

    What was measured of the embedder comes along, so that not every home measures it again.
    """
    _measured(models_home)
    for source in (*sorted(models_home.models.rglob("*")), *sorted(models_home.cache.rglob("*"))):
        target = home.root / source.relative_to(models_home.root)
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            _link_or_copy(source, target)


@functools.cache
def _measured(models_home: Home) -> None:
    folder = ModelStore(models_home, load_catalogue()).path("multilingual-e5-small")
    embedder = Embedder(folder, "multilingual-e5-small", cache=models_home.cache / "embedding")
    embedder.embed_query("warm up")
    embedder.close()


def _link_or_copy(source: Path, target: Path) -> None:
    import shutil

    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def open_study(home: Home, models_home: Home, *, analyzer: Analyzer | None = None, ahead: bool = False) -> Study:
    """A study over `home`, answering with the small model. `analyzer`: in place of the engine's own.

    `ahead`: with the engine's own runtime, which reads ahead; nothing is recorded then.
    """
    prepare_home(home)
    if not home.models.exists():
        link_models(home, models_home)
    settings = Settings(chat_model=SMALL, answer_tokens=48)  # type: ignore[call-arg]
    save_settings(home.settings_file, settings)
    store = ModelStore(home, load_catalogue())
    runtimes: list[RecordingRuntime] = []

    def load(model_id: str) -> RecordingRuntime:
        runtime = RecordingRuntime(LlamaRuntime(store.path(model_id), model_id=model_id, context_tokens=2048))
        runtimes.append(runtime)
        return runtime

    engine = open_local(
        home,
        environ=os.environ,
        settings=settings,
        replacements=Replacements(load_runtime=None if ahead else load, analyzer=analyzer, idle=lambda: True),
    )
    return Study(engine, home, runtimes)


@pytest.fixture
def study(tmp_path: Path, models_home: Home) -> Iterator[Study]:
    made = open_study(Home(tmp_path / "home"), models_home)
    yield made
    made.engine.close()
