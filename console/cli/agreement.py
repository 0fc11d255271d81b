"""`agreement`: how far a judge agrees with people."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.options import AsJson, DataDir, open_services, print_json
from console.cli.runs import DAY
from console.errors import NotFound

if TYPE_CHECKING:
    from console.actions.labels.agreement import Agreement
    from console.actions.labels.corrected import Conclusion
    from console.actions.labels.raters import Raters
    from console.actions.runs.labelled import Labelled
    from console.judging.analysis.statistics import Estimate

_DIGITS = 6


def agreement(
    case: Annotated[str, typer.Option(help="Name of the case.")],
    judge: Annotated[str | None, typer.Option(help="Id of the judge.", show_default="all of the case")] = None,
    version: Annotated[str | None, typer.Option(help="Version of the judge.")] = None,
    first: Annotated[datetime | None, typer.Option("--from", formats=[DAY], help="First day, UTC.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=[DAY], help="Last day, UTC.")] = None,
    human_threshold: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Normalised score from which people pass.", show_default="the threshold"),
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Compare a case's runs with their human labels: correlations, Cohen's kappa, precision and recall."""
    from console.actions.labels.agreement import against_people
    from console.actions.labels.corrected import Asked, conclude
    from console.actions.labels.raters import load_raters
    from console.actions.runs.labelled import load_labelled

    asked = Asked(judge, version, first.date() if first else None, last.date() if last else None)

    with open_services(data_dir) as services:
        found = services.cases.find_by_name(case)
        if found is None:
            raise NotFound("case", case)
        labelled = load_labelled(
            services,
            found.case_id,
            judge_id=asked.judge_id,
            version=asked.version,
            first_day=asked.first_day,
            last_day=asked.last_day,
            human_threshold=human_threshold,
        )
        concluded, raters = conclude(services, labelled, asked), load_raters(services, labelled)
    report = against_people(labelled)
    if as_json:
        print_json(_as_json(labelled, report) | _corrected_json(labelled, concluded) | {"raters": _raters_json(raters)})
    else:
        typer.echo("\n".join([_as_text(labelled, report), *_raters_text(raters), *_corrected_text(concluded)]))


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


def _as_json(labelled: Labelled, report: Agreement) -> dict[str, Any]:
    """Figures to six digits; null where one is not defined, with the reason under `notes`."""
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
        return None if value is None else _rounded(scale.min + value * (scale.max - scale.min))

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
            "judge_pass_rate": _rounded(found.judged_rate),
            "judge_mean": on_scale(found.judged_mean),
            "rogan_gladen": _with_ends(found.classical),
            "weighted_kappa": _with_ends(found.kappa),
            "more_labels_for_5_points": found.rate.more_for(0.05) if rate.value is not None else None,
            "why": rate.why,
        },
        "warnings": found.warnings,
    }


def _raters_json(found: Raters) -> dict[str, Any]:
    return {
        "runs": found.runs,
        "alpha_scores": _with_ends(found.scores),
        "alpha_verdicts": _with_ends(found.verdicts),
        "pairs": [
            {"first": one.first, "second": one.second, "runs": one.runs, "agreed": one.agreed} for one in found.pairs
        ],
    }


def _raters_text(found: Raters) -> list[str]:
    known = [
        (name, one) for name, one in (("scores", found.scores), ("verdicts", found.verdicts)) if one.value is not None
    ]
    return [
        f"Alpha {name:<9}{one.value: .6f}  several people, {one.n} run(s)"
        for name, one in both
        if one.value is not None
    ]


def _corrected_text(found: Conclusion) -> list[str]:
    rate, judged = found.rate.estimate, found.judged_rate
    if rate.value is None or rate.low is None or rate.high is None or judged is None:
        said = f"Corrected pass rate: {rate.why or 'there are no runs'}"
    else:
        said = f"Corrected pass rate {rate.value:.1%}  95% {rate.low:.1%} to {rate.high:.1%}, over {found.runs:,} runs"
        said += f" from {found.used:,} labels; the judge passes {judged:.1%}"
    return [said, *(f"Warning: {one}" for one in found.warnings)]


def _as_text(labelled: Labelled, report: Agreement) -> str:
    from console.judging.analysis.statistics import kappa_words

    confusion = report.confusion
    lines = [f"{labelled.case.name}: {confusion.n} labelled run(s), {report.correlations.pearson.n} with a human score"]
    for name, one in _estimates(report).items():
        said = "-" if one.value is None else f"{one.value: .6f}"
        interval = "" if one.low is None or one.high is None else f"  95% {one.low:.3f} to {one.high:.3f}"
        words = f"  {kappa_words(one.value)}" if name == "kappa" and one.value is not None else ""
        lines.append(f"{name.capitalize():<10}{said}{interval}{words}" + (f"  {one.why}" if one.why else ""))
    lines.append(
        f"Both pass {confusion.true_pass}, only the judge {confusion.false_pass}, only people {confusion.false_fail}, "
        f"both fail {confusion.true_fail} (threshold {report.threshold:g}, people "
        f"pass from {labelled.human_threshold:g})"
    )
    return "\n".join(lines)


def _with_ends(one: Estimate) -> list[float | None]:
    return [_rounded(one.value), _rounded(one.low), _rounded(one.high)]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)
