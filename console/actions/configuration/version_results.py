"""What the runs of each version of a judge or a case look like."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from console.actions.runs.totals import Tally, rollups_of, total
from console.records import RunFilter, RunSummary
from console.services import Services

SAMPLE = 1_000
"""Runs that are looked at: rollups do not tell versions apart."""


@dataclass(frozen=True, slots=True)
class VersionResults:
    """Results by version."""

    tallies: dict[str, Tally]
    """By version; "" for runs that do not know theirs (those of earlier systems)."""
    runs: int
    """Runs that were looked at, unfinished ones included."""
    complete: bool
    """Whether these are all runs there are; else they are the latest."""


def results_of_judge(services: Services, judge_id: str) -> VersionResults:
    """The latest `SAMPLE` runs of a judge by its version. One Query of RunsByJudgeIndex per 1 MB: one or two."""
    return _results(services, RunFilter(judge_id=judge_id), lambda row: row.judge_version)


def results_of_case(services: Services, case_id: str) -> VersionResults:
    """The latest `SAMPLE` runs of a case by its version. One Query of RunsByCaseIndex per 1 MB: one or two."""
    return _results(services, RunFilter(case_id=case_id), lambda row: row.case_version)


def _results(services: Services, wanted: RunFilter, version: Callable[[RunSummary], str]) -> VersionResults:
    page = services.runs.list(wanted, limit=SAMPLE)
    rows: dict[str, list[RunSummary]] = {}
    for row in page.items:
        rows.setdefault(version(row), []).append(row)
    tallies = {number: total(rollups_of(some)) for number, some in rows.items()}
    return VersionResults(tallies, len(page.items), page.cursor is None)
