"""What the repositories of the records do, wherever the records are: in DynamoDB, or in the old system's SQLite schema.

The old schema has no place for some of it: there a method raises `NotServed`, which says what to do. Names of records'
ids are those of each kind, so they are given by position.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar, Unpack

from console.records import (
    Artifact,
    Calibration,
    Case,
    CaseFields,
    Document,
    DocumentSummary,
    Drawn,
    Json,
    Judge,
    Label,
    Metric,
    Model,
    Page,
    Place,
    Prices,
    Results,
    ReviewPlan,
    Run,
    RunFilter,
    RunId,
    RunStatus,
    RunSummary,
    Snapshot,
    Spent,
    Threshold,
    ThresholdChange,
)

V = TypeVar("V")
_Runs = list[Run]
_Documents = dict[str, Document]
_Many = list[V]
# Inside of a class that has a method `list`, the type has no name of its own.


class Catalog(Protocol):
    """Models and metrics."""

    def metrics(self) -> list[Metric]:
        """All metrics in order of creation."""

    def metric(self, metric_id: str) -> Metric:
        """One metric. Raises NotFound."""

    def metric_named(self, name: str) -> Metric | None:
        """The metric of that name, letter case aside, or None."""

    def create_metric(self, name: str, *, by: str, lenient: bool = False) -> Metric:
        """Adds a metric. Raises AlreadyExists."""

    def adopt_metric(self, metric: Metric, *, by: str) -> Metric:
        """Makes a default metric somebody's own, as of now."""

    def is_spare(self, metric: Metric, judges: Sequence[Judge]) -> bool:
        """Whether it came with the store and none of the judges uses it."""

    def models(self) -> list[Model]:
        """All models in order of creation."""

    def model(self, model_id: str) -> Model:
        """One model. Raises NotFound."""

    def model_named(self, name: str) -> Model | None:
        """The model of exactly that name, or None."""

    def create_model(
        self, name: str, provider: str, *, by: str, lenient: bool = False, **prices: Unpack[Prices]
    ) -> Model:
        """Adds a model. Raises AlreadyExists."""

    def set_prices(self, model_id: str, *, by: str, **prices: Unpack[Prices]) -> Model:
        """Changes a model's prices; what is not given is not known any more."""

    def restore(self, entry: Metric | Model, *, instead_of: Metric | None = None, named: bool = True) -> None:
        """Stores a metric or model of another store under its own id (migration)."""

    def ensure_defaults(self) -> None:
        """The metrics that every store has."""


class Versioned(Protocol[V]):
    """Records with versions, one of which is in force while the record is in use."""

    def get(self, record_id: str, /) -> V:
        """The version in force. Raises NotFound."""

    def find(self, record_id: str, /) -> V | None:
        """The version in force, or None."""

    def current(self, record_id: str, /) -> V:
        """The version in force as the store has it now, not a cache. Raises NotFound."""

    def versions(self, record_id: str, /) -> _Many[V]:
        """Every version, newest first."""

    def version(self, record_id: str, version: str, /) -> V:
        """One version by number. Raises NotFound."""

    def list(self) -> _Many[V]:
        """Every record in use: newest first, in order of creation within one second."""

    def list_inactive(self) -> _Many[V]:
        """The newest version of every record that is out of use."""

    def activate(self, record_id: str, version: str, /, *, by: str) -> V:
        """Puts a version in force instead of the one that is."""

    def deactivate(self, record_id: str, /, *, by: str, revision: int | None = None) -> None:
        """Takes the record out of use. Raises ConflictError when it is no longer at `revision`."""


class Cases(Versioned[Case], Protocol):
    """Cases and their present thresholds."""

    def find_by_name(self, name: str) -> Case | None:
        """The case in use of that name, letter case aside."""

    def create(
        self, *, by: str, reason: str = "Initial threshold", lenient: bool = False, **fields: Unpack[CaseFields]
    ) -> Case:
        """A new case. Raises AlreadyExists, or InvalidInput."""

    def update(
        self,
        case_id: str,
        changes: dict[str, Any],
        *,
        by: str,
        revision: int | None = None,
        reason: str = "",
        lenient: bool = False,
    ) -> Case:
        """Changes a case. Raises ConflictError when it is no longer at `revision`, AlreadyExists, or InvalidInput."""

    def set_threshold(
        self, case_id: str, threshold: Threshold, *, by: str, reason: str, revision: int | None = None
    ) -> Case:
        """Moves the threshold. Raises ConflictError, or InvalidInput."""


class Judges(Versioned[Judge], Protocol):
    """Judges."""

    def of_case(self, case_id: str) -> list[Judge]:
        """The judges of a case that are in use."""

    def create(
        self,
        *,
        name: str | None,
        case: Case,
        metric: Metric,
        model: Model,
        parameters: Json,
        by: str,
        description: str | None = None,
        configuration: Json | None = None,
    ) -> Judge:
        """A new judge."""

    def add(self, judge: Judge) -> Judge:
        """Stores a first version as it is (migration)."""

    def update(self, judge_id: str, changes: dict[str, Any], *, by: str, revision: int | None = None) -> Judge:
        """Changes a judge. Raises ConflictError when it is no longer at `revision`, or InvalidInput."""


