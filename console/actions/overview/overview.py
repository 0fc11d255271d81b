"""What the dashboard shows: a range of days and the range before it, read from rollups and the latest runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import msgspec

from console.actions.runs.labelled import Labelled, labelled_of, scales_of
from console.actions.runs.modes import mixed_in_rollups
from console.actions.runs.totals import Span, Tally, rollups_of, total
from console.records import Case, Judge, Rollup, RunFilter, RunStatus, RunSummary, Verdict
from console.services import Services

LATEST = 200
"""Runs in the scatter charts."""
SAMPLE = 1_000
"""Runs that averages are taken from when only one result is wanted: rollups do not split sums by result."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts and scores of one span. They differ only when one result is wanted (see `SAMPLE`)."""

    counted: list[Rollup]
    """Exact numbers of runs."""
    scored: list[Rollup]
    """What means, spreads and sums are taken from."""

    counts: Tally
    """The numbers of runs added up."""
    scores: Tally
    """The scores added up."""

    @classmethod
    def of(cls, counted: list[Rollup], scored: list[Rollup]) -> Figures:
        """Both added up, once."""
        counts = total(counted)
        return cls(counted, scored, counts, counts if scored is counted else total(scored))


@dataclass(frozen=True, slots=True)
class Human:
    """Scores that people gave to runs of one case."""

    runs: int
    """Runs with a human score; at most the newest `SAMPLE`."""
    mean: float
    """On the case's scale; a run with several labels counts once."""


@dataclass(frozen=True)
class Overview:
    """The dashboard's data for one filter. The latest runs, which stand below the fold, are read when asked for."""

    span: Span
    now: Figures
    before: Figures | None
    """The span before; None when the filter asks for all days."""
    unfiltered: int
    """Finished runs of the span, whatever the rest of the filter."""
    sampled: int | None
    """How many runs the averages are taken from; None when it is all of them."""
    mixed: str | None
    """That judges have runs of two modes in the span; None where none has."""
    case: Case | None
    """The case of the filter."""
    human: Human | None
    """What people gave, where one case is chosen and has labels with scores."""
    labelled: Labelled | None
    """The newest `SAMPLE` labelled runs, where one case is chosen."""
    known_cases: dict[str, str]
    """Names of cases in use by id."""
    known_judges: dict[str, str]
    """Names of judges in use by id; empty for those without one."""
    load_latest: Callable[[], list[RunSummary]]

    @cached_property
    def latest(self) -> list[RunSummary]:
        """Newest first, at most `LATEST`, unfinished ones included. One page of runs, read once."""
        return self.load_latest()

    @cached_property
    def case_names(self) -> dict[str, str]:
        """Names by id. Those of cases no longer in use come from the latest runs, which are read for them only."""
        if self.known_cases.keys() >= {one.case_id for one in self.now.scored}:
            return self.known_cases
        return {row.case_id: row.case_name for row in self.latest} | self.known_cases

    @cached_property
    def judge_names(self) -> dict[str, str]:
        """As `case_names`."""
        if self.known_judges.keys() >= {one.judge_id for one in self.now.scored}:
            return self.known_judges
        return {row.judge_id: row.judge_name or "" for row in self.latest} | self.known_judges

    @property
    def empty(self) -> bool:
        """Whether nothing matches: no finished run is counted, and no other is among the latest."""
        return not self.now.counts.runs and not self.latest


def load_overview(
    services: Services, wanted: RunFilter, cases: list[Case], judges: list[Judge], *, today: date
) -> Overview:
    """Read the dashboard.

    One read of rollups for both spans; two pages of runs more for one result only, one for one case, and one when the
    latest runs are looked at.
    """
    first = wanted.first_day or services.rollups.first_day() or today
    span = Span(first, max(first, wanted.last_day or today))
    bounded = msgspec.structs.replace(wanted, first_day=span.first, last_day=span.last)
    compare = wanted.first_day is not None
    rollups = services.rollups.read(span.before.first if compare else span.first, span.last)
    matching = _matching(rollups, wanted, judges)
    now, sampled = _figures(services, matching, wanted, span)
    case = next((case for case in cases if case.case_id == wanted.case_id), None)
    labelled = services.runs.list(msgspec.structs.replace(bounded, labelled=True), limit=SAMPLE) if case else None
    return Overview(
        span=span,
        now=now,
        before=_figures(services, matching, wanted, span.before)[0] if compare else None,
        unfiltered=sum(rollup.completed + rollup.failed for rollup in rollups if span.holds(rollup.day)),
        sampled=sampled,
        mixed=mixed_in_rollups(rollup for rollup in matching if span.holds(rollup.day)),
        case=case,
        human=_human(labelled.items) if labelled else None,
        labelled=labelled_of(case, scales_of(services, case), labelled.items, complete=labelled.cursor is None)
        if case and labelled
        else None,
        known_cases={one.case_id: one.name for one in cases},
        known_judges={one.judge_id: one.name or "" for one in judges},
        load_latest=lambda: services.runs.list(bounded, limit=LATEST).items,
    )


