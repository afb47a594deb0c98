"""Cancelling, and watching work from its first event on."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from studiolo.errors import Code, UserError
from studiolo.events import Event, Failed, Finished, Progress
from studiolo.jobs import CancelToken, JobBoard


@pytest.fixture
def board() -> Iterator[JobBoard]:
    made = JobBoard(keep=3)
    yield made
    made.close()


def test_callbacks_run_once_whenever_they_were_added() -> None:
    token, calls = CancelToken(), []
    token.on_cancel(lambda: calls.append("before"))
    token.cancel()
    token.cancel()
    token.on_cancel(lambda: calls.append("after"))
    assert calls == ["before", "after"]
    assert token.cancelled


def test_a_late_watcher_sees_everything(board: JobBoard) -> None:
    def work(_cancel: CancelToken) -> Iterator[Event]:
        yield Progress("parse", 1, 2)
        yield Progress("parse", 2, 2)

    job = board.submit(work)
    first = list(job.watch())
    assert first == list(job.watch()) == [Progress("parse", 1, 2), Progress("parse", 2, 2), Finished()]
    assert job.state == "finished"


def test_a_job_that_raises_ends_failed_without_its_text(board: JobBoard) -> None:
    def known(_cancel: CancelToken) -> Iterator[Event]:
        raise UserError(Code.FILE_MISSING, path="x")
        yield

    def unknown(_cancel: CancelToken) -> Iterator[Event]:
        raise ValueError("private words")
        yield

    (failed,) = board.submit(known).watch()
    assert failed == Failed("file_missing", {"path": "x"})
    (bug,) = board.submit(unknown).watch()
    assert isinstance(bug, Failed)
    assert "private" not in str(bug.values)


def test_cancel_reaches_the_work(board: JobBoard) -> None:
    begun = threading.Event()

    def work(cancel: CancelToken) -> Iterator[Event]:
        begun.set()
        while not cancel.cancelled:
            yield Progress("parse", 0, 0)
        yield Finished("cancelled")

    job = board.submit(work)
    begun.wait(5)
    job.cancel()
    assert list(job.watch())[-1] == Finished("cancelled")
    assert job.state == "cancelled"


def test_jobs_run_in_order_and_old_ones_are_forgotten(board: JobBoard) -> None:
    order: list[int] = []

    def work(number: int) -> Iterator[Event]:
        order.append(number)
        yield Finished()

    jobs = [board.submit(lambda _cancel, n=n: work(n)) for n in range(6)]
    list(jobs[-1].watch())
    assert order == list(range(6))
    board.submit(lambda _cancel: work(6))
    with pytest.raises(UserError):
        board.get(jobs[0].id)
    assert board.get(jobs[-1].id) is jobs[-1]
