"""The scripts in assets/examples, run as people run them against a running engine, on English and Chinese documents."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.real.conftest import SMALL, link_models

from studiolo.client import Client
from studiolo.home_format import prepare_home
from studiolo.paths import Home
from studiolo.settings import Settings, save_settings

pytestmark = [pytest.mark.real_model, pytest.mark.timeout(900)]

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLES = ROOT / "assets" / "examples"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, models_home: Home) -> Home:
    made = Home(tmp_path_factory.mktemp("examples") / "home")
    prepare_home(made)
    link_models(made, models_home)
    save_settings(made.settings_file, Settings(chat_model=SMALL, answer_tokens=32))  # type: ignore[call-arg]
    return made


@pytest.fixture(scope="module")
def client(home: Home) -> Iterator[Client]:
    """The engine that runs; the scripts attach to it."""
    with Client.attach(home) as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "office"
    (made / "合同").mkdir(parents=True)
    (made / "lease.md").write_text(
        "# Lease\n\nThe term of the lease is twelve months. The tenant is Margaret Holloway.\n", encoding="utf-8"
    )
    (made / "合同" / "租约.txt").write_text("租期为二十四个月。租客的电话是 13800138000。\n", encoding="utf-8")
    return made


def run(home: Home, name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    search_path = os.pathsep.join(str(ROOT / part) for part in ("engine", "app"))
    return subprocess.run(
        [sys.executable, str(EXAMPLES / f"{name}.py"), *map(str, arguments)],
        capture_output=True, text=True, encoding="utf-8", check=False, timeout=500,
        env={**os.environ, "STUDIOLO_HOME": str(home.root), "PYTHONPATH": search_path, "PYTHONUTF8": "1"},
    )  # fmt: skip


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_questions_to_csv(home: Home, client: Client, folder: Path, tmp_path: Path) -> None:
    questions, answers = tmp_path / "questions.txt", tmp_path / "answers.csv"
    questions.write_text("# ours\nHow long is the term of the lease?\n\n租期多久？\n", encoding="utf-8")
    done = run(home, "questions_to_csv", folder, questions, answers, "--max-tokens", "12")
    assert (done.returncode, done.stderr) == (0, "")
    found = rows(answers)
    assert [row["question"] for row in found] == ["How long is the term of the lease?", "租期多久？"]
    assert all(row["answer"] and row["verified"] in ("yes", "no") and not row["error"] for row in found)
    before = answers.read_bytes()
    assert run(home, "questions_to_csv", folder, questions, answers).returncode == 0
    assert answers.read_bytes() == before  # all of it was answered
    each = tmp_path / "each.csv"
    questions.write_text("租期多久？\n", encoding="utf-8")
    done = run(home, "questions_to_csv", folder, questions, each, "--each", "--library", "office", "--max-tokens", "6")
    assert done.returncode == 0
    assert [row["document"] for row in rows(each)] == ["lease.md", "租约.txt"]
    assert {row["question"] for row in rows(each)} == {"租期多久？"}


def test_redact_directory(home: Home, client: Client, folder: Path, tmp_path: Path) -> None:
    (folder / "Margaret_Holloway.txt").write_text("Nothing here.", encoding="utf-8")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 nothing")
    (folder / ".hidden.txt").write_text("Margaret Holloway", encoding="utf-8")
    target = tmp_path / "redacted"
    done = run(home, "redact_directory", folder, target)
    assert done.returncode == 1  # the broken one
    told = {one["path"]: one for one in lines(done.stdout)}
    assert "error" in told["broken.pdf"]
    assert told[f"合同{os.sep}租约.txt"]["found"] == {"PHONE_NUMBER": 1}
    english = (target / "lease.md.txt").read_text(encoding="utf-8")
    assert "<PERSON>" in english
    assert "twelve months" in english
    chinese = (target / "合同" / "租约.txt.txt").read_text(encoding="utf-8")
    assert "<PHONE_NUMBER>" in chinese
    assert "二十四个月" in chinese
    written = [path.relative_to(target) for path in target.rglob("*.txt")]
    assert len(written) == 3
    assert not any("Holloway" in str(path) for path in written)
    (target / "lease.md.txt").write_text("mine", encoding="utf-8")
    again = run(home, "redact_directory", folder, target)
    assert sum("skipped" in one for one in lines(again.stdout)) == 3
    assert (target / "lease.md.txt").read_text(encoding="utf-8") == "mine"
    run(home, "redact_directory", folder, target, "--force", "--keep-names")
    assert (target / "lease.md.txt").read_text(encoding="utf-8") == english
    assert (target / "Margaret_Holloway.txt.txt").exists()
    assert run(home, "redact_directory", folder, folder / "inside").returncode == 2


def test_nightly_ingest(home: Home, client: Client, folder: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.jsonl"
    common = ["--library", "夜间", "--remove-gone", "--report", report]
    done = run(home, "nightly_ingest", folder, *common)
    assert (done.returncode, done.stderr) == (0, "")
    (summary,) = lines(done.stdout)
    assert (summary["library"], summary["added"]) == ("夜间", 2)
    assert {Path(one["path"]).name for one in lines(report.read_text(encoding="utf-8"))} == {"lease.md", "租约.txt"}
    (folder / "lease.md").write_text("# Lease\n\nThe term is thirteen months.\n", encoding="utf-8")
    (folder / "合同" / "租约.txt").unlink()
    (summary,) = lines(run(home, "nightly_ingest", folder, *common).stdout)
    assert (summary["updated"], summary["removed"]) == (1, 1)
    assert [one.name for one in client.documents("夜间")] == ["lease.md"]
    assert [one["status"] for one in lines(report.read_text(encoding="utf-8"))[2:]] == ["updated", "removed"]
    kept = folder.rename(tmp_path / "away")
    folder.mkdir()  # a drive that is not mounted
    done = run(home, "nightly_ingest", folder, *common)
    assert done.returncode == 1
    assert "cannot be reached" in done.stderr
    assert [one.name for one in client.documents("夜间")] == ["lease.md"]
    assert (kept / "lease.md").exists()


@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.glob("*.py")))
def test_what_goes_wrong_is_told(home: Home, client: Client, name: str, tmp_path: Path) -> None:
    helped = run(home, name, "--help")
    assert helped.returncode == 0
    assert f"python {name}.py" in helped.stdout
    (tmp_path / "q.txt").write_text("x\n", encoding="utf-8")
    arguments = {
        "questions_to_csv": [tmp_path, tmp_path / "q.txt", tmp_path / "a.csv"],
        "redact_directory": [tmp_path, tmp_path.parent / "elsewhere"],
        "nightly_ingest": [tmp_path],
    }[name]
    wrong = tmp_path / "wrong.token"
    wrong.write_text("wrong", encoding="utf-8")
    done = run(home, name, *arguments, "--token-file", wrong)
    assert done.returncode == 1
    assert "unauthorised" in done.stderr
    missing = run(home, name, *arguments, "--token-file", tmp_path / "none")
    assert missing.returncode == 1
    assert "file_missing" in missing.stderr