@dataclass(frozen=True, slots=True)
class Inventory:
    """How much of everything there is, for a store without runs."""

    judges: int
    cases: int
    metrics: int
    models: int
    runs: int
    """0 or 1: whether there is any."""
    documents: int
    """At most one page of them."""


def load_inventory(services: Services) -> Inventory:
    """Count what there is. Two requests beside what is cached."""
    return Inventory(
        judges=len(services.judges.list()),
        cases=len(services.cases.list()),
        metrics=len(services.catalog.metrics()),
        models=len(services.catalog.models()),
        runs=len(services.runs.list(limit=1).items),
        documents=len(services.documents.list(limit=100).items),
    )


def load_trend(services: Services, wanted: RunFilter, judges: list[Judge], span: Span) -> Figures:
    """What goes above a run list: exact numbers of runs, and scores whatever the result. One read of rollups."""
    matching = _matching(services.rollups.read(span.first, span.last), wanted, judges)
    return Figures.of([_narrowed(rollup, wanted) for rollup in matching], matching)


def _matching(rollups: Iterable[Rollup], wanted: RunFilter, judges: Iterable[Judge]) -> list[Rollup]:
    metric_judges = {judge.judge_id for judge in judges if judge.metric.type == wanted.metric}
    return [
        rollup
        for rollup in rollups
        if wanted.case_id in (None, rollup.case_id)
        and wanted.judge_id in (None, rollup.judge_id)
        and wanted.model in (None, rollup.model)
        and (wanted.metric is None or rollup.judge_id in metric_judges)
    ]


def _figures(
    services: Services, rollups: Iterable[Rollup], wanted: RunFilter, span: Span
) -> tuple[Figures, int | None]:
    """The figures of a span, and how many runs the scores come from when that is not all of them."""
    inside = [rollup for rollup in rollups if span.holds(rollup.day)]
    counted = [_narrowed(rollup, wanted) for rollup in inside]
    if wanted.verdict is None or not counted:
        return Figures.of(counted, counted), None
    bounded = msgspec.structs.replace(wanted, first_day=span.first, last_day=span.last)
    sample = services.runs.list(bounded, limit=SAMPLE)
    return Figures.of(counted, rollups_of(sample.items)), len(sample.items) if sample.cursor else None


def _human(rows: Iterable[RunSummary]) -> Human | None:
    scores = [row.label_score for row in rows if row.label_score is not None]
    return Human(len(scores), sum(scores) / len(scores)) if scores else None


def _narrowed(rollup: Rollup, wanted: RunFilter) -> Rollup:
    """The counts of a rollup that the wanted status and result leave."""
    if wanted.status is RunStatus.FAILED:
        return _counts(rollup, failed=rollup.failed if wanted.verdict in (None, Verdict.PENDING) else 0)
    if wanted.status in (RunStatus.PENDING, RunStatus.RUNNING):
        return _counts(rollup)
    if wanted.verdict is Verdict.PASS:
        return _counts(rollup, completed=rollup.passed, passed=rollup.passed)
    if wanted.verdict is Verdict.FAIL:
        return _counts(rollup, completed=rollup.rejected, rejected=rollup.rejected)
    failed = 0 if wanted.status is RunStatus.COMPLETED else rollup.failed
    if wanted.verdict is Verdict.PENDING:
        return _counts(rollup, completed=rollup.completed - rollup.passed - rollup.rejected, failed=failed)
    return rollup if failed == rollup.failed else msgspec.structs.replace(rollup, failed=failed)


def _counts(rollup: Rollup, **counts: int) -> Rollup:
    empty = Rollup(day=rollup.day, case_id=rollup.case_id, judge_id=rollup.judge_id, model=rollup.model)
    return msgspec.structs.replace(empty, **counts)
