"""Audit: what recording costs a question, and how fast the log is verified; orders: what looking for them costs."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from studiolo.conversation.injection import orders
from studiolo.privacy.analyzer import Analyzer
from studiolo.privacy.audit import AuditLog, FileAnchor
from studiolo.privacy.filter import PrivacyFilter
from studiolo.types import AuditFound, Reader
from tests.bench.table import Measure, table

QUESTION = "Does Ada Example (+44 20 7946 0958, ada@example.org) pay the rent? 电话13800138000。"
PASSAGE = "The rent is due on the first. Call +44 20 7946 0958 or 13800138000. 租金每月一号支付。" * 8
ROUNDS = 400
RECORDS = 40_000


def run(data: Path, *, home: Path) -> None:
    """Print the tables. No data set is needed: the log does not depend on the texts, and rules alone find values."""
    with tempfile.TemporaryDirectory() as folder:
        without, with_log = _questions(Path(folder))
    baseline = Measure("screening a question, 5 passages, 10 names and an answer, rules alone", without * 1000, "ms")
    recorded = Measure("the same, recorded", with_log * 1000, "ms")
    print(table("Audit, a question", [recorded], baseline=baseline))
    with tempfile.TemporaryDirectory() as folder:
        written, verified = _verified(Path(folder))
    print(table("Audit, verifying", [Measure("verifying", verified, "records/s")], baseline=written))
    analyzer = Analyzer.of(names=None)
    texts = [f"{number}{PASSAGE[:1000]}" for number in range(40)]
    baseline = Measure("looking for values in 1,000 code points, rules alone", _median(analyzer.analyze, texts), "ms")
    print(table("Orders", [Measure("looking for orders in them", _median(orders, texts), "ms")], baseline=baseline))


def _questions(folder: Path) -> tuple[float, float]:
    """Seconds of the median question, alternately without and with a log."""
    analyzer = Analyzer.of(names=None)
    log = AuditLog(folder / "audit", key=bytes(32), anchors={"file": FileAnchor(folder / "anchor")})
    filters = [PrivacyFilter(analyzer, path=folder / f"{n}.db", audit=audit) for n, audit in enumerate((None, log))]
    spans = analyzer.analyze(PASSAGE)
    times: list[list[float]] = [[], []]
    for _ in range(ROUNDS):
        for number, screener in enumerate(filters):
            began = time.perf_counter()
            for _ in range(5):
                screener.screen(PASSAGE, library_id="library:a", spans=spans, direction="passage")
                screener.screen("lease.pdf", library_id="library:a", direction="file_name")
                screener.screen("Rent", library_id="library:a", direction="file_name")
            screened = screener.screen(QUESTION, library_id="library:a", direction="question")
            stream = screener.stream(library_id="library:a", reader=Reader.OWNER, seen=[screened.text])
            stream.feed(screened.text)
            stream.finish()
            times[number].append(time.perf_counter() - began)
    for screener in filters:
        screener.close()
    log.close()
    return statistics.median(times[0]), statistics.median(times[1])


def _verified(folder: Path) -> tuple[Measure, float]:
    """Records a second, written and verified."""
    log = AuditLog(folder / "audit", key=bytes(32), anchors={"file": FileAnchor(folder / "anchor")})
    found = (AuditFound("PERSON", "names", 2, 20), AuditFound("PHONE_NUMBER", "contact", 1, 11))
    began = time.perf_counter()
    for _ in range(RECORDS):
        log.record("redacted", found=found)
    written = RECORDS / (time.perf_counter() - began)
    began = time.perf_counter()
    report = log.verify()
    seconds = time.perf_counter() - began
    log.close()
    assert report.sound
    return Measure("recording", written, "records/s"), RECORDS / seconds


def _median(work: Callable[[str], object], texts: Sequence[str]) -> float:
    """Milliseconds of the median text."""
    times = []
    work(texts[0])
    for text in texts[1:]:
        began = time.perf_counter()
        work(text)
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000
