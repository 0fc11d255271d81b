"""Importing and exporting labels (see `label_lines` for the files).

An import is checked whole before anything is written, and importing a file again changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from console.actions.labels.lines import FIELDS, LabelLine, read_labels, refuse, repeated, unread_columns
from console.actions.permissions import permit
from console.actions.runs.files.exports import Export
from console.data.runs.labels import check_label
from console.errors import InvalidInput
from console.records import Label, Role, RunFilter, User
from console.services import Services
from console.tabular.files import FileForm, form_of
from console.tabular.writing import csv_bytes, jsonl_bytes
from console.telemetry import traced

EXPORTED = 10_000
"""Runs in one export from the console: the labels of each cost a request."""
_THREADS = 8
_DECIDED = "the label decides where others differ; only an admin can import it."
_UNDATED = datetime.min.replace(tzinfo=UTC)
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would do."""

    writes: list[LabelLine]
    added: int
    """Labels that are not there yet."""
    changed: int
    """Labels of the same person on the same run that say something else."""
    same: int
    """Labels that are there already, word by word."""
    deciding: tuple[LabelLine, ...] = ()
    """Those of `writes` that replace a label which decides for all."""
    unread: tuple[str, ...] = ()
    """Columns of the file whose names mean nothing here."""


def plan_import(
    services: Services, lines: Sequence[LabelLine], *, by: str, progress: Progress = lambda _done, _total: None
) -> Plan:
    """Checks every label against its run, and tells what is new. Writes nothing. Two requests per label.

    Args:
        by: whose the labels are that name nobody.

    Raises:
        InvalidInput: a run is not there, or cannot have this label: names the lines.
    """
    named = [line if line.labelled_by else replace(line, labelled_by=by) for line in lines]
    problems = repeated(named)
    writes: list[LabelLine] = []
    deciding: list[LabelLine] = []
    changed = 0
    with ThreadPoolExecutor(max_workers=_THREADS) as pool:
        for done, found in enumerate(pool.map(lambda line: _checked(services, line), named), 1):
            progress(done, len(named))
            if found.problem:
                problems.append(found.problem)
            elif not found.same:
                writes.append(found.line)
                changed += found.before is not None
                deciding += [found.line] if found.before and found.before.adjudicates else []
    refuse(problems)
    return Plan(writes, len(writes) - changed, changed, len(named) - len(writes), tuple(deciding))


@dataclass(frozen=True, slots=True)
class _Checked:
    line: LabelLine
    problem: str = ""
    before: Label | None = None
    """What the same person said before."""

    @property
    def same(self) -> bool:
        """Whether that is the same, word by word."""
        before, line = self.before, self.line
        if before is None:
            return False
        decides = before.adjudicates if line.adjudicates is None else line.adjudicates
        said = (line.score, line.passed, line.comment, line.drawn or before.drawn, decides)
        return (before.score, before.passed, before.comment, before.drawn, before.adjudicates) == said


def _checked(services: Services, line: LabelLine) -> _Checked:
    run = services.runs.find(line.run_id)
    if run is None:
        return _Checked(line, f"Line {line.line}: there is no run {str(line.run_id)[:40]}.")
    label = Label(
        run_id=line.run_id,
        labelled_by=line.labelled_by,
        labelled_on=line.labelled_on or _UNDATED,
        score=line.score,
        passed=line.passed,
        comment=line.comment,
        drawn=line.drawn,
    )
    try:
        check_label(label, run)
    except InvalidInput as error:
        return _Checked(line, f"Line {line.line}: {error}")
    before = (one for one in services.labels.of(run.run_id) if one.labelled_by == line.labelled_by)
    return _Checked(line, before=next(before, None))


def apply_import(services: Services, plan: Plan, *, progress: Progress = lambda _done, _total: None) -> None:
    """Writes the labels of a plan. One Query and one transaction each, eight at a time; runs come from the cache."""

    def write(line: LabelLine) -> None:
        run = services.runs.get(line.run_id)
        services.labels.save(
            run,
            line.score,
            line.passed,
            line.comment,
            by=line.labelled_by,
            on=line.labelled_on,
            drawn=line.drawn,
            adjudicates=line.adjudicates,
        )

    with ThreadPoolExecutor(max_workers=_THREADS) as pool:
        for done, _ in enumerate(pool.map(write, plan.writes), 1):
            progress(done, len(plan.writes))


@traced
def import_labels(services: Services, actor: User, content: bytes, name: str) -> Plan:
    """Labels from a file, as the actor's own; an admin may bring those of others.

    Raises:
        Forbidden: the actor is no evaluator.
        InvalidInput: the file, a line or a label is wrong, or an admin's: somebody else's, or one that adjudicates;
            nothing is written.
    """
    own = permit(actor, Role.EVALUATOR)
    form = form_of(name)
    lines = read_labels(content, form)
    if not actor.role.includes(Role.ADMIN):
        refuse([words for one in lines if (words := _for_an_admin(one, own))])
    plan = replace(plan_import(services, lines, by=own), unread=tuple(unread_columns(content, form)))
    if not actor.role.includes(Role.ADMIN):
        refuse([f"Line {one.line}: {_DECIDED}" for one in plan.deciding])
    apply_import(services, plan)
    return plan


def _for_an_admin(line: LabelLine, own: str) -> str:
    """Why only an admin can import a line; empty when anybody can."""
    if line.labelled_by not in ("", own):
        return f"Line {line.line}: the label is by somebody else; only an admin can import it."
    return f"Line {line.line}: {_DECIDED}" if line.adjudicates else ""


def export_labels(services: Services, wanted: RunFilter, form: FileForm, *, limit: int = EXPORTED) -> Export:
    """The labels of the matching runs, newest runs first. One request per 1,000 runs read, and one per labelled run.

    Text that a spreadsheet would run as a formula is neutralised in CSV. Runs of which people only wrote a comment
    are not among the labelled ones.

    Args:
        limit: labelled runs.
    """
    labels = list(_labels(services, msgspec.structs.replace(wanted, labelled=True), limit))
    values = [_values(one) for one in labels]
    if form is FileForm.JSONL:
        return Export(jsonl_bytes(values), len(labels))
    return Export(csv_bytes(FIELDS, (_cells(one) for one in values)), len(labels))


def _labels(services: Services, wanted: RunFilter, limit: int) -> Iterator[Label]:
    cursor: str | None = None
    taken = 0
    with ThreadPoolExecutor(max_workers=_THREADS) as pool:
        while taken < limit:
            page = services.runs.list(wanted, limit=min(1_000, limit - taken), cursor=cursor)
            for labels in pool.map(lambda row: services.labels.of(row.run_id), page.items):
                yield from labels
            taken += len(page.items)
            cursor = page.cursor
            if cursor is None:
                return


def _cells(values: dict[str, Any]) -> list[Any]:
    frame = values["frame"]
    return list({**values, "frame": frame and msgspec.json.encode(frame).decode()}.values())


def _values(label: Label) -> dict[str, Any]:
    frame = label.drawn.frame if label.drawn else None
    return {
        "run_id": label.run_id,
        "score": label.score,
        "passed": label.passed,
        "comment": label.comment,
        "labelled_by": label.labelled_by,
        "labelled_on": label.labelled_on.isoformat(),
        "selection": label.drawn.selection.value if label.drawn else None,
        "probability": label.drawn.probability if label.drawn else None,
        "frame": frame and msgspec.to_builtins(frame),
        "adjudicates": label.adjudicates or None,
    }
