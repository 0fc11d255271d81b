"""Thresholds: what the page of a case's threshold needs, and moving it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from console.actions.permissions import permit
from console.actions.runs.totals import Span
from console.actions.thresholds.what_if import LedgerRow, ledger
from console.errors import InvalidInput
from console.records import Case, Role, Rollup, Threshold, User
from console.services import Services
from console.telemetry import traced


@dataclass(frozen=True, slots=True)
class ThresholdView:
    """A case's threshold with everything that was judged by it."""

    case: Case
    changes: list[LedgerRow]
    """Newest first."""
    rollups: list[Rollup]
    """Of the case, from its first run to today."""
    judge_names: dict[str, str | None]
    """Of every judge with runs."""
    days: Span
    """From the first run or change to today."""

    def within(self, first: date | None, last: date | None) -> list[Rollup]:
        """The rollups of a range of days; None leaves it open."""
        return [one for one in self.rollups if (first or date.min) <= one.day <= (last or date.max)]


def load_thresholds(services: Services, case_id: str, *, today: date) -> ThresholdView:
    """Read the page. Cost: yesterday's and today's rollups; the rest is cached (see the repositories).

    Raises:
        NotFound: there is no such case in use.
    """
    case = services.cases.get(case_id)
    history = services.thresholds.history(case)
    first = services.rollups.first_day() or today
    rollups = [one for one in services.rollups.read(first, today) if one.case_id == case_id]
    begin = min([one.timestamp.date() for one in history] + [one.day for one in rollups[:1]], default=today)
    return ThresholdView(
        case=case,
        changes=ledger(history, rollups),
        rollups=rollups,
        judge_names=_names(services, case_id, {one.judge_id for one in rollups}),
        days=Span(begin, today),
    )


@traced
def move_threshold(services: Services, actor: User, case_id: str, score: float, reason: str, *, revision: int) -> Case:
    """Set the threshold of a case, with the reason in its history. Finished runs keep their results.

    Args:
        score: normalised, 0..1.
        revision: of the case as the actor saw it.

    Raises:
        Forbidden: the actor is no admin.
        InvalidInput: no reason, no change, or a threshold outside 0..1.
        ConflictError: the case is no longer at `revision`.
    """
    by = permit(actor, Role.ADMIN)
    reason = reason.strip()
    if not reason:
        raise InvalidInput("Say why the threshold moves; the reason stays in its history.", field="reason")
    case = services.cases.get(case_id)
    if case.revision == revision and case.threshold.score == score:
        raise InvalidInput(f"The threshold is {score:g} already. Move it, then apply.", field="threshold")
    threshold = Threshold(score=score, description=reason)
    return services.cases.set_threshold(case_id, threshold, by=by, reason=reason, revision=revision)


def _names(services: Services, case_id: str, with_runs: Iterable[str]) -> dict[str, str | None]:
    """Names by judge id. One cached Query, and one for each judge that is no longer in use."""
    names = {judge.judge_id: judge.name for judge in services.judges.of_case(case_id)}
    for judge_id in sorted(set(with_runs) - set(names)):
        known = services.judges.versions(judge_id)
        names[judge_id] = known[0].name if known else None
    return names
