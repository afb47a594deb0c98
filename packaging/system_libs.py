"""Finds what the operating system must provide and does not: a C++ compiler, venv, Qt's libraries, a Chinese font.

On Debian and Ubuntu it installs them when it may (root) and otherwise prints the one line that does. Standard library
only: it runs before the environment exists.
"""

from __future__ import annotations

import ctypes.util
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

COMPILER = ("g++", "make")
QT_LIBRARIES = (
    "libegl1",
    "libgl1",
    "libxkbcommon0",
    "libdbus-1-3",
    "libfontconfig1",
    "libxkbcommon-x11-0",
    "libxcb-cursor0",
    "libxcb-icccm4",
    "libxcb-keysyms1",
    "libxcb-shape0",
    "libxcb-image0",
    "libxcb-render-util0",
    "libxcb-xinerama0",
)
# Shared objects that Qt's Linux platform plugins load; one missing means the list above is installed whole.
QT_SONAMES = (
    "EGL",
    "GL",
    "xkbcommon",
    "dbus-1",
    "fontconfig",
    "xkbcommon-x11",
    "xcb-cursor",
    "xcb-icccm",
    "xcb-keysyms",
    "xcb-shape",
    "xcb-image",
    "xcb-render-util",
)
CJK_FONT = "fonts-noto-cjk"


def has_compiler() -> bool:
    """Whether a C++ compiler answers to one of its usual names."""
    named = os.environ.get("CXX", "").split()
    return any(shutil.which(name) for name in (*named[:1], "c++", "g++", "clang++", "cl"))


def missing_for_build() -> list[str]:
    """Debian packages that building the environment lacks."""
    lacking = [] if has_compiler() else list(COMPILER)
    if importlib.util.find_spec("ensurepip") is None:  # Debian splits it off, and venv fails without it
        lacking.append(f"python{sys.version_info.major}.{sys.version_info.minor}-venv")
    return lacking


def missing_for_window() -> list[str]:
    """Debian packages that the window lacks: Qt's libraries where one cannot be found, a font for Chinese."""
    if not sys.platform.startswith("linux"):
        return []
    lacking = list(QT_LIBRARIES) if any(ctypes.util.find_library(name) is None for name in QT_SONAMES) else []
    return lacking if has_chinese_font() else [*lacking, CJK_FONT]


def has_chinese_font() -> bool:
    """Whether fontconfig, or the usual font folder where fontconfig's tool is missing, knows a Chinese font."""
    if shutil.which("fc-list"):
        listed = subprocess.run(["fc-list", ":lang=zh", "family"], capture_output=True, text=True, check=False)
        return bool(listed.stdout.strip())
    return any(Path("/usr/share/fonts").glob("**/*CJK*"))


def may_install() -> bool:
    """Whether this is a Debian-like system and we are root."""
    return shutil.which("apt-get") is not None and hasattr(os, "geteuid") and os.geteuid() == 0


def install_line(packages: Sequence[str]) -> str:
    """The one line that installs `packages`, for this system where it is known."""
    if shutil.which("apt-get"):
        return f"sudo apt-get update && sudo apt-get install -y {' '.join(packages)}"
    if sys.platform == "darwin":
        return "xcode-select --install"
    if sys.platform == "win32":
        return "winget install Microsoft.VisualStudio.2022.BuildTools (with the C++ workload)"
    return f"install what your system calls: {' '.join(packages)}"


def install(packages: Sequence[str]) -> bool:
    """Install with apt-get; True when it worked."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", *packages]):
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            print("\n".join(ran.stderr.splitlines()[-5:]), file=sys.stderr)
            return False
    return True


def ensure(packages: Sequence[str], *, what: str, needed: bool) -> None:
    """See that `packages` are there. Where they cannot be installed: stop if `needed`, else say the line and go on."""
    if not packages:
        return
    if may_install():
        print(f"setup: installing {what}: {' '.join(packages)}", file=sys.stderr)
        if install(packages):
            return
    message = f"setup: {what} missing; run: {install_line(packages)}"
    if needed:
        raise SystemExit(message)
    print(message, file=sys.stderr)
