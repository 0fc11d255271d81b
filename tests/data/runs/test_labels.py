"""Labels of several people on one run add up, and nobody's is lost."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

from console.data.cache.cache import Cache
from console.data.runs.labels import Labels
from console.data.runs.runs import Runs
from console.data.store import tables
from console.data.store.client import make_client
from console.data.store.store import Store
from console.errors import InvalidInput, NotFound
from console.records import Artifact, LlmRef, MetricRef, Page, Results, Run, RunSummary, ScoreRange, Snapshot
from tests.conftest import new_store
from tests.support.fakes import FakeClock, incompressible
from tests.support.faults.proxy import FaultProxy, Faults

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Process:
    """One process with the repositories of runs and labels."""

    def __init__(self, store: Store, *, lag: float = 10.0) -> None:
        self.clock = FakeClock(NOON)
        self.store = store
        self.runs = Runs(store, Cache(store), lag=lag, clock=self.clock)
        self.labels = Labels(store, self.runs.recent, self.clock)

    def pending(self, case_id: str = "case-1", text: str = "The text.") -> Run:
        snapshot = Snapshot(
            judge_id="judge-1",
            version="1.0",
            case_id=case_id,
            case_name="Coherence",
            metric=MetricRef(id="m", type="geval"),
            llm=LlmRef(id="l", type="openai", model="gpt-4o"),
            score_range=ScoreRange(min=1, max=5),
        )
        return self.runs.create(snapshot, Artifact(evaluation_target=text), by="test")

    def finished(self, case_id: str = "case-1", text: str = "The text.") -> Run:
        self.clock.advance(seconds=1)
        results = Results(final_score=4.0, final_score_normalized=0.75)
        return self.runs.complete(self.pending(case_id, text), results, threshold=0.5)

    def item(self, run: Run) -> dict[str, Any]:
        """The run's own item in the store."""
        key = (f"RUN#{run.run_id}", run.started_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
        return self.store.get(tables.RUNS, *key) or {}


@pytest.fixture
def process(store: Store) -> Process:
    return Process(store)


@pytest.fixture
def embedded(embedded_store: Store) -> Process:
    return Process(embedded_store)


@pytest.fixture
def proxy(engine_endpoint: str) -> Iterator[FaultProxy]:
    with FaultProxy(engine_endpoint, seed=9) as running:
        yield running


@pytest.fixture
def unreliable(proxy: FaultProxy) -> Iterator[Process]:
    """On the embedded engine, through the proxy."""
    with closing(make_client("us-east-1", proxy.endpoint)) as client:
        yield Process(new_store(client))


def shown(page: Page[RunSummary]) -> list[Any]:
    return [row.run_id for row in page.items]


def figures(process: Process, run: Run) -> tuple[float | None, bool | None]:
    """Human score and verdict of a run in the list of labelled runs."""
    (row,) = [row for row in process.labels.labelled("case-1").items if row.run_id == run.run_id]
    return row.label_score, row.label_passed


# --- saving --------------------------------------------------------------------------------------------


def test_a_label_is_kept_with_who_and_when(process: Process) -> None:
    run = process.finished()
    saved = process.labels.save(run, 4.5, True, "  Good.  ", by="ada")
    assert process.labels.of(run.run_id) == [saved]
    assert (saved.score, saved.passed, saved.comment) == (4.5, True, "Good.")
    assert (saved.labelled_by, saved.labelled_on) == ("ada", process.clock.now)


def test_saving_again_replaces_ones_own_label_and_no_other(process: Process) -> None:
    run = process.finished()
    process.labels.save(run, 1, by="ada")
    process.labels.save(run, 3, by="grace")
    process.clock.advance(seconds=1)
    process.labels.save(run, 5, by="ada")
    assert [(one.labelled_by, one.score) for one in process.labels.of(run.run_id)] == [("grace", 3), ("ada", 5)]
    assert process.item(run)["labelCount"] == {"N": "2"}


def test_a_run_shows_the_mean_score_and_the_latest_verdict(process: Process) -> None:
    run = process.finished()
    process.labels.save(run, 5, True, by="ada")
    process.clock.advance(seconds=1)
    process.labels.save(run, 2, False, by="grace")
    process.clock.advance(seconds=1)
    process.labels.save(run, comment="No opinion.", by="alan")
    assert figures(process, run) == (3.5, False)
    assert figures(Process(process.store, lag=0), run) == (3.5, False)


def test_a_failed_run_can_be_labelled(embedded: Process) -> None:
    run = embedded.runs.fail(embedded.pending(), "No answer.")
    embedded.labels.save(run, passed=False, by="ada")
    assert figures(embedded, run) == (None, False)


def test_a_run_that_is_not_finished_cannot_be_labelled(embedded: Process) -> None:
    run = embedded.pending()
    with pytest.raises(InvalidInput, match="is pending; it can be labelled once it is finished"):
        embedded.labels.save(run, 3, by="ada")
    assert embedded.labels.of(run.run_id) == []


@pytest.mark.parametrize(
    ("label", "advice"),
    [
        ({}, "give a score, a verdict or a comment"),
        ({"comment": " \n "}, "give a score, a verdict or a comment"),
        ({"score": 0.9}, "outside of the run's range, 1 to 5"),
        ({"score": 5.1}, "outside of the run's range, 1 to 5"),
        ({"score": float("nan")}, "outside of the run's range, 1 to 5"),
        ({"comment": "x" * 4_001}, "4,001 characters"),
        ({"comment": "\ud800"}, "broken character"),
    ],
)
def test_a_label_that_says_nothing_or_too_much_is_refused(
    embedded: Process, label: dict[str, Any], advice: str
) -> None:
    run = embedded.finished()
    with pytest.raises(InvalidInput, match=advice):
        embedded.labels.save(run, **label, by="ada")
    assert embedded.labels.of(run.run_id) == []


@pytest.mark.parametrize("by", ["", "x" * 201])
def test_a_label_needs_a_name_that_fits(embedded: Process, by: str) -> None:
    with pytest.raises(InvalidInput):
        embedded.labels.save(embedded.finished(), 3, by=by)


def test_a_comment_of_4000_characters_of_any_language_is_kept(embedded: Process) -> None:
    run = embedded.finished()
    embedded.labels.save(run, comment="語" * 4_000, by="ädä #1")
    assert embedded.labels.of(run.run_id)[0].comment == "語" * 4_000


def test_a_removed_run_cannot_be_labelled(embedded: Process) -> None:
    run = embedded.finished()
    embedded.store.batch_delete(tables.RUNS, [(f"RUN#{run.run_id}", embedded.item(run)["sortKey"]["S"])])
    with pytest.raises(NotFound):
        embedded.labels.save(run, 3, by="ada")


def test_a_long_run_is_labelled_without_reading_its_parts(embedded: Process) -> None:
    run = embedded.finished(text=incompressible(1_000_000))
    before = embedded.store.meter.read().read_units
    embedded.labels.save(run, 3, by="ada")
    assert embedded.store.meter.read().read_units - before < 10
    assert embedded.runs.get(run.run_id) == run


def test_an_item_of_an_earlier_system_is_labelled_where_it_is(embedded: Process) -> None:
    run = embedded.finished()
    item = embedded.item(run)
    older = item | {"sortKey": {"S": "2026-03-01T12:00:01"}, "startedAt": {"S": "2026-03-01T12:00:01"}}
    embedded.store.batch_delete(tables.RUNS, [(item["partitionKey"]["S"], item["sortKey"]["S"])])
    embedded.store.batch_put(tables.RUNS, [older])
    embedded.labels.save(run, 3, by="ada")
    stored = embedded.store.get(tables.RUNS, item["partitionKey"]["S"], "2026-03-01T12:00:01")
    assert stored is not None
    assert stored["labelScore"] == {"N": "3"}


# --- at the same time ----------------------------------------------------------------------------------


def test_people_who_label_one_run_at_once_are_all_counted(embedded: Process) -> None:
    run = embedded.finished()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: embedded.labels.save(run, number % 5 + 1, by=f"p{number}"), range(20)))
    assert len(embedded.labels.of(run.run_id)) == 20
    assert embedded.item(run)["labelCount"] == {"N": "20"}
    assert figures(Process(embedded.store, lag=0), run)[0] == 3.0


