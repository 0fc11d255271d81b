"""Test sets: making them from files, from runs and by hand, changing them, and what differs between versions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from console.actions.permissions import permit
from console.actions.sets.files import checked_items, columns_of, content_key, csv_of, jsonl_of
from console.data.runs.items import told_by
from console.data.sets.changes import Changed
from console.errors import InvalidInput, NotFound
from console.records import Role, RunId, SetItem, TestSet, User, pages
from console.services import Services
from console.tabular.files import FileForm, TabularFile
from console.telemetry import traced

_PAGE = 500
FROM_RUNS = 1_000
"""Runs that become items at a time: each costs a request."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two versions of a set, by key, in order."""

    added: list[str]
    removed: list[str]
    changed: list[str]
    same: int


def find_set(services: Services, wanted: str) -> TestSet:
    """The set with this id, or with this name where only one has it. Raises NotFound."""
    try:
        return services.sets.get(wanted)
    except NotFound:
        found = [one for page in pages(lambda cursor: services.sets.list(100, cursor)) for one in page.items]
    named = [one for one in found if one.name == wanted]
    if len(named) > 1:
        ids = ", ".join(one.set_id for one in named)
        raise InvalidInput(f"{len(named)} test sets are named {wanted!r}: {ids}. Give the id of one.", field="set")
    if not named:
        raise NotFound("test set", wanted)
    return named[0]


@traced
def make_set(services: Services, actor: User, name: str, *, description: str = "", tags: Sequence[str] = ()) -> TestSet:
    """A new set without items. One transaction.

    Raises:
        Forbidden: the actor is a viewer.
        AlreadyExists: there is a set of such a name.
        InvalidInput: the name, the description or a tag cannot be stored.
    """
    return services.sets.create(name, by=permit(actor, Role.EVALUATOR), description=description, tags=tags)


@traced
def import_file(
    services: Services,
    actor: User,
    test_set: TestSet,
    file: TabularFile,
    *,
    given: Mapping[str, str] | None = None,
    others_go: bool = False,
    note: str = "",
    on_saved: Callable[[int], None] | None = None,
) -> Changed:
    """Adds and changes items by a file; the whole file is checked first. Cost as `Sets.change`.

    Args:
        given: columns by field, that somebody has named.
        others_go: the set becomes what is in the file.

    Raises:
        Forbidden: the actor is a viewer.
        InvalidInput: rows have problems; nothing is changed.
        ConflictError: somebody has changed the set since it was read; nothing is changed.
    """
    by = permit(actor, Role.EVALUATOR)
    items = checked_items(file, columns_of(file, given))
    said = note or f"From {file.name}"
    return services.sets.change(test_set, items, by=by, others_go=others_go, note=said, on_saved=on_saved)


@traced
def add_runs(services: Services, actor: User, test_set: TestSet, run_ids: Sequence[RunId]) -> Changed:
    """The texts of runs as items, with what people said of them. One or two requests for each run.

    Raises:
        Forbidden: the actor is a viewer.
        InvalidInput: there are none, or more than `FROM_RUNS`.
        NotFound: there is no such run.
        ConflictError: somebody has changed the set since it was read.
    """
    by = permit(actor, Role.EVALUATOR)
    if not 0 < len(run_ids) <= FROM_RUNS:
        raise InvalidInput(
            f"{len(run_ids):,} runs cannot become items at once; choose 1 to {FROM_RUNS:,}.", field="runs"
        )
    made: dict[str, SetItem] = {}
    for run_id in dict.fromkeys(run_ids):
        item = _of_run(services, run_id)
        if made.get(item.key, item).text != item.text:
            raise InvalidInput(
                f"Run {run_id} answers a question that another of the chosen runs answers too, by another text. "
                "An item has one text: choose one of them.",
                field="runs",
            )
        made[item.key] = item
    return services.sets.change(test_set, made.values(), by=by, note=f"From {len(made)} run(s)")


@traced
def change_items(
    services: Services,
    actor: User,
    test_set: TestSet,
    items: Sequence[SetItem] = (),
    *,
    removed: Sequence[str] = (),
    others_go: bool = False,
    note: str = "",
) -> Changed:
    """Adds items, changes those of their keys, and removes some; versions that an experiment used keep theirs.

    Raises:
        Forbidden: the actor is a viewer.
        InvalidInput: an item cannot be stored; nothing is changed.
        ConflictError: somebody has changed the set since it was read; nothing is changed.
    """
    by = permit(actor, Role.EVALUATOR)
    return services.sets.change(test_set, items, by=by, removed=removed, others_go=others_go, note=note)


@traced
def describe_set(
    services: Services,
    actor: User,
    test_set: TestSet,
    *,
    name: str | None = None,
    description: str | None = None,
    tags: Sequence[str] | None = None,
    baseline: str | None = None,
) -> TestSet:
    """Changes what is said of a set (None leaves it), or what its experiments are compared with.

    Raises:
        Forbidden: the actor is a viewer.
        InvalidInput: a text cannot be stored, or the baseline is no experiment of the set.
        ConflictError: somebody has changed the set since it was read.
    """
    by = permit(actor, Role.EVALUATOR)
    if baseline and services.experiments.get(baseline).set_id != test_set.set_id:
        raise InvalidInput(f"{baseline} is no experiment of the test set {test_set.name}.", field="baseline")
    return services.sets.describe(test_set, by=by, name=name, description=description, tags=tags, baseline=baseline)


@traced
def delete_set(services: Services, actor: User, test_set: TestSet) -> None:
    """Removes a set that has no experiments. Raises Forbidden for all but admins, and InvalidInput."""
    permit(actor, Role.ADMIN)
    services.sets.delete(test_set)


def all_items(services: Services, set_id: str, version: int | None = None) -> Iterator[SetItem]:
    """Every item of a version (None: the newest), in the order of keys, read as they are taken."""
    for page in pages(lambda cursor: services.sets.items(set_id, version, limit=_PAGE, cursor=cursor)):
        yield from page.items


def export_set(services: Services, set_id: str, version: int | None, form: FileForm) -> bytes:
    """A version as a file that can be imported again. One Query per 1 MB of items."""
    items: Iterable[SetItem] = all_items(services, set_id, version)
    return csv_of(items) if form is FileForm.CSV else jsonl_of(items)


def difference(services: Services, set_id: str, before: int, after: int) -> Difference:
    """What changed from one version to another. Two Queries per 1 MB of items. Raises NotFound."""
    old, new = services.sets.digests(set_id, before), services.sets.digests(set_id, after)
    both = old.keys() & new.keys()
    changed = sorted(key for key in both if old[key] != new[key])
    return Difference(
        sorted(new.keys() - old.keys()), sorted(old.keys() - new.keys()), changed, len(both) - len(changed)
    )


def _of_run(services: Services, run_id: RunId) -> SetItem:
    run = services.runs.get(run_id)
    artifact, told = run.evaluated_artifact, told_by(services.labels.of(run.run_id))
    key = (
        run.item.key
        if run.item
        else content_key(
            question=artifact.input,
            context=artifact.context,
            reference=artifact.expected_output,
            text=artifact.evaluation_target,
        )
    )
    return SetItem(
        key=key,
        input=artifact.input,
        context=artifact.context,
        expected_output=artifact.expected_output,
        text=artifact.evaluation_target,
        score=told.score,
        passed=told.passed,
        tags=run.item.tags if run.item else [],
        metadata=artifact.metadata,
    )
