"""`tables`, `seed` and `rollups`: the store itself."""

from __future__ import annotations

import typer

from console.cli.options import AsJson, DataDir, open_services, print_json, progress

tables_app = typer.Typer(help="The DynamoDB tables.", no_args_is_help=True)
rollups_app = typer.Typer(help="The pre-aggregated counts of finished runs.", no_args_is_help=True)


@tables_app.command("create")
def create_tables(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Create the tables that are missing."""
    with open_services(data_dir, create_tables=False) as services:
        created = services.create_tables()
    if as_json:
        print_json({"created": created})
    else:
        typer.echo(f"Created {', '.join(created)}." if created else "All tables are there.")


@tables_app.command("check")
def check_tables(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Compare the tables with what they should be; exit code 1 when something is missing."""
    from console.data.store.check import problems
    from console.data.store.setup import describe
    from console.data.store.tables import TABLES

    with open_services(data_dir, create_tables=False) as services:
        report = [
            {
                "table": services.store.name(table.name),
                "problems": problems(table, describe(services.store, table.name)),
            }
            for table in TABLES
        ]
    if as_json:
        print_json(report)
    else:
        for row in report:
            typer.echo(f"{row['table']}: {'; '.join(row['problems']) or 'as it should be'}")
    if any(row["problems"] for row in report):
        raise typer.Exit(1)


def seed(data_dir: DataDir = None) -> None:
    """Load the sample data: 4 cases, 6 judges, 300 runs. What is there already stays as it is."""
    from console.sample import load_sample_data

    with open_services(data_dir) as services, progress("Loading sample data") as advance:
        load_sample_data(services, advance)
    typer.echo("The sample data is loaded.")


@rollups_app.command("rebuild")
def rebuild_rollups(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Recount every rollup from the runs and correct those that differ."""
    from console.data.runs.recount import rebuild

    with open_services(data_dir) as services, progress("Recounting runs") as advance:
        written = rebuild(services.store, lambda done: advance(done, None))
    if as_json:
        print_json({"written": written})
    else:
        typer.echo(f"Corrected {written} rollup(s); all equal a recount of the runs.")


@rollups_app.command("verify")
def verify_rollups(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Compare every rollup with a recount of the runs; exit code 1 when one differs."""
    from console.data.runs.recount import verify

    with open_services(data_dir) as services, progress("Recounting runs") as advance:
        different = verify(services.store, lambda done: advance(done, None))
    keys = [" ".join(str(part) for part in difference.key) for difference in different]
    if as_json:
        print_json({"different": keys})
    elif keys:
        typer.echo("\n".join([f"{len(keys)} rollup(s) differ; `rollups rebuild` corrects them:", *keys]))
    else:
        typer.echo("Every rollup equals a recount of the runs.")
    if keys:
        raise typer.Exit(1)
