"""`experiment`: the outputs of a system over a test set, judged and compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.actions.permissions import outsider
from console.cli.options import AsJson, DataDir, find_judge, open_services, operator, print_json, progress
from console.cli.sets import SetName, Version, given_columns
from console.errors import InvalidInput

if TYPE_CHECKING:
    from console.actions.sets.comparison import Pairing
    from console.actions.sets.results import JudgeResults
    from console.records import Batch, Experiment, TestSet
    from console.services import Services

app = typer.Typer(help="Experiments: outputs of a system over a test set, judged.", no_args_is_help=True)

Judges = Annotated[
    list[str], typer.Option("--judge", help="Id or name of a judge; `@2.0` behind it names a version. Repeat for more.")
]
Name = Annotated[str, typer.Option(help="Of the experiment.", show_default="the file's name")]
About = Annotated[
    list[str] | None, typer.Option("--about", help="What made the outputs, as name=value. Repeat for more.")
]
Concurrency = Annotated[int, typer.Option(min=1, max=64, help="Outputs at once.")]
Budget = Annotated[float | None, typer.Option(help="US dollars that it may cost, for each judge.")]
KeyColumn = Annotated[str | None, typer.Option(help="Column of the keys.", show_default="by its name")]
TextColumn = Annotated[str | None, typer.Option(help="Column of the outputs.", show_default="by its name")]
SkipUnknown = Annotated[bool, typer.Option("--skip-unknown", help="Leave out rows whose keys the set does not have.")]


@app.command("run")
def run(
    set_name: SetName,
    judge: Judges,
    file: Annotated[
        Path | None,
        typer.Argument(exists=True, dir_okay=False, help="Outputs by key; without it the set's own texts are judged."),
    ] = None,
    name: Name = "",
    version: Version = None,
    about: About = None,
    concurrency: Concurrency = 8,
    budget: Budget = None,
    key: KeyColumn = None,
    text: TextColumn = None,
    skip_unknown: SkipUnknown = False,
    baseline: Annotated[
        bool, typer.Option("--as-baseline", help="Let others of the set be compared with it from now on.")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Judge outputs over a test set. Exit code 1 when some were not judged or got no score."""
    from console.actions.sets.results import load_results
    from console.actions.sets.sets import describe_set, find_set

    with open_services(data_dir) as services:
        test_set = find_set(services, set_name)
        made = begin_and_work(
            services, test_set, file, judge, name=name, version=version, about=about, concurrency=concurrency,
            budget=budget, columns=given_columns(key=key, text=text), skip_unknown=skip_unknown, quiet=as_json,
        )  # fmt: skip
        if baseline:
            describe_set(
                services, outsider(operator()), services.sets.get(test_set.set_id), baseline=made.experiment_id
            )
        _finish(made, load_results(services, made), as_json=as_json)