def test_people_who_change_their_labels_at_once_leave_the_mean_of_the_last_ones(embedded: Process) -> None:
    run = embedded.finished()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: embedded.labels.save(run, number % 5 + 1, by=f"p{number % 2}"), range(24)))
    last = [label.score or 0 for label in embedded.labels.of(run.run_id)]
    assert figures(Process(embedded.store, lag=0), run)[0] == sum(last) / 2


# --- removing ------------------------------------------------------------------------------------------


def test_removing_a_label_takes_its_score_out(process: Process) -> None:
    run = process.finished()
    process.labels.save(run, 5, True, by="ada")
    process.labels.save(run, 2, by="grace")
    process.labels.remove(run, "ada")
    assert [label.labelled_by for label in process.labels.of(run.run_id)] == ["grace"]
    assert figures(Process(process.store, lag=0), run) == (2, None)


def test_a_run_without_its_last_label_is_no_longer_labelled(process: Process) -> None:
    run = process.finished()
    process.labels.save(run, 5, True, by="ada")
    process.labels.remove(run, "ada")
    assert process.labels.labelled("case-1").items == []
    assert Process(process.store, lag=0).labels.labelled("case-1").items == []
    assert "labelledCaseId" not in process.item(run)
    process.labels.save(run, 1, by="grace")
    assert figures(process, run) == (1, None)


