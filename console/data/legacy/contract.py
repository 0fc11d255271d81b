"""What the old system's database manager did, as the API and the old code call it: both managers here do it.

Arguments, keys of the dicts and their order are the old ones; so are times (naive UTC, `created_at` in whole seconds)
and the order of lists (newest second first, in order of creation within it).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from console.data.legacy.shapes import Row
from console.errors import AlreadyExists
from console.records import Json, RunId


class TakenName(AlreadyExists):
    """A unique name is taken, in the words of SQLite: the old code looks for them in the message."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(kind, name)
        self.args = (f"UNIQUE constraint failed: {kind}s.name",)


@contextmanager
def as_sqlite_says_it() -> Iterator[None]:
    """A name that is taken raises `TakenName`."""
    try:
        yield
    except AlreadyExists as error:
        raise TakenName(error.kind, error.name) from error


class Manager(Protocol):
    """The old manager."""

    def create_metric(self, name: str) -> str:
        """Adds a metric, its name in lower case, and returns its id. Raises TakenName."""
        ...

    def get_metric(self, metric_id: str) -> Row | None:
        """One metric."""
        ...

    def list_metrics(self) -> list[Row]:
        """All metrics."""
        ...

    def create_model(self, name: str, provider: str) -> str:
        """Adds a model, its provider in lower case, and returns its id. Raises TakenName."""
        ...

    def get_model(self, model_id: str) -> Row | None:
        """One model."""
        ...

    def list_models(self) -> list[Row]:
        """All models by provider and name, in the order of code points."""
        ...

    def create_threshold(self, score: float) -> str:
        """Adds a threshold of no case and returns its id. Raises InvalidInput outside 0..1."""
        ...

    def get_threshold(self, threshold_id: str) -> Row | None:
        """One threshold that a case has or had."""
        ...

    def list_thresholds(self, case_id: str | None = None) -> list[Row]:
        """The thresholds of a case with its name, or those that all cases have and had; newest first."""
        ...

    def create_case(
        self,
        name: str,
        task_introduction: str,
        evaluation_criteria: str,
        min_score: int = 1,
        max_score: int = 5,
        requires_reference: bool = False,
        score_threshold: float = 0.5,
    ) -> str:
        """Adds a case, its name in lower case, and returns its id. Raises TakenName, or InvalidInput."""
        ...

    def get_case(self, case_id: str) -> Row | None:
        """One case with its threshold."""
        ...

    def list_cases(self) -> list[Row]:
        """All cases."""
        ...

    def update_case(
        self,
        case_id: str,
        name: str | None = None,
        task_introduction: str | None = None,
        evaluation_criteria: str | None = None,
        min_score: int | None = None,
        max_score: int | None = None,
        requires_reference: bool | None = None,
        score_threshold: float | None = None,
    ) -> bool:
        """Changes what is not None; False when there is no such case. A threshold makes an entry, also the same one.

        Raises:
            TakenName: another case has the name.
            InvalidInput: a value is not allowed, such as a lowest score above the highest.
        """
        ...

    def create_document(
        self, actual_output: str, expected_output: str | None = None, metadata: Json | None = None
    ) -> str:
        """Adds a document and returns its id. Raises InvalidInput, or TooLarge."""
        ...

    def get_document(self, doc_id: str) -> Row | None:
        """One document."""
        ...

    def list_documents(self) -> list[Row]:
        """All documents."""
        ...

    def create_judge(
        self,
        name: str | None,
        model_id: str,
        case_id: str,
        metric_id: str,
        parameters: Json,
        description: str | None = None,
    ) -> str:
        """Adds a judge and returns its id. Raises NotFound for the case, the metric or the model."""
        ...

    def get_judge(self, judge_id: str) -> Row | None:
        """One judge with what an evaluation needs of its case."""
        ...

    def list_judges(self) -> list[Row]:
        """All judges."""
        ...

    def update_judge(
        self,
        judge_id: str,
        name: str | None = None,
        parameters: Json | None = None,
        description: str | None = None,
        model_id: str | None = None,
    ) -> bool:
        """Changes what is not None (`parameters` as a whole); False without such a judge. NotFound for the model."""
        ...

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
        ...

    def update_run_status(self, run_id: RunId, status: str, error_message: str | None = None) -> None:
        """Moves a run on to `running` or `failed`.

        Raises:
            NotFound: there is no such run.
            ConflictError: the run is finished already.
            InvalidInput: another status; `complete_run` completes a run.
        """
        ...

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

        Raises as `update_run_status`.
        """
        ...

    def get_run(self, run_id: RunId) -> Row | None:
        """One run with its content, under the names that its judge, case and model have now."""
        ...

    def list_runs(self, judge_id: str | None = None, limit: int = 100) -> list[Row]:
        """Whole runs: newest second first, by id within it; the limit cuts after that order.

        Args:
            judge_id: runs of this judge; None or empty for all.
            limit: negative for all.
        """
        ...
