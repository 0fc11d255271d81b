"""What AWS answers and no local engine does: what the product did then."""

from __future__ import annotations

import logging
from datetime import date

import pytest

from console.data.store.store import Store
from console.errors import InvalidInput, StoreError, StoreUnavailable
from console.records import RunFilter
from tests.support.strict.conduct import Refuses, Throttled, VectorIndexBuilding
from tests.support.strict.proxy import StrictProxy
from tests.support.tier import artifact, completed, results, snapshot, tier
from tests.support.vectors import unit_rows


def test_an_index_that_is_throttled_is_waited_for(embedded_store: Store, strict_proxy: StrictProxy) -> None:
    process = tier(embedded_store)
    before = embedded_store.meter.read()
    strict_proxy.conduct(Throttled(index="RunsByJudgeIndex", table="EvaluationRuns", times=4))
    done = completed(process.runs)
    after = embedded_store.meter.read()
    assert tier(embedded_store).runs.get(done.run_id) == done
    assert (after.throttles - before.throttles, after.failures - before.failures) == (4, 0)


def test_a_key_that_stays_too_hot_ends_in_words_and_nothing_is_half_written(
    embedded_store: Store, strict_proxy: StrictProxy
) -> None:
    hurried = tier(embedded_store.patient(0.3))
    begun = hurried.runs.create(snapshot(), artifact(), by="ana")
    strict_proxy.conduct(Throttled(key=f"RUN#{begun.run_id}", table="EvaluationRuns", times=10_000))
    with pytest.raises(StoreUnavailable, match=r"did not complete .* within 0.3 s .*try again"):
        hurried.runs.complete(begun, results(), threshold=0.5)
    strict_proxy.conduct()
    assert tier(embedded_store).runs.get(begun.run_id) == begun
    day = begun.run_date
    assert tier(embedded_store).rollups.read(day, day) == []


def test_a_token_that_was_used_for_something_else_is_said(embedded_store: Store, strict_proxy: StrictProxy) -> None:
    process = tier(embedded_store)
    begun = process.runs.create(snapshot(), artifact(), by="ana")
    message = "The same client token was used with other parameters"
    strict_proxy.conduct(Refuses("IdempotentParameterMismatchException", message, {"TransactWriteItems"}))
    with pytest.raises(StoreError, match=r"another transaction under this token; nothing was written\. Try again"):
        process.runs.complete(begun, results(), threshold=0.5)
    assert tier(embedded_store).runs.get(begun.run_id) == begun


def test_a_search_that_is_refused_though_the_index_is_active_compares_the_newest_runs(
    embedded_store: Store, strict_proxy: StrictProxy, caplog: pytest.LogCaptureFixture
) -> None:
    process = tier(embedded_store)
    run = completed(process.runs, 1.0)
    process.run_vectors.put(run, unit_rows(1)[0])
    assert process.run_vectors.has_index()
    strict_proxy.conduct(VectorIndexBuilding("unknown"))
    with caplog.at_level(logging.WARNING):
        near = process.run_vectors.nearest("case-1", unit_rows(1)[0], 3)
    assert [row.run_id for row, _ in near] == [run.run_id]
    assert "Comparing the newest runs instead" in caplog.text
    assert not process.run_vectors.has_index()


# --- what a filter may say -------------------------------------------------------------------------------------


def test_days_the_wrong_way_round_are_refused_in_words(embedded_store: Store) -> None:
    wanted = RunFilter(first_day=date(2026, 3, 9), last_day=date(2026, 3, 1))
    with pytest.raises(InvalidInput, match=r"The first day, 2026-03-09, is after the last, 2026-03-01\. Swap them\."):
        tier(embedded_store).runs.list(wanted)
