"""Labels: human verdicts on finished runs, one per run and person, as items beside the run.

Saving one also updates what the labels of the run say together, on the run's own item, in the same transaction:
that puts the run into the sparse LabelledRunsIndex and shows the human score in every list of runs. A revision
on the run item makes people who label one run at the same moment go one after the other.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from console.data.runs.items import LABELLED_BRIEF, label_attributes, label_brief, run_key, summary_of, tags_of
from console.data.runs.lists import list_runs
from console.data.runs.puts import label_put
from console.data.store import tables
from console.data.store.answers import ConditionFailed
from console.data.store.codec import Item, check_line, check_text, from_item, plain_map
from console.data.store.lists.overlay import RecentWrites
from console.data.store.requests import Condition, Delete, Put, Query, Update
from console.data.store.store import Store
from console.errors import InvalidInput, NotFound
from console.records import Drawn, Label, Page, Run, RunFilter, RunId, RunSummary, utcnow

COMMENT_LIMIT = 4_000
"""Characters."""
_Labels = list[Label]
_PREFIX = "LABEL#"
_LABEL = ("runId", "labelledBy", "labelledOn", "score", "passed", "comment", "drawn", "adjudicates")
_AFTER_LABELS = "LABEL~"
REVISION = "labelRevision"


class Labels:
    """Repository of labels.

    Args:
        recent: the recent writes of the lists of runs, so that they show a label at once.
    """

    def __init__(
        self, store: Store, recent: RecentWrites[RunId, RunSummary], clock: Callable[[], datetime] = utcnow
    ) -> None:
        self._store = store
        self._recent = recent
        self._clock = clock

    # --- reading ---------------------------------------------------------------------------------------

    def of(self, run_id: RunId) -> _Labels:
        """The labels of a run, oldest first. One Query."""
        items = self._store.all(Query(tables.RUNS, run_key(run_id), prefix=_PREFIX))
        return sorted((from_item(item, Label) for item in items), key=lambda label: label.labelled_on)

    def labelled(self, case_id: str, limit: int = 100, cursor: str | None = None) -> Page[RunSummary]:
        """Runs of a case with a human score or verdict, newest first. One Query of LabelledRunsIndex per 1 MB."""
        return list_runs(self._store, self._recent, RunFilter(case_id=case_id, labelled=True), limit, cursor)

    # --- writing ---------------------------------------------------------------------------------------

    def save(
        self,
        run: Run,
        score: float | None = None,
        passed: bool | None = None,
        comment: str = "",
        *,
        by: str,
        on: datetime | None = None,
        drawn: Drawn | None = None,
        adjudicates: bool | None = None,
    ) -> Label:
        """The label of `by` on a run; replaces the one that was there. One Query and one transaction.

        Args:
            score: on the case's scale.
            on: when it was given, for labels that come from elsewhere; None is now.
            drawn: how the run was chosen; None keeps what the person's label said before.
            adjudicates: the label decides for all; None keeps what the person's label said before.

        Raises:
            InvalidInput: the run is not finished, the score is outside of its range, the comment is too long,
                or there is nothing to save.
            NotFound: the run has been removed.
        """
        label = Label(
            run_id=run.run_id,
            labelled_by=by,
            labelled_on=on or self._clock(),
            score=score,
            passed=passed,
            comment=comment.strip(),
            drawn=drawn,
            adjudicates=bool(adjudicates),
        )
        check_label(label, run)
        while True:
            item, labels = self._read(run)
            before = next((one for one in labels if one.labelled_by == by), None)
            if before is not None:
                label = msgspec.structs.replace(
                    label,
                    drawn=drawn or before.drawn,
                    adjudicates=before.adjudicates if adjudicates is None else adjudicates,
                )
            labels = [*(other for other in labels if other.labelled_by != by), label]
            if self._applied(label_put(label), run, item, labels):
                return label

    def remove(self, run: Run, by: str) -> None:
        """Takes the label of `by` off a run. One Query and one transaction.

        Raises:
            NotFound: there is no such label.
        """
        item, labels = self._read(run)
        if all(label.labelled_by != by for label in labels):
            raise NotFound(f"label of {by} on the run", run.run_id)
        delete = Delete(tables.RUNS, (run_key(run.run_id), _PREFIX + by))
        while not self._applied(delete, run, item, [one for one in labels if one.labelled_by != by]):
            item, labels = self._read(run)

    # --- inside ----------------------------------------------------------------------------------------

    def _read(self, run: Run) -> tuple[Item, _Labels]:
        """The run's item, as far as labels concern it, and its labels: what sorts before its parts."""
        fields = ("caseId", "brief", REVISION, *_LABEL)
        query = Query(tables.RUNS, run_key(run.run_id), high=_AFTER_LABELS, attributes=(tables.PK, tables.SK, *fields))
        found: Item | None = None
        labels: _Labels = []
        for item in self._store.all(query):
            if item[tables.SK]["S"].startswith(_PREFIX):
                labels.append(from_item(item, Label))
            elif "caseId" in item:
                found = item
        if found is None:
            raise NotFound("run", run.run_id)
        return found, labels

    def _applied(self, write: Put | Delete, run: Run, item: Item, labels: _Labels) -> bool:
        """Writes a label and what `labels` say together; False when somebody else labelled the run meanwhile."""
        try:
            self._store.transact([write, _together(item, labels)])
        except ConditionFailed:
            return False
        self._recent.remember(run.run_id, msgspec.structs.replace(summary_of(run, labels), tags=tags_of(item)))
        return True


