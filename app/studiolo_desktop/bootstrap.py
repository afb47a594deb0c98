"""Composition root of the window: settings, look, supervisor, models, widgets, and the order in which they end.

1. settings are read (a damaged file becomes a notice, not a refusal to start);
2. the window is built and shown; 3. only then the engine is started behind it, so that one may type at once.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import QObject, QUrl
from PySide6.QtWidgets import QApplication

from studiolo.client.sealed import Porter
from studiolo.errors import StudioloError
from studiolo.paths import Home, home_from
from studiolo.settings import Settings, change_settings, load_settings
from studiolo.types import SettingValue
from studiolo_desktop.assets import sample_documents
from studiolo_desktop.bridge.calls import Calls
from studiolo_desktop.bridge.problem import Problem, problem_of
from studiolo_desktop.bridge.supervisor import EngineLink, EngineState, Patience, Supervisor
from studiolo_desktop.look import Look
from studiolo_desktop.models.catalogue import ModelsModel, Pull
from studiolo_desktop.models.chat import ChatModel
from studiolo_desktop.models.conversations import ConversationsModel
from studiolo_desktop.models.diagnostics import Diagnostics
from studiolo_desktop.models.drafts import Drafts
from studiolo_desktop.models.library import LibraryModel
from studiolo_desktop.models.long_work import LongWork
from studiolo_desktop.models.model_jobs import ModelJobs
from studiolo_desktop.models.notices import Notices
from studiolo_desktop.models.preferences import PreferencesModel
from studiolo_desktop.models.privacy import privacy_models
from studiolo_desktop.models.recall import Recall
from studiolo_desktop.models.remedies import set_aside
from studiolo_desktop.models.seal import Prove
from studiolo_desktop.models.study import Study
from studiolo_desktop.ui.chat.code import warm as warm_highlighting
from studiolo_desktop.ui.main_window import MainWindow, Parts
from studiolo_desktop.ui.quick.tray import Tray


class Desktop(QObject):
    """Everything that belongs to one window."""

    def __init__(
        self,
        app: QApplication,
        *,
        home: Home,
        connect: Callable[[], EngineLink],
        pull: Pull,
        samples: tuple[Path, ...] = (),
        patience: Patience | None = None,
        open_address: Callable[[str], object] | None = None,
        window_sealed: bool | None = None,
        prove: Prove | None = None,
    ) -> None:
        """`prove` runs the proof of the seal; None where there is none to run.

        `open_address` opens web addresses for a window that is sealed; `window_sealed` None: it was not tried.
        """
        super().__init__()
        settings, problem = _settings(home.settings_file)
        self._home = home
        self._writing, self._choosing = threading.Lock(), threading.Lock()
        self._choices: dict[str, SettingValue] = {}
        self.look = Look(
            app,
            theme=settings.theme,
            language=settings.language,
            text_percent=settings.text_percent,
            on_choice=self._keep,
        )
        self.notices = Notices(self)
        self.supervisor = Supervisor(connect, patience=patience, parent=self)
        self.calls = Calls(self.supervisor.engine, parent=self)
        self.chat = ChatModel(self.calls, self.supervisor, self.notices, parent=self)
        self.conversations = ConversationsModel(self.calls, self.supervisor, self.notices, self.chat, parent=self)
        self.library = LibraryModel(self.calls, self.supervisor, self.notices, parent=self)
        self.library.removed.connect(self.chat.read_again)
        self.library.removed.connect(self.conversations.refresh)
        self.study = Study(self.calls, self.library, parent=self)
        self.preferences = PreferencesModel(
            self.calls,
            self.supervisor,
            keep=self._keep,
            tray=settings.tray,
            notifications=settings.notifications,
            accepted_licences=settings.accepted_licences,
            parent=self,
        )
        self.models = ModelsModel(
            self.calls,
            self.supervisor,
            self.notices,
            pull=pull,
            keep=self._keep,
            chosen=settings.chat_model,
            embedder=settings.embedder,
            accepts=self.preferences.accepts,
            disk_free=lambda: shutil.disk_usage(home.root).free,
            parent=self,
        )
        self.drafts = Drafts(home.drafts_file, self.calls, self.notices, parent=self)
        self.conversations.removed.connect(self.drafts.forget)
        self.recall = Recall(self.chat, self.models, self.drafts, parent=self)
        self.jobs = ModelJobs(self.calls, self.models, self.notices, parent=self)
        self.diagnostics = Diagnostics(self.calls, self.notices, home, parent=self)
        self.privacy = privacy_models(
            self.calls,
            self.supervisor,
            chat=self.chat,
            library=self.library,
            prove=prove,
            window_sealed=window_sealed,
            parent=self,
        )
        parts = Parts(
            supervisor=self.supervisor,
            notices=self.notices,
            chat=self.chat,
            conversations=self.conversations,
            library=self.library,
            study=self.study,
            models=self.models,
            drafts=self.drafts,
            jobs=self.jobs,
            preferences=self.preferences,
            diagnostics=self.diagnostics,
            set_aside=self._set_aside,
            privacy=self.privacy,
            samples=samples,
        )
        opened = (
            {}
            if open_address is None
            else {"open_link": lambda url: open_address(url.toString(QUrl.ComponentFormattingOption.FullyEncoded))}
        )
        self.window = MainWindow(self.look, parts, **opened)
        self.window.closing.connect(self.close)
        self.tray = Tray(
            self.look,
            self.window,
            chat=self.chat,
            models=self.models,
            preferences=self.preferences,
            work=LongWork(self.library, self.models, self.jobs, parent=self),
        )
        self._closed = False
        if problem is not None:
            self.notices.report(problem, about="settings")

    def start(self) -> None:
        """Show the window, then start the engine behind it."""
        self.window.show()
        self.supervisor.start()
        self.calls.run_local(warm_highlighting, then=lambda _none: None, failed=lambda _problem: None)

    def close(self) -> None:
        """End what runs: streams first, then the engine (if it is ours), then the threads."""
        if self._closed:
            return
        self._closed = True
        self.drafts.flush()
        self.tray.close()
        self.chat.close()
        self.library.close()
        self.models.close()
        self.jobs.close()
        self.privacy.seal.stop()
        self.supervisor.stop()
        self.calls.close()
        with suppress(StudioloError):  # what was chosen last and not begun to be written; there is nobody left to tell
            self._write_choices()
        self.look.close()

    def _keep(self, choice: Mapping[str, SettingValue]) -> None:
        """Write choices down, one after the other; all that were made by then are written together."""
        with self._choosing:
            self._choices.update(choice)
        self.calls.run_local(self._write_choices, then=lambda _none: None, failed=self.notices.report)

    def _write_choices(self) -> None:
        with self._writing:
            with self._choosing:
                choices, self._choices = self._choices, {}
            if choices:
                change_settings(self._home.settings_file, choices)

    def _set_aside(self, store: str) -> None:
        """Set a damaged file aside, and begin again without it."""
        home = self._home

        def restart(_none: None) -> None:
            if store == "settings":
                self.notices.withdraw("settings")
            if self.supervisor.state is not EngineState.READY:
                self.supervisor.restart()

        self.calls.run_local(lambda: set_aside(home, store), then=restart, failed=self.notices.report)


def desktop(
    app: QApplication, *, environ: Mapping[str, str], porter: Porter | None = None, window_sealed: bool | None = None
) -> Desktop:
    """The window over the engine of the home that `environ` names; `porter` starts what a sealed window cannot."""
    from studiolo.client.proof import possible, proof_process
    from studiolo.client.pull import pull_process
    from studiolo.client.spawn import attach_or_spawn

    home = home_from(environ)
    start_proof = None if porter is None else porter.start_proof
    return Desktop(
        app,
        home=home,
        connect=lambda: attach_or_spawn(home, environ=environ, porter=porter),
        pull=lambda model_id, cancel: pull_process(
            model_id, home, cancel, start=None if porter is None else porter.start_pull
        ),
        samples=sample_documents(),
        open_address=None if porter is None else porter.open_address,
        window_sealed=window_sealed,
        prove=(lambda cancel: proof_process(cancel, start=start_proof)) if possible() else None,
    )


def _settings(path: Path) -> tuple[Settings, Problem | None]:
    try:
        return load_settings(path), None
    except StudioloError as error:
        return Settings(), problem_of(error)  # type: ignore[call-arg]  # the fields have defaults