def test_a_label_that_is_not_there_cannot_be_removed(embedded: Process) -> None:
    run = embedded.finished()
    with pytest.raises(NotFound, match="label of ada"):
        embedded.labels.remove(run, "ada")


# --- listing -------------------------------------------------------------------------------------------


def test_only_labelled_runs_of_the_case_are_listed_newest_first(process: Process) -> None:
    old, new = process.finished(), process.finished()
    process.finished()
    other = process.finished("case-2")
    process.labels.save(old, 1, by="ada")
    process.labels.save(new, passed=True, by="ada")
    process.labels.save(other, 1, by="ada")
    assert shown(process.labels.labelled("case-1")) == [new.run_id, old.run_id]
    assert shown(Process(process.store, lag=0).labels.labelled("case-1")) == [new.run_id, old.run_id]


def test_labelled_runs_come_in_pages(embedded: Process) -> None:
    runs = [embedded.finished(), embedded.finished(), embedded.finished()]
    for run in runs:
        embedded.labels.save(run, 3, by="ada")
    first = embedded.labels.labelled("case-1", limit=2)
    rest = embedded.labels.labelled("case-1", limit=2, cursor=first.cursor)
    assert (shown(first), shown(rest)) == ([3, 2], [1])
    assert rest.cursor is None


# --- a bad day -----------------------------------------------------------------------------------------


def test_a_lost_acknowledgement_saves_one_label(unreliable: Process, proxy: FaultProxy) -> None:
    run = unreliable.finished()
    proxy.plan(Faults(lost=1.0), {"TransactWriteItems"}, times=1)
    unreliable.labels.save(run, 4, by="ada")
    proxy.plan(Faults(lost=1.0), {"TransactWriteItems"}, times=1)
    unreliable.labels.save(run, 2, by="grace")
    proxy.plan(Faults(lost=1.0), {"TransactWriteItems"}, times=1)
    unreliable.labels.remove(run, "ada")
    assert proxy.counts["TransactWriteItems", "lost"] == 3
    assert [label.score for label in unreliable.labels.of(run.run_id)] == [2]
    assert unreliable.item(run)["labelCount"] == {"N": "1"}


def test_the_labeller_sees_the_label_in_every_list_although_the_index_lags(
    unreliable: Process, proxy: FaultProxy
) -> None:
    run = unreliable.finished()
    proxy.stale_indexes(30.0)
    unreliable.labels.save(run, 4, by="ada")
    assert shown(Process(unreliable.store).labels.labelled("case-1")) == []
    assert shown(unreliable.labels.labelled("case-1")) == [run.run_id]
    assert unreliable.runs.list().items[0].label_score == 4


def test_a_label_from_elsewhere_keeps_the_moment_it_was_given(embedded: Process) -> None:
    run = embedded.finished()
    given = datetime(2025, 5, 1, 9, tzinfo=UTC)
    embedded.labels.save(run, 4.0, by="ana", on=given)
    assert [label.labelled_on for label in embedded.labels.of(run.run_id)] == [given]
