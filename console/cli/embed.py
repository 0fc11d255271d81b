"""`embed runs`: embeddings for finished runs that have none."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from console.cli.options import AsJson, DataDir, find_case, open_services, operator, print_json, progress

app = typer.Typer(help="Embeddings, for finding similar texts.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps `runs` a command of its own while it is the only one."""


@app.command("runs")
def runs(
    case: Annotated[str | None, typer.Option(help="Only runs of the case of this name.")] = None,
    days: Annotated[int | None, typer.Option(help="Only runs of the last days.", min=1)] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Instead, embed long texts anew that an earlier version has cut off.")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Give finished runs that have no embedding one, newest first. Stop and repeat it at will."""
    from console.actions.permissions import outsider
    from console.actions.runs.similar import embed_again, embed_missing
    from console.records import RunFilter, utcnow

    with open_services(data_dir) as services, progress("Embedding") as advance:
        first_day = None if days is None else (utcnow() - timedelta(days=days - 1)).date()
        examined = 0

        def show(seen: int, embedded: int) -> None:
            nonlocal examined
            examined = seen
            advance(embedded, None)

        wanted = RunFilter(case_id=find_case(services, case).case_id if case is not None else None, first_day=first_day)
        embed = embed_again if again else embed_missing
        embedded = embed(services, outsider(operator()), wanted, progress=show)
    if as_json:
        print_json({"examined": examined, "embedded": embedded})
    else:
        typer.echo(f"{embedded} of {examined} runs were given {'another' if again else 'an'} embedding.")
