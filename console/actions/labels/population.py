"""The runs that an estimate is for: those that are asked about, as far as the labelled ones were drawn from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from console.actions.labels.designs import Hull
from console.actions.runs.labelled import SAMPLE, read_rows
from console.actions.runs.totals import Tally, rollups_of, total
from console.records import Rollup, RunFilter, RunStatus, RunSummary, utcnow
from console.services import Services

_ALIKE = 0.02
"""Share of runs by which two counts of the same ones may differ: some were made since."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The runs that the estimate is for; None leaves a field out of account."""

    judge_id: str | None = None
    version: str | None = None
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class Population:
    """The completed runs that an estimate is for."""

    tally: Tally
    asked: int
    """Those that were asked about."""
    last_day: date | None
    """Of the newest of those that were asked about."""
    notes: tuple[str, ...] = ()
    """What was not read, or counted by whole days only, in sentences."""

    @property
    def covers(self) -> bool:
        """Whether these are all that were asked about, but for a few."""
        return self.tally.completed >= (1 - _ALIKE) * self.asked


def load_population(
    services: Services, case_id: str, asked: Asked, hull: Hull | None, *, by_days: bool = False
) -> Population:
    """The runs that are asked about, and are among those that labels were drawn from.

    Reads the case's rollups; the latest `SAMPLE` rows, one request per 1,000, for one version of a judge, or where the
    labels were drawn from a part of a day's runs.

    Args:
        hull: what labels were drawn from; None is all.
        by_days: do not read rows, whatever was drawn from: count the days that were drawn from whole.
    """
    if asked.version is not None:
        rows, whole = _rows(services, case_id, asked)
        notes = () if whole else (f"The estimate is for the latest {SAMPLE:,} runs only: there are more.",)
        everything = rollups_of(rows)
        return _population(everything, rollups_of(_inside(rows, hull)) if hull else everything, notes)
    begin = asked.first_day or services.rollups.first_day()
    found = services.rollups.read(begin, asked.last_day or utcnow().date()) if begin else []
    everything = [one for one in found if one.case_id == case_id and asked.judge_id in (None, one.judge_id)]
    if hull is None:
        return _population(everything, everything)
    days = [
        one
        for one in everything
        if hull.first.date() <= one.day <= hull.last.date() and (not hull.judges or one.judge_id in hull.judges)
    ]
    count = sum(one.completed for one in days)
    whole_days = abs(count - hull.runs) <= _ALIKE * hull.runs or not _on_the_ends(days, hull)
    if whole_days or by_days:
        return _population(everything, days)
    within = Asked(asked.judge_id, None, hull.first.date(), hull.last.date())
    rows, whole = _rows(services, case_id, within)
    if whole:
        return _population(everything, rollups_of(_inside(rows, hull)))
    note = (
        f"The labels were drawn from runs since {hull.first:%Y-%m-%d %H:%M} until {hull.last:%Y-%m-%d %H:%M} UTC; the"
        " first and the last of these days are counted whole."
    )
    return _population(everything, days, (note,))


def _population(everything: list[Rollup], inside: list[Rollup], notes: tuple[str, ...] = ()) -> Population:
    return Population(
        total(inside),
        sum(one.completed for one in everything),
        max((one.day for one in everything if one.completed), default=None),
        notes,
    )


def _on_the_ends(days: Iterable[Rollup], hull: Hull) -> int:
    """Runs of the days that may have been drawn from in part."""
    ends = (hull.first.date(), hull.last.date())
    return sum(one.completed for one in days if one.day in ends)


def _rows(services: Services, case_id: str, asked: Asked) -> tuple[list[RunSummary], bool]:
    wanted = RunFilter(
        case_id=case_id,
        judge_id=asked.judge_id,
        status=RunStatus.COMPLETED,
        first_day=asked.first_day,
        last_day=asked.last_day,
    )
    rows, whole = read_rows(services, wanted, SAMPLE)
    return [row for row in rows if asked.version in (None, row.judge_version)], whole


def _inside(rows: Iterable[RunSummary], hull: Hull) -> list[RunSummary]:
    return [row for row in rows if hull.holds(row)]
