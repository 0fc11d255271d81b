"""Lists of runs: the right index, every run once, whatever happens between two pages."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console.data.runs import lists
from console.data.runs.items import run_item, spread_keys
from console.data.store import tables
from console.data.store.requests import Put
from console.data.store.store import Store
from console.errors import InvalidInput
from console.records import Run, RunFilter, RunStatus, Verdict
from tests.support.fakes import FakeClock
from tests.support.old_items import old_run
from tests.support.seams import Recorder
from tests.support.tier import Tier, all_pages, artifact, completed, results, snapshot, tier

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def run(run_id: int, started: datetime = NOON, score: float | None = None, **fields: Any) -> Run:
    """A run as it lies in the table: completed when it has a score."""
    found = {} if score is None else {"results": results(score), "judged_threshold": 0.5}
    verdict = Verdict.PENDING if score is None else Verdict.PASS if score >= 3 else Verdict.FAIL
    of = {name: fields.pop(name) for name in ("judge_id", "case_id", "model") if name in fields}
    frozen = snapshot(**of)
    return Run(
        run_id=run_id,
        started_at=started,
        judge_id=frozen.judge_id,
        case_id=frozen.case_id,
        judge_snapshot=frozen,
        evaluated_artifact=artifact(),
        evaluation_status=verdict,
        **{"status": RunStatus.PENDING if score is None else RunStatus.COMPLETED, **found, **fields},
    )


def put(store: Store, runs: Iterable[Run]) -> None:
    suffix = store.layout.suffix
    store.batch_put(tables.RUNS, [spread_keys(run_item(one), suffix(one.run_id)) for one in runs])


# --- which index -------------------------------------------------------------------------------------

PER_STATUS = [
    ("RunsByStatusIndex", "completed"),
    ("RunsByStatusIndex", "failed"),
    ("RunsByStatusIndex", "pending"),
    ("RunsByStatusIndex", "running"),
]
DAY = date(2026, 3, 9)


@pytest.mark.parametrize(
    ("wanted", "queries"),
    [
        (RunFilter(), PER_STATUS),
        (RunFilter(model="gpt-4o"), PER_STATUS),
        (RunFilter(judge_id="j", case_id="c", status=RunStatus.FAILED), [("RunsByJudgeIndex", "j")]),
        (RunFilter(case_id="c", first_day=DAY, last_day=DAY), [("RunsByCaseIndex", "c")]),
        (RunFilter(case_id="c", labelled=True), [("LabelledRunsIndex", "c")]),
        (RunFilter(case_id="c", labelled=False), [("RunsByCaseIndex", "c")]),
        (RunFilter(first_day=DAY, last_day=DAY, status=RunStatus.FAILED), [("RunsByDateIndex", "2026-03-09")]),
        (RunFilter(first_day=DAY, last_day=date(2026, 3, 10)), PER_STATUS),
        (RunFilter(status=RunStatus.FAILED), [("RunsByStatusIndex", "failed")]),
        (RunFilter(verdict=Verdict.FAIL), [("RunsByStatusIndex", "completed")]),
        (RunFilter(verdict=Verdict.PENDING), PER_STATUS),
        (RunFilter(uncertain=True), [("RunsByStatusIndex", "completed")]),
        (RunFilter(score_from=0.5), [("RunsByStatusIndex", "completed")]),
        (RunFilter(score_below=0.5), [("RunsByStatusIndex", "completed")]),
    ],
)
def test_the_most_selective_index_answers(store: Store, wanted: RunFilter, queries: list[Any]) -> None:
    recorder = Recorder(store.client)
    tier(Store(recorder, prefix=store.prefix)).runs.list(wanted)
    assert sorted(recorder.queried) == queries
    assert "scan" not in recorder.operations


def test_a_range_of_days_bounds_the_index(embedded_store: Store) -> None:
    put(embedded_store, [run(number, NOON - timedelta(days=number), case_id="c") for number in range(30)])
    recorder = Recorder(embedded_store.client)
    runs = tier(Store(recorder, prefix=embedded_store.prefix)).runs
    page = runs.list(RunFilter(case_id="c", first_day=date(2026, 3, 1), last_day=date(2026, 3, 3)))
    assert [row.run_id for row in page.items] == [7, 8, 9]
    assert page.examined == 3


# --- what a filter wants -----------------------------------------------------------------------------

FILTERS = [
    (RunFilter(), [8, 7, 6, 5, 4, 3, 2, 1]),
    (RunFilter(judge_id="j-2"), [4, 3]),
    (RunFilter(case_id="c-2"), [5]),
    (RunFilter(status=RunStatus.FAILED), [7]),
    (RunFilter(status=RunStatus.PENDING), [8]),
    (RunFilter(verdict=Verdict.PASS), [5, 3, 2]),
    (RunFilter(verdict=Verdict.FAIL), [6, 4, 1]),
    (RunFilter(verdict=Verdict.PENDING), [8, 7]),
    (RunFilter(model="llama3"), [6]),
    (RunFilter(metric="geval"), [8, 7, 6, 5, 4, 3, 2, 1]),
    (RunFilter(metric="similarity"), []),
    (RunFilter(batch_id="b-1"), [2]),
    (RunFilter(first_day=date(2026, 3, 8)), [8, 7, 6, 5, 4, 3]),
    (RunFilter(last_day=date(2026, 3, 8)), [3, 2, 1]),
    (RunFilter(first_day=date(2026, 3, 8), last_day=date(2026, 3, 8)), [3]),
    (RunFilter(uncertain=True), [3, 2]),
    (RunFilter(score_from=0.5, score_below=0.75), [3, 2]),
    (RunFilter(score_from=0.75), [5]),
    (RunFilter(only=("5", "3", "99")), [5, 3]),
    (RunFilter(score_below=0.25), [6, 1]),
    (RunFilter(labelled=False), [8, 7, 6, 5, 4, 3, 2, 1]),
    (RunFilter(labelled=True), []),
    (RunFilter(judge_id="j-2", verdict=Verdict.FAIL), [4]),
    (RunFilter(judge_id="unknown"), []),
    (RunFilter(case_id=""), []),
    (RunFilter(judge_id="\ud800"), []),
    (RunFilter(case_id="x" * 3_000), []),
]


EIGHT = [
    run(1, NOON - timedelta(days=4), 1.0),
    run(2, NOON - timedelta(days=3), 3.0, batch_id="b-1"),
    run(3, NOON - timedelta(days=2), 3.25, judge_id="j-2"),
    run(4, NOON - timedelta(days=1, seconds=1), 2.0, judge_id="j-2"),
    run(5, NOON - timedelta(days=1), 5.0, case_id="c-2"),
    run(6, NOON - timedelta(seconds=2), 1.5, model="llama3"),
    run(7, NOON - timedelta(seconds=1), status=RunStatus.FAILED, error_message="no"),
    run(8, NOON),
]


@pytest.fixture(scope="module")
def eight(engine_client: Any) -> Store:
    from tests.conftest import new_store

    store = new_store(engine_client)
    put(store, EIGHT)
    return store


@pytest.mark.parametrize(("wanted", "ids"), FILTERS)
@pytest.mark.parametrize("limit", [1, 2, 100])
def test_a_filter_shows_what_it_says_on_pages_of_any_size(
    eight: Store, wanted: RunFilter, ids: list[int], limit: int
) -> None:
    assert all_pages(tier(eight).runs, wanted, limit=limit) == ids


@pytest.mark.parametrize(("wanted", "ids"), FILTERS)
def test_a_filter_holds_for_what_this_process_wrote_too(
    embedded_store: Store, clock: FakeClock, wanted: RunFilter, ids: list[int], eight: Store
) -> None:
    process = tier(embedded_store, clock=clock)
    for stored in sorted((tier(eight).runs.get(number) for number in range(1, 9)), key=lambda one: one.run_id):
        clock.now = stored.started_at
        made = process.runs.create(stored.judge_snapshot, stored.evaluated_artifact, by="ana")
        made = msgspec.structs.replace(made, batch_id=stored.batch_id)
        if stored.results:
            process.runs.complete(made, stored.results, threshold=0.5)
        if stored.error_message:
            process.runs.fail(made, stored.error_message)
    assert all_pages(process.runs, wanted, limit=3) == ids


def test_a_row_shows_what_one_needs_to_choose(here: Tier, elsewhere: Tier, clock: FakeClock) -> None:
    made = here.runs.create(snapshot(), artifact("x" * 200), by="ana", document_id="d-1")
    clock.advance(seconds=3)
    here.runs.complete(made, results(4.0, distribution={"4": 0.9, "5": 0.1}), threshold=0.75)
    (row,) = elsewhere.runs.list().items
    assert msgspec.structs.asdict(row) == {
        "run_id": 1,
        "started_at": NOON,
        "status": RunStatus.COMPLETED,
        "evaluation_status": Verdict.PASS,
        "judge_id": "judge-1",
        "case_id": "case-1",
        "judge_name": "Strict",
        "judge_version": "1.0",
        "case_name": "Helpfulness",
        "case_version": "",
        "metric_name": "geval",
        "model_name": "gpt-4o",
        "model_provider": "openai",
        "final_score": 4.0,
        "final_score_normalized": 0.75,
        "total_tokens": 120,
        "execution_time_seconds": 0.75,
        "preview": "x" * 160,
        "batch_id": None,
        "created_by": "ana",
        "label_score": None,
        "scoring_mode": "logprobs",
        "captured": None,
        "drawn": None,
        "raters": None,
        "rated_by": [],
        "split": None,
        "label_scores": [],
        "label_passed": None,
        "item": None,
        "spread": [0, 0, 0, 0, 0, 0, 0, 9, 0, 1],
        "cost": 0.001,
        "threshold": 0.75,
        "error": None,
        "completed_at": clock.now,
        "document_id": "d-1",
        "created_on": None,
        "artifact_digest": artifact("x" * 200).digest,
        "tags": [],
    }
    assert here.runs.list().items == [row]


# --- cursors -----------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["pending", "completed", "failed"])), max_size=25),
    st.integers(1, 7),
    st.integers(0, 25),
)
def test_no_run_is_lost_or_shown_twice_however_many_share_a_moment(
    engine_client: Any, runs: list[tuple[int, str]], limit: int, mine: int
) -> None:
    from tests.conftest import new_store

    store = new_store(engine_client)
    clock = FakeClock()
    process, other = tier(store, clock=clock), tier(store, clock=clock)
    expected = []
    for number, (second, status) in enumerate(runs):
        clock.now = NOON + timedelta(seconds=second)
        writer = (process if number < mine else other).runs
        made = writer.create(snapshot(), artifact(), by="ana")
        if status == "completed":
            writer.complete(made, results(), threshold=0.5)
        if status == "failed":
            writer.fail(made, "no")
        expected.append((-second, made.run_id))
    shown = all_pages(process.runs, limit=limit)
    assert sorted(shown) == sorted(run_id for _, run_id in expected)
    seconds = {run_id: -negative for negative, run_id in expected}
    assert [seconds[run_id] for run_id in shown] == sorted(seconds.values(), reverse=True)


def test_pages_go_on_where_they_were_while_runs_arrive(here: Tier, elsewhere: Tier, clock: FakeClock) -> None:
    for number in range(10):
        clock.now = NOON + timedelta(seconds=number // 3)
        here.runs.create(snapshot(), artifact(), by="ana")
    first = elsewhere.runs.list(limit=4)
    clock.now = NOON + timedelta(hours=1)
    completed(here.runs)
    completed(elsewhere.runs)
    second = elsewhere.runs.list(limit=4, cursor=first.cursor)
    here.runs.create(snapshot(), artifact(), by="ana")
    third = here.runs.list(limit=4, cursor=second.cursor)
    ids = [row.run_id for page in (first, second, third) for row in page.items]
    assert sorted(ids) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert third.cursor is None


def test_a_run_that_arrives_in_the_very_moment_of_the_cursor_is_shown(here: Tier, elsewhere: Tier) -> None:
    for _ in range(4):
        here.runs.create(snapshot(), artifact(), by="ana")
    first = elsewhere.runs.list(limit=2)
    here.runs.create(snapshot(), artifact(), by="ana")
    second = elsewhere.runs.list(limit=9, cursor=first.cursor)
    assert sorted(row.run_id for page in (first, second) for row in page.items) == [1, 2, 3, 4, 5]


def test_a_run_that_finishes_between_two_pages_is_shown_once(here: Tier, elsewhere: Tier, clock: FakeClock) -> None:
    made = []
    for _ in range(6):
        made.append(here.runs.create(snapshot(), artifact(), by="ana"))
        clock.advance(seconds=1)
    first = elsewhere.runs.list(limit=3)
    here.runs.complete(made[1], results(), threshold=0.5)
    elsewhere.runs.complete(made[4], results(), threshold=0.5)
    second = elsewhere.runs.list(limit=9, cursor=first.cursor)
    assert [row.run_id for page in (first, second) for row in page.items] == [6, 5, 4, 3, 2, 1]


def test_what_another_process_did_to_a_run_of_ours_shows_once_the_index_must_have_ours(store: Store) -> None:
    here, elsewhere = tier(store, lag=0.2), tier(store)
    made = here.runs.create(snapshot(), artifact(), by="ana")
    elsewhere.runs.complete(made, results(), threshold=0.5)
    time.sleep(0.25)
    assert [row.status for row in here.runs.list().items] == [RunStatus.COMPLETED]
    assert here.runs.list(RunFilter(status=RunStatus.PENDING)).items == []


def test_the_last_page_has_no_cursor_even_when_it_is_full(here: Tier) -> None:
    for _ in range(4):
        here.runs.create(snapshot(), artifact(), by="ana")
    assert here.runs.list(limit=4).cursor is None
    assert here.runs.list(limit=3).cursor is not None
    assert tier(here.store).runs.list(limit=4).cursor is None


def test_an_empty_list_is_an_empty_page(here: Tier) -> None:
    page = here.runs.list()
    assert (page.items, page.cursor, page.examined) == ([], None, 0)


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "bm90IGpzb24", "e30", "eyJ0IjoxLCJzZWVuIjpbXX0", "\ud800", "é"])
def test_what_is_no_cursor_is_refused(here: Tier, cursor: str) -> None:
    with pytest.raises(InvalidInput, match="Start from the first page"):
        here.runs.list(cursor=cursor)


@pytest.mark.parametrize("limit", [0, -1, 1_001])
def test_a_page_of_an_impossible_size_is_refused(here: Tier, limit: int) -> None:
    with pytest.raises(InvalidInput, match="ask for 1 to 1,000"):
        here.runs.list(limit=limit)


def test_a_page_reads_a_bounded_number_of_rows_and_its_cursor_goes_on(
    embedded_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lists.EXAMINED == 5_000
    monkeypatch.setattr(lists, "EXAMINED", 50)
    put(embedded_store, [run(n, NOON - timedelta(milliseconds=n), 5.0 if n in (3, 80) else 1.0) for n in range(1, 82)])
    runs = tier(embedded_store).runs
    wanted = RunFilter(case_id="case-1", verdict=Verdict.PASS)
    first = runs.list(wanted, limit=10)
    assert ([row.run_id for row in first.items], first.examined) == ([3], 50)
    second = runs.list(wanted, limit=10, cursor=first.cursor)
    assert ([row.run_id for row in second.items], second.examined, second.cursor) == ([80], 31, None)


def test_more_runs_than_a_page_may_read_in_one_moment_do_not_stop_the_list(
    embedded_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "EXAMINED", 50)
    put(embedded_store, [run(number, NOON, 1.0) for number in range(1, 120)])
    put(embedded_store, [run(120, NOON - timedelta(seconds=1), 5.0)])
    wanted = RunFilter(case_id="case-1", verdict=Verdict.PASS)
    first = tier(embedded_store).runs.list(wanted)
    second = tier(embedded_store).runs.list(wanted, cursor=first.cursor)
    third = tier(embedded_store).runs.list(wanted, cursor=second.cursor)
    assert [len(page.items) for page in (first, second, third)] == [0, 0, 1]
    assert third.cursor is None


# --- runs of the system before -----------------------------------------------------------------------


def test_runs_of_the_earlier_system_are_listed_among_the_others(here: Tier, store: Store, clock: FakeClock) -> None:
    started = ["2026-03-10T12:00:00.5", "2026-03-10T12:00:01", "2026-03-10T12:00:00.500001", "2026-03-10T12:00:00"]
    for number, one in enumerate(started):
        store.write(Put(tables.RUNS, old_run(f"old-{number}", one)))
    for microseconds in (500_000, 500_001, 999_999):
        clock.now = NOON + timedelta(microseconds=microseconds)
        here.runs.create(snapshot(), artifact(), by="ana")
    in_order = ["old-1", 3, "old-2", 2, "old-0", 1, "old-3"]
    for limit in (1, 2, 3, 100):
        shown = all_pages(tier(store).runs, limit=limit)
        assert sorted(map(str, shown)) == sorted(map(str, in_order))
        assert (shown[0], shown[-1]) == ("old-1", "old-3")


def test_a_row_of_the_earlier_system_shows_what_it_has(here: Tier, store: Store) -> None:
    wide = here.store
    wide.write(Put(tables.RUNS, old_run()))
    (row,) = here.runs.list().items
    assert (row.run_id, row.status, row.judge_id, row.case_id) == (
        "3f2c9a54-5c1b-4a8e-9a3e-8f3f1c2d4e5f",
        RunStatus.COMPLETED,
        "old-judge",
        "old-case",
    )


def test_a_row_tells_its_artifact_without_the_run(here: Tier, elsewhere: Tier) -> None:
    one, other = completed(here.runs, text="The same."), completed(here.runs, text="The same.")
    completed(here.runs, text="Another.")
    rows = elsewhere.runs.list(RunFilter()).items
    digests = {row.run_id: row.artifact_digest for row in rows}
    assert digests[one.run_id] == digests[other.run_id] == one.evaluated_artifact.digest
    assert len(set(digests.values())) == 2


def test_a_row_of_an_earlier_system_has_no_digest(store: Store, elsewhere: Tier) -> None:
    store.batch_put(tables.RUNS, [old_run()])
    assert [row.artifact_digest for row in elsewhere.runs.list(RunFilter()).items] == [""]


def test_places_are_the_list_without_the_rest(store: Store) -> None:
    process = tier(store, lag=0.0)
    for number in range(5):
        completed(process.runs, 1.0 + number % 4, judge_id=f"judge-{number % 2}")
    process.runs.create(snapshot(judge_id="judge-0"), artifact(), by="ana")
    for judge_id in (None, "judge-0", "judge-1"):
        rows = process.runs.list(RunFilter(judge_id=judge_id)).items
        found = process.runs.places(judge_id)
        assert [tuple(place) for place in found.items] == [(row.run_id, row.started_at, row.created_on) for row in rows]
        first = process.runs.places(judge_id, limit=1)
        rest = process.runs.places(judge_id, cursor=first.cursor)
        assert [*first.items, *rest.items] == found.items
        assert process.runs.get_many(found.items) == process.runs.get_many(rows)


def test_of_statuses_that_few_runs_have_few_rows_are_read_ahead(embedded_store: Store) -> None:
    failed = [run(number, NOON - timedelta(minutes=number), status=RunStatus.FAILED) for number in range(1, 61)]
    put(embedded_store, [*failed, run(99, NOON - timedelta(hours=9), 4.0)])
    recorder = Recorder(embedded_store.client)
    page = tier(Store(recorder, prefix=embedded_store.prefix)).runs.list(limit=39)  # type: ignore[arg-type]
    asked = [request for operation, request in recorder.requests if operation == "query"]
    first = {request["ExpressionAttributeValues"][":h"]["S"]: request["Limit"] for request in asked[:4]}
    assert [row.run_id for row in page.items] == list(range(1, 40))
    assert first == {"pending": 5, "running": 5, "completed": 40, "failed": 5}
    assert [request["Limit"] for request in asked[4:]] == [40]
