"""`tables`, `seed` and `rollups`: the store itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.options import Advance, AsJson, DataDir, open_services, print_json, progress
from console.data.store import tables

if TYPE_CHECKING:
    from console.config import Settings
    from console.data.runs.rollups.cells import Counting

Rate = Annotated[
    float | None,
    typer.Option(help="Capacity units a second to use at most.", min=1.0, show_default="as fast as it goes"),
]
tables_app = typer.Typer(help="The DynamoDB tables.", no_args_is_help=True)
rollups_app = typer.Typer(help="The pre-aggregated counts of finished runs.", no_args_is_help=True)


@tables_app.command("create")
def create_tables(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Make the tables what they should be: create what is missing, mend what differs. Safe to repeat."""
    with open_services(data_dir, create_tables=False) as services:
        done = services.set_up()
    if as_json:
        print_json({"created": done.created, "changed": done.changed, "refused": done.refused})
        return
    typer.echo(f"Created {', '.join(done.created)}." if done.created else "All tables are there.")
    for line in done.changed:
        typer.echo(f"Mended {line}.")
    for line in done.refused:
        typer.echo(f"Left as it is: {line}.")


@tables_app.command("check")
def check_tables(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Compare the tables with what they should be; exit code 1 when something is wrong."""
    from console.actions.admin.operations import check_setup

    with open_services(data_dir, create_tables=False) as services:
        report = check_setup(services)
    if as_json:
        print_json([{"table": one.name, "problems": one.problems, "remarks": one.remarks} for one in report])
    else:
        for one in report:
            typer.echo(f"{one.name}: {'; '.join(one.problems + one.remarks) or 'as it should be'}")
    if any(one.problems for one in report):
        raise typer.Exit(1)


@tables_app.command("spread")
def spread_runs(
    shards: Annotated[int, typer.Argument(help="Number of shards, 1 to 64.")],
    rate: Rate = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Spread the runs over so many shards, beside all that is running. Run it again if it was stopped."""
    from console.data.runs.moving import SETTLED, move
    from console.data.store.sweep import Pace

    typer.echo(f"Waiting {SETTLED:.0f} s for every process to learn of each step.", err=True)
    with open_services(data_dir) as services, progress("Moving runs") as advance:
        moved = move(services.store, shards, progress=lambda done: advance(done, None), pace=Pace(rate))
        services.cache.changed(tables.RUNS)
    if as_json:
        print_json({"shards": shards, "moved": moved})
    else:
        typer.echo(f"The runs are spread over {shards} shard(s); {moved:,} were moved.")


def seed(data_dir: DataDir = None) -> None:
    """Load the sample data: 8 judges, 360 runs, a test set, a collection. What is there already stays as it is."""
    from console.sample import load_sample_data

    with open_services(data_dir) as services, progress("Loading sample data") as advance:
        load_sample_data(services, advance)
    typer.echo("The sample data is loaded.")


@rollups_app.command("rebuild")
def rebuild_rollups(rate: Rate = None, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Recount every rollup from the runs and correct those that differ."""
    from console.data.runs.rollups.recount import rebuild

    with open_services(data_dir) as services, progress("Recounting runs") as advance:
        written = rebuild(services.store, _counting(services.settings, rate, advance))
    if as_json:
        print_json({"written": written})
    else:
        typer.echo(f"Corrected {written} rollup(s); all equal a recount of the runs.")


@rollups_app.command("verify")
def verify_rollups(rate: Rate = None, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Compare every rollup with a recount of the runs; exit code 1 when one differs."""
    from console.data.runs.rollups.recount import verify

    with open_services(data_dir) as services, progress("Recounting runs") as advance:
        different = verify(services.store, _counting(services.settings, rate, advance))
    keys = [" ".join(str(part) for part in difference.key) for difference in different]
    if as_json:
        print_json({"different": keys})
    elif keys:
        typer.echo("\n".join([f"{len(keys)} rollup(s) differ; `rollups rebuild` corrects them:", *keys]))
    else:
        typer.echo("Every rollup equals a recount of the runs.")
    if keys:
        raise typer.Exit(1)


def _counting(settings: Settings, rate: float | None, advance: Advance) -> Counting:
    """A count that goes on from where it was stopped: the file is in the data folder, where there is one."""
    from console.data.runs.rollups.cells import Counting
    from console.data.store.sweep import Pace

    place = f"recount-{settings.table_prefix or 'all'}.bin"
    checkpoint = settings.data_dir / place if settings.data_dir.is_dir() else None
    return Counting(lambda done: advance(done, None), Pace(rate), checkpoint)
