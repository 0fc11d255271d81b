"""`evaluate`: a file of texts, judged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.actions.permissions import outsider
from console.cli.options import AsJson, DataDir, find_judge, open_services, operator, print_json, progress
from console.errors import InvalidInput
from console.records import Batch, BatchState

if TYPE_CHECKING:
    from console.actions.batches.estimates import Checked, Estimate
    from console.actions.batches.files import Columns
    from console.services import Services
    from console.tabular.files import TabularFile

_SHOWN_PROBLEMS = 20


def evaluate(
    file: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, help="CSV with a header, or JSON Lines.")
    ] = None,
    judge: Annotated[str | None, typer.Option(help="Id of the judge, or its name where only one has it.")] = None,
    resume: Annotated[str | None, typer.Option(help="Id of a batch to go on with, instead of a file.")] = None,
    retry_failed: Annotated[
        str | None, typer.Option(help="Id of a batch whose failed rows are run again, and these only.")
    ] = None,
    concurrency: Annotated[int | None, typer.Option(min=1, max=64, help="Rows at once.", show_default="8")] = None,
    budget: Annotated[float | None, typer.Option(help="US dollars that the batch may cost.")] = None,
    text: Annotated[str | None, typer.Option(help="Column of the text.", show_default="by its name")] = None,
    reference: Annotated[str | None, typer.Option(help="Column of the reference.", show_default="by its name")] = None,
    question: Annotated[str | None, typer.Option(help="Column of the question.", show_default="by its name")] = None,
    context: Annotated[str | None, typer.Option(help="Column of the context.", show_default="by its name")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the batch.", show_default="the file's")] = None,
    skip_invalid: Annotated[bool, typer.Option("--skip-invalid", help="Leave out rows with problems.")] = False,
    estimate: Annotated[bool, typer.Option("--estimate", help="Only say what it would take.")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Judge every text of a file. What was done stays done: go on with --resume after a crash or a stop.

    Exit code 1 when rows failed or the batch stopped before its end.
    """
    if resume and retry_failed:
        raise typer.BadParameter("Give --resume or --retry-failed, not both.")
    known = resume or retry_failed
    if known is None and (file is None or judge is None):
        raise typer.BadParameter("Give a file and --judge, or --resume or --retry-failed with the id of a batch.")
    from console.actions.batches import batches, estimates

    with open_services(data_dir) as services:
        if known is not None:
            again = batches.retry_failures(services, outsider(operator()), known) if retry_failed else None
            batch = _work(services, known, concurrency, budget, only=again, quiet=as_json)
        else:
            assert file is not None and judge is not None  # noqa: PT018, S101 - checked above
            chosen = find_judge(services, judge)
            asked = {"text": text, "reference": reference, "question": question, "context": context}
            rows, columns, checked = _read(file, asked, skip_invalid=skip_invalid)
            typer.echo(str(estimates.notice_of(services, chosen, rows, columns)), err=True)
            at_once = concurrency or 8
            if estimate:
                _print_estimate(estimates.estimate(services, chosen, checked, concurrency=at_once), as_json)
                return
            made = batches.submit(
                services,
                outsider(operator()),
                name or file.name,
                chosen,
                rows,
                columns,
                concurrency=at_once,
                budget=budget,
                leave_out=skip_invalid,
            )
            if not as_json:
                typer.echo(f"Batch {made.batch_id}: {made.total} row(s).", err=True)
            batch = _work(services, made.batch_id, None, None, quiet=as_json)
    _print_batch(batch, as_json)
    if batch.state is not BatchState.FINISHED or batch.failed:
        raise typer.Exit(1)


def _read(path: Path, asked: dict[str, str | None], *, skip_invalid: bool) -> tuple[TabularFile, Columns, Checked]:
    """The file, which of its columns hold which part, and what is in it."""
    from console.actions.batches.estimates import check_file
    from console.actions.batches.files import Columns, guess, guess_parts
    from console.tabular.files import TabularFile

    file = TabularFile.at(path)
    names = file.columns()
    given = {part: column for part, column in asked.items() if column is not None}
    for column in given.values():
        if column not in names:
            raise InvalidInput(f"{path} has no column {column}. It has {', '.join(names)}.")
    if "text" in given:
        others = guess_parts([name for name in names if name not in given.values()])
        columns = Columns.of({**others, **given})
    else:
        columns = Columns.of({**guess(file).named, **given})
    checked = check_file(file, columns)
    if checked.problems and not skip_invalid:
        for problem in checked.problems[:_SHOWN_PROBLEMS]:
            typer.echo(str(problem), err=True)
        count = len(checked.problems)
        raise InvalidInput(f"{count} row(s) of {path} have problems. Correct them, or leave them out: --skip-invalid.")
    return file, columns, checked


def _work(
    services: Services,
    batch_id: str,
    concurrency: int | None,
    budget: float | None,
    *,
    only: frozenset[int] | None = None,
    quiet: bool,
) -> Batch:
    from console.actions.batches import batches

    with progress("Evaluating") as advance:
        return batches.work(
            services,
            outsider(operator()),
            batch_id,
            concurrency=concurrency,
            budget=budget,
            only=only,
            progress=lambda batch: None if quiet else advance(batch.done + batch.failed, batch.total),
        )


def _print_estimate(found: Estimate, as_json: bool) -> None:
    if as_json:
        import dataclasses

        print_json(dataclasses.asdict(found))
        return
    cost = "unknown: the model has no prices" if found.cost is None else f"${found.cost:.4f}"
    typer.echo(f"{found.rows} row(s), {found.calls} call(s), about {found.tokens:,} tokens, {found.seconds:.0f} s")
    typer.echo(f"Cost {cost}. By {found.basis}.")


def _print_batch(batch: Batch, as_json: bool) -> None:
    if as_json:
        print_json(_facts(batch))
        return
    counts = f"{batch.done} done, {batch.failed} failed, {batch.left} left"
    typer.echo(f"Batch {batch.batch_id} is {batch.state}: {counts}; ${batch.spent:.4f} spent.")
    if batch.note:
        typer.echo(batch.note)
    if batch.left:
        typer.echo(f"Go on with: python -m console evaluate --resume {batch.batch_id}")
    if batch.failed:
        typer.echo(f"Run the failed rows again: python -m console evaluate --retry-failed {batch.batch_id}")


def _facts(batch: Batch) -> dict[str, Any]:
    return {
        "batch": batch.batch_id,
        "state": batch.state,
        "total": batch.total,
        "done": batch.done,
        "failed": batch.failed,
        "left": batch.left,
        "spent": batch.spent,
        "note": batch.note,
    }
