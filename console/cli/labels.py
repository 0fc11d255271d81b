"""`labels import` and `labels export`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from console.cli.options import AsJson, DataDir, open_services, operator, print_json, progress, write_file
from console.errors import NotFound
from console.records import RunFilter

app = typer.Typer(help="Human labels on runs, as CSV or JSON Lines.", no_args_is_help=True)


@app.command("import")
def import_labels(
    file: Annotated[
        Path,
        typer.Argument(
            exists=True,
            dir_okay=False,
            help="CSV or JSONL with run_id, score, passed, comment, rater, labelled_on, selection and probability.",
        ),
    ],
    by: Annotated[str | None, typer.Option(help="Whose the labels are that name nobody.", show_default="you")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the file and say what would change.")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Import labels. The whole file is checked first; importing it twice changes nothing."""
    from console.actions.labels.files import apply_import, plan_import
    from console.actions.labels.lines import form_of, read_labels, unread_columns

    content, form = file.read_bytes(), form_of(file.name)
    lines, unread = read_labels(content, form), unread_columns(content, form)
    if unread:
        typer.echo(f"Warning: not read: {', '.join(unread)}.", err=True)
    with open_services(data_dir) as services:
        with progress("Checking labels") as advance:
            plan = plan_import(services, lines, by=by or operator(), progress=advance)
        if not dry_run:
            with progress("Saving labels") as advance:
                apply_import(services, plan, progress=advance)
    if as_json:
        print_json(
            {
                "added": plan.added,
                "changed": plan.changed,
                "same": plan.same,
                "dry_run": dry_run,
                "not_read": unread,
            }
        )
    else:
        done = "Would add" if dry_run else "Added"
        typer.echo(f"{done} {plan.added} label(s), changed {plan.changed}; {plan.same} were there already.")


@app.command("export")
def export_labels(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="The file to write, ending in .csv or .jsonl.")],
    case: Annotated[str | None, typer.Option(help="Name of the case.")] = None,
    judge: Annotated[str | None, typer.Option(help="Id of the judge.")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Export every label of the matching runs, newest runs first."""
    from console.actions.labels import files
    from console.actions.labels.lines import form_of

    form = form_of(file.name)
    with open_services(data_dir) as services:
        found = services.cases.find_by_name(case) if case else None
        if case and found is None:
            raise NotFound("case", case)
        wanted = RunFilter(case_id=found.case_id if found else None, judge_id=judge)
        export = files.export_labels(services, wanted, form, limit=sys.maxsize)
    write_file(file, export.content)
    if as_json:
        print_json({"file": str(file), "labels": export.rows})
    else:
        typer.echo(f"Exported {export.rows} label(s) to {file}.")
