"""What a batch found, from its rows' results; and two batches row by row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from console.actions.batches import batches
from console.actions.batches.comparison import PairedBy, ShowPairs, compare, older_first
from console.actions.batches.exports import pairs_csv, rows_csv, rows_jsonl
from console.actions.batches.files import Columns
from console.actions.batches.results import BatchResults, Order, Show, load_results
from console.actions.runs.comparison import Change
from console.data.store import tables
from console.records import Batch, BatchState, Role, RowResult, RowState, Verdict
from console.services import Services
from console.tabular.files import TabularFile
from tests.support import scripted
from tests.support.console_app import new_case, new_judge, new_user
from tests.support.scripted import ScriptedProvider
from tests.support.tier import bins_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def result(number: int, score: float | None = 0.5, **fields: object) -> RowResult:
    verdict = Verdict.PENDING if score is None else Verdict.of(score, 0.5)
    state = RowState.FAILED if score is None else RowState.DONE
    plain = RowResult(number=number, run_id=number, state=state, verdict=verdict, score=score, normalized=score)
    return msgspec.structs.replace(plain, **fields)


def results(*rows: RowResult, total: int | None = None, day: int = 1, batch_id: str = "b1") -> BatchResults:
    done = sum(row.state is RowState.DONE for row in rows)
    batch = Batch(
        batch_id=batch_id,
        name="Nightly",
        judge_id="judge-1",
        state=BatchState.RUNNING,
        total=total or len(rows),
        created_on=NOON + timedelta(days=day),
        created_by="eva",
        done=done,
        failed=len(rows) - done,
    )
    return BatchResults(batch, {row.number: row for row in rows})


# --- figures ---------------------------------------------------------------------------------------------------


def test_errors_count_in_no_rate_and_no_mean() -> None:
    tally = results(result(1, 1.0, cost=0.5), result(2, 0.25), result(3, None, cost=0.25)).tally()

    assert (tally.completed, tally.failed, tally.pass_rate, tally.mean) == (2, 1, 0.5, 0.625)
    assert tally.bins == list(bins_of({100: 1, 25: 1}))
    assert tally.cost == 0.75


@pytest.mark.parametrize(
    ("show", "numbers"),
    [
        (Show.ALL, [1, 2, 3, 4]),
        (Show.FAILURES, [2]),
        (Show.PASSES, [1]),
        (Show.ERRORS, [3]),
        (Show.WAITING, [4]),
    ],
)
def test_rows_are_chosen_by_how_they_ended(show: Show, numbers: list[int]) -> None:
    assert results(result(1, 1.0), result(2, 0.25), result(3, None), total=4).numbers(show) == numbers


def test_rows_without_a_score_come_last_whatever_the_order() -> None:
    found = results(result(1, 0.5), result(2, None), result(3, 0.25), total=4)

    assert found.numbers(order=Order.WORST) == [3, 1, 2, 4]
    assert found.numbers(order=Order.BEST) == [1, 3, 2, 4]


def test_what_is_left_takes_as_long_as_the_latest_rows_took() -> None:
    ends = [result(number, ended_on=NOON + timedelta(seconds=2 * number)) for number in range(1, 5)]

    assert results(*ends, total=14).seconds_left() == 20.0
    assert results(*ends[:2], total=14).seconds_left() is None
    assert results(*ends).seconds_left() is None


# --- two batches -----------------------------------------------------------------------------------------------


def test_rows_are_paired_by_the_name_that_the_file_gives_them() -> None:
    before = results(result(1, 0.5, key="a", text="t"), result(2, 0.5, key="b", text="u"))
    after = results(result(1, 0.75, key="b", text="u"), result(2, 0.25, key="a", text="v"))

    found = compare(before, after)

    assert found.by is PairedBy.KEY
    assert [(pair.before and pair.before.key, pair.difference) for pair in found.pairs] == [("b", 0.25), ("a", -0.25)]


def test_names_that_are_not_unique_pair_nothing() -> None:
    before = results(result(1, key="a", question="q1"), result(2, key="a", question="q2"))
    after = results(result(1, key="a", question="q2"), result(2, key="b", question="q1"))

    found = compare(before, after)

    assert (found.by, found.possible) == (PairedBy.QUESTION, [PairedBy.QUESTION, PairedBy.NUMBER])


def test_files_that_share_nothing_are_paired_by_their_places() -> None:
    found = compare(results(result(1, text="a")), results(result(1, text="b"), result(2, text="c")))

    assert found.by is PairedBy.NUMBER
    assert found.count(Change.NO_COUNTERPART) == 1


def test_another_way_of_pairing_can_be_asked_for_where_it_can_pair() -> None:
    before, after = results(result(1, key="a", text="x")), results(result(1, key="a", text="x"))

    assert compare(before, after, PairedBy.TEXT).by is PairedBy.TEXT
    assert compare(before, after, PairedBy.QUESTION).by is PairedBy.KEY


def test_an_error_is_neither_improved_nor_regressed() -> None:
    found = compare(results(result(1, None), result(2, 0.75)), results(result(1, 0.75), result(2, None)))

    assert {change: found.count(change) for change in Change if found.count(change)} == {Change.NO_COUNTERPART: 2}
    assert found.shown(ShowPairs.WON) == found.shown(ShowPairs.LOST) == []
    assert found.mean_difference().value is None


def test_the_largest_regression_comes_first() -> None:
    before = results(result(1, 0.75), result(2, 1.0), result(3, 0.25))
    after = results(result(1, 0.5), result(2, 0.25), result(3, 0.5))

    found = compare(before, after)

    assert [pair.difference for pair in found.shown(ShowPairs.REGRESSED)] == [-0.75, -0.25]
    assert [pair.difference for pair in found.shown(ShowPairs.IMPROVED)] == [0.25]
    assert [pair.before.number for pair in found.shown(ShowPairs.LOST) if pair.before] == [2]
    assert [pair.before.number for pair in found.shown(ShowPairs.WON) if pair.before] == [3]


def test_the_older_batch_is_the_baseline() -> None:
    old, new = results(result(1), day=1), results(result(1), day=2)

    assert older_first(new, old) == older_first(old, new) == (old, new)


# --- of the store ----------------------------------------------------------------------------------------------


@pytest.fixture
def batch(console_services: Services, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> Batch:
    """Three rows, the second of which failed."""
    services = console_services
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    eva = new_user(services, "eva", Role.EVALUATOR)
    judge = new_judge(services, new_case(services))
    provider = ScriptedProvider(scripted.always(4))
    services.judging.providers.known["openai"] = provider
    content = b'{"id":"a","text":"One."}\n{"id":"b","text":"=Two."}\n{"id":"c","text":"Three."}\n'
    file = TabularFile.of("rows.jsonl", content)
    made = batches.submit(services, eva, "Nightly", judge, file, Columns("text"))
    return batches.work(services, eva, made.batch_id)


def test_the_batch_itself_counts_what_passed(console_services: Services, batch: Batch) -> None:
    assert (batch.passed, batch.rejected, batch.pass_rate, batch.mean) == (3, 0, 1.0, 0.75)


@pytest.mark.maintenance
def test_rows_that_ended_before_results_were_kept_are_known_from_their_runs(
    console_services: Services, batch: Batch
) -> None:
    now = load_results(console_services, batch)
    store = console_services.store
    packs = [
        item
        for item in store.scan(tables.RUNS)
        if item[tables.PK]["S"] == f"BATCH#{batch.batch_id}" and item[tables.SK]["S"].startswith("RESULT#")
    ]
    store.batch_delete(tables.RUNS, [(item[tables.PK]["S"], item[tables.SK]["S"]) for item in packs])
    assert console_services.batch_runs.results(batch.batch_id) == {}

    assert load_results(console_services, batch) == now


def test_every_row_is_exported_with_what_it_ended_in(console_services: Services, batch: Batch) -> None:
    found = load_results(console_services, batch)

    lines = rows_csv(console_services, found).decode("utf-8-sig").splitlines()
    assert lines[0].startswith('"row","name","state","verdict","score","normalised_score"')
    assert lines[2].startswith('2,"b","done","pass",4.0,0.75,')
    assert '"\'=Two."' in lines[2]
    last = msgspec.json.decode(rows_jsonl(console_services, found).splitlines()[2])
    assert (last["text"], last["metadata"], last["verdict"]) == ("Three.", {"id": "c"}, "pass")


def test_pairs_are_exported_with_their_change() -> None:
    lines = pairs_csv(compare(results(result(1, 0.5)), results(result(1, 0.75), result(2)))).decode("utf-8-sig")

    assert lines.splitlines()[1:] == [
        '"","improved",0.25,1,1,0.5,0.75,"pass","pass",1,1',
        '"","no counterpart","","",2,"",0.5,"","pass","",2',
    ]