def check_label(label: Label, run: Run) -> None:
    """Raises InvalidInput when the run cannot have this label."""
    scale = run.judge_snapshot.score_range
    if not run.status.finished:
        raise InvalidInput(f"The run {run.run_id} is {run.status}; it can be labelled once it is finished.")
    if label.score is None and label.passed is None and not label.comment:
        raise InvalidInput("An empty label cannot be saved; give a score, a verdict or a comment.")
    if label.score is not None and not scale.min <= label.score <= scale.max:
        raise InvalidInput(
            f"The score {label.score:g} is outside of the run's range, {scale.min} to {scale.max}.",
            field="score",
        )
    check_text(label.comment, "The comment")
    if len(label.comment) > COMMENT_LIMIT:
        raise InvalidInput(
            f"The comment has {len(label.comment):,} characters; at most {COMMENT_LIMIT:,} are allowed.",
            field="comment",
        )
    check_text(check_line(label.labelled_by, "The labeller's name"), "The labeller's name", limit=200)
    odds = label.drawn.probability if label.drawn else None
    if odds is not None and not 0 < odds <= 1:
        raise InvalidInput(
            f"The probability {odds:g} is not above 0 and at most 1. Leave it out where it is not known.",
            field="probability",
        )
    _check_frame(label)
    if not label.labelled_by:
        raise InvalidInput("A label needs the name of who gives it.", field="by")


def _check_frame(label: Label) -> None:
    """Raises InvalidInput when the run cannot have been drawn from what the label says."""
    frame = label.drawn.frame if label.drawn else None
    if frame is None:
        return
    aware = frame.first.tzinfo is not None and frame.last.tzinfo is not None
    likely = all(0 < odds <= 1 for odds in frame.odds.values())
    if not aware or frame.first > frame.last or frame.runs < 1 or not likely:
        raise InvalidInput(
            "The runs that this one was drawn from need a first and a last time with a zone, a number of runs above 0,"
            " and odds above 0 and at most 1.",
            field="frame",
        )


def _together(item: Item, labels: _Labels) -> Update:
    """What the labels of a run say together, on the run's item; without labels, nothing any more."""
    revision = int(item[REVISION]["N"]) if REVISION in item else 0
    said: dict[str, Any] = label_attributes(labels, item["caseId"]["S"])
    kept = {name: value for name, value in said.items() if labels and value not in (None, "")}
    if "brief" in item:  # runs of an earlier system have none
        shown = {name: value for name, value in item["brief"]["M"].items() if name not in LABELLED_BRIEF}
        kept["brief"] = plain_map(shown) | label_brief(labels)
    return Update(
        tables.RUNS,
        (item[tables.PK]["S"], item[tables.SK]["S"]),
        sets={**kept, REVISION: revision + 1},
        removes=tuple(name for name in said if name not in kept),
        condition=as_read(item["caseId"]["S"], revision),
    )


def as_read(case_id: str, revision: int) -> Condition:
    """Nobody has labelled or tagged the run since it was read, and it has not moved to another shard."""
    names, values = {"#case": "caseId", "#rev": REVISION}, {":case": case_id}
    if not revision:
        return Condition("#case = :case AND attribute_not_exists(#rev)", names, values)
    return Condition("#case = :case AND #rev = :rev", names, {**values, ":rev": revision})
