"""Which licences may come along, on expressions, classifiers and free texts that real distributions carry."""

from __future__ import annotations

import check_licences
import pytest
from check_licences import Declared, judge, verdict


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("MIT", ""),
        ("Apache-2.0 WITH LLVM-exception AND BSL-1.0", ""),
        ("BSD-3-Clause AND GPL-3.0-or-later WITH GCC-exception-3.1", ""),
        ("GPL-3.0-with-GCC-exception AND MIT", ""),
        ("MPL-2.0 AND MIT", ""),
        ("GPL-3.0-only", "GPL"),
        ("AGPL-3.0-or-later", "GPL"),
        ("MIT AND GPL-2.0-or-later", "GPL"),
        ("MIT OR GPL-2.0-or-later", ""),
        ("GPL-2.0-only AND (MIT OR BSD-3-Clause)", "GPL"),
        ("MIT AND (GPL-2.0-only OR Apache-2.0)", ""),
        ("LGPL-3.0-only OR GPL-2.0-only OR GPL-3.0-only", "LGPL"),
        ("LGPL-2.1-or-later", "LGPL"),
        ("GNU Affero General Public License v3", "GPL"),
        ("GNU General Public License v3 or later (GPLv3+)", "GPL"),
        ("GNU Lesser General Public License v3 (LGPLv3)", "LGPL"),
        ("GNU Library or Lesser General Public License (LGPL)", "LGPL"),
        ("BSD License", ""),
        ("", ""),
    ],
)
def test_verdict(licence, expected):
    assert verdict(licence) == expected


@pytest.mark.parametrize(
    ("declared", "allowed"),
    [
        (Declared("a", "MIT", (), ""), True),
        (Declared("a", "", ("MIT License",), "GPL is mentioned in the text"), True),
        (Declared("a", "", ("GNU General Public License v3 (GPLv3)",), "MIT"), False),
        (Declared("a", "", ("MIT License", "GNU General Public License v2 (GPLv2)"), ""), True),
        (Declared("a", "", (), "GPL-3.0"), False),
        (Declared("a", "", (), "Copyright\n" + "BSD terms. " * 40 + "libgfortran: GPL with exception"), True),
        (Declared("shiboken6", "", (), "LGPL-3.0-only OR GPL-2.0-only"), True),
        (Declared("PySide6_Essentials", "", (), "LGPL-3.0-only OR GPL-2.0-only"), True),
        (Declared("other", "LGPL-3.0-only", (), ""), False),
        (Declared("nvidia-cublas-cu12", "", (), "NVIDIA"), False),
        (Declared("nvidia_nccl_cu13", "BSD-3-Clause", (), ""), False),
        (Declared("triton", "MIT", (), ""), False),
    ],
)
def test_judge(declared, allowed):
    assert (judge(declared) == "") is allowed


def test_a_distribution_that_may_not_be_here_fails_the_check_and_is_named(monkeypatch, capsys):
    found = [Declared("good", "MIT", (), ""), Declared("bad", "AGPL-3.0-only", (), "")]
    monkeypatch.setattr(check_licences, "installed", lambda: found)
    assert check_licences.main() == 1
    assert "bad is under GPL" in capsys.readouterr().err


def test_one_that_says_nothing_fails_the_check(monkeypatch, capsys):
    monkeypatch.setattr(check_licences, "installed", lambda: [Declared("silent", "", (), "")])
    assert check_licences.main() == 1
    assert "silent" in capsys.readouterr().err


def test_this_environment_passes():
    assert check_licences.main() == 0
