"""`migrate`: the old system's database into the store (for `migrate qdrant` see `migrate_qdrant`)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.migrate_qdrant import migrate_qdrant
from console.cli.options import AsJson, DataDir, open_services, print_json, progress

if TYPE_CHECKING:
    from console.config import Settings
    from console.data.legacy.migration.bringing import Report
    from console.data.legacy.migration.verify import Compared

migrate_app = typer.Typer(help="Bring everything over from another system.", no_args_is_help=True)
migrate_app.command("qdrant")(migrate_qdrant)

_NOTES = 20


@migrate_app.command("sqlite")
def migrate_sqlite(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The old system's SQLite database.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    check: Annotated[bool, typer.Option("--verify", help="Then compare every row with the store.")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Bring the old system's database over. Safe to stop and to repeat; the file is only read.

    Exit code 1 when a row could not be brought over, or is not the same in the store.
    """
    from console.data.legacy.migration.migrate import migrate
    from console.data.legacy.migration.verify import verify

    with open_services(data_dir) as services:
        with progress("Migrating") as advance:
            report = migrate(services, file, dry_run=dry_run, progress=advance)
        report.notes += missing_keys(report.judges, services.settings)
        compared: dict[str, Compared] = {}
        if check and not dry_run:
            with progress("Comparing") as advance:
                compared = verify(services, file, advance)
    _print(report, compared, dry_run=dry_run, as_json=as_json)
    if report.failures or any(one.wrong for one in compared.values()):
        raise typer.Exit(1)


def missing_keys(judges: Mapping[str, Sequence[str]], settings: Settings) -> Iterator[str]:
    """A line for each provider that judges ask and that is not set up.

    Args:
        judges: their ids by provider.
    """
    from console.judging.providers.port import reached

    for provider, ids in judges.items():
        missing = reached(provider, settings)[0].missing()
        if missing:
            yield f"{len(ids)} judge(s) ask {provider or 'no provider'}, and {missing} is not set: {', '.join(ids)}."


def _print(report: Report, compared: dict[str, Compared], *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        shown = {"dry_run": dry_run, **dataclasses.asdict(report)}
        if compared:
            shown["verified"] = {table: dataclasses.asdict(one) for table, one in compared.items()}
        print_json(shown)
        return
    would = "would be " if dry_run else ""
    for table, moved in report.tables.items():
        typer.echo(
            f"{table}: {moved.rows} row(s); {would}added {moved.added}, {would}changed {moved.changed}, "
            f"there already {moved.present}"
        )
    for note in report.notes[:_NOTES]:
        typer.echo(f"Note: {note}")
    if len(report.notes) > _NOTES:
        typer.echo(f"... and {len(report.notes) - _NOTES} more notes (--json shows all)")
    for failure in report.failures:
        typer.echo(f"Not brought over: {failure}", err=True)
    for table, one in compared.items():
        _print_comparison(table, one)


def _print_comparison(table: str, one: Compared) -> None:
    typer.echo(
        f"{table}: {one.equal} of {one.rows} row(s) the same, {one.only_in_store} only in the store; "
        f"sha256 {one.digest_of_source[:16]} (database) {one.digest_of_store[:16]} (store)"
    )
    for what, keys in (("different", one.different), ("missing", one.missing)):
        if keys:
            typer.echo(f"  {what}: {', '.join(keys)}", err=True)
