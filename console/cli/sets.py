"""`sets`: test sets from files and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.actions.permissions import outsider
from console.cli.options import AsJson, DataDir, open_services, operator, print_json, progress, write_file
from console.errors import NotFound

if TYPE_CHECKING:
    from console.records import TestSet

app = typer.Typer(
    help="Test sets: named, versioned lists of items that are judged again and again.", no_args_is_help=True
)

SetName = Annotated[str, typer.Argument(help="Id of the set, or its name where only one has it.", metavar="SET")]
Version = Annotated[int | None, typer.Option("--version", min=1, help="Of the set.", show_default="the newest")]


def given_columns(**named: str | None) -> dict[str, str]:
    """The columns that somebody has named, by field."""
    return {field: column for field, column in named.items() if column is not None}


@app.command("list")
def list_sets(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Every test set, the newest first."""
    from console.records import pages

    with open_services(data_dir) as services:
        found = [one for page in pages(lambda cursor: services.sets.list(100, cursor)) for one in page.items]
    if as_json:
        print_json([_facts(one) for one in found])
        return
    for one in found:
        typer.echo(f"{one.set_id:<40} version {one.version:<4} {one.total:>7,} item(s)  {one.name}")
    if not found:
        typer.echo("There is no test set yet. Make one: python -m console sets import NAME FILE")


@app.command("show")
def show(set_name: SetName, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """A test set with its versions."""
    from console.actions.sets.sets import find_set

    with open_services(data_dir) as services:
        found = find_set(services, set_name)
        versions = services.sets.versions(found.set_id)
    if as_json:
        print_json({**_facts(found), "versions": [_version_facts(one) for one in versions]})
        return
    typer.echo(f"{found.name} ({found.set_id}): version {found.version}, {found.total:,} item(s)")
    for one in versions:
        frozen = "frozen" if one.frozen_on else "open"
        typer.echo(
            f"{one.number:>4}  {one.total:>7,} item(s)  {frozen:<6}  {one.created_on:%Y-%m-%d %H:%M}Z  "
            f"{one.created_by}  {one.note}"
        )


@app.command("import")
def import_set(
    set_name: Annotated[str, typer.Argument(help="Id or name of a set; a new one is made.", metavar="SET")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV with a header, or JSON Lines.")],
    replace: Annotated[bool, typer.Option("--replace", help="Remove items that the file does not have.")] = False,
    note: Annotated[str, typer.Option(help="Why, for the version.", show_default="the file's name")] = "",
    key: Annotated[str | None, typer.Option(help="Column of the keys.", show_default="by its name")] = None,
    question: Annotated[str | None, typer.Option(help="Column of the question.", show_default="by its name")] = None,
    context: Annotated[str | None, typer.Option(help="Column of the context.", show_default="by its name")] = None,
    reference: Annotated[str | None, typer.Option(help="Column of the reference.", show_default="by its name")] = None,
    text: Annotated[str | None, typer.Option(help="Column of an own text.", show_default="by its name")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Add and change items by a file. It is checked first; importing it twice changes nothing."""
    from console.actions.sets.files import checked_items, columns_of
    from console.actions.sets.sets import find_set, import_file, make_set
    from console.tabular.files import TabularFile

    table = TabularFile.at(file)
    given = given_columns(key=key, question=question, context=context, reference=reference, text=text)
    columns = columns_of(table, given)
    with open_services(data_dir) as services:
        actor = outsider(operator())
        try:
            test_set = find_set(services, set_name)
        except NotFound:
            checked_items(table, columns)  # so that a file with problems makes no empty set
            test_set = make_set(services, actor, set_name)
        typer.echo(f"Columns: {', '.join(f'{name} as {field}' for field, name in columns.items())}.", err=True)
        with progress("Importing") as advance:
            done = import_file(
                services, actor, test_set, table, given=given, others_go=replace, note=note,
                on_saved=lambda count: advance(count, None),
            )  # fmt: skip
    counts = {"added": done.added, "changed": done.changed, "removed": done.removed, "same": done.same}
    if as_json:
        print_json({**_facts(done.test_set), **counts})
        return
    typer.echo(
        f"{done.test_set.name} ({done.test_set.set_id}), version {done.test_set.version}: {done.added:,} added, "
        f"{done.changed:,} changed, {done.removed:,} removed, {done.same:,} same; {done.test_set.total:,} in all."
    )


@app.command("export")
def export(
    set_name: SetName,
    file: Annotated[Path, typer.Argument(dir_okay=False, help="The file to write, ending in .csv or .jsonl.")],
    version: Version = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Write the items of a version to a file that can be imported again."""
    from console.actions.sets.sets import export_set, find_set
    from console.tabular.files import form_of

    form = form_of(file.name)
    with open_services(data_dir) as services:
        found = find_set(services, set_name)
        chosen = services.sets.version(found.set_id, version)
        content = export_set(services, found.set_id, chosen.number, form)
    write_file(file, content)
    if as_json:
        print_json({"file": str(file), "set": found.set_id, "version": chosen.number, "items": chosen.total})
    else:
        typer.echo(f"Exported {chosen.total:,} item(s) of version {chosen.number} to {file}.")


@app.command("diff")
def diff(
    set_name: SetName,
    before: Annotated[int, typer.Argument(min=1, help="A version.")],
    after: Annotated[int | None, typer.Argument(min=1, help="Another.", show_default="the newest")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """What one version of a set has that another has not."""
    from console.actions.sets.sets import difference, find_set

    with open_services(data_dir) as services:
        test_set = find_set(services, set_name)
        found = difference(services, test_set.set_id, before, after or test_set.version)
    if as_json:
        print_json({"added": found.added, "removed": found.removed, "changed": found.changed, "same": found.same})
        return
    for sign, keys in (("+", found.added), ("-", found.removed), ("~", found.changed)):
        for key in keys:
            typer.echo(f"{sign} {key}")
    counts = {"added": found.added, "removed": found.removed, "changed": found.changed}
    typer.echo(", ".join(f"{len(keys):,} {name}" for name, keys in counts.items()) + f", {found.same:,} same.")


@app.command("delete")
def delete(set_name: SetName, data_dir: DataDir = None) -> None:
    """Remove a set that has no experiments."""
    from console.actions.sets.sets import delete_set, find_set

    with open_services(data_dir) as services:
        found = find_set(services, set_name)
        delete_set(services, outsider(operator()), found)
    typer.echo(f"Removed {found.name}.")


def _facts(found: TestSet) -> dict[str, Any]:
    return {
        "set": found.set_id,
        "name": found.name,
        "description": found.description,
        "tags": found.tags,
        "version": found.version,
        "frozen": found.frozen,
        "items": found.total,
        "baseline": found.baseline,
    }


def _version_facts(version: Any) -> dict[str, Any]:
    return {
        "version": version.number,
        "items": version.total,
        "created_on": version.created_on,
        "created_by": version.created_by,
        "note": version.note,
        "frozen_on": version.frozen_on,
    }
