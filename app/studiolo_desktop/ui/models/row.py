"""One model in the list: what it is, how it would do here, what is going on with it, and what one may do."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from studiolo.types import Model
from studiolo_desktop.errors import Sentence
from studiolo_desktop.i18n import size_text
from studiolo_desktop.look import Look
from studiolo_desktop.models.catalogue import Fetching, ModelsModel
from studiolo_desktop.models.model_jobs import BITS, LAYOUTS, ModelJob, ModelJobs
from studiolo_desktop.theme import Space
from studiolo_desktop.ui.common.confirm import Confirm
from studiolo_desktop.ui.common.controls import ElidedLabel, MenuButton, button, label, set_role


def fetching_words(look: Look, fetching: Fetching) -> str:
    """How far a pull is, in words."""
    if fetching.stopping:
        return look.tr("models.stopping")
    if fetching.stage != "pull":
        return look.tr("models.preparing")
    done, total = size_text(fetching.done_bytes), size_text(fetching.total_bytes)
    return look.tr("models.fetching", done=done, total=total)


def set_bar(bar: QProgressBar, fetching: Fetching) -> None:
    """The pull as a bar, in thousandths (sizes do not fit into Qt's int)."""
    if fetching.stage != "pull" or not fetching.total_bytes:
        bar.setRange(0, 0)
    else:
        bar.setRange(0, 1000)
        bar.setValue(min(1000, fetching.done_bytes * 1000 // fetching.total_bytes))


def job_words(look: Look, job: ModelJob) -> str:
    """How far the work on a model is, in words."""
    if job.stopping:
        return look.tr("models.stopping")
    if job.kind == "quantize":
        return look.tr("models.quantizing", size=size_text(job.done))
    return look.tr("models.calibrating", n=job.done)


def speed_words(look: Look, models: ModelsModel, model: Model) -> str:
    """How fast it writes here, "" where that is not known."""
    fit = models.fits.get(model.id)
    if fit is None or not fit.write_tokens_s:
        return ""
    if fit.measured:
        return look.tr("models.speed_measured", n=f"{fit.write_tokens_s:.0f}")
    return look.tr("models.speed_expected", n=f"{fit.write_tokens_s:.0f}")


def fit_words(look: Look, models: ModelsModel, model: Model) -> tuple[str, bool]:
    """Whether the machine's memory holds it, in words ("" = not known), and as such."""
    fit = models.fits.get(model.id)
    if fit is None:
        return "", True
    key = "models.fits" if fit.fits else "models.too_large"
    return look.tr(key, needed=size_text(fit.needed_bytes), free=size_text(fit.free_bytes)), fit.fits


class ModelRow(QWidget):
    """One model."""

    def __init__(
        self, look: Look, models: ModelsModel, jobs: ModelJobs, model: Model, *, on_link: Callable[[str], None]
    ) -> None:
        super().__init__()
        self._look = look
        self._models = models
        self._jobs = jobs
        self._on_link = on_link
        self.model = model
        tr = look.tr
        line = QHBoxLayout(self)
        line.setContentsMargins(0, Space.M, 0, Space.M)
        line.setSpacing(Space.S)
        column = QVBoxLayout()
        column.setSpacing(3)
        title = ElidedLabel(role="strong", mode=Qt.TextElideMode.ElideRight)
        title.set_whole(model.title)
        facts = [size_text(model.size_bytes), model.licence or tr("models.no_licence")]
        if model.memory_bytes and model.kind != "chat":
            facts.append(tr("models.memory", size=size_text(model.memory_bytes)))
        self.facts = label("  ·  ".join(facts), role="small", wrap=True)
        self.fit = label(role="small", wrap=True)
        self.state = label(role="small", wrap=True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(tr("models.progress_name", name=model.title))
        for piece in (title, self.facts, self.fit, self.state, self.bar):
            column.addWidget(piece)
        line.addLayout(column, 1)
        self.get_button = button(lambda: models.pull(model.id), text=tr("models.get"))
        self.get_button.setAccessibleName(tr("models.get_name", name=model.title))
        self.accept_button = button(lambda: models.choose(model.id), text=tr("models.accept"))
        self.accept_button.setAccessibleName(tr("models.accept_name", name=model.title))
        self.stop_button = button(self._stop, text=tr("models.stop"))
        self.more_button = MenuButton(look, role="menu")
        self.more_button.set_words(tr("models.more"))
        self.more_button.setAccessibleName(tr("models.more_name", name=model.title))
        self.more_button.menu_.aboutToShow.connect(self.fill_more)
        self.remove_button = button(self._remove, role="text", text=tr("models.remove"))
        self.remove_button.setAccessibleName(tr("models.remove_name", name=model.title))
        for control in (self.get_button, self.accept_button, self.stop_button, self.more_button, self.remove_button):
            line.addWidget(control, 0, Qt.AlignmentFlag.AlignVCenter)
        self.refresh()

    def fill_more(self) -> None:
        """What else one may do with it."""
        tr, menu = self._look.tr, self.more_button.menu_
        menu.clear()
        idle = self._jobs.running is None
        if self.model.kind == "chat" and self.model.installed:
            measure = menu.addAction(tr("models.measure"))
            measure.setEnabled(idle)
            measure.triggered.connect(lambda: self._jobs.calibrate(self.model.id))
            smaller = menu.addMenu(tr("models.smaller"))
            smaller.setEnabled(idle)
            for layout in LAYOUTS:
                size = size_text(self._size_in(layout))
                action = smaller.addAction(tr("models.smaller_of", layout=layout.upper(), size=size))
                action.setData(layout)
                action.triggered.connect(lambda _on=False, layout=layout: self._jobs.quantize(self.model.id, layout))
        if self.model.licence_url:
            menu.addAction(tr("models.licence")).triggered.connect(lambda: self._on_link(self.model.licence_url))

    def refresh(self) -> None:
        """Show what is going on with it."""
        fetching, job = self._models.fetching, self._jobs.running
        mine = fetching is not None and fetching.model_id == self.model.id
        works = job is not None and job.model_id == self.model.id
        waits = self.model.id in self._models.waiting
        unaccepted = self.model.kind == "chat" and self.model.installed and not self._models.usable(self.model)
        self.get_button.setVisible(not self.model.installed and not mine and not waits)
        self.accept_button.setVisible(unaccepted)
        self.stop_button.setVisible(mine or works)
        self.more_button.setVisible(
            not works and bool(self.model.licence_url or (self.model.kind == "chat" and self.model.installed))
        )
        self.remove_button.setVisible(self.model.installed and not mine and not works)
        self.bar.setVisible(mine or works)
        fit, fits = fit_words(self._look, self._models, self.model)
        speed = speed_words(self._look, self._models, self.model)
        self.fit.setText("  ·  ".join(text for text in (fit, speed) if text))
        self.fit.setVisible(bool(self.fit.text()))
        expected = bool(speed) and not self._models.fits[self.model.id].measured
        self.fit.setToolTip(self._look.tr("models.speed_tip") if expected else "")
        set_role(self.fit, "small" if fits else "danger")
        text, role = self._state()
        self.state.setText(text)
        self.state.setVisible(bool(text))
        set_role(self.state, role)

    def _state(self) -> tuple[str, str]:
        """What is going on, in words, and how they look."""
        tr, fetching, job = self._look.tr, self._models.fetching, self._jobs.running
        if fetching is not None and fetching.model_id == self.model.id:
            set_bar(self.bar, fetching)
            return fetching_words(self._look, fetching), "small"
        if job is not None and job.model_id == self.model.id:
            self.bar.setRange(0, 0)
            return job_words(self._look, job), "small"
        if self.model.id in self._models.waiting:
            return tr("models.waiting"), "small"
        if self.model.installed:
            usable = self.model.kind != "chat" or self._models.usable(self.model)
            return (tr("models.installed"), "good") if usable else (tr("models.unaccepted"), "danger")
        problem = self._models.failed.get(self.model.id)
        sentence = self._look.sentence(problem) if problem is not None else Sentence("", "")
        return f"{sentence.what} {sentence.todo}".strip(), "danger"

    def _size_in(self, layout: str) -> int:
        """Bytes that the model would take in another layout, told from its own."""
        title = self.model.title.casefold()
        now = next((bits for name, bits in BITS.items() if name in title), 16.0 if "f16" in title else BITS["q4_k_m"])
        return int(self.model.size_bytes * BITS[layout] / now)

    def _stop(self) -> None:
        fetching = self._models.fetching
        if fetching is not None and fetching.model_id == self.model.id:
            self._models.cancel_pull()
        else:
            self._jobs.stop()

    def _remove(self) -> None:
        tr = self._look.tr
        text = tr("models.remove_sure", name=self.model.title, size=size_text(self.model.size_bytes))
        dialog = Confirm(self._look, text=text, yes=tr("dialog.remove"), parent=self.window())
        dialog.accepted.connect(lambda: self._models.remove(self.model.id))
        dialog.open()
