"""`gate`: whether the outputs of a system are good enough, for CI."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.experiments import (
    About,
    Budget,
    Concurrency,
    KeyColumn,
    Name,
    SkipUnknown,
    TextColumn,
    begin_and_work,
)
from console.cli.options import AsJson, DataDir, check_place, open_services, print_json, write_file
from console.cli.sets import Version, given_columns

if TYPE_CHECKING:
    from console.records import Experiment, TestSet
    from console.services import Services


def gate(
    file: Annotated[
        Path | None,
        typer.Argument(exists=True, dir_okay=False, help="Outputs by key; without it the set's own texts are judged."),
    ] = None,
    set_name: Annotated[str | None, typer.Option("--set", help="Id or name of the test set.", metavar="SET")] = None,
    judge: Annotated[
        list[str] | None,
        typer.Option("--judge", help="Id or name of a judge; `@2.0` names a version. Repeat for more."),
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(help="Id of the experiment to compare with.", show_default="the set's, if it has one")
    ] = None,
    min_pass_rate: Annotated[float | None, typer.Option(min=0, max=1, help="Share of all items, 0 to 1.")] = None,
    max_drop: Annotated[
        float | None, typer.Option(min=0, max=1, help="Of the pass rate, against the baseline.", show_default="0")
    ] = None,
    confidence: Annotated[float, typer.Option(min=0.5, max=0.999, help="Of the intervals that decide.")] = 0.95,
    margin: Annotated[
        float, typer.Option(min=0.001, max=1, help="Half the width of an interval above which nobody can tell.")
    ] = 0.1,
    allow_unsure: Annotated[
        bool, typer.Option("--allow-unsure", help="Exit with 0 also where too few items were judged to tell.")
    ] = False,
    junit: Annotated[Path | None, typer.Option(dir_okay=False, help="Write JUnit XML here.")] = None,
    markdown: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write Markdown for a pull request here.")
    ] = None,
    experiment: Annotated[
        str | None, typer.Option(help="Id of an experiment that was judged already, instead of a file.")
    ] = None,
    name: Name = "",
    version: Version = None,
    about: About = None,
    concurrency: Concurrency = 8,
    budget: Budget = None,
    key: KeyColumn = None,
    text: TextColumn = None,
    skip_unknown: SkipUnknown = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Judge outputs, compare them with the baseline, and decide with a stated confidence.

    Exit code 0: passed; a drop that chance explains does not fail. 1: failed, or too few items to tell. 2: wrong use.
    """
    _check_use(file, set_name, judge, experiment)
    for place in filter(None, (junit, markdown)):
        check_place(place)
    from console.actions.sets.comparison import compare
    from console.actions.sets.gate import Asked, Outcome, decide, worst
    from console.actions.sets.reports import as_json as json_of
    from console.actions.sets.reports import as_junit, as_markdown, as_text
    from console.actions.sets.results import load_results
    from console.actions.sets.sets import find_set
    from console.errors import InvalidInput

    asked = Asked(min_pass_rate, max_drop, confidence, margin)
    with open_services(data_dir) as services:
        known = services.experiments.get(experiment) if experiment else None
        test_set = services.sets.get(known.set_id) if known else find_set(services, set_name or "")
        against = _baseline(services, test_set, baseline, experiment)
        try:
            asked.check(baseline=against is not None)
        except InvalidInput as error:
            raise typer.BadParameter(str(error)) from error
        made = known or begin_and_work(
            services, test_set, file, judge or [], name=name, version=version, about=about, concurrency=concurrency,
            budget=budget, columns=given_columns(key=key, text=text), skip_unknown=skip_unknown, quiet=as_json,
        )  # fmt: skip
        results = load_results(services, made)
        pairings = compare(services, against, made, results) if against else []
        decisions = decide(made, results, asked, against, pairings)
    for path, content in ((junit, as_junit(decisions)), (markdown, as_markdown(decisions).encode())):
        if path:
            write_file(path, content)
    if as_json:
        print_json(json_of(decisions))
    else:
        typer.echo(as_text(decisions))
    outcome = worst(decisions)
    if outcome is Outcome.FAILED or (outcome is Outcome.UNSURE and not allow_unsure):
        raise typer.Exit(1)


def _check_use(file: Path | None, set_name: str | None, judge: list[str] | None, experiment: str | None) -> None:
    if experiment is None and (set_name is None or not judge):
        raise typer.BadParameter("Give --set and --judge, or --experiment.")
    if experiment is not None and (file is not None or judge or set_name):
        raise typer.BadParameter("An experiment that was judged needs no file, no --set and no --judge.")


def _baseline(services: Services, test_set: TestSet, asked: str | None, experiment: str | None) -> Experiment | None:
    """The experiment to compare with: the one that is asked for, else the set's, but for the experiment itself."""
    from console.actions.sets.comparison import check_baseline

    chosen = asked or (None if test_set.baseline == experiment else test_set.baseline)
    if chosen is None:
        return None
    found = services.experiments.get(chosen)
    check_baseline(found, test_set.set_id, test_set.name)
    return found
