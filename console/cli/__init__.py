"""`python -m console`: parses, builds the services, calls them, prints.

- options: what the commands share (options, settings, services, JSON, progress)
- servers: serve, api
- embed: embed runs
- engine: engine start, status, stop
- store: tables, seed, rollups
- evaluate: evaluate
- runs: import runs, export runs
- labels: labels import, labels export; agreement: agreement; calibration: calibration
- sets: sets list, sets show, sets import, sets export, sets diff, sets delete
- experiments: experiment run, experiment resume, experiment list, experiment show; gate: gate
- models: models list, models price
- ingest: ingest, opensearch sync; migrate: migrate sqlite, migrate qdrant
- search: search; search_quality: search-quality
- users: users add, list, role, password, revoke, delete

Exit codes: 0 done, 1 failed, 2 wrong use. Heavy imports wait until a command needs them.
"""

from __future__ import annotations

import sys

import typer

from console.cli import (
    agreement,
    calibration,
    embed,
    engine,
    evaluate,
    experiments,
    gate,
    ingest,
    labels,
    migrate,
    models,
    runs,
    search,
    search_quality,
    servers,
    sets,
    store,
    users,
)
from console.cli.terminal import guard_output, neutral
from console.errors import ConsoleError

app = typer.Typer(
    name="console",
    help="The G-Eval console's commands. They work on the store that the settings name.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(servers.serve)
app.command()(servers.api)
app.command()(store.seed)
app.command()(evaluate.evaluate)
app.command()(agreement.agreement)
app.command()(gate.gate)
app.command()(calibration.calibration)
app.command()(ingest.ingest)
app.command()(search.search)
app.command()(search_quality.search_quality)
app.add_typer(embed.app, name="embed")
app.add_typer(engine.app, name="engine")
app.add_typer(store.tables_app, name="tables")
app.add_typer(store.rollups_app, name="rollups")
app.add_typer(runs.import_app, name="import")
app.add_typer(runs.export_app, name="export")
app.add_typer(labels.app, name="labels")
app.add_typer(sets.app, name="sets")
app.add_typer(experiments.app, name="experiment")
app.add_typer(models.app, name="models")
app.add_typer(migrate.migrate_app, name="migrate")
app.add_typer(ingest.opensearch_app, name="opensearch")
app.add_typer(users.app, name="users")


def main() -> None:
    """Run the command line; a ConsoleError becomes a message and exit code 1."""
    guard_output()
    try:
        app()
    except ConsoleError as error:
        typer.echo(f"Error: {neutral(str(error))}", err=True)
        sys.exit(1)
