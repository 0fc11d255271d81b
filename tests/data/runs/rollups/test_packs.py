"""Packs: a month of rollups in one small item, in force as long as the token that it was made under."""

from __future__ import annotations

import random
from datetime import date, timedelta

from console.data.runs.rollups.packs import packed, read_packs, write_packs
from console.data.store.store import Store
from console.records import Rollup
from tests.support.seams import Recorder

MARCH, APRIL = (date(2026, 3, 1), date(2026, 3, 31)), (date(2026, 4, 1), date(2026, 4, 17))
DICE = random.Random(4)
ROLLUPS = [
    Rollup(
        date(2026, 3, 1) + timedelta(days=day),
        "case",
        judge,
        "gpt-4o",
        completed=50,
        failed=2,
        score=DICE.uniform(50, 250),
        normalized=31.123456789,
        tokens=40_000,
        cost=0.000000001,
        bins=tuple(DICE.randint(1, 9) if DICE.random() < 0.4 else 0 for _ in range(101)),
    )
    for day in range(31)
    for judge in ("a", "b", "c")
]


def test_what_is_packed_comes_back_as_it_was(store: Store) -> None:
    write_packs(store, {MARCH: ROLLUPS, APRIL: []}, token=7)

    assert read_packs(store, [MARCH, APRIL], token=7) == {MARCH: ROLLUPS, APRIL: []}


def test_all_months_are_one_request(store: Store) -> None:
    write_packs(store, {MARCH: ROLLUPS, APRIL: ROLLUPS[:1]}, token=7)
    recorder = Recorder(store.client)

    read_packs(Store(recorder, prefix=store.prefix), [MARCH, APRIL], token=7)

    assert [operation for operation, _ in recorder.requests] == ["batch_get_item"]


def test_a_pack_is_in_force_for_its_token_and_its_days(store: Store) -> None:
    write_packs(store, {MARCH: ROLLUPS, APRIL: []}, token=7)

    assert read_packs(store, [MARCH], token=8) == {}
    assert read_packs(store, [(MARCH[0], date(2026, 3, 30))], token=7) == {}


def test_full_histograms_of_a_busy_month_take_a_few_kilobytes() -> None:
    full = [Rollup(day.day, "case", day.judge_id, "gpt-4o", completed=1010, bins=(10,) * 101) for day in ROLLUPS]

    assert len(packed(full)) < 2_000
    assert len(packed(ROLLUPS)) < 8_000
