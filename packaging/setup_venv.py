"""Builds `.venv`: the exact versions of the lock files, torch as a CPU build, and Studiolo itself, editable.

Run by the system's Python (3.11 or newer), standard library only. Does nothing when nothing changed. Fails with one
line that says what to do. Goes by pip's own configuration: indexes, find-links and proxies are whatever pip is told.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence
from importlib.metadata import distributions
from pathlib import Path

import system_libs

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "studiolo-setup.json"
LOCKS = (ROOT / "packaging" / "requirements.lock", ROOT / "packaging" / "requirements-dev.lock")
MINIMUM = (3, 11)
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"

# Some virtual machines announce AMX and fault on its first instruction (`ldtilecfg`): a native build then dies while
# it reads the first prompt. Without AMX the AVX-512 or AVX2 kernels are used.
NO_AMX = "-mno-amx-tile -mno-amx-int8 -mno-amx-bf16"
REFUSED_FEATURES = frozenset({"AMX_INT8"})

# What llama.cpp's `system_info` calls a processor feature, and what Linux calls it.
CPU_FEATURES = {
    "AVX": "avx",
    "AVX2": "avx2",
    "AVX_VNNI": "avx_vnni",
    "AVX512": "avx512f",
    "AVX512_VBMI": "avx512vbmi",
    "AVX512_VNNI": "avx512_vnni",
    "AVX512_BF16": "avx512_bf16",
    "AMX_INT8": "amx_int8",
    "FMA": "fma",
    "F16C": "f16c",
    "BMI2": "bmi2",
}


def venv_python() -> Path:
    """The interpreter of the environment."""
    return VENV / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def venv_version() -> list[int]:
    """Major and minor version of the environment's Python, empty where they cannot be read."""
    try:
        text = (VENV / "pyvenv.cfg").read_text(encoding="utf-8")
    except OSError:
        return []
    found = re.search(r"^version(?:_info)?\s*=\s*(\d+)\.(\d+)", text, flags=re.MULTILINE)
    return [int(found[1]), int(found[2])] if found else []


def site_packages() -> Path:
    """Where the environment keeps its packages."""
    if sys.platform == "win32":
        return VENV / "Lib" / "site-packages"
    return VENV / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"


def check_python(version: Sequence[int]) -> None:
    """Stop on a Python that is too old."""
    if tuple(version[:2]) < MINIMUM:
        found = ".".join(str(part) for part in version[:2])
        raise SystemExit(f"setup: Python {found} is too old, 3.11 or newer is needed: make PYTHON=python3.11")


def locked(text: str) -> dict[str, str]:
    """Version by name of a lock file."""
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", text, flags=re.MULTILINE))


def cpu_flags() -> frozenset[str]:
    """Feature flags of this processor on Linux, empty elsewhere."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return frozenset()
    found = re.search(r"^(?:flags|Features)\s*:(.*)$", text, flags=re.MULTILINE)
    return frozenset(found[1].split()) if found else frozenset()


def fingerprint() -> dict[str, str]:
    """What the environment depends on; equal to the stamp means that nothing has to be done."""
    import tomllib  # not at the top: a Python too old for it must still reach check_python

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    relevant = {
        "project": project["project"],
        "build-system": project["build-system"],
        "hatch": project["tool"]["hatch"],
    }
    digest = hashlib.sha256(json.dumps(relevant, sort_keys=True).encode())
    for path in (*LOCKS, Path(__file__)):
        digest.update(path.read_bytes())
    native = hashlib.sha256(" ".join(sorted(cpu_flags() & set(CPU_FEATURES.values()))).encode())
    return {
        "inputs": digest.hexdigest(),
        "python": f"{sys.implementation.name} {platform.python_version()} {platform.machine()}",
        "processor": native.hexdigest()[:16],
        "place": str(VENV),
    }


def stamped() -> dict[str, str]:
    """The fingerprint the environment was built with, empty where there is none."""
    try:
        value = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) and venv_python().exists() else {}


def run(command: Sequence[str], *, failure: str) -> None:
    """Run a command with its output on the terminal (stderr); stop with `failure` where it fails."""
    if subprocess.run(command, stdout=sys.stderr, check=False).returncode != 0:
        raise SystemExit(f"setup: {failure}")


def follow(command: Sequence[str], *, failure: str) -> None:
    """Run pip with a line for what matters instead of its hundreds; all it said last where it fails."""
    environment = {**build_environment(), "PYTHONUNBUFFERED": "1"}
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "errors": "replace"}
    last: deque[str] = deque(maxlen=40)
    looked_up = 0
    with subprocess.Popen(command, env=environment, **options) as process:  # type: ignore[call-overload]
        for line in process.stdout:
            last.append(line)
            looked_up += line.startswith(("Collecting ", "Processing ", "Requirement already satisfied"))
            if sys.stderr.isatty():
                print(f"\rsetup: {looked_up} packages looked up", end="", file=sys.stderr, flush=True)
            if re.match(r"\s*(Building wheels? for|Installing collected|Successfully built)", line):
                shown = line.strip()
                print(f"{chr(13) if sys.stderr.isatty() else ''}setup: {shown[:100]}", file=sys.stderr, flush=True)
    if process.returncode != 0:
        print("".join(last), file=sys.stderr)
        raise SystemExit(f"setup: {failure}")


def pip(*arguments: str) -> list[str]:
    """A pip command line of the environment."""
    return [str(venv_python()), "-m", "pip", "--disable-pip-version-check", *arguments]


def torch_requirement(version: str) -> tuple[str, list[str]]:
    """The torch to ask for and the sources to add: on Linux the CPU build, without several GB of CUDA.

    Where the configured sources have the CPU build it is taken from them, otherwise from PyTorch's own CPU index.
    """
    if not sys.platform.startswith("linux"):
        return f"torch=={version}", []
    wanted = f"torch=={version}+cpu"
    for extra in ([], ["--extra-index-url", TORCH_CPU_INDEX]):
        probe = pip("install", "--dry-run", "--no-deps", "--quiet", "--ignore-installed", *extra, wanted)
        if subprocess.run(probe, capture_output=True, check=False).returncode == 0:
            return wanted, extra
    raise SystemExit(f"setup: {wanted} is neither in pip's configured sources nor on {TORCH_CPU_INDEX}")


def gpu_distributions(folder: Path) -> list[str]:
    """Distributions in `folder` that only a GPU build of torch brings."""
    names = {dist.metadata["Name"].lower() for dist in distributions(path=[str(folder)])}
    return sorted(name for name in names if name.startswith(("nvidia-", "nvidia_", "triton")))


def foreign_features(system_info: str, *, flags: frozenset[str]) -> list[str]:
    """Features a build of llama.cpp uses and this processor lacks, or that are refused anywhere (AMX).

    `flags` empty = not known: then only the refused ones.
    """
    built = set(re.findall(r"(\w+) = 1", system_info))
    foreign = {name for name, flag in CPU_FEATURES.items() if flags and name in built and flag not in flags}
    return sorted(foreign | (built & REFUSED_FEATURES))


def compiler_flags() -> str:
    """Flags that keep AMX out of a native build, "" where the compiler does not know them (it then has no AMX)."""
    if platform.machine().lower() not in ("x86_64", "amd64") or os.name != "posix":
        return ""
    probe = ["c++", *NO_AMX.split(), "-x", "c++", "-fsyntax-only", os.devnull]
    known = subprocess.run(probe, capture_output=True, check=False).returncode == 0
    return NO_AMX if known else ""


def build_environment() -> dict[str, str]:
    """The environment for pip, with the compiler's flags beside those the user has set."""
    flags = compiler_flags()
    environment = dict(os.environ)
    for name in ("CFLAGS", "CXXFLAGS"):
        environment[name] = f"{environment.get(name, '')} {flags}".strip()
    return environment


