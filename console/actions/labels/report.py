"""Agreement of a case's judge with people, as the command prints it and `/v2` answers it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from console.actions.labels.agreement import Agreement, against_people
from console.actions.labels.calibrated import calibration_json
from console.actions.labels.corrected import Conclusion, conclude
from console.actions.labels.population import Asked
from console.actions.labels.raters import Raters, load_raters
from console.actions.labels.within_documents import WithinDocuments, within_documents
from console.actions.runs.labelled import Labelled, load_labelled
from console.actions.runs.modes import mixed_modes
from console.judging.analysis.statistics import Estimate
from console.records import Calibration
from console.services import Services

_DIGITS = 6
_VERDICTS = ("kappa", "precision", "recall", "f1")


@dataclass(frozen=True, slots=True)
class Report:
    """All that labels say of a case."""

    labelled: Labelled
    agreement: Agreement
    concluded: Conclusion
    raters: Raters
    within: WithinDocuments
    calibration: Calibration | None
    """Of the judge's version that was asked about; None for all of them, or where nobody made one."""

    def as_json(self) -> dict[str, Any]:
        """Figures to six digits; null where one is not defined, with the reason beside it."""
        return {
            **_agreement_json(self.labelled, self.agreement),
            **_corrected_json(self.labelled, self.concluded),
            "per_document": _within_json(self.within),
            "modes": mixed_modes(point.first for point in self.agreement.points),
            "raters": _raters_json(self.raters),
            "calibration": self.calibration and calibration_json(self.calibration),
        }

    def estimates(self) -> dict[str, Estimate]:
        """The figures of agreement by name."""
        return _estimates(self.agreement)


def load_report(services: Services, case_id: str, asked: Asked, human_threshold: float | None = None) -> Report:
    """The report of a case. Reads as `load_labelled`, `conclude` and `load_raters`. Raises NotFound."""
    labelled = load_labelled(
        services,
        case_id,
        judge_id=asked.judge_id,
        version=asked.version,
        first_day=asked.first_day,
        last_day=asked.last_day,
        human_threshold=human_threshold,
    )
    agreement = against_people(labelled)
    return Report(
        labelled,
        agreement,
        conclude(services, labelled, asked),
        load_raters(services, labelled),
        within_documents(services, agreement.points),
        services.calibrations.latest(asked.judge_id, asked.version) if asked.judge_id and asked.version else None,
    )


def _estimates(report: Agreement) -> dict[str, Estimate]:
    found, quality = report.correlations, report.quality
    return {
        "pearson": found.pearson,
        "spearman": found.spearman,
        "kendall": found.kendall,
        "kappa": quality.kappa,
        "precision": quality.precision,
        "recall": quality.recall,
        "f1": quality.f1,
    }


def _agreement_json(labelled: Labelled, report: Agreement) -> dict[str, Any]:
    found = _estimates(report)
    confusion = report.confusion
    return {
        "case": labelled.case.name,
        "n": report.correlations.pearson.n,
        **{name: _rounded(one.value) for name, one in found.items()},
        "intervals": {
            name: [_rounded(one.low), _rounded(one.high)] for name, one in found.items() if one.low is not None
        },
        "notes": {name: one.why for name, one in found.items() if one.why},
        "confusion": {
            "both_pass": confusion.true_pass,
            "only_judge_passes": confusion.false_pass,
            "only_people_pass": confusion.false_fail,
            "both_fail": confusion.true_fail,
        },
        "threshold": report.threshold,
        "human_threshold": labelled.human_threshold,
        "labelled_without_score": labelled.unscored,
        "complete": labelled.complete,
    }


def _corrected_json(labelled: Labelled, found: Conclusion) -> dict[str, Any]:
    """The rate is a share; means are on the case's scale of today."""
    scale = labelled.case.score_range
    rate, mean = found.rate.estimate, found.mean.estimate

    def on_scale(value: float | None) -> float | None:
        return None if value is None else _rounded(scale.at(value))

    return {
        "corrected": {
            "pass_rate": _rounded(rate.value),
            "low": _rounded(rate.low),
            "high": _rounded(rate.high),
            "mean": on_scale(mean.value),
            "mean_low": on_scale(mean.low),
            "mean_high": on_scale(mean.high),
            "labels": found.used,
            "runs": found.runs,
            "asked_runs": found.asked,
            "judge_pass_rate": _rounded(found.judged_rate),
            "judge_mean": on_scale(found.judged_mean),
            "rogan_gladen": _with_ends(found.classical),
            **{f"weighted_{name}": _with_ends(getattr(found.quality, name)) for name in _VERDICTS},
            "more_labels_for_5_points": found.rate.more_for(0.05) if rate.value is not None else None,
            "why": rate.why,
        },
        "warnings": found.warnings,
    }


def _within_json(within: WithinDocuments) -> dict[str, Any]:
    """Means over documents of the correlations within each."""
    found = within.found
    figures = {
        "pearson": found.correlations.pearson,
        "spearman": found.correlations.spearman,
        "kendall": found.correlations.kendall,
    }
    return {
        **{name: _with_ends(one) for name, one in figures.items()},
        "documents": found.documents,
        "without_order": found.constant,
        "not_read": within.unread,
        "why": found.correlations.pearson.why,
    }


def _raters_json(found: Raters) -> dict[str, Any]:
    return {
        "runs": found.runs,
        "not_read": found.unread,
        "alpha_scores": _with_ends(found.scores),
        "alpha_verdicts": _with_ends(found.verdicts),
        "pairs": [
            {"first": one.first, "second": one.second, "runs": one.runs, "agreed": one.agreed} for one in found.pairs
        ],
    }


def _with_ends(one: Estimate) -> list[float | None]:
    return [_rounded(one.value), _rounded(one.low), _rounded(one.high)]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)
