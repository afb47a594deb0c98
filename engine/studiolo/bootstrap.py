"""The composition root: settings in, a wired LocalEngine out. The one place that knows every part's constructor.

Opening is cheap: stores are opened; models and their libraries are loaded when first needed. The caller holds the
home's lock.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from studiolo.conversation.history import History
from studiolo.conversation.turn import library_of, library_scope
from studiolo.cpu import worker_threads
from studiolo.errors import Code, UserError
from studiolo.hardware.idle import IdleMachine
from studiolo.home_format import prepare_home
from studiolo.inference.fit import require_fit
from studiolo.inference.readings import ReadingStore
from studiolo.inference.runtime import LlamaRuntime, Runtime
from studiolo.inference.scheduler import Scheduler
from studiolo.inference.tuning import tuning_for
from studiolo.isolation.seal import seal
from studiolo.isolation.telemetry import switch_off
from studiolo.knowledge.embedding import Embedder
from studiolo.knowledge.library import KnowledgeBase
from studiolo.knowledge.seams import TextEmbedder
from studiolo.local import LocalEngine
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.parts import Parts
from studiolo.paths import Home
from studiolo.preferences import Preferences
from studiolo.privacy.analyzer import Analyzer
from studiolo.privacy.audit import AuditLog, FileAnchor, KeptAnchor, audit_key
from studiolo.privacy.detector import DETECTOR_VERSION
from studiolo.privacy.filter import PrivacyFilter
from studiolo.privacy.keyring_door import KeyringDoor
from studiolo.privacy.policies import Policies
from studiolo.privacy.system_keyring import Keyring, system_keyring
from studiolo.privacy.vault import KeyHolder, passphrase_from
from studiolo.settings import Settings, load_settings
from studiolo.types import Span


@dataclass(frozen=True, slots=True)
class Replacements:
    """Parts that a test or a benchmark brings itself; None = the real one."""

    load_runtime: Callable[[str], Runtime] | None = None
    embedder_for: Callable[[str], TextEmbedder] | None = None
    analyzer: Analyzer | None = None
    idle: Callable[[], bool] | None = None


def open_sealed(home: Home, *, environ: Mapping[str, str]) -> LocalEngine:
    """Seal this process for good, then open a home; raises what `open_local` raises.

    The keyring is a D-Bus service, which a sealed process cannot reach: a process of its own, started before, asks it.
    """
    door = KeyringDoor.start(environ)
    try:
        seal()
        return open_local(home, environ=environ, find_keyring=door.keyring if door else None, also_close=door)
    except BaseException:
        if door is not None:
            door.close()
        raise


def open_local(
    home: Home,
    *,
    environ: Mapping[str, str],
    settings: Settings | None = None,
    replacements: Replacements | None = None,
    find_keyring: Callable[[], Keyring | None] | None = None,
    also_close: KeyringDoor | None = None,
) -> LocalEngine:
    """Open a home. Raises EnvironmentFault: newer_format, damaged_store, disk_full, no_permission.

    Also passphrase_needed, wrong_passphrase, key_lost: the key of the pseudonyms is read here. `find_keyring`: how to
    come by the keyring (None: directly). `also_close` is closed with the engine.
    """
    replaced = replacements or Replacements()
    prepare_home(home)
    switch_off(os.environ)
    chosen = settings or load_settings(home.settings_file)
    preferences = Preferences(home.settings_file, chosen, from_file=settings is None)
    store = ModelStore(home, load_catalogue())
    analyzer = replaced.analyzer or Analyzer(
        spacy_folder=lambda: _names_folder(store, "en-core-web-sm"), lac_folder=lambda: _names_folder(store, "lac")
    )
    policies = Policies(home.policy_file)
    history = History(home.history_db)
    audit = _open_audit(home, history)
    screener = PrivacyFilter(
        analyzer,
        path=home.pseudonyms_db,
        policies=lambda scope: policies.of(library_of(scope)),
        key=_key_holder(home, environ, find_keyring),
        audit=audit,
    )
    readings = ReadingStore(home.readings, budget_bytes=chosen.readings_mb << 20)
    scheduler = Scheduler(
        replaced.load_runtime or _runtime_loader(store, preferences, readings),
        unload_after_s=chosen.unload_minutes * 60,
    )
    embedders = Embedders(store, threads=worker_threads(chosen.threads), cache=home.cache / "embedding")
    knowledge = KnowledgeBase(
        home,
        embedder_for=replaced.embedder_for or embedders.get,
        screen=screener.spans,
        screen_many=screener.spans_batch,
        default_embedder=chosen.embedder,
        rules=_DocumentRules(policies, screener),
        detector=DETECTOR_VERSION,
        clock=time.time,
        on_removal=lambda documents: _forget(documents, history, readings),
        give_way=scheduler.give_way,
    )
    return LocalEngine(
        Parts(
            home=home,
            preferences=preferences,
            store=store,
            knowledge=knowledge,
            screener=screener,
            policies=policies,
            scheduler=scheduler,
            readings=readings,
            idle=replaced.idle or IdleMachine(),
            history=history,
            audit=audit,
            also_close=(embedders.close, *([also_close.close] if also_close else [])),
        )
    )


def _forget(documents: Sequence[str], history: History, readings: ReadingStore) -> None:
    """Documents are removed: so is what conversations quote of them and what models made of them."""
    readings.forget(*documents, for_good=True)
    history.forget_documents(documents)


class _DocumentRules:
    """What the policies say of documents, as the knowledge base asks for it."""

    def __init__(self, policies: Policies, screener: PrivacyFilter) -> None:
        self._policies = policies
        self._screener = screener

    def refused(self, library: str) -> frozenset[str]:
        """Types of values with which a library takes in no file."""
        return self._policies.of(library).policy.refuse

    def own(self, library: str) -> bool:
        """Whether a person has listed or allowed anything."""
        return not self._policies.of(library).own.empty

    def refine(self, library: str, text: str, spans: Sequence[Span]) -> tuple[Span, ...]:
        """What was found in a text, with that."""
        return self._screener.refine(text, spans, library_id=library_scope(library))


def _open_audit(home: Home, history: History) -> AuditLog:
    """The audit log, anchored in a file and in the history's."""
    return AuditLog(
        home.audit,
        key=audit_key(home.audit_key),
        anchors={
            "file": FileAnchor(home.audit_anchor),
            "history": KeptAnchor(history.audit_anchor, history.keep_audit_anchor),
        },
        clock=time.time,
    )


