"""The set-up script's judgements: Python, torch's source, GPU packages, builds for another processor."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import setup_venv
import system_libs

PACKAGING = Path(setup_venv.__file__).parent


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 4), (4, 0, 0)])
def test_a_python_that_is_new_enough_is_taken(version):
    setup_venv.check_python(version)


@pytest.mark.parametrize("version", [(3, 10, 12), (2, 7, 18)])
def test_a_python_that_is_too_old_is_named_in_one_line(version):
    with pytest.raises(SystemExit) as caught:
        setup_venv.check_python(version)
    assert "3.11 or newer" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("script", ["setup_venv.py", "system_libs.py"])
def test_what_runs_before_the_environment_needs_the_standard_library_alone(script):
    code = f"import sys; sys.path.insert(0, {str(PACKAGING)!r}); import {script[:-3]}"
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True)


class Pip:
    """Stands for pip's dry run: which sources have the CPU build."""

    def __init__(self, *, configured: bool, index: bool) -> None:
        self.configured, self.index = configured, index

    def __call__(self, command, **options):
        has_it = self.index if setup_venv.TORCH_CPU_INDEX in command else self.configured
        assert "--dry-run" in command
        return subprocess.CompletedProcess(command, 0 if has_it else 1)


@pytest.mark.parametrize(
    ("pip", "sources"),
    [
        (Pip(configured=True, index=False), []),
        (Pip(configured=True, index=True), []),
        (Pip(configured=False, index=True), ["--extra-index-url", setup_venv.TORCH_CPU_INDEX]),
    ],
)
def test_on_linux_torch_is_the_cpu_build_from_the_nearest_source(monkeypatch, pip, sources):
    monkeypatch.setattr(setup_venv.subprocess, "run", pip)
    monkeypatch.setattr(setup_venv.sys, "platform", "linux")
    assert setup_venv.torch_requirement("2.13.0") == ("torch==2.13.0+cpu", sources)


def test_without_a_cpu_build_anywhere_set_up_stops_with_one_line(monkeypatch):
    monkeypatch.setattr(setup_venv.subprocess, "run", Pip(configured=False, index=False))
    monkeypatch.setattr(setup_venv.sys, "platform", "linux")
    with pytest.raises(SystemExit, match=r"torch==2\.13\.0\+cpu is neither"):
        setup_venv.torch_requirement("2.13.0")


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_elsewhere_the_plain_build_is_a_cpu_build(monkeypatch, system):
    monkeypatch.setattr(setup_venv.sys, "platform", system)
    assert setup_venv.torch_requirement("2.13.0") == ("torch==2.13.0", [])


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["numpy", "torch"], []),
        (["nvidia_cublas_cu12", "torch"], ["nvidia_cublas_cu12"]),
        (["Nvidia-NCCL", "triton", "pytorch-triton"], ["nvidia-nccl", "triton"]),
    ],
)
def test_gpu_distributions_are_seen(tmp_path, names, expected):
    for name in names:
        folder = tmp_path / f"{name.replace('-', '_')}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    assert setup_venv.gpu_distributions(tmp_path) == expected


@pytest.mark.parametrize(
    ("info", "flags", "expected"),
    [
        ("CPU : AVX = 1 | AVX2 = 1 | FMA = 1 | OPENMP = 1 |", {"avx", "avx2", "fma"}, []),
        ("CPU : AVX = 1 | AVX2 = 1 | AVX512 = 1 | AMX_INT8 = 1 |", {"avx", "avx2"}, ["AMX_INT8", "AVX512"]),
        ("CPU : AVX = 1 | AVX512 = 0 |", {"avx"}, []),
        ("CPU : AVX512 = 1 |", set(), []),
        ("CPU : AVX2 = 1 | AMX_INT8 = 1 |", {"avx2", "amx_int8"}, ["AMX_INT8"]),
        ("CPU : AMX_INT8 = 0 |", set(), []),
    ],
)
def test_a_build_for_another_processor_is_seen(info, flags, expected):
    assert setup_venv.foreign_features(info, flags=frozenset(flags)) == expected


