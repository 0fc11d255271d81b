"""`migrate qdrant`: vectors of a Qdrant into collections."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.options import AsJson, DataDir, open_services, operator, print_json, progress
from console.extras import extra

if TYPE_CHECKING:
    from console.actions.collections.qdrant import Outcome


def migrate_qdrant(
    url: Annotated[str | None, typer.Option(help="Address of the server, such as http://localhost:6333.")] = None,
    path: Annotated[
        Path | None, typer.Option(help="Folder of Qdrant's local mode.", exists=True, file_okay=False)
    ] = None,
    api_key: Annotated[str | None, typer.Option(envvar="QDRANT_API_KEY", help="Key of the server.")] = None,
    collection: Annotated[
        list[str] | None, typer.Option(help="A Qdrant collection; may be repeated.", show_default="all")
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help='JSON by Qdrant collection, such as {"docs": {"collection": "bot-1", "name": "Help", '
            '"vector": "dense", "text": "body", "filename": "source", "chunk_index": "n", "embedder": "minilm", '
            '"as_cosine": false}}; every field is optional.',
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, write nothing.")] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare the points and the ten nearest of some, there and here.")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Bring the points of Qdrant here with their ids, payloads and vectors. May be repeated and interrupted.

    A Qdrant collection becomes a collection of the same id. Of several named vectors each becomes a collection
    `COLLECTION.VECTOR`, unless the mapping names one. Vectors that were compared by dot product or Euclidean distance
    are taken when all have length 1, others only with `as_cosine` in the mapping: collections compare by cosine.
    """
    with extra("qdrant"):
        from console.actions.collections.qdrant import migrate
        from console.actions.collections.qdrant_plan import make_plans, read_mapping
        from console.data.legacy.qdrant import Qdrant

    found = []
    with Qdrant.at(url=url, path=path, api_key=api_key) as source, open_services(data_dir) as services:
        plans = make_plans(source, collection or (), read_mapping(mapping) if mapping else {})
        for plan in plans:
            with progress(f"Migrating {plan.collection_id}") as advance:
                found.append(
                    migrate(services, source, plan, by=operator(), dry_run=dry_run, verify=verify, progress=advance)
                )
            if found[-1].stopped:
                break
    if as_json:
        print_json({"dry_run": dry_run, "collections": [_row(one) for one in found]})
    else:
        for one in found:
            typer.echo(_said(one, dry_run=dry_run), err=one.failed)
    if any(one.failed for one in found):
        raise typer.Exit(1)


def _row(found: Outcome) -> dict[str, Any]:
    space, checked = found.plan.space, found.verified
    return {
        "source": space.collection,
        "vector": space.vector or None,
        "collection": found.plan.collection_id,
        "embedder": found.plan.embedder,
        "dimension": space.dimension,
        "distance": space.distance,
        "points": space.points,
        "usable": found.usable,
        "left_out": found.left_out,
        "without_text": found.without_text,
        "sparse_vectors_left_out": list(space.others),
        "written": found.written,
        "refused": found.refused,
        "problem": found.problem or None,
        "stopped": found.stopped or None,
        "verified": checked
        and {
            "expected": checked.expected,
            "present": checked.present,
            "extra": checked.extra,
            "compared": checked.compared,
            "agreeing": checked.agreeing,
            "good": checked.good,
        },
    }


def _said(found: Outcome, *, dry_run: bool) -> str:
    """What was done with one kind of vectors, in a sentence or two."""
    space, plan = found.plan.space, found.plan
    name = f"{space.collection} ({space.vector})" if space.vector else space.collection
    if found.problem:
        return f"{name} was refused: {found.problem}."
    there = found.usable - found.written - len(found.refused)
    done = "would be copied" if dry_run else f"{found.written:,} written, {there:,} there already"
    said = f"{name} -> {plan.collection_id}: {found.usable:,} point(s) with {space.dimension} dimensions, {done}."
    if found.stopped:
        said += f" It stopped before the end: {found.stopped} Run it again to go on."
    if found.left_out:
        said += f" {found.left_out:,} without a usable vector were left out."
    if found.without_text:
        said += f" {found.without_text:,} have no text; the mapping can name the field."
    if found.refused:
        said += f" {len(found.refused):,} cannot be stored, such as {found.refused[0]}"
    if space.others:
        said += f" Sparse vectors were left out: {', '.join(space.others)}."
    if checked := found.verified:
        said += f" Verified: {checked.present:,} of {checked.expected:,} are here"
        said += (
            f", {checked.agreeing:.1%} of the ten nearest of {checked.compared} points agree."
            if checked.compared
            else "."
        )
    return said
