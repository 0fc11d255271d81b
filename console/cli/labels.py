"""`labels`: files of labels, the runs that wait for one, and who gives it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.options import AsJson, DataDir, find_case, open_services, operator, print_json, progress, write_file
from console.records import RunFilter, Selection

if TYPE_CHECKING:
    from console.records import ReviewPlan

app = typer.Typer(help="Human labels on runs: files, the review queue, who reviews.", no_args_is_help=True)
CaseName = Annotated[str, typer.Option("--case", help="Name of the case.")]


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
    from console.actions.labels.lines import read_labels, unread_columns
    from console.tabular.files import form_of

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
    from console.tabular.files import form_of

    form = form_of(file.name)
    with open_services(data_dir) as services:
        wanted = RunFilter(case_id=find_case(services, case).case_id if case else None, judge_id=judge)
        export = files.export_labels(services, wanted, form, limit=sys.maxsize)
    write_file(file, export.content)
    if as_json:
        print_json({"file": str(file), "labels": export.rows})
    else:
        typer.echo(f"Exported {export.rows} label(s) to {file}.")


@app.command("queue")
def review_queue(
    case: CaseName,
    selection: Annotated[
        Selection, typer.Option("--queue", help="How runs are drawn: stratified, random or uncertain.")
    ] = Selection.STRATIFIED,
    judge: Annotated[str | None, typer.Option(help="Id of the judge.", show_default="all of the case")] = None,
    rater: Annotated[str | None, typer.Option(help="Whose share of the queue.", show_default="everybody's")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Runs at most.")] = 25,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """The runs that wait for a label, in the order of the queue, each with what its label has to keep (`drawn`)."""
    from console.actions.labels.review import load_queue

    with open_services(data_dir) as services:
        found = load_queue(
            services, find_case(services, case).case_id, judge_id=judge, selection=selection, rater=rater
        )
    shown = found.candidates[:limit]
    if as_json:
        print_json([{"run": one.row, "drawn": one.drawn, "turn": one.turn} for one in shown])
        return
    for one in shown:
        typer.echo(f"{one.row.run_id}  {one.turn:<6}  odds {one.drawn.probability or 0:.3f}  {one.row.preview}")
    typer.echo(f"{len(found.candidates)} run(s) wait for a label, {found.second} of them for a second opinion.")


@app.command("differing")
def differing(
    case: CaseName,
    judge: Annotated[str | None, typer.Option(help="Id of the judge.", show_default="all of the case")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """The runs on which people differ and nobody has decided, ties first."""
    from console.actions.labels.differing import load_differing

    with open_services(data_dir) as services:
        found = load_differing(services, find_case(services, case).case_id, judge)
    if as_json:
        print_json(found.rows)
        return
    for row in found.rows:
        typer.echo(f"{row.run_id}  {', '.join(row.rated_by)}  {row.preview}")
    typer.echo(f"People differ on {len(found.rows)} run(s). A label that adjudicates decides one.")


@app.command("plan")
def plan(
    case: CaseName,
    reviewer: Annotated[
        list[str] | None, typer.Option(help="Who reviews; once for each. None given: everybody.")
    ] = None,
    second_share: Annotated[
        float | None, typer.Option(min=0, max=1, help="Share of the labelled runs that a second person labels, too.")
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Show who reviews a case's runs, or share the work out anew (with either option; the other one is then none)."""
    from console.actions.labels.plans import save_plan
    from console.actions.permissions import outsider

    with open_services(data_dir) as services:
        case_id = find_case(services, case).case_id
        if reviewer is None and second_share is None:
            found = services.review_plans.get(case_id)
        else:
            actor = outsider(operator())
            found = save_plan(services, actor, case_id, reviewers=reviewer or [], second_share=second_share or 0.0)
    if as_json:
        print_json(found)
    else:
        typer.echo(_plan_text(found))


def _plan_text(found: ReviewPlan) -> str:
    who = ", ".join(found.reviewers) or "whoever reviews"
    return f"Labels by: {who}. A second opinion on {found.second_share:.0%} of the labelled runs."
