"""`calibration`: the probability that people pass a run, by the score of a judge's version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.options import AsJson, DataDir, open_services, operator, print_json

if TYPE_CHECKING:
    from console.records import Calibration


def calibration(
    judge: Annotated[str, typer.Option(help="Id of the judge.")],
    version: Annotated[str | None, typer.Option(help="Version of the judge.", show_default="the one in use")] = None,
    fit: Annotated[bool, typer.Option("--fit", help="Learn a new curve from today's labels, and keep it.")] = False,
    method: Annotated[
        str | None, typer.Option(help="`platt` or `isotonic`, with --fit.", show_default="by the number of labels")
    ] = None,
    unknown_odds: Annotated[
        bool, typer.Option("--unknown-odds", help="With --fit: count labels whose runs were chosen by hand, too.")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Show how a judge's scores go with what people say, or learn it anew. Scores stay as they are."""
    from console.actions.labels.calibrated import calibrate_judge, calibration_json, judge_version
    from console.actions.permissions import outsider
    from console.errors import NotFound
    from console.judging.analysis.calibrated import Method

    if method not in (None, *Method) or (not fit and (method or unknown_odds)):
        raise typer.BadParameter(f"Give --method {' or '.join(Method)}, and --fit beside it and --unknown-odds.")
    with open_services(data_dir) as services:
        of = judge_version(services, judge, version)
        found = services.calibrations.latest(of.judge_id, of.version)
        if fit:
            chosen = Method(method) if method else None
            actor = outsider(operator())
            found = calibrate_judge(services, actor, of, method=chosen, unknown_odds=unknown_odds)
    if found is None:
        raise NotFound("calibration of the judge's version", f"{judge} {of.version} (make one with --fit)")
    if as_json:
        print_json(calibration_json(found))
    else:
        typer.echo(_as_text(found))


def _as_text(found: Calibration) -> str:
    made = f"{found.method} from {found.labels:,} labels, {found.fitted_on:%Y-%m-%d %H:%M} UTC by {found.fitted_by}"
    lines = [f"Calibration {found.number} of version {found.judge_version}: {made}"]
    for name, (value, low, high), brier in (
        ("calibrated", found.error, found.brier),
        ("score as it is", found.raw_error, found.raw_brier),
    ):
        lines.append(f"Calibration error {value:.3f}  95% {low:.3f} to {high:.3f}, Brier {brier:.3f}  {name}")
    for score in (0.0, 0.25, 0.5, 0.75, 1.0):
        p, low, high = found.at(score)
        lines.append(f"Score {score:.2f}: people pass {p:.0%}  95% {low:.0%} to {high:.0%}")
    return "\n".join([*lines, *(f"Warning: {one}" for one in found.warnings)])
