"""Embeddings of runs: stored beside the run, found again by the vector index, or by comparing where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from console.data.runs.items import run_key
from console.data.store import tables
from console.data.store.codec import timestamp
from console.records import Run, RunSummary, Verdict
from tests.support.tier import Tier, completed, items_of, tier
from tests.support.vectors import unit_rows

VECTORS = unit_rows(6)


def embedded(process: Tier, vector: int, score: float = 1.0, case_id: str = "case-1") -> Run:
    run = completed(process.runs, score, case_id=case_id)
    assert process.run_vectors.put(run, VECTORS[vector])
    return run


def rows(process: Tier) -> list[RunSummary]:
    return process.runs.list().items


def test_the_nearest_failing_runs_of_a_case_come_first(process: Tier) -> None:
    near, far = embedded(process, 0), embedded(process, 1)
    embedded(process, 0, score=5.0)
    embedded(process, 0, case_id="case-2")
    found = process.run_vectors.nearest("case-1", VECTORS[0], 10, Verdict.FAIL)
    assert [row.run_id for row, _ in found] == [near.run_id, far.run_id]
    assert [similarity for _, similarity in found] == pytest.approx([1.0, float(VECTORS[0] @ VECTORS[1])], abs=1e-5)


def test_without_a_verdict_runs_that_passed_are_found_too(process: Tier) -> None:
    failed, passed = embedded(process, 0), embedded(process, 1, score=5.0)
    found = process.run_vectors.nearest("case-1", VECTORS[1], 1)
    assert [row.run_id for row, _ in found] == [passed.run_id]
    assert found[0][0] == next(row for row in rows(process) if row.run_id == passed.run_id)
    assert failed.run_id != passed.run_id


def test_a_run_reads_back_as_it_was_and_without_its_embedding(process: Tier) -> None:
    run = embedded(process, 0)
    assert tier(process.store).runs.get(run.run_id) == run
    assert tier(process.store).runs.get_many(rows(process)) == [run]


def test_embeddings_are_read_for_many_runs_at_once(process: Tier) -> None:
    first, second = embedded(process, 0), embedded(process, 1)
    without = completed(process.runs)
    found = process.run_vectors.of(rows(process))
    assert set(found) == {first.run_id, second.run_id}
    assert np.array_equal(found[second.run_id], VECTORS[1])
    assert [row.run_id for row in process.run_vectors.without(rows(process))] == [without.run_id]


def test_a_run_that_is_gone_gets_no_embedding(process: Tier) -> None:
    run = completed(process.runs)
    process.store.batch_delete(tables.RUNS, [(run_key(run.run_id), timestamp(run.started_at))])
    assert not process.run_vectors.put(run, VECTORS[0])
    assert items_of(process.store, prefix="RUN#") == []
