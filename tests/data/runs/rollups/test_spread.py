"""Counts of a busy cell are spread at once, and come together again when it is quiet."""

from __future__ import annotations

from console.data.runs.rollups.spread import Spread


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_quiet_cell_has_one_item() -> None:
    spread = Spread(Clock())
    assert {spread.shard("a", 0) for _ in range(100)} == {0}


def test_each_conflict_makes_a_cell_twice_as_wide_and_no_other_one() -> None:
    spread = Spread(Clock())
    assert [spread.shard("a", 1) in range(1, 2**level) for level in range(1, 9)] == [True] * 8
    assert len({spread.shard("a", 0) for _ in range(2_000)}) > 200
    assert spread.shard("b", 0) == 0


def test_after_a_while_without_conflicts_a_cell_is_one_item_again() -> None:
    clock = Clock()
    spread = Spread(clock)
    for _ in range(3):
        spread.shard("a", 1)
    clock.now = 1.5
    assert max(spread.shard("a", 0) for _ in range(200)) == 3
    clock.now = 10.0
    assert {spread.shard("a", 0) for _ in range(100)} == {0}
