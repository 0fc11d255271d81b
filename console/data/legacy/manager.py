"""The old system's `DatabaseManager` over DynamoDB: its method names, arguments and dicts over the repositories.

Differences that its callers can see, all of them in what used to go wrong:

- A taken name raises `AlreadyExists`, an unknown judge, document, case, metric or model `NotFound`, a value that
  cannot be stored `InvalidInput`: the console's errors (see `console.errors`) instead of SQLite's.
- A case's thresholds are its whole history, not the current one only.
- One bound of a score range is compared with the other one that is stored; names are trimmed.
- A run is finished once: finishing it again raises `ConflictError`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from console.data.cache.cache import Cache
from console.data.configuration import versions
from console.data.configuration.cases import Cases
from console.data.configuration.catalog import Catalog
from console.data.configuration.judges import Judges
from console.data.configuration.thresholds import Thresholds
from console.data.documents.documents import Documents
from console.data.legacy.configuration import LegacyConfiguration
from console.data.legacy.order import latest_runs
from console.data.legacy.shapes import INT64, RUN_NAMES, RUN_ROW_NAMES, Row, document_row, run_row
from console.data.repositories import Repositories
from console.data.runs.runs import Runs
from console.data.store.client import make_client
from console.data.store.names import may_be_id
from console.data.store.store import Store
from console.errors import InvalidInput, NotFound
from console.records import Artifact, Json, Results, RunId, RunStatus, Snapshot, TokenUsage, pages

RUN_IDS = range(1, INT64)
"""Ids that the old system's database could hold."""

_PAGE = 1_000


