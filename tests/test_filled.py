"""Stores that `benchmarks.filled` makes are what the engine and the product would have made."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks import filled, plausible
from console.config import Settings
from console.data.runs.items import run_item
from console.data.runs.rollups import recount
from console.data.store import tables
from console.engine.install import DATABASE
from console.errors import SetupError
from console.records import RunFilter, utcnow
from console.services import build_services

UNTIL = utcnow()
RUNS = 150


def stored(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the runs' table and its indexes; items as objects, for the engine orders their names as it likes."""
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        wanted = sorted(name for (name,) in names if name.startswith(tables.RUNS))
        return {
            name: sorted(
                tuple(json.dumps(json.loads(one), sort_keys=True) if str(one).startswith("{") else one for one in row)
                for row in connection.execute(f'SELECT * FROM "{name}"')
            )
            for name in wanted
        }


def schema(folder: Path) -> list[tuple[str, ...]]:
    """Tables and indexes of the file."""
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        return sorted(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))


def test_rows_written_directly_equal_those_of_the_engine(tmp_path: Path) -> None:
    with build_services(Settings(data_dir=tmp_path / "engine", engine_kind="dynoxide")) as services:
        runs = [plausible.run_of(number, RUNS, UNTIL) for number in range(RUNS)]
        services.store.batch_put(tables.RUNS, [run_item(run) for run in runs])
    with build_services(Settings(data_dir=tmp_path / "direct", engine_kind="dynoxide")):
        pass
    filled.write_runs(tmp_path / "direct" / DATABASE, RUNS, UNTIL)

    assert stored(tmp_path / "direct") == stored(tmp_path / "engine")
    assert len(stored(tmp_path / "direct")[tables.RUNS]) == RUNS
    assert schema(tmp_path / "direct") == schema(tmp_path / "engine")


def test_a_filled_store_has_the_right_rollups_and_serves_its_lists(tmp_path: Path) -> None:
    filled.fill(tmp_path, RUNS, UNTIL)

    with build_services(Settings(data_dir=tmp_path)) as services:
        page = services.runs.list(limit=RUNS)
        counted = services.rollups.read(UNTIL.date() - timedelta(days=plausible.DAYS), UNTIL.date())
        labelled = services.runs.list(RunFilter(case_id="case-0", labelled=True), limit=RUNS)

        assert recount.verify(services.store) == []
        assert [row.run_id for row in page.items] == list(range(RUNS, 0, -1))
        assert services.runs.get(7) == plausible.run_of(6, RUNS, UNTIL)
        assert sum(rollup.completed + rollup.failed for rollup in counted) == RUNS
        assert len(labelled.items) == 40
        assert services.runs.next_ids() == RUNS + 1


def test_a_store_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / DATABASE).touch()

    with pytest.raises(SetupError, match="has a store"):
        filled.fill(tmp_path, RUNS)
