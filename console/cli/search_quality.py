"""`search-quality`: how well a collection is searched, by queries whose relevant documents are known."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli.options import AsJson, DataDir, open_services, print_json, progress
from console.cli.search import StrategyName

if TYPE_CHECKING:
    from console.actions.collections.quality import Estimate

_FAILING = 5


def search_quality(
    collection: Annotated[str, typer.Argument(help="Id or name of the collection.")],
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV, TSV or JSON Lines: query, relevant (a file name or chunk id), maybe grade.",
            exists=True,
            dir_okay=False,
        ),
    ],
    strategy: Annotated[
        list[StrategyName] | None, typer.Option(help="Only this one; may be repeated.", show_default="all")
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Measure nDCG@10 and recall@10 of the strategies on judged queries, and name the queries that fail."""
    from console.actions.collections.quality import measure, read_judged
    from console.tabular.files import TabularFile

    queries, problems = read_judged(TabularFile.at(file))
    for problem in problems:
        typer.echo(f"Left out: {problem}", err=True)
    with open_services(data_dir) as services, progress("Searching") as advance:
        found = services.collections.named(collection)
        made = measure(services, found.collection_id, queries, [one.value for one in strategy or ()], advance)
    if as_json:
        print_json(asdict(made))
        return
    typer.echo(f"{made.queries} queries")
    if made.unknown:
        typer.echo(f"{len(made.unknown)} relevant ones are not in the collection, such as {made.unknown[0]}", err=True)
    for one in made.strategies:
        if one.ndcg is None or one.recall is None:
            typer.echo(f"{one.strategy:10}  {one.error}")
            continue
        typer.echo(f"{one.strategy:10}  nDCG@10 {_said(one.ndcg)}   recall@10 {_said(one.recall)}")
        for failing in one.failing[:_FAILING]:
            typer.echo(f"            nothing relevant for: {' '.join(failing.query.split())[:100]}")
        if len(one.failing) > _FAILING:
            typer.echo(f"            and for {len(one.failing) - _FAILING} more")


def _said(estimate: Estimate) -> str:
    return f"{estimate.mean:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"