def _key_holder(home: Home, environ: Mapping[str, str], find_keyring: Callable[[], Keyring | None] | None) -> KeyHolder:
    return KeyHolder(
        home.pseudonyms_key,
        passphrase=passphrase_from(environ),
        find_keyring=find_keyring or (lambda: system_keyring(environ)),
    )


def _names_folder(store: ModelStore, model_id: str) -> Path:
    """The folder of a name finder. The filter needs them all, so the error names all that are missing."""
    missing = [model.id for model in store.list() if model.kind == "names" and not model.installed]
    if missing:
        raise UserError(Code.MODEL_MISSING, model=" ".join(missing))
    return store.path(model_id)


def _runtime_loader(
    store: ModelStore, preferences: Preferences, readings: ReadingStore | None = None
) -> Callable[[str], Runtime]:
    def load(model_id: str) -> Runtime:
        settings = preferences.now
        path = store.path(model_id)
        digest = store.get(model_id).sha256
        tuning = tuning_for(digest, cache=store.home.cache, threads=settings.threads)
        require_fit(model_id, store=store, context_tokens=settings.context_tokens, tuning=tuning)
        return LlamaRuntime(
            path,
            model_id=model_id,
            context_tokens=settings.context_tokens,
            tuning=tuning,
            store=readings,
            digest=digest,
        )

    return load


class Embedders:
    """Loads embedders when they are first needed, keeps one a model, and frees them all at the end."""

    def __init__(self, store: ModelStore, *, threads: int, cache: Path) -> None:
        self._store = store
        self._threads = threads
        self._cache = cache
        self._loaded: dict[str, Embedder] = {}
        self._lock = threading.Lock()

    def get(self, model_id: str) -> Embedder:
        """The embedder of that id. Raises UserError: unknown_model, model_missing, model_kind."""
        with self._lock:
            if model_id not in self._loaded:
                model = self._store.get(model_id)
                if model.kind != "embedder":
                    raise UserError(Code.MODEL_KIND, model=model_id, kind=model.kind, needed="embedder")
                folder = self._store.path(model_id)
                self._loaded[model_id] = Embedder(folder, model_id=model_id, threads=self._threads, cache=self._cache)
            return self._loaded[model_id]

    def close(self) -> None:
        """Free them."""
        with self._lock:
            for embedder in self._loaded.values():
                embedder.close()
            self._loaded.clear()
