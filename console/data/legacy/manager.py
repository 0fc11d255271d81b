"""The old system's `DatabaseManager` over DynamoDB: its method names, arguments and dicts over the repositories.

The old code runs over it: `DynamoDBManager()` reads the settings, and its methods work on the class too, as the static
ones of the old manager did. Differences that its callers can see, all of them in what used to go wrong:

- An unknown judge, document, case, metric or model raises `NotFound`, a value that cannot be stored `InvalidInput`: the
  console's errors (see `console.errors`) instead of SQLite's. A taken name still says "UNIQUE constraint failed".
- A case's thresholds are its whole history, not the current one only.
- One bound of a score range is compared with the other one that is stored.
- A run is finished once: finishing it again raises `ConflictError`.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Sequence
from types import MethodType
from typing import Any, Self

from console.config import Settings
from console.data.cache.cache import Cache
from console.data.configuration import versions
from console.data.legacy.configuration import LegacyConfiguration, Records
from console.data.legacy.order import latest_runs
from console.data.legacy.shapes import INT64, RUN_NAMES, RUN_ROW_NAMES, Row, document_row, run_row
from console.data.repositories import Repositories
from console.data.store.client import make_client
from console.data.store.requests import can_be_key
from console.data.store.setup.setup import set_up
from console.data.store.store import Store
from console.errors import InvalidInput, NotFound
from console.records import Artifact, Json, Results, RunId, RunStatus, Snapshot, TokenUsage, pages

RUN_IDS = range(1, INT64)
"""Ids that the old system's database could hold."""

_PAGE = 1_000


class OldManager(LegacyConfiguration):
    """The old manager over repositories; each method costs what the repository methods that it calls do, or more where
    it says so.

    Arguments, keys of the dicts and their order are the old ones; so are times (naive UTC, `created_at` in whole
    seconds) and the order of lists (newest second first, in order of creation within it).
    """

    # --- documents -------------------------------------------------------------------------------------

    def create_document(
        self, actual_output: str, expected_output: str | None = None, metadata: Json | None = None
    ) -> str:
        """Adds a document and returns its id. Raises InvalidInput, or TooLarge."""
        document = self._data.documents.create(actual_output, expected_output, metadata or None, by=self._by)
        return document.document_id

    def get_document(self, doc_id: str) -> Row | None:
        """One document."""
        document = self._data.documents.find(doc_id)
        return document_row(document) if document else None

    def list_documents(self) -> list[Row]:
        """All documents. One Query and ten BatchGets per 1,000, and one Query for each with a text over 350 KB."""
        listed = pages(lambda cursor: self._data.documents.list(_PAGE, cursor))
        documents = self._data.documents.get_many([row.document_id for page in listed for row in page.items])
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
        if not can_be_key(judge_id):
            raise NotFound("judge", judge_id)
        judge = self._data.judges.get(judge_id)
        snapshot = Snapshot.of(judge, self._data.cases.get(judge.case_id))
        artifact = self._artifact(document_id, actual_output, expected_output)
        run = self._data.runs.create(snapshot, artifact, document_id=document_id or None, by=self._by)
        return int(run.run_id)

    def update_run_status(self, run_id: RunId, status: str, error_message: str | None = None) -> None:
        """Moves a run on to `running` or `failed`.

        Raises:
            NotFound: there is no such run.
            ConflictError: the run is finished already.
            InvalidInput: another status; `complete_run` completes a run.
        """
        if status == RunStatus.RUNNING:
            self._data.runs.start(self._data.runs.get(run_id))
        elif status == RunStatus.FAILED:
            self._data.runs.fail(self._data.runs.get(run_id), error_message or "")
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
        """Finishes a run. Two Queries past the cache, and the transaction of `Runs.complete`."""
        run = self._data.runs.get(run_id)
        results = Results(
            final_score=float(final_score),
            final_score_normalized=float(final_score_normalized),
            all_responses=[float(score) for score in all_responses],
            prompt_used=prompt_used,
            token_usage=TokenUsage(prompt=prompt_tokens, completion=completion_tokens, total=total_usage_tokens),
            execution_time_seconds=float(execution_time_seconds),
        )
        self._data.runs.complete(
            run, results, threshold=self._threshold_in_force(run.judge_snapshot), metadata=metadata or None
        )

    def get_run(self, run_id: RunId) -> Row | None:
        """One run with its content, under the names that its judge, case and model have now."""
        if isinstance(run_id, int) and run_id not in RUN_IDS:
            return None
        run = self._data.runs.find(run_id)
        if run is None:
            return None
        judge, case = self._data.judges.find(run.judge_id), self._data.cases.find(run.case_id)
        return run_row(run, judge, case, names=RUN_NAMES)

    def list_runs(self, judge_id: str | None = None, limit: int = 100) -> list[Row]:
        """Whole runs.

        A page of `Runs.list` (more only where the last second is longer, or beyond 1,000), then `Runs.get_many`:
        with everything in the cache 4 Queries at the same time (1 for a judge), else 1 more request per 100 runs.
        Judges and cases that are not in the cache are read by one Query each.
        """
        if limit == 0 or (judge_id and not can_be_key(judge_id)):
            return []
        runs = self._data.runs.get_many(latest_runs(self._data.runs, judge_id or None, limit))
        judges = {one: self._data.judges.find(one) for one in {run.judge_id for run in runs}}
        cases = {one: self._data.cases.find(one) for one in {run.case_id for run in runs}}
        return [run_row(run, judges[run.judge_id], cases[run.case_id], names=RUN_ROW_NAMES) for run in runs]

    # --- inside ----------------------------------------------------------------------------------------

    def _artifact(self, document_id: str | None, actual_output: str | None, expected_output: str | None) -> Artifact:
        if document_id:
            return self._data.documents.get(document_id).artifact()
        if not actual_output:
            raise InvalidInput("Give either document_id or actual_output.", field="document_id")
        return Artifact(evaluation_target=actual_output, expected_output=expected_output)

    def _threshold_in_force(self, snapshot: Snapshot) -> float:
        try:
            case = self._data.cases.current(snapshot.case_id)
        except NotFound:
            case = None
        return snapshot.threshold_in_force(case)


