"""`search`: the chunks of a collection that are nearest to a text."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from console.cli.options import AsJson, DataDir, open_services, print_json

_SHOWN = 160


class StrategyName(StrEnum):
    """The ways to search."""

    AUTO = "auto"
    HYBRID = "hybrid"
    NATIVE = "native"
    EXACT = "exact"
    PARALLEL = "parallel"
    ANN = "ann"
    OPENSEARCH = "opensearch"


def search(
    collection: Annotated[str, typer.Argument(help="Id or name of the collection.")],
    text: Annotated[str, typer.Argument(help="The text to search for.")],
    k: Annotated[int, typer.Option("-k", min=1, max=10_000, help="Number of results.")] = 10,
    strategy: Annotated[StrategyName, typer.Option(help="How to search.")] = StrategyName.AUTO,
    filters: Annotated[
        list[str] | None,
        typer.Option("--filter", metavar="NAME=VALUE", help="`filename` or a metadata value; may be repeated."),
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Find the chunks of a collection that are nearest to a text."""
    wanted = _filters(filters or [])
    from console.actions.collections.search import search as find

    with open_services(data_dir) as services:
        found = services.collections.named(collection)
        answer = find(services, found.collection_id, text=text, k=k, strategy=strategy.value, filters=wanted)
    if as_json:
        print_json(
            {
                "strategy": answer.strategy,
                "reason": answer.reason,
                "seconds": round(answer.seconds, 4),
                "requests": answer.requests,
                "results": [
                    {
                        "chunk_id": hit.chunk_id,
                        "similarity": round(hit.similarity, 6),
                        "found_by": hit.found_by,
                        "text": hit.text,
                        "filename": hit.filename,
                        "chunk_index": hit.chunk_index,
                        "metadata": hit.metadata,
                    }
                    for hit in answer.results
                ],
            }
        )
        return
    for hit in answer.results:
        typer.echo(f"{hit.similarity:6.3f}  {hit.filename}  {' '.join(hit.text.split())[:_SHOWN]}")
    if not answer.results:
        typer.echo("Nothing was found.")


def _filters(given: list[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in given]
    wrong = [one for one, (name, equals, _) in zip(given, pairs, strict=True) if not equals or not name]
    if wrong:
        raise typer.BadParameter(f"{wrong[0]!r} is not NAME=VALUE.", param_hint="--filter")
    return {name: value for name, _, value in pairs}
