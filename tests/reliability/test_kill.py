"""R5: the engine is killed again and again while it is written to; what it acknowledged is there, and whole."""

from __future__ import annotations

import itertools
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from console.data.runs.rollups.recount import verify
from console.data.store import tables
from console.data.store.client import make_client
from console.data.store.setup.setup import set_up
from console.data.store.store import Store
from console.engine.engine import EngineLease, acquire
from console.errors import SetupError, StoreUnavailable
from console.records import Case, Label, Run, Threshold, utcnow
from tests.support.tier import (
    artifact,
    completed,
    items_of,
    new_case,
    recount,
    results,
    said,
    snapshot,
    stored_runs,
    tier,
)

WRITERS = 6


class Acknowledged:
    """What the store said it had written."""

    def __init__(self) -> None:
        self.cases: list[Case] = []
        self.created: list[Run] = []
        self.finished: list[Run] = []
        self.labels: list[Label] = []

    def __len__(self) -> int:
        return len(self.cases) + len(self.created) + len(self.finished) + len(self.labels)


def write_until(stop: threading.Event, store: Store, numbers: itertools.count[int], said_so: Acknowledged) -> int:
    """One writer; returns how often the store could not be reached in time."""
    process, gave_up = tier(store), 0
    while not stop.is_set():
        number = next(numbers)
        try:
            case = new_case(process.cases, f"case {number}")
            said_so.cases.append(case)
            process.cases.set_threshold(case.case_id, Threshold(score=0.9), by="ana", reason="r")
            run = process.runs.create(snapshot(f"judge-{number % 3}"), artifact(f"run {number}"), by="ana")
            said_so.created.append(run)
            if number % 5:
                done = process.runs.complete(run, results(1 + number % 5), threshold=0.5)
                said_so.finished.append(done)
                said_so.labels.append(process.labels.save(done, passed=True, by="bea"))
            else:
                said_so.finished.append(process.runs.fail(run, "no"))
        except StoreUnavailable:
            gave_up += 1
    return gave_up


def kill_and_restart(lease: EngineLease) -> None:
    """The port may be taken until the kernel has closed the dead engine's socket."""
    os.kill(lease.pid, signal.SIGKILL)
    give_up, restarted = time.monotonic() + 10, False
    while not restarted:
        assert time.monotonic() < give_up, "the engine did not come back"
        with suppress(SetupError):
            restarted = lease.restart_if_dead()


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("kills", [5, pytest.param(100, marks=pytest.mark.slow)])
def test_what_was_acknowledged_is_there_and_whole_after_every_kill(
    kills: int, tmp_path: Path, record_property: Callable[[str, Any], None]
) -> None:
    dice = random.Random(5)
    said_so, stop, numbers = Acknowledged(), threading.Event(), itertools.count()
    with acquire(tmp_path, kind="dynoxide") as lease, closing(make_client("us-east-1", lease.endpoint)) as client:
        store = Store(client)
        set_up(store)
        with ThreadPoolExecutor(WRITERS) as pool:
            writers = [pool.submit(write_until, stop, store, numbers, said_so) for _ in range(WRITERS)]
            try:
                for _ in range(kills):
                    time.sleep(dice.uniform(0.1, 0.5))
                    kill_and_restart(lease)
            finally:
                stop.set()
            gave_up = sum(writer.result() for writer in writers)
        lost = missing(store, said_so)
        torn = torn_cases(store)
        wrong = verify(store)
        fresh = tier(store)
        counted = said(fresh.rollups.read(utcnow().date() - timedelta(days=1), utcnow().date()))
        expected = recount(stored_runs(store, fresh))
        completed(fresh.runs)
    record_property(
        "R5",
        f"{kills} kills: {len(lost)} of {len(said_so)} acknowledged writes lost, {len(torn) + len(wrong)} torn "
        f"transactions, {gave_up} calls gave up",
    )
    assert lost == []
    assert torn == []
    assert wrong == []
    assert counted == expected
    assert len(said_so) > kills * 20


def missing(store: Store, said_so: Acknowledged) -> list[Any]:
    """Acknowledged writes that are not there."""
    process = tier(store)
    lost: list[Any] = [case for case in said_so.cases if process.cases.find(case.case_id) is None]
    finished = {run.run_id: run for run in said_so.finished}
    lost += [run for run in said_so.created if process.runs.find(run.run_id) is None]
    lost += [run for run in finished.values() if process.runs.get(run.run_id) != run]
    lost += [label for label in said_so.labels if label not in process.labels.of(label.run_id)]
    return lost


def torn_cases(store: Store) -> list[str]:
    """Cases without their name, their history or the other way round."""
    cases = {item["caseId"]["S"]: item for item in items_of(store, tables.CASES) if "caseId" in item}
    named = {item["owner"]["S"] for item in items_of(store, tables.CASES, "NAME#")}
    ledger = [item["partitionKey"]["S"] for item in items_of(store, tables.THRESHOLDS)]
    torn = list(cases.keys() ^ named)
    torn += [one for one, case in cases.items() if ledger.count(one) != int(case["revision"]["N"])]
    return torn + [one for one in ledger if one not in cases]
