"""The screens around a library for the set of pictures: pages, documents, searches, folders, the map."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from studiolo.errors import Code
from studiolo.types import MapPoint, Watched

if TYPE_CHECKING:
    from tests.window.screenshots import Stage

ASKED = {
    "en": "How long is the term of the lease, and when does the deposit come back?",
    "zh": "试用期有多长？工资是多少？",
}
TOPICS = (
    ("lease-alder-wharf.pdf", "3. Term. The lease begins on 1 March 2026 and runs for a fixed term of three years."),
    ("espresso-machine-manual.pdf", "Descale the machine every two months, or when the light comes on."),
    ("劳动合同.pdf", "第四条 试用期为三个月，自2026年4月1日起计算。"),
    ("meeting-note-2026-04-14.md", "Ms Wen Yalan asked whether the balcony repair counts against the deposit."),
)


def answered(stage: Stage, language: str) -> None:
    stage.desktop.chat.ask(ASKED[language])
    stage.until(lambda: not stage.desktop.chat.busy)


def page(stage: Stage, language: str) -> None:
    answered(stage, language)
    stage.desktop.window.show_source(stage.desktop.chat.turns[-1], 1)
    _seen(stage)


def page_unverified(stage: Stage, language: str) -> None:
    stage.engine.quotes = {1: "what stands nowhere"}
    page(stage, language)


def page_of_text(stage: Stage, language: str) -> None:
    answered(stage, language)
    if language == "en":
        stage.desktop.window.show_source(stage.desktop.chat.turns[-1], 3)
    else:
        stage.engine.page_reason = "file_missing"
        stage.desktop.window.show_source(stage.desktop.chat.turns[-1], 1)
    _seen(stage)


def page_locked(stage: Stage, language: str) -> None:
    stage.engine.page_password = "secret"
    page(stage, language)


def document(stage: Stage, _language: str) -> None:
    stage.desktop.window.looking.show_document(stage.desktop.library.documents[1])
    _seen(stage)
    stage.until(lambda: stage.desktop.study.viewer.report is not None)


def nothing(stage: Stage, language: str) -> None:
    stage.engine.hits = tuple(replace(hit, score=0.1) for hit in stage.engine.hits)
    stage.engine.quotes = {}
    answered(stage, language)
    stage.desktop.window.show_source(stage.desktop.chat.turns[-1], 0)
    stage.settle()


def searching(stage: Stage, language: str) -> None:
    stage.desktop.window.pane.documents.field.setText("lease" if language == "en" else "合同")
    stage.until(lambda: stage.desktop.study.finding.hits is not None)


def paused(stage: Stage, _language: str) -> None:
    stage.engine.hold_file = "b-report-2.pdf"
    stage.engine.fails = {"a-report-1.pdf": (Code.NEEDS_PASSWORD, {})}
    names = ["a-report-1.pdf", *(f"b-report-{number}.pdf" for number in range(1, 40))]
    stage.desktop.window.add_paths([Path("/documents") / name for name in names])
    stage.until(
        lambda: any(row.stage == "embed" and row.name == stage.engine.hold_file for row in stage.desktop.library.files)
    )
    stage.desktop.library.pause()
    stage.until(lambda: all(row.state not in ("working", "queued") for row in stage.desktop.library.files))


def watched(stage: Stage, _language: str) -> QWidget:
    stage.engine.folders = {
        "default": [
            Watched("/home/ada/Documents/contracts", polling=False, state="watching"),
            Watched("/mnt/office/合同", polling=True, state="unreachable"),
        ]
    }
    stage.desktop.window.manage_watched()
    stage.until(lambda: stage.desktop.study.watching.known)
    return stage.desktop.window._watched_dialog


def library_map(stage: Stage, _language: str) -> None:
    stage.engine.map_points = _points()
    stage.engine.map_passages = 1200
    stage.desktop.study.map.show()
    stage.until(lambda: stage.desktop.study.map.map is not None)
    stage.desktop.window.map.canvas.choose(40)
    stage.settle()


def map_and_page(stage: Stage, language: str) -> None:
    library_map(stage, language)
    hit = stage.engine.hits[0]
    stage.engine.map_points = (
        MapPoint(hit.passage.id, hit.passage.document_id, hit.passage.document, hit.passage.page, 0, 0, "x"),
    )
    found = stage.desktop.study.map.map
    assert found is not None
    first = stage.engine.map_points[0]
    stage.desktop.window.looking.show_point(first)
    _seen(stage)


def map_list(stage: Stage, language: str) -> None:
    library_map(stage, language)
    stage.desktop.window.map.list_tab.click()
    stage.settle()


def map_empty(stage: Stage, _language: str) -> None:
    stage.engine.map_passages = 12
    stage.desktop.study.map.show()
    stage.until(lambda: stage.desktop.study.map.map is not None)


def _seen(stage: Stage) -> None:
    viewer = stage.desktop.study.viewer
    stage.until(lambda: viewer.shown is not None and not viewer.loading)
    stage.settle()
    stage.settle()
    stage.until(lambda: not viewer.loading)


def _points() -> tuple[MapPoint, ...]:
    chance = random.Random(7)
    points = []
    for number, (name, words) in enumerate(TOPICS):
        middle = 0.9 + number * math.tau / len(TOPICS)
        for passage in range(60 - 12 * number):
            x = 0.55 * math.cos(middle) + chance.gauss(0, 0.13)
            y = 0.55 * math.sin(middle) + chance.gauss(0, 0.11)
            points.append(MapPoint(f"{number}-{passage}", name, name, passage // 5, x, y, words))
    return tuple(points)


LIBRARY_STATES: dict[str, tuple[Callable[[Stage, str], QWidget | None], bool, bool]] = {
    "page": (page, True, True),
    "page-unverified": (page_unverified, True, True),
    "page-text": (page_of_text, True, True),
    "page-locked": (page_locked, True, True),
    "document": (document, True, True),
    "nothing": (nothing, True, True),
    "searching": (searching, True, True),
    "paused": (paused, True, True),
    "watched": (watched, True, True),
    "map": (library_map, True, True),
    "map-page": (map_and_page, True, True),
    "map-list": (map_list, True, True),
    "map-empty": (map_empty, True, True),
}
