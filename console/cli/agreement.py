"""`agreement`: how far a judge agrees with people."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.options import AsJson, DataDir, find_case, open_services, print_json
from console.cli.runs import DAY

if TYPE_CHECKING:
    from console.actions.labels.corrected import Conclusion
    from console.actions.labels.raters import Raters
    from console.actions.labels.report import Report


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
    from console.actions.labels.population import Asked
    from console.actions.labels.report import load_report

    asked = Asked(judge, version, first.date() if first else None, last.date() if last else None)
    with open_services(data_dir) as services:
        report = load_report(services, find_case(services, case).case_id, asked, human_threshold)
    if as_json:
        print_json(report.as_json())
    else:
        typer.echo(
            "\n".join(
                [
                    _as_text(report),
                    *_within_text(report),
                    *_raters_text(report.raters),
                    *_corrected_text(report.concluded),
                ]
            )
        )


def _as_text(report: Report) -> str:
    from console.judging.analysis.statistics import kappa_words

    labelled, found = report.labelled, report.agreement
    confusion = found.confusion
    lines = [f"{labelled.case.name}: {confusion.n} labelled run(s), {found.correlations.pearson.n} with a human score"]
    for name, one in report.estimates().items():
        said = "-" if one.value is None else f"{one.value: .6f}"
        interval = "" if one.low is None or one.high is None else f"  95% {one.low:.3f} to {one.high:.3f}"
        words = f"  {kappa_words(one.value)}" if name == "kappa" and one.value is not None else ""
        lines.append(f"{name.capitalize():<10}{said}{interval}{words}" + (f"  {one.why}" if one.why else ""))
    lines.append(
        f"Both pass {confusion.true_pass}, only the judge {confusion.false_pass}, only people {confusion.false_fail}, "
        f"both fail {confusion.true_fail} (threshold {found.threshold:g}, people "
        f"pass from {labelled.human_threshold:g})"
    )
    return "\n".join(lines)


def _within_text(report: Report) -> list[str]:
    from console.actions.runs.modes import mixed_modes

    found = report.within.found
    figures = found.correlations
    said = [
        f"Within documents: {name} {one.value:.3f}, mean over {one.n} of {found.documents}"
        for name, one in (("Spearman", figures.spearman), ("Kendall", figures.kendall))
        if one.value is not None
    ]
    mixed = mixed_modes(point.first for point in report.agreement.points)
    return [*said, *([f"Warning: {mixed}"] if mixed else [])]


def _raters_text(found: Raters) -> list[str]:
    both = (("scores", found.scores), ("verdicts", found.verdicts))
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
