"""`import runs`, `export runs` and `export sqlite`."""

from __future__ import annotations

import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.options import AsJson, DataDir, find_case, open_services, operator, print_json, progress, whole_file
from console.records import RunFilter, RunStatus, Verdict

if TYPE_CHECKING:
    from console.services import Services

import_app = typer.Typer(help="Bring in what was made elsewhere.", no_args_is_help=True)
export_app = typer.Typer(help="Write files for other programs.", no_args_is_help=True)


DAY = "%Y-%m-%d"


class ExportFormat(StrEnum):
    """Forms of an export."""

    CSV = "csv"
    """A row per run, for spreadsheets."""
    JSONL = "jsonl"
    """Whole finished runs, one per line, as `import runs` reads them."""


@import_app.command("runs")
def import_runs(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="JSON Lines of runs, or SummEval results as JSON.")
    ],
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Import finished runs with their labels. Importing a file twice changes nothing."""
    from console.actions.runs.files import importing

    with open_services(data_dir) as services, progress("Importing runs") as advance:
        done = importing.import_runs(services, file, by=operator(), progress=advance)
    if as_json:
        print_json({"added": done.added, "present": done.present})
    else:
        typer.echo(f"Imported {done.added} run(s); {done.present} were there already.")


@export_app.command("runs")
def export_runs(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="The file to write; its ending says the form.")],
    export_format: Annotated[
        ExportFormat | None, typer.Option("--format", help="The form.", show_default="the file's ending")
    ] = None,
    case: Annotated[str | None, typer.Option(help="Name of the case.")] = None,
    judge: Annotated[str | None, typer.Option(help="Id of the judge.")] = None,
    status: Annotated[RunStatus | None, typer.Option(help="Status.")] = None,
    verdict: Annotated[Verdict | None, typer.Option(help="Result.")] = None,
    model: Annotated[str | None, typer.Option(help="Name of the model.")] = None,
    metric: Annotated[str | None, typer.Option(help="Name of the metric.")] = None,
    batch: Annotated[str | None, typer.Option(help="Id of the batch.")] = None,
    first: Annotated[datetime | None, typer.Option("--from", formats=[DAY], help="First day, UTC.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=[DAY], help="Last day, UTC.")] = None,
    labelled: Annotated[bool | None, typer.Option("--labelled/--unlabelled", help="With or without labels.")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Export the runs that match, newest first, as CSV or JSON Lines."""
    form = export_format or _form_of(file)
    with open_services(data_dir) as services:
        wanted = RunFilter(
            case_id=find_case(services, case).case_id if case is not None else None,
            judge_id=judge,
            status=status,
            verdict=verdict,
            model=model,
            metric=metric,
            batch_id=batch,
            first_day=first.date() if first else None,
            last_day=last.date() if last else None,
            labelled=labelled,
        )
        rows = _export(services, wanted, form, file)
    if as_json:
        print_json({"file": str(file), "runs": rows})
    else:
        typer.echo(f"Exported {rows} run(s) to {file}.")


@export_app.command("sqlite")
def export_sqlite(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="The database to write; it must not exist.")],
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Write everything as a database in the old system's schema, for going back to it (docs/rollback.md)."""
    from console.data.legacy import export as legacy_export

    with open_services(data_dir) as services, progress("Exporting") as advance:
        exported = legacy_export.export_sqlite(services, file, advance)
    if as_json:
        print_json({"file": str(file), "rows": exported.rows, "notes": exported.notes})
        return
    typer.echo(f"Exported to {file}: " + ", ".join(f"{count} {table}" for table, count in exported.rows.items()) + ".")
    for note in exported.notes:
        typer.echo(f"Note: {note}")


def _form_of(file: Path) -> ExportFormat:
    try:
        return ExportFormat(file.suffix.removeprefix(".").lower())
    except ValueError as error:
        raise typer.BadParameter(f"{file} ends neither in .csv nor in .jsonl; name the form with --format.") from error


def _export(services: Services, wanted: RunFilter, form: ExportFormat, file: Path) -> int:
    """Write the file, which appears only when it is whole; returns the number of runs."""
    write = _write_csv if form is ExportFormat.CSV else _write_lines
    with whole_file(file) as draft:
        return write(services, wanted, draft)


def _write_csv(services: Services, wanted: RunFilter, draft: Path) -> int:
    from console.actions.runs.files.exports import export_csv

    export = export_csv(services, wanted, limit=sys.maxsize)
    draft.write_bytes(export.content)
    return export.rows


def _write_lines(services: Services, wanted: RunFilter, draft: Path) -> int:
    from console.actions.runs.files.lines import run_lines
    from console.tabular.writing import jsonl_bytes

    rows = 0
    with draft.open("wb") as lines, progress("Exporting runs") as advance:
        for rows, line in enumerate(run_lines(services, wanted), 1):
            lines.write(jsonl_bytes([line]))
            advance(rows, None)
    return rows