# --- the old calls: on the class, and without a connection of the caller's -------------------------------


class DynamoDBManager(OldManager):
    """The old manager over DynamoDB.

    Args:
        region, endpoint_url, table_prefix: of the store; what is not given comes from the settings. At an endpoint the
            tables that are missing are created.
        repositories: instead of these, repositories that exist; the manager shares their cache.
        by: who is recorded as the author of what is written.
    """

    def __init__(
        self,
        region: str | None = None,
        endpoint_url: str | None = None,
        table_prefix: str | None = None,
        *,
        repositories: Repositories | None = None,
        by: str = "api",
    ) -> None:
        data = repositories or _connect(region, endpoint_url, table_prefix)
        records = Records(data.catalog, data.cases, data.judges, data.thresholds, data.documents, data.runs)
        super().__init__(records, by=by)

    @classmethod
    def of(cls, repositories: Repositories, *, by: str = "api") -> Self:
        """The manager over repositories that exist."""
        return cls(repositories=repositories, by=by)


def _connect(region: str | None, endpoint_url: str | None, table_prefix: str | None) -> Repositories:
    settings = Settings.load()
    endpoint = settings.dynamodb_endpoint if endpoint_url is None else endpoint_url
    prefix = settings.table_prefix if table_prefix is None else table_prefix
    store = Store(make_client(region or settings.aws_region, endpoint), prefix=prefix)
    if endpoint:
        set_up(store)
    return Repositories.over(store, Cache(store), document_ttl_days=settings.document_ttl_days)


class _Shared:
    """A method that on the class works on one manager, made from the settings when it is first needed."""

    _made: DynamoDBManager | None = None
    _lock = threading.Lock()

    def __init__(self, method: Callable[..., Any]) -> None:
        self._method = method
        self.__doc__ = method.__doc__

    def __get__(self, manager: DynamoDBManager | None, owner: type[DynamoDBManager]) -> Callable[..., Any]:
        if manager is not None:
            return MethodType(self._method, manager)
        signature = inspect.signature(self._method)

        @functools.wraps(self._method)
        def call(*args: Any, **kwargs: Any) -> Any:
            with _Shared._lock:
                made = _Shared._made = _Shared._made or owner()
            return self._method(made, *args, **kwargs)

        call.__signature__ = signature.replace(parameters=[*signature.parameters.values()][1:])  # type: ignore[attr-defined]
        return call


for _name in [name for name in dir(OldManager) if not name.startswith("_")]:
    setattr(DynamoDBManager, _name, _Shared(getattr(DynamoDBManager, _name)))
