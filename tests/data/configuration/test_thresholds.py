"""Moving a threshold makes no version; the ledger keeps who, why, from and to."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from console.data.store import tables
from console.data.store.requests import Put
from console.data.store.store import Store
from console.errors import InvalidInput
from console.records import Threshold, ThresholdChange
from tests.support.fakes import FakeClock
from tests.support.old_items import old_case
from tests.support.tier import Tier, items_of, new_case


def ledger(process: Tier, case_id: str) -> list[tuple[float | None, float, str, str]]:
    """From, to, who and why of every change, newest first."""
    history = process.thresholds.history(process.cases.version(case_id, process.cases.versions(case_id)[0].version))
    return [(one.previous_score, one.score, one.changed_by, one.reason) for one in history]


def test_a_new_case_begins_its_history(here: Tier, elsewhere: Tier, clock: FakeClock) -> None:
    made = new_case(here.cases, threshold=Threshold(score=0.4), reason="From the paper")
    (first,) = elsewhere.thresholds.history(made)
    assert first == ThresholdChange(
        case_id=made.case_id,
        timestamp=clock.now,
        threshold_id=first.threshold_id,
        score=0.4,
        previous_score=None,
        reason="From the paper",
        changed_by="ana",
    )
    assert elsewhere.cases.get(made.case_id).threshold == Threshold(score=0.4)


def test_moving_the_mark_makes_no_version_and_is_written_down(here: Tier, elsewhere: Tier, clock: FakeClock) -> None:
    made = new_case(here.cases)
    clock.advance(hours=1)
    moved = here.cases.set_threshold(
        made.case_id, Threshold(score=0.8, description="strict"), by="bea", reason="Too lenient 😀"
    )
    assert elsewhere.cases.get(made.case_id) == moved
    assert (moved.version, moved.revision, moved.threshold) == ("1.0", 2, Threshold(score=0.8, description="strict"))
    assert (moved.last_updated_by, moved.last_updated_on) == ("bea", clock.now)
    assert ledger(elsewhere, made.case_id) == [
        (0.5, 0.8, "bea", "Too lenient 😀"),
        (None, 0.5, "ana", "Initial threshold"),
    ]


def test_the_same_mark_again_is_written_down_too(here: Tier, elsewhere: Tier) -> None:
    made = new_case(here.cases)
    here.cases.set_threshold(made.case_id, Threshold(score=0.5), by="bea", reason="Confirmed")
    assert ledger(elsewhere, made.case_id)[0] == (0.5, 0.5, "bea", "Confirmed")


def test_an_edit_may_move_the_mark_along(here: Tier, elsewhere: Tier) -> None:
    made = new_case(here.cases)
    edited = here.cases.update(
        made.case_id, {"description": "x", "threshold": Threshold(score=0.9)}, by="bea", reason="Both"
    )
    assert (edited.version, edited.threshold.score) == ("2.0", 0.9)
    assert ledger(elsewhere, made.case_id)[0] == (0.5, 0.9, "bea", "Both")


def test_an_edit_of_something_else_is_not_in_the_ledger(here: Tier, elsewhere: Tier) -> None:
    made = new_case(here.cases)
    here.cases.set_threshold(made.case_id, Threshold(score=0.7), by="bea", reason="r")
    edited = here.cases.update(made.case_id, {"description": "x"}, by="carl")
    assert edited.threshold.score == 0.7
    assert len(ledger(elsewhere, made.case_id)) == 2


def test_changes_at_one_instant_are_kept_apart_and_in_order(here: Tier, elsewhere: Tier) -> None:
    made = new_case(here.cases)
    for score in (0.6, 0.7, 0.8, 0.9):
        here.cases.set_threshold(made.case_id, Threshold(score=score), by="bea", reason="r")
    assert [after for _, after, _, _ in ledger(elsewhere, made.case_id)] == [0.9, 0.8, 0.7, 0.6, 0.5]


def test_the_ledger_goes_on_after_an_old_version_is_put_in_force(here: Tier, elsewhere: Tier) -> None:
    made = new_case(here.cases)
    here.cases.update(made.case_id, {"threshold": Threshold(score=0.6)}, by="bea", reason="2")
    here.cases.set_threshold(made.case_id, Threshold(score=0.7), by="bea", reason="3")
    here.cases.activate(made.case_id, "1.0", by="bea")
    here.cases.set_threshold(made.case_id, Threshold(score=0.8), by="bea", reason="4")
    here.cases.set_threshold(made.case_id, Threshold(score=0.9), by="bea", reason="5")
    assert [(after, why) for _, after, _, why in ledger(elsewhere, made.case_id)] == [
        (0.9, "5"),
        (0.8, "4"),
        (0.7, "3"),
        (0.6, "2"),
        (0.5, "Initial threshold"),
    ]


def test_an_old_version_put_in_force_takes_the_mark_that_is_in_force(here: Tier, elsewhere: Tier) -> None:
    made = new_case(here.cases)
    here.cases.update(made.case_id, {"description": "2"}, by="bea")
    here.cases.set_threshold(made.case_id, Threshold(score=0.7, description="strict"), by="bea", reason="r")
    here.cases.deactivate(made.case_id, by="bea")
    here.cases.activate(made.case_id, "1.0", by="bea")
    assert elsewhere.cases.get(made.case_id).threshold == Threshold(score=0.7, description="strict")
    assert len(ledger(elsewhere, made.case_id)) == 2


@pytest.mark.parametrize("score", [1.0000001, -0.0000001, float("nan"), float("inf")])
def test_a_mark_outside_of_0_to_1_is_refused_and_not_written_down(here: Tier, store: Store, score: float) -> None:
    made = new_case(here.cases)
    with pytest.raises(InvalidInput, match="must be a number from 0 to 1"):
        here.cases.set_threshold(made.case_id, Threshold(score=score), by="bea", reason="r")
    assert len(items_of(store, tables.THRESHOLDS)) == 1
    assert here.cases.get(made.case_id) == made


@pytest.mark.parametrize("reason", ["x" * 2_001, "\ud800"], ids=["long", "broken"])
def test_a_reason_that_cannot_be_kept_is_refused(here: Tier, store: Store, reason: str) -> None:
    made = new_case(here.cases)
    with pytest.raises(InvalidInput, match="reason"):
        here.cases.set_threshold(made.case_id, Threshold(score=0.9), by="bea", reason=reason)
    assert len(items_of(store, tables.THRESHOLDS)) == 1


def test_both_ends_of_the_scale_are_marks(here: Tier) -> None:
    made = new_case(here.cases)
    assert here.cases.set_threshold(made.case_id, Threshold(score=0), by="b", reason="r").threshold.score == 0.0
    assert here.cases.set_threshold(made.case_id, Threshold(score=1), by="b", reason="r").threshold.score == 1.0
    assert here.cases.get(made.case_id).threshold.score == 1.0


def test_the_history_of_another_case_is_another(here: Tier, elsewhere: Tier) -> None:
    one, other = new_case(here.cases, "one"), new_case(here.cases, "other")
    here.cases.set_threshold(one.case_id, Threshold(score=0.9), by="bea", reason="r")
    assert len(ledger(elsewhere, other.case_id)) == 1


# --- the history that an earlier system kept inside the case -------------------------------------------


def test_a_history_inside_the_case_is_read_newest_first(here: Tier, store: Store) -> None:
    store.write(Put(tables.CASES, old_case()))
    history = here.thresholds.history(here.cases.get("old-case"))
    assert [(one.threshold_id, one.timestamp) for one in history] == [
        ("t-2", datetime(2025, 8, 2, 10, 0, tzinfo=UTC)),
        ("t-1", datetime(2025, 8, 1, 10, 0, 0, 1, tzinfo=UTC)),
    ]


def test_the_ledger_continues_the_history_inside_the_case(here: Tier, elsewhere: Tier, store: Store) -> None:
    store.write(Put(tables.CASES, old_case()))
    here.cases.set_threshold("old-case", Threshold(score=0.9), by="ana", reason="new", revision=1)
    here.cases.update("old-case", {"description": "edited"}, by="ana", revision=2)
    here.cases.set_threshold("old-case", Threshold(score=0.2), by="ana", reason="newer", revision=3)
    assert ledger(elsewhere, "old-case") == [
        (0.9, 0.2, "ana", "newer"),
        (0.7, 0.9, "ana", "new"),
        (0.5, 0.7, "bea", "Too lenient"),
        (None, 0.5, "system", "Initial threshold"),
    ]


@pytest.mark.parametrize("written", ["2025-08-02T10:00:00", "2025-08-02T10:00:00+00:00", "2025-08-02T12:00:00+02:00"])
def test_a_ledger_entry_of_the_earlier_system_is_read(here: Tier, store: Store, written: str) -> None:
    store.write(Put(tables.CASES, old_case()))
    entry = {
        "partitionKey": {"S": "old-case"},
        "sortKey": {"S": written},
        "thresholdId": {"S": "t-3"},
        "score": {"N": "0.65"},
        "previousScore": {"N": "0.7"},
        "reason": {"S": "Review"},
        "changedBy": {"S": "bea"},
        "metadata": {"M": {"ticket": {"S": "QA-1"}}},
    }
    store.write(Put(tables.THRESHOLDS, entry))
    newest = here.thresholds.history(here.cases.get("old-case"))[0]
    assert newest == ThresholdChange(
        case_id="old-case",
        timestamp=datetime(2025, 8, 2, 10, 0, tzinfo=UTC),
        threshold_id="t-3",
        score=0.65,
        previous_score=0.7,
        reason="Review",
        changed_by="bea",
        metadata={"ticket": "QA-1"},
    )