def test_the_stamp_changes_with_the_lock(monkeypatch, tmp_path):
    before = setup_venv.fingerprint()
    changed = tmp_path / "requirements.lock"
    changed.write_text("torch==9.9\n", encoding="utf-8")
    monkeypatch.setattr(setup_venv, "LOCKS", (changed,))
    assert setup_venv.fingerprint()["inputs"] != before["inputs"]
    assert setup_venv.fingerprint()["python"] == before["python"]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"inputs": "x"}'])
def test_a_damaged_stamp_means_not_up_to_date(monkeypatch, tmp_path, text):
    stamp = tmp_path / "stamp.json"
    stamp.write_text(text, encoding="utf-8")
    monkeypatch.setattr(setup_venv, "STAMP", stamp)
    assert setup_venv.stamped() != setup_venv.fingerprint()


def test_what_is_missing_is_said_in_one_line_where_we_may_not_install(monkeypatch, capsys):
    monkeypatch.setattr(system_libs, "may_install", lambda: False)
    monkeypatch.setattr(system_libs.shutil, "which", lambda name: "/usr/bin/apt-get" if name == "apt-get" else None)
    system_libs.ensure(["libegl1", "libgl1"], what="libraries of the window", needed=False)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "sudo apt-get update && sudo apt-get install -y libegl1 libgl1" in said
    with pytest.raises(SystemExit, match=r"install -y g\+\+"):
        system_libs.ensure(["g++"], what="a C++ compiler", needed=True)


def test_root_installs_and_goes_on(monkeypatch):
    asked = []
    monkeypatch.setattr(system_libs, "may_install", lambda: True)
    monkeypatch.setattr(system_libs, "install", lambda packages: asked.append(list(packages)) or True)
    system_libs.ensure(["g++", "make"], what="a C++ compiler", needed=True)
    system_libs.ensure([], what="nothing", needed=True)
    assert asked == [["g++", "make"]]


def test_one_missing_library_asks_for_the_whole_list(monkeypatch):
    monkeypatch.setattr(system_libs.sys, "platform", "linux")
    monkeypatch.setattr(system_libs, "has_chinese_font", lambda: False)
    monkeypatch.setattr(system_libs.ctypes.util, "find_library", lambda name: None if name == "EGL" else "lib")
    assert system_libs.missing_for_window() == [*system_libs.QT_LIBRARIES, system_libs.CJK_FONT]
    monkeypatch.setattr(system_libs.ctypes.util, "find_library", lambda name: "lib")
    monkeypatch.setattr(system_libs, "has_chinese_font", lambda: True)
    assert system_libs.missing_for_window() == []


def test_pips_hundreds_of_lines_become_a_few(capsys):
    said = "Collecting a\\nCollecting b\\nBuilding wheel for b: started\\n  noise\\n"
    setup_venv.follow([sys.executable, "-c", f"print('{said}')"], failure="pip failed")
    assert capsys.readouterr().err == "setup: Building wheel for b: started\n"


def test_where_pip_fails_its_last_words_are_shown(capsys):
    code = "import sys; print('Collecting a'); print('ERROR: no such thing', file=sys.stderr); sys.exit(1)"
    with pytest.raises(SystemExit, match="pip failed"):
        setup_venv.follow([sys.executable, "-c", code], failure="pip failed")
    assert "ERROR: no such thing" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "expected"),
    [("home = /usr/bin\nversion = 3.12.4\n", [3, 12]), ("version_info = 3.11.0.final.0\n", [3, 11]), ("", [])],
)
def test_the_environments_version_is_read_from_its_own_file(monkeypatch, tmp_path, text, expected):
    (tmp_path / "pyvenv.cfg").write_text(text, encoding="utf-8")
    monkeypatch.setattr(setup_venv, "VENV", tmp_path)
    assert setup_venv.venv_version() == expected


def test_amx_is_kept_out_of_a_build_beside_the_users_own_flags(monkeypatch):
    monkeypatch.setenv("CFLAGS", "-O2")
    monkeypatch.setattr(setup_venv, "compiler_flags", lambda: setup_venv.NO_AMX)
    environment = setup_venv.build_environment()
    assert environment["CFLAGS"] == f"-O2 {setup_venv.NO_AMX}"
    assert environment["CXXFLAGS"] == setup_venv.NO_AMX
