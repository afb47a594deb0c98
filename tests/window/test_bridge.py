"""Off the main thread and back: order, batching, ends."""

from __future__ import annotations

import threading

from tests.window.scripted import ScriptedEngine

from studiolo.errors import Code, UserError
from studiolo.events import Delta, Failed, Finished, Progress
from studiolo_desktop.bridge.calls import Calls
from studiolo_desktop.bridge.stream import EventStream, coalesced


def test_results_come_back_on_the_main_thread(qtbot):
    engine = ScriptedEngine()
    calls = Calls(lambda: engine)
    seen: list[tuple[object, threading.Thread]] = []
    calls.run(
        lambda e: (e is engine, threading.current_thread().name),
        then=lambda result: seen.append((result, threading.current_thread())),
        failed=lambda problem: None,
    )
    qtbot.waitUntil(lambda: bool(seen))
    (is_engine, worker), thread = seen[0]
    assert is_engine
    assert worker.startswith("window-call")
    assert thread is threading.main_thread()
    calls.close()


def test_failures_come_back_as_problems(qtbot):
    calls = Calls(ScriptedEngine)
    problems = []

    def known(_engine):
        raise UserError(Code.UNKNOWN_MODEL, model="x")

    def unknown(_engine):
        raise ZeroDivisionError

    for work in (known, unknown):
        calls.run(work, then=lambda _: None, failed=problems.append)
    qtbot.waitUntil(lambda: len(problems) == 2)
    assert {p.code for p in problems} == {Code.UNKNOWN_MODEL, Code.INTERNAL}
    calls.close()


def collect(qtbot, events):
    calls = Calls(ScriptedEngine)
    batches: list[list] = []
    stream = EventStream(lambda cancel: iter(events), calls)
    stream.arrived.connect(batches.append)
    stream.start()
    qtbot.waitUntil(lambda: stream.ended)
    calls.close()
    return batches


def test_five_thousand_deltas_arrive_whole_and_in_few_batches(qtbot):
    words = [f"w{n} " for n in range(5000)]
    batches = collect(qtbot, [*map(Delta, words), Finished()])
    events = [event for batch in batches for event in batch]
    assert "".join(e.text for e in events if isinstance(e, Delta)) == "".join(words)
    assert len(events) < 200
    assert isinstance(events[-1], Finished)


def test_a_stream_that_stops_without_an_end_is_an_engine_that_went_away(qtbot):
    events = [event for batch in collect(qtbot, [Delta("half")]) for event in batch]
    assert events == [Delta("half"), Failed(code="engine_gone")]


def test_a_stream_that_raises_ends_in_failed(qtbot):
    def broken():
        yield Delta("half")
        raise RuntimeError

    events = [event for batch in collect(qtbot, broken()) for event in batch]
    assert events == [Delta("half"), Failed(code="internal", values={"where": "RuntimeError"})]


def test_progress_of_one_item_is_kept_to_the_last():
    events = [Progress("embed", 1, 3, "a"), Progress("embed", 2, 3, "a"), Progress("parse", 0, 1, "b")]
    assert coalesced(events) == events[1:]