class Thresholds(Protocol):
    """Histories of thresholds."""

    def history(self, case: Case) -> list[ThresholdChange]:
        """All changes of a case's threshold, newest first."""

    def all(self) -> list[ThresholdChange]:
        """Every change, newest first."""

    def add(self, score: float, *, by: str) -> str:
        """A threshold of no case; its id. Raises InvalidInput outside 0..1."""


class Documents(Protocol):
    """Stored texts that runs can be made from."""

    def get(self, document_id: str) -> Document:
        """The whole document. Raises NotFound."""

    def find(self, document_id: str) -> Document | None:
        """The whole document, or None."""

    def get_many(self, document_ids: Sequence[str]) -> _Documents:
        """The documents that exist, by id, in the order of the ids."""

    def list(self, limit: int = 100, cursor: str | None = None) -> Page[DocumentSummary]:
        """Documents without their texts, newest first."""

    def create(
        self, evaluation_target: str, expected_output: str | None = None, metadata: Json | None = None, *, by: str
    ) -> Document:
        """A new document. Raises InvalidInput, or TooLarge."""

    def import_many(self, documents: Sequence[Document]) -> None:
        """Stores documents as they are, all or none (migration)."""

    def delete(self, document_id: str) -> None:
        """Removes a document; its runs keep what they used. Raises NotFound."""


class NewestRuns(Protocol):
    """The newest rows of lists, for pages that ask for them again and again."""

    def rows(self, wanted: RunFilter, most: int) -> tuple[list[RunSummary], bool]:
        """The latest rows of a list, and whether these are all. What other processes wrote may show a minute late."""
        ...


class Runs(Protocol):
    """Runs, from their beginning to their verdict."""

    def get(self, run_id: RunId) -> Run:
        """The whole run. Raises NotFound."""

    def find(self, run_id: RunId) -> Run | None:
        """The whole run, or None."""

    def get_many(self, rows: Sequence[Place]) -> _Runs:
        """The whole runs of list rows, in their order; without those that are gone."""

    def list(self, wanted: RunFilter = RunFilter(), *, limit: int = 100, cursor: str | None = None) -> Page[RunSummary]:
        """Runs that match, newest first: one page and the cursor of the next."""

    def places(self, judge_id: str | None = None, *, limit: int = 100, cursor: str | None = None) -> Page[Place]:
        """Where all runs stand, or those of a judge, newest first: what `get_many` needs."""

    def neighbour(self, run: Run, wanted: RunFilter = RunFilter(), *, newer: bool) -> RunSummary | None:
        """The next newer (or older) run that matches, or None at the end of the list."""

    def create(
        self,
        snapshot: Snapshot,
        artifact: Artifact,
        *,
        by: str,
        status: RunStatus = RunStatus.PENDING,
        document_id: str | None = None,
    ) -> Run:
        """A new run. Raises InvalidInput, or TooLarge."""

    def start(self, run: Run) -> Run:
        """Marks a pending run as running. Raises ConflictError when it is finished already."""

    def complete(self, run: Run, results: Results, *, threshold: float, metadata: Json | None = None) -> Run:
        """Finishes a run with its results and its verdict. Raises ConflictError when it is finished already."""

    def fail(self, run: Run, message: str, *, spent: Spent | None = None) -> Run:
        """Finishes a run without a score. Raises ConflictError as `complete`."""

    def next_ids(self, count: int = 1) -> int:
        """The first of `count` consecutive ids that nobody else gets."""

    def last_id(self) -> int:
        """The highest id that was given out; 0 before the first."""

    def reserve_ids(self, highest: int) -> None:
        """Makes the next ids greater than `highest` (migration)."""

    def imported(self, keys: Sequence[str]) -> set[str]:
        """Which of these import keys are taken."""

    def import_finished(self, run: Run, key: str, labels: Sequence[Label] = ()) -> bool:
        """Stores a run that was finished elsewhere once for each `key`; False when it was there."""

    def import_many(self, runs: Sequence[Run]) -> None:
        """Stores runs as they are, all or none (migration)."""

    def replace_unfinished(self, run: Run) -> None:
        """Puts a finished run in the place of an unfinished one (migration)."""

    def announce(self) -> None:
        """Tells every process that rollups of earlier days have changed."""


class Labels(Protocol):
    """Human verdicts."""

    def of(self, run_id: RunId) -> list[Label]:
        """The labels of a run."""

    def labelled(self, case_id: str, limit: int = 100, cursor: str | None = None) -> Page[RunSummary]:
        """Labelled runs of a case."""

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
        """One person's label of a run; it replaces the one before."""

    def remove(self, run: Run, by: str) -> None:
        """Takes one person's label back."""


class Calibrations(Protocol):
    """Curves from scores to the probability that people pass."""

    def latest(self, judge_id: str, version: str) -> Calibration | None:
        """The curve in use for a version of a judge."""

    def versions(self, judge_id: str, version: str) -> list[Calibration]:
        """Every curve of a version of a judge, the newest first."""

    def add(self, made: Calibration) -> Calibration:
        """Keeps a curve under the next number."""


class ReviewPlans(Protocol):
    """How labelling is shared out."""

    def get(self, case_id: str) -> ReviewPlan:
        """The plan of a case; an empty one where nobody made any."""

    def save(self, plan: ReviewPlan) -> ReviewPlan:
        """Keeps a plan in the place of the one before."""