class DynamoDBManager(LegacyConfiguration):
    """Every method's cost is that of the repository methods it calls; where it is more, the docstring says so.

    Args:
        by: who is recorded as the author of what is written.
    """

    def __init__(
        self,
        *,
        catalog: Catalog,
        cases: Cases,
        judges: Judges,
        thresholds: Thresholds,
        documents: Documents,
        runs: Runs,
        by: str = "api",
    ) -> None:
        super().__init__(catalog=catalog, cases=cases, judges=judges, thresholds=thresholds, by=by)
        self._documents = documents
        self._runs = runs

    @classmethod
    def of(cls, repositories: Repositories, *, by: str = "api") -> Self:
        """The manager over repositories that exist; it shares their cache."""
        return cls(
            catalog=repositories.catalog,
            cases=repositories.cases,
            judges=repositories.judges,
            thresholds=repositories.thresholds,
            documents=repositories.documents,
            runs=repositories.runs,
            by=by,
        )

    @classmethod
    def connect(cls, region: str = "us-east-1", endpoint_url: str | None = None, table_prefix: str = "") -> Self:
        """A manager with a client and a cache of its own. No request; the tables must exist."""
        store = Store(make_client(region, endpoint_url), prefix=table_prefix)
        return cls.of(Repositories.over(store, Cache(store)))

    # --- documents -------------------------------------------------------------------------------------

    def create_document(
        self, actual_output: str, expected_output: str | None = None, metadata: Json | None = None
    ) -> str:
        """Adds a document and returns its id. Raises InvalidInput, or TooLarge."""
        document = self._documents.create(actual_output, expected_output, metadata or None, by=self._by)
        return document.document_id

    def get_document(self, document_id: str) -> Row | None:
        """One document."""
        document = self._documents.find(document_id)
        return document_row(document) if document else None

    def list_documents(self) -> list[Row]:
        """All documents: newest second first, in order of creation within it.

        One Query and ten BatchGets per 1,000 documents, and one Query for each with a text over 350 KB.
        """
        listed = pages(lambda cursor: self._documents.list(_PAGE, cursor))
        documents = self._documents.get_many([row.document_id for page in listed for row in page.items])
        return [document_row(document) for document in versions.creation_order([*documents.values()])]

    # --- runs ------------------------------------------------------------------------------------------

    def create_run(
        self,
        judge_id: str,
        document_id: str | None = None,
        actual_output: str | None = None,
        expected_output: str | None = None,
    ) -> int:
        """Adds a pending run over a document, or over content given directly, and returns its id.

        Args:
            document_id: wins over the content.

        Raises:
            NotFound: the judge, its case or the document does not exist.
            InvalidInput: there is neither a document nor content.
        """
        if not may_be_id(judge_id):
            raise NotFound("judge", judge_id)
        judge = self._judges.get(judge_id)
        snapshot = Snapshot.of(judge, self._cases.get(judge.case_id))
        artifact = self._artifact(document_id, actual_output, expected_output)
        run = self._runs.create(snapshot, artifact, document_id=document_id or None, by=self._by)
        return int(run.run_id)

    def update_run_status(self, run_id: RunId, status: str, error_message: str | None = None) -> None:
        """Moves a run on to `running` or `failed`.

        Raises:
            NotFound: there is no such run.
            ConflictError: the run is finished already.
            InvalidInput: another status; `complete_run` completes a run.
        """
        if status == RunStatus.RUNNING:
            self._runs.start(self._runs.get(run_id))
        elif status == RunStatus.FAILED:
            self._runs.fail(self._runs.get(run_id), error_message or "")
        else:
            raise InvalidInput(f"A run cannot be set to {status!r}, only to running or failed.", field="status")

    def complete_run(
        self,
        run_id: RunId,
        final_score: float,
        final_score_normalized: float,
        all_responses: Sequence[float],
        total_usage_tokens: int,
        prompt_tokens: int,
        completion_tokens: int,
        execution_time_seconds: float,
        prompt_used: str | None,
        metadata: Json | None = None,
    ) -> None:
        """Finishes a run with its results; it passes at or above the threshold that its case has at this moment.

        Two Queries past the cache, and the transaction of `Runs.complete`. Raises as `update_run_status`.
        """
        run = self._runs.get(run_id)
        results = Results(
            final_score=float(final_score),
            final_score_normalized=float(final_score_normalized),
            all_responses=[float(score) for score in all_responses],
            prompt_used=prompt_used,
            token_usage=TokenUsage(prompt=prompt_tokens, completion=completion_tokens, total=total_usage_tokens),
            execution_time_seconds=float(execution_time_seconds),
        )
        self._runs.complete(
            run, results, threshold=self._threshold_in_force(run.judge_snapshot), metadata=metadata or None
        )

    def get_run(self, run_id: RunId) -> Row | None:
        """One run with its content, under the names that its judge, case and model have now."""
        if isinstance(run_id, int) and run_id not in RUN_IDS:
            return None
        run = self._runs.find(run_id)
        if run is None:
            return None
        judge, case = self._judges.find(run.judge_id), self._cases.find(run.case_id)
        return run_row(run, judge, case, names=RUN_NAMES)

    def list_runs(self, judge_id: str | None = None, limit: int = 100) -> list[Row]:
        """Whole runs: newest second first, by id within it; the limit cuts after that order.

        A page of `Runs.list` (more only where the last second is longer, or beyond 1,000), then `Runs.get_many`:
        with everything in the cache 4 Queries at the same time (1 for a judge), else 1 more request per 100 runs.
        Judges and cases that are not in the cache are read by one Query each.

        Args:
            judge_id: runs of this judge; None or empty for all.
            limit: negative for all.
        """
        if limit == 0 or (judge_id and not may_be_id(judge_id)):
            return []
        runs = self._runs.get_many(latest_runs(self._runs, judge_id or None, limit))
        judges = {one: self._judges.find(one) for one in {run.judge_id for run in runs}}
        cases = {one: self._cases.find(one) for one in {run.case_id for run in runs}}
        return [run_row(run, judges[run.judge_id], cases[run.case_id], names=RUN_ROW_NAMES) for run in runs]

    # --- inside ----------------------------------------------------------------------------------------

    def _artifact(self, document_id: str | None, actual_output: str | None, expected_output: str | None) -> Artifact:
        if document_id:
            document = self._documents.get(document_id)
            return Artifact(
                evaluation_target=document.evaluation_target,
                expected_output=document.expected_output,
                metadata=document.metadata or {},
            )
        if not actual_output:
            raise InvalidInput("Give either document_id or actual_output.", field="document_id")
        return Artifact(evaluation_target=actual_output, expected_output=expected_output)

    def _threshold_in_force(self, snapshot: Snapshot) -> float:
        try:
            case = self._cases.current(snapshot.case_id)
        except NotFound:
            case = None
        return snapshot.threshold_in_force(case)
