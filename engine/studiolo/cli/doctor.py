"""`studiolo doctor`: what works on this machine; with --calibrate, first how a model runs fastest on it; with
--prove, whether the seal keeps what it promises.

A calibration runs in this process, not in the engine's: what a setting breaks must not take an answer with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from studiolo import wire
from studiolo.cli.checks import check_words
from studiolo.cli.interrupt import cancel_on_interrupt
from studiolo.cli.sentences import sentence
from studiolo.cli.session import open_engine
from studiolo.cli.terminal import DONE, FAILED, Terminal
from studiolo.errors import Code, StudioloError, UserError
from studiolo.types import Check, Model

if TYPE_CHECKING:
    from studiolo.models.store import ModelStore
    from studiolo.settings import Settings

MARKS = {"ok": "ok     ", "warning": "warning", "failed": "FAILED "}


@click.command()
@click.option("--calibrate", is_flag=True, help="First measure how the chat model runs fastest here.")
@click.option("--model", "model_id", default=None, metavar="ID", help="Calibrate this chat model.")
@click.option("--prove", is_flag=True, help="Try every way out of the seal instead; exit code 1 if one is open.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def doctor(terminal: Terminal, *, calibrate: bool, model_id: str | None, prove: bool, as_json: bool) -> int:
    """Check what works on this machine."""
    if model_id is not None and not calibrate:
        raise click.UsageError("--model goes with --calibrate")
    if prove and calibrate:
        raise click.UsageError("--prove goes without --calibrate")
    if prove:
        from studiolo.cli.doctor_prove import run_proof

        return run_proof(terminal, as_json=as_json)
    if calibrate:
        _calibrate(terminal, model_id)
    try:
        with open_engine(terminal) as engine:
            checks = engine.doctor()
    except StudioloError as error:  # a home that does not open is what a doctor is asked about
        checks = [Check("home", "failed", sentence(error, chinese=terminal.chinese))]
    if as_json:
        terminal.json({"checks": wire.plain(checks)})
    else:
        for check in checks:
            words = check_words(check, chinese=terminal.chinese)
            terminal.text(f"{MARKS[check.state]}  {check.name}  {words}".rstrip())
    return FAILED if any(check.state == "failed" for check in checks) else DONE


def _calibrate(terminal: Terminal, model_id: str | None) -> None:
    """Measure and keep: a model that is named, or the one that answers in all its int4 layouts that are here.

    Raises StudioloError, KeyboardInterrupt.
    """
    from studiolo.inference.layouts import fastest, layouts
    from studiolo.models.catalog import load_catalogue
    from studiolo.models.store import ModelStore
    from studiolo.settings import load_settings

    store = ModelStore(terminal.home, load_catalogue())
    settings = load_settings(terminal.home.settings_file)
    chosen = model_id or settings.chat_model or store.best_chat_model()
    model = store.get(chosen)
    if model.kind != "chat":
        raise UserError(Code.MODEL_KIND, model=model.id, kind=model.kind, needed="chat")
    others = [layout.model_id for layout in layouts(chosen, store=store) if layout.model_id != chosen]
    for one in [chosen] if model_id else [chosen, *others]:
        _calibrate_one(terminal, store.get(one), store, settings)
    best = fastest(chosen, store=store)
    if best != chosen and not (model_id or settings.chat_model):
        terminal.say("fastest_layout", model=best, other=chosen)


def _calibrate_one(terminal: Terminal, model: Model, store: ModelStore, settings: Settings) -> None:
    from studiolo.errors import disk_fault
    from studiolo.inference.calibration import MOST_TOKENS, Trial, calibrate
    from studiolo.inference.fit import require_fit
    from studiolo.inference.model import LlamaModel
    from studiolo.inference.tuning import keep_calibration

    require_fit(model.id, store=store, context_tokens=2 * MOST_TOKENS)
    terminal.say("calibrating", model=model.id)

    def told(trial: Trial) -> None:
        tuning, speed = trial.tuning, trial.speed
        terminal.say(
            "trial",
            read=f"{speed.read:.0f}" if speed.read else "-",
            write=f"{speed.write:.0f}" if speed.write else "-",
            threads_read=tuning.threads_read,
            threads_write=tuning.threads_write,
            batch=tuning.ubatch,
            flash=terminal.word("on" if tuning.flash_attention else "off"),
            kv_type=tuning.kv_type,
        )

    loaded = LlamaModel(store.path(model.id), model_id=model.id)
    try:
        with cancel_on_interrupt() as cancel:
            found = calibrate(loaded, cancel=cancel, threads=settings.threads, on_trial=told)
    finally:
        loaded.close()
    if found is None:
        raise KeyboardInterrupt
    if found.disturbed:
        terminal.say("disturbed", percent=round(found.load * 100))
        return
    try:
        keep_calibration(model.sha256, found, cache=terminal.home.cache)
    except OSError as error:
        raise disk_fault(error, terminal.home.cache) from None
    terminal.say("calibrated", model=model.id)
