"""What the doctor found, in words: every case in English and Chinese, and an older engine's checks as they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.unit.models import gguf_files

from studiolo import doctor
from studiolo.cli.checks import TEXTS, check_words
from studiolo.doctor import examine
from studiolo.inference.tuning import Calibration, Speed, Tuning, default_tuning, keep_calibration
from studiolo.models.catalog import load_catalogue
from studiolo.models.store import ModelStore
from studiolo.paths import Home
from studiolo.settings import Settings
from studiolo.types import Check

CPU = {
    "processor": "Xeon", "instructions": "AVX2", "cores": 4, "logical": 8, "performance_cores": 2, "smt": True,
    "numa_nodes": 2, "quota": 1.5, "threads": 2,
}  # fmt: skip

MEMORY = {"available_bytes": 1 << 30, "total_bytes": 2 << 30, "swap_bytes": 0, "limited": True}


@pytest.fixture
def store(home: Home, tmp_path: Path) -> ModelStore:
    made = ModelStore(home, load_catalogue())
    made.import_file(gguf_files.write(tmp_path / "tiny.gguf"))
    return made


def said(store: ModelStore, *, chinese: bool) -> dict[str, str]:
    found = examine(store.home, store=store, settings=Settings(), protection="file")  # type: ignore[call-arg]
    return {check.name: check_words(check, chinese=chinese) for check in found}


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_both_languages_hold_the_same_values(name: str) -> None:
    english, chinese = ({*re.findall(r"{(\w+)", text)} for text in TEXTS[name])
    assert english == chinese


@pytest.mark.parametrize("chinese", [False, True])
def test_every_check_has_words(store: ModelStore, chinese: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    words = said(store, chinese=chinese)
    tuned = default_tuning()
    for found in (tuned, Tuning(7, 6, batch=128, ubatch=128, flash_attention=False)):
        kept = Calibration(found, Speed(212.0, 31.0), tuned, Speed(101.0, 21.0), 1.5 * 2**30, 30.0, 0.0)
        keep_calibration(store.get("tiny").sha256, kept, cache=store.home.cache)
        words[f"tuned {found.ubatch}"] = said(store, chinese=chinese)["tuning.tiny"]
    monkeypatch.setattr(doctor, "free_for_models", lambda: 1000)
    words["tight"] = said(store, chinese=chinese)["fit.tiny"]
    for name, text in words.items():
        assert text, name
        assert not re.search(r"[{}]|True|False|None", text), name
        technical = name in ("python", "home", "models.chat")
        assert bool(re.search("[\u4e00-\u9fff]", text)) is (chinese and not technical), name
    for number in ("212", "101", "31", "21", "1.5 GiB"):
        assert number in words["tuned 128"]


def test_what_only_some_processors_have() -> None:
    whole = check_words(Check("cpu", "ok", "", CPU), chinese=False)
    assert "(two threads a core, 2 of the faster kind, 2 memory nodes, limited to 1.5 processors)" in whole
    assert "（每核两个线程，其中 2 个为性能核，2 个内存节点，限用 1.5 个处理器）" in check_words(
        Check("cpu", "ok", "", CPU), chinese=True
    )
    plain = {**CPU, "performance_cores": 4, "smt": False, "numa_nodes": 1, "quota": 0, "instructions": ""}
    assert check_words(Check("cpu", "ok", "", plain), chinese=False) == (
        "Xeon, instructions not readable; 4 cores, 8 logical processors; 2 threads are used"
    )
    old = Check("cpu", "failed", "AVX2 missing", {**CPU, "missing": "AVX2"})
    assert check_words(old, chinese=False) == "Xeon lacks AVX2, which is needed"


@pytest.mark.parametrize(
    ("check", "english", "chinese"),
    [
        (Check("power", "ok", "", {"source": "battery"}), "on battery", "正在使用电池"),
        (Check("models.names", "failed", "", {"missing": "lac"}), "missing: lac", "缺少：lac"),
        (Check("models.chat", "failed", "", {"installed": ""}), "none installed", "尚未安装"),
        (
            Check("policy", "failed", "", {"file": "privacy.toml", "line": 2, "problem": "syntax"}),
            "privacy.toml, line 2: this is not TOML",
            "privacy.toml 第 2 行：这不是 TOML",
        ),
        (
            Check("memory", "ok", "", MEMORY),
            "1.0 GiB available of the 2.0 GiB that this container may have",
            "可用 1.0 GiB，此容器的上限为 2.0 GiB",
        ),
        (
            Check("seal", "warning", "", {"sealed": False, "reason": "incomplete", "open_ways": "connect, ptrace"}),
            "not sealed: still open are connect, ptrace",
            "未隔离网络：仍可通行的有 connect, ptrace",
        ),
        (
            Check("seal", "warning", "", {"sealed": False, "reason": "refused"}),
            "not sealed: the system refused it",
            "未隔离网络：系统拒绝了隔离请求",
        ),
        (
            Check("seal", "warning", "", {"sealed": True, "verified": False, "by": "sandbox"}),
            (
                "this process can reach no network by its own test (sandbox); this project has not been verified on "
                "this system"
            ),
            "此进程自测无法访问任何网络（sandbox）；本项目尚未在此系统上验证",
        ),
        (Check("seal", "warning", "of an older engine"), "of an older engine", "of an older engine"),
    ],
)  # fmt: skip
def test_cases(check: Check, english: str, chinese: str) -> None:
    assert check_words(check, chinese=False) == english
    assert check_words(check, chinese=True) == chinese


def test_a_damaged_model_is_a_sentence() -> None:
    check = Check("fit.tiny", "failed", "damaged_model", {"model": "tiny", "problem": "damaged_model"})
    assert check_words(check, chinese=False).startswith("The model tiny is damaged")
    assert check_words(check, chinese=True).startswith("模型 tiny 已损坏")


@pytest.mark.parametrize("values", [{}, {"odd": 1}])
def test_what_another_version_says_is_shown_as_it_is(values: dict[str, int]) -> None:
    assert check_words(Check("cpu", "ok", "AVX2", values), chinese=True) == "AVX2"
    assert check_words(Check("unheard of", "ok", "7", values), chinese=False) == "7"
