"""Where the files that come with the window are: inside the installed package, or in the source tree's `assets`."""

from __future__ import annotations

from pathlib import Path


def assets_folder() -> Path:
    """The folder that holds `icons` and, in a source tree, `samples`."""
    here = Path(__file__).resolve()
    installed = here.parent / "assets"
    return installed if installed.is_dir() else here.parents[2] / "assets"


def icon_file(name: str) -> Path:
    """An icon by name."""
    return assets_folder() / "icons" / f"{name}.svg"


def sample_documents() -> tuple[Path, ...]:
    """The documents to try things with, () where they did not come along."""
    folder = assets_folder() / "samples"
    return tuple(sorted(path for path in folder.iterdir() if path.is_file())) if folder.is_dir() else ()
