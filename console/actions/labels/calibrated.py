"""Calibrated scores: made from the labels of a judge's version, kept with a number, and never in a score's place."""

from __future__ import annotations

from typing import Any

import numpy as np

from console.actions.labels.cautions import of_the_labels
from console.actions.labels.designs import Weighed, weigh, with_known_odds
from console.actions.permissions import permit
from console.actions.runs.labelled import Labelled, LabelledRun, load_labelled
from console.errors import InvalidInput, NotFound
from console.judging.analysis.calibrated import GRID, Fitted, Method, Reliability, fit, too_few
from console.records import Calibration, Judge, Reliable, Role, User, utcnow
from console.services import Services
from console.telemetry import traced

_DIGITS = 6
_FALLS = 0.02


def judge_version(services: Services, judge_id: str, version: str | None = None) -> Judge:
    """A version of a judge; None is the one in use. Raises NotFound."""
    if version is None:
        return services.judges.get(judge_id)
    for one in services.judges.versions(judge_id):
        if one.version == version:
            return one
    raise NotFound("version of the judge", f"{judge_id} {version}")


@traced
def calibrate_judge(
    services: Services,
    actor: User,
    judge: Judge,
    *,
    method: Method | None = None,
    unknown_odds: bool = False,
) -> Calibration:
    """A new curve for a judge's version, from the labels of its runs.

    Reads as `load_labelled`; two requests to keep it.

    Args:
        method: None chooses (see `fit`).
        unknown_odds: also from labels whose runs were chosen nobody knows how; each counts as the others do on average.

    Raises:
        Forbidden: the actor is no evaluator.
        InvalidInput: there are too few labels: says how many more.
    """
    by = permit(actor, Role.EVALUATOR)
    labelled = load_labelled(services, judge.case_id, judge_id=judge.judge_id, version=judge.version)
    drawn = with_known_odds(labelled.runs, judge.judge_id)
    weighed = weigh(drawn)
    warnings = of_the_labels(labelled, drawn, weighed)
    if unknown_odds:
        weighed, added = _with_the_others(labelled, weighed)
        if added:
            warnings.append(f"{added:,} labels whose runs were chosen nobody knows how are counted as if drawn.")
    people = np.array([one.passed for one in weighed.runs], dtype=bool)
    why = too_few(people)
    if why:
        others = len(labelled.runs) - len(weighed.runs)
        more = f" {others:,} more do not say how their runs were chosen." if others else ""
        raise InvalidInput(
            f"No calibration of version {judge.version}: {why}.{more} Label runs from the review queue.", field="labels"
        )
    fitted = fit([one.judge for one in weighed.runs], people, weighed.weights, method)
    if fitted.curve[-1] < fitted.curve[0] - _FALLS:
        warnings.append("People pass runs with lower scores more often: this judge's score says the opposite.")
    return services.calibrations.add(_record(judge, weighed.runs, fitted, warnings, by))


def _with_the_others(labelled: Labelled, weighed: Weighed) -> tuple[Weighed, int]:
    """Labels of unknown odds beside those of known ones, and how many."""
    there = {id(one) for one in weighed.runs}
    others = [one for one in labelled.runs if id(one) not in there]
    usual = float(weighed.weights.mean()) if len(weighed.runs) else 1.0
    weights = np.concatenate([weighed.weights, np.full(len(others), usual)])
    return Weighed([*weighed.runs, *others], weights / (weights.sum() or 1.0), weighed.samples), len(others)


def _record(judge: Judge, runs: list[LabelledRun], fitted: Fitted, warnings: list[str], by: str) -> Calibration:
    return Calibration(
        judge_id=judge.judge_id,
        judge_version=judge.version,
        number=0,
        case_id=judge.case_id,
        method=fitted.method.value,
        labels=len(runs),
        curve=_rounded(fitted.curve),
        low=_rounded(fitted.low),
        high=_rounded(fitted.high),
        error=_error(fitted.calibrated),
        raw_error=_error(fitted.raw),
        brier=round(fitted.calibrated.brier, _DIGITS),
        raw_brier=round(fitted.raw.brier, _DIGITS),
        bins=_bins(fitted.calibrated),
        raw_bins=_bins(fitted.raw),
        fitted_by=by,
        fitted_on=utcnow(),
        warnings=warnings,
    )


def _rounded(values: np.ndarray[Any, Any]) -> list[float]:
    return [round(float(one), _DIGITS) for one in values]


def _error(found: Reliability) -> tuple[float, float, float]:
    one = found.error
    value, low, high = (round(float(end or 0.0), _DIGITS) for end in (one.value, one.low, one.high))
    return value, low, high


def _bins(found: Reliability) -> list[Reliable]:
    return [
        Reliable(probability=round(one.probability, _DIGITS), passed=round(one.passed, _DIGITS), labels=one.labels)
        for one in found.bins
    ]


def calibration_json(found: Calibration) -> dict[str, Any]:
    """A curve as the command prints it and `/v2` answers it."""
    return {
        "judge_id": found.judge_id,
        "version": found.judge_version,
        "number": found.number,
        "method": found.method,
        "labels": found.labels,
        "expected_calibration_error": list(found.error),
        "expected_calibration_error_of_the_score": list(found.raw_error),
        "brier": found.brier,
        "brier_of_the_score": found.raw_brier,
        "curve": [
            {"score": round(float(score), 2), "probability": p, "low": low, "high": high}
            for score, p, low, high in zip(GRID, found.curve, found.low, found.high, strict=True)
        ],
        "reliability": [
            {"probability": one.probability, "passed": one.passed, "labels": one.labels} for one in found.bins
        ],
        "fitted_by": found.fitted_by,
        "fitted_on": found.fitted_on.isoformat(),
        "warnings": found.warnings,
    }