def check_llama(version: str) -> None:
    """See that llama.cpp runs on this processor: pip keeps natively built wheels, also those of another machine."""
    code = "import llama_cpp as l; print(l.llama_print_system_info().decode())"
    for attempt in ("first", "rebuilt"):
        ran = subprocess.run([str(venv_python()), "-c", code], capture_output=True, text=True, check=False)
        foreign = foreign_features(ran.stdout, flags=cpu_flags())
        if ran.returncode == 0 and not foreign:
            return
        if attempt == "first":
            why = f"uses {', '.join(foreign)}" if foreign else f"ended with {ran.returncode}"
            print(f"setup: the cached build of llama-cpp-python {why}; compiling it anew (minutes)", file=sys.stderr)
            subprocess.run(pip("cache", "remove", "llama_cpp_python"), capture_output=True, check=False)
            rebuild = pip("install", "--force-reinstall", "--no-deps", f"llama-cpp-python=={version}")
            follow(rebuild, failure="llama-cpp-python did not compile; see above")
    raise SystemExit("setup: llama-cpp-python does not run on this processor, even compiled here; please report it")


def build(versions: Mapping[str, str]) -> None:
    """Make the environment and fill it."""
    if not venv_python().exists() or venv_version() != list(sys.version_info[:2]):
        failure = f"no environment could be made in {VENV}"
        run([sys.executable, "-m", "venv", "--clear", str(VENV)], failure=failure)
    failure = "pip failed; see above"
    run(pip("install", "--quiet", f"pip=={versions['pip']}"), failure=failure)
    torch, sources = torch_requirement(versions["torch"])
    print(f"setup: {torch} from {sources[-1] if sources else 'the configured sources'}", file=sys.stderr)
    run(pip("install", "--no-deps", *sources, torch), failure=failure)
    if not (site_packages() / "llama_cpp").is_dir():
        print(
            "setup: llama-cpp-python is compiled for this processor: about 7 minutes on two cores, once;\n"
            "setup: pip keeps the wheel.",
            file=sys.stderr,
        )
    requirements = [part for path in LOCKS for part in ("-r", str(path))]
    follow(pip("install", "--progress-bar", "off", *requirements), failure=failure)
    run(pip("install", "--quiet", "--no-deps", "--editable", str(ROOT)), failure="Studiolo itself was not installed")
    follow(pip("check"), failure="the installed packages do not fit together; see above")


def main() -> int:
    """Bring the environment up to date."""
    check_python(sys.version_info[:3])
    if stamped() == fingerprint():
        return 0
    began = time.monotonic()
    system_libs.ensure(system_libs.missing_for_build(), what="a C++ compiler or Python's venv", needed=True)
    system_libs.ensure(system_libs.missing_for_window(), what="libraries of the window", needed=False)
    versions = locked(LOCKS[0].read_text(encoding="utf-8"))
    STAMP.unlink(missing_ok=True)
    build(versions)
    unwanted = gpu_distributions(site_packages())
    if unwanted:
        raise SystemExit(f"setup: a GPU build of torch came along ({', '.join(unwanted)}); remove {VENV} and try again")
    check_llama(versions["llama-cpp-python"])
    STAMP.write_text(json.dumps(fingerprint()), encoding="utf-8")
    print(f"setup: ready in {VENV} after {time.monotonic() - began:.0f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
