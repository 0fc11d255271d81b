"""`ingest`: files into a collection; `opensearch sync`: a collection into OpenSearch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.actions.permissions import outsider
from console.cli.options import AsJson, DataDir, open_services, operator, print_json, progress
from console.errors import NotFound

if TYPE_CHECKING:
    from console.actions.collections.ingest import Ingested
    from console.services import Services


opensearch_app = typer.Typer(help="The OpenSearch index of collections.", no_args_is_help=True)


def ingest(
    collection: Annotated[str, typer.Argument(help="Id or name of the collection.")],
    files: Annotated[
        list[Path],
        typer.Argument(
            exists=True,
            dir_okay=False,
            readable=True,
            help="TXT, MD, HTML, PDF, DOCX, PPTX, XLSX, ODT, EPUB, RTF, CSV, TSV, JSON or JSONL files.",
        ),
    ],
    create: Annotated[bool, typer.Option("--create", help="Make the collection when it is not there.")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Read, embed and store files. A file of a name that is there replaces it, unless it is the same.

    A bad file fails alone; what is not read of a good one is said.
    """
    from console.actions.collections import ingest as actions
    from console.search.files.readers import DiskFile

    with open_services(data_dir) as services, progress("Ingesting files") as advance:
        chosen = _collection_id(services, collection, create=create)
        done = actions.ingest(
            services,
            chosen,
            [DiskFile(path) for path in files],
            by=operator(),
            progress=lambda number, step: advance(round((number + step.share) * 100), len(files) * 100),
        )
    _report(done, chosen, as_json=as_json)
    if any(file.error for file in done):
        raise typer.Exit(1)


@opensearch_app.command("sync")
def sync(
    collection: Annotated[str, typer.Argument(help="Id or name of the collection.")],
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Bring the OpenSearch index of a collection up to date (OPENSEARCH_URL)."""
    from console.actions.collections.collections import sync_opensearch

    with open_services(data_dir) as services, progress("Sending chunks") as advance:
        found = services.collections.named(collection)
        sent = sync_opensearch(
            services, outsider(operator()), found.collection_id, lambda done: advance(done, found.total_chunks)
        )
    if as_json:
        print_json({"collection": found.collection_id, "sent": sent})
    else:
        typer.echo(f"{sent} chunk(s) sent." if sent else "The index is up to date.")


def _collection_id(services: Services, wanted: str, *, create: bool) -> str:
    from console.actions.collections.collections import create_collection

    try:
        return services.collections.named(wanted).collection_id
    except NotFound:
        if not create:
            raise
        return create_collection(services, outsider(operator()), wanted).collection_id


def _report(done: list[Ingested], collection_id: str, *, as_json: bool) -> None:
    if as_json:
        rows = [
            {
                "file": one.name,
                "size": one.size,
                "chunks": one.chunks,
                "unchanged": one.unchanged,
                "lost": list(one.lost),
                "error": one.error,
            }
            for one in done
        ]
        print_json({"collection": collection_id, "files": rows})
        return
    for file in done:
        said = f"{file.name}: {file.chunks} chunk(s){', unchanged' if file.unchanged else ''}"
        typer.echo(file.error or said, err=bool(file.error))
        for lost in file.lost:
            typer.echo(f"  {lost}")
