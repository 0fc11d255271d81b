"""One run with what surrounds it: labels, and the judge and case as they are now."""

from __future__ import annotations

from dataclasses import dataclass

from console.records import Calibration, Case, Judge, Label, Run, RunId, Snapshot, Verdict
from console.services import Services

_LONGEST_NUMBER = 20
"""Digits; run ids are counted up from 1."""


@dataclass(frozen=True, slots=True)
class RunDetail:
    """What the page of a run shows."""

    run: Run
    labels: list[Label]
    """Oldest first."""
    judge: Judge | None
    """As it is now; None when it is gone."""
    case: Case | None
    """As it is now; None when it is gone."""
    calibration: Calibration | None = None
    """From scores of the judge's version to the probability that people pass; None where nobody made one."""

    @property
    def present(self) -> Snapshot | None:
        """The snapshot that a run would take now."""
        return Snapshot.of(self.judge, self.case) if self.judge and self.case else None

    @property
    def people_pass(self) -> tuple[float, float, float] | None:
        """With what probability people pass a run of this score, and the ends of its interval; None if not known."""
        if self.run.results is None or self.calibration is None:
            return None
        return self.calibration.at(self.run.results.final_score_normalized)

    @property
    def verdict_now(self) -> Verdict | None:
        """The verdict under today's threshold; None without a score or a case. The run's own verdict stays."""
        if self.run.results is None or self.case is None:
            return None
        return Verdict.of(self.run.results.final_score_normalized, self.case.threshold.score)


def run_id_of(text: str) -> RunId:
    """The run id that an address holds: a number, or the text of an earlier system's run."""
    return int(text) if text.isdecimal() and len(text) < _LONGEST_NUMBER else text


def load_run(services: Services, run_id: RunId) -> RunDetail:
    """Read a run: one Query unless it is cached, one for its labels, one for the calibration.

    Judge and case are cached. Raises NotFound.
    """
    run = services.runs.get(run_id)
    return RunDetail(
        run=run,
        labels=services.labels.of(run.run_id),
        judge=services.judges.find(run.judge_id),
        case=services.cases.find(run.case_id),
        calibration=services.calibrations.latest(run.judge_id, run.judge_snapshot.version) if run.results else None,
    )
