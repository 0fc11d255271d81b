"""What a process wrote lately covers what a lagging index still says, and only for a while."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from console.data.store.lists.overlay import DELETED, RecentWrites


class Seconds:
    """A monotonic clock."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_row_is_there_at_once_and_its_last_version_counts() -> None:
    recent: RecentWrites[int, str] = RecentWrites(10.0)
    recent.remember(1, "pending")
    recent.remember(1, "completed")
    assert recent.snapshot() == {1: "completed"}


def test_a_deleted_row_is_remembered_as_deleted() -> None:
    recent: RecentWrites[int, str] = RecentWrites(10.0)
    recent.remember(1, "pending")
    recent.remember(1, DELETED)
    assert recent.snapshot() == {1: None}


def test_a_row_is_forgotten_when_the_index_must_have_it() -> None:
    clock = Seconds()
    recent: RecentWrites[int, str] = RecentWrites(10.0, clock)
    recent.remember(1, "first")
    clock.now = 109.9
    recent.remember(2, "second")
    assert recent.snapshot() == {1: "first", 2: "second"}
    clock.now = 110.0
    assert recent.snapshot() == {2: "second"}


def test_writing_a_row_again_keeps_it_for_longer() -> None:
    clock = Seconds()
    recent: RecentWrites[int, str] = RecentWrites(10.0, clock)
    recent.remember(1, "first")
    recent.remember(2, "other")
    clock.now = 105.0
    recent.remember(1, "again")
    clock.now = 112.0
    assert recent.snapshot() == {1: "again"}


def test_without_lag_nothing_is_overlaid() -> None:
    recent: RecentWrites[int, str] = RecentWrites(0.0)
    recent.remember(1, "row")
    assert recent.snapshot() == {}


def test_a_snapshot_does_not_change_with_later_writes() -> None:
    recent: RecentWrites[int, str] = RecentWrites(10.0)
    recent.remember(1, "row")
    before = recent.snapshot()
    recent.remember(2, "row")
    assert before == {1: "row"}


def test_threads_lose_no_rows() -> None:
    recent: RecentWrites[int, int] = RecentWrites(60.0)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: recent.remember(number, number), range(2_000)))
    assert len(recent.snapshot()) == 2_000