@app.command("resume")
def resume(experiment_id: str, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Go on with an experiment that was stopped."""
    from console.actions.sets.experiments import work_on
    from console.actions.sets.results import load_results

    with open_services(data_dir) as services:
        found = services.experiments.get(experiment_id)
        with progress("Judging") as advance:
            work_on(services, outsider(operator()), found, progress=None if as_json else advance)
        _finish(found, load_results(services, found), as_json=as_json)


@app.command("list")
def list_experiments(
    set_name: Annotated[
        str | None, typer.Argument(help="Id or name of a set.", metavar="SET", show_default="all")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000)] = 50,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Experiments, the newest first."""
    from console.actions.sets.experiments import batches_of
    from console.actions.sets.sets import find_set

    with open_services(data_dir) as services:
        if set_name:
            found = services.experiments.of_set(find_set(services, set_name).set_id, limit).items
        else:
            found = services.experiments.list(limit).items
        batches = [batches_of(services, one) for one in found]
    rows = list(zip(found, batches, strict=True))
    if as_json:
        print_json([_facts(one, some) for one, some in rows])
        return
    for one, some in rows:
        counts = ", ".join(f"{batch.passed}/{one.total} pass ({batch.state})" for batch in some)
        typer.echo(f"{one.experiment_id:<40} version {one.set_version}  {counts}  {one.name}")
    if not rows:
        typer.echo("There is no experiment yet. Make one: python -m console experiment run SET FILE --judge JUDGE")


@app.command("show")
def show(
    experiment_id: str,
    baseline: Annotated[
        str | None, typer.Option(help="Id of another experiment.", show_default="the set's baseline")
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """What an experiment found, and what changed from its baseline."""
    from console.actions.sets.comparison import compare
    from console.actions.sets.results import load_results

    with open_services(data_dir) as services:
        found = services.experiments.get(experiment_id)
        against = baseline or services.sets.get(found.set_id).baseline
        results = load_results(services, found)
        pairings = None
        if against and against != experiment_id:
            pairings = compare(services, services.experiments.get(against), found, results)
        _print(found, results, pairings, as_json=as_json)


def begin_and_work(
    services: Services,
    test_set: TestSet,
    file: Path | None,
    judges: Sequence[str],
    *,
    name: str,
    version: int | None,
    about: Sequence[str] | None,
    concurrency: int,
    budget: float | None,
    columns: dict[str, str],
    skip_unknown: bool,
    quiet: bool,
) -> Experiment:
    """Begins an experiment and works on it to its end."""
    from console.actions.sets.experiments import begin, work_on
    from console.actions.sets.outputs import match_outputs, own_texts, read_outputs
    from console.tabular.files import TabularFile

    actor = outsider(operator())
    chosen = [find_judge(services, one) for one in judges]
    number = services.sets.version(test_set.set_id, version).number
    if file is None:
        outputs = own_texts(services, test_set.set_id, number)
    else:
        read = read_outputs(TabularFile.at(file), columns)
        outputs = match_outputs(services, test_set.set_id, number, read.texts, file.name, read.names)
    if outputs.unknown:
        some = ", ".join(outputs.unknown[:5])
        words = f"{len(outputs.unknown):,} row(s) are of items that the set does not have: {some}"
        if not skip_unknown:
            raise InvalidInput(f"{words}. Correct them, or leave them out: --skip-unknown.", field="file")
        typer.echo(f"Warning: {words}. They are left out.", err=True)
    made = begin(
        services, actor, test_set, outputs, chosen, name=name, version=number, concurrency=concurrency, budget=budget,
        metadata=_metadata(about or []),
    )  # fmt: skip
    typer.echo(
        f"Experiment {made.experiment_id}: {made.rows:,} of {made.total:,} item(s), {len(chosen)} judge(s).", err=True
    )
    with progress("Judging") as advance:
        work_on(services, actor, made, progress=None if quiet else advance)
    return made


def _metadata(about: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in about:
        name, equals, value = one.partition("=")
        if not equals or not name.strip():
            raise typer.BadParameter(f"{one!r} is not name=value.", param_hint="--about")
        found[name.strip()] = value
    return found


def _facts(experiment: Experiment, batches: Sequence[Batch]) -> dict[str, Any]:
    return {
        "experiment": experiment.experiment_id,
        "name": experiment.name,
        "set": experiment.set_id,
        "set_version": experiment.set_version,
        "created_on": experiment.created_on,
        "items": experiment.total,
        "judges": [judged.judge_id for judged in experiment.judges],
        "states": [batch.state for batch in batches],
        "passed": [batch.passed for batch in batches],
    }


def _finish(experiment: Experiment, results: Sequence[JudgeResults], *, as_json: bool) -> None:
    _print(experiment, results, None, as_json=as_json)
    if any(one.left or one.unscored for one in results):
        raise typer.Exit(1)


def _print(
    experiment: Experiment,
    results: Sequence[JudgeResults],
    pairings: Sequence[Pairing] | None,
    *,
    as_json: bool,
) -> None:
    from console.actions.sets.reports import experiment_json, experiment_text

    if as_json:
        print_json(experiment_json(experiment, results, pairings))
    else:
        typer.echo(experiment_text(experiment, results, pairings))
