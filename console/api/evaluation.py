"""The old endpoints of documents, evaluations and runs."""

from typing import Annotated, Any

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, HTTPException, Query, Request, Response

from console.actions.runs.evaluation import evaluate
from console.api.bodies import StrictRoute
from console.api.context import Actor, Manager, UsedServices
from console.api.refusals import documented
from console.api.shapes import EvaluationResponse, RunResponse, answer, many, one, shown
from console.api.spellings import Spelling
from console.data.legacy.shapes import INT64, Row, failure_text, iso_time
from console.errors import UnsupportedMetric, existing
from console.records import Artifact, Judge, RunStatus, User
from console.services import Services

Limit = Annotated[int, Query(ge=-INT64, lt=INT64, description="0: none; negative: all.")]


def documents(spelling: Spelling) -> APIRouter:
    """The endpoints of documents, spelled as clients expect them."""
    router = APIRouter(route_class=StrictRoute)

    @router.post(
        "/documents", response_model=spelling.document_response, tags=["Documents"], responses=documented(400, 413)
    )
    def create_document(request: spelling.document, manager: Manager) -> Response:  # type: ignore[name-defined]
        """Add a document to evaluate."""
        document_id = manager.create_document(request.actual_output, request.expected_output, request.metadata)
        return answer(spelling.show(existing(manager.get_document(document_id), "document", document_id)))

    @router.get("/documents", response_model=list[spelling.document_response], tags=["Documents"])  # type: ignore[name-defined]
    def list_documents(manager: Manager) -> Response:
        """All documents, newest first."""
        return answer([spelling.show(row) for row in manager.list_documents()])

    return router


def runs(spelling: Spelling) -> APIRouter:
    """The endpoints of evaluations, whose requests are spelled as clients do, and of runs."""
    router = APIRouter(route_class=StrictRoute)

    @router.post(
        "/eval",
        response_model=EvaluationResponse,
        tags=["Evaluation"],
        responses=documented(400, 404, 413, 500, 501),
    )
    async def run_evaluation(  # evaluations wait in threads of their own, and never take one from other requests
        asked: Request,
        request: spelling.evaluation,  # type: ignore[name-defined]
        manager: Manager,
        services: UsedServices,
        actor: Actor,
    ) -> Response:
        """Evaluate a document, or a text given directly."""
        limiter: CapacityLimiter = asked.app.state.evaluations
        return await to_thread.run_sync(lambda: _evaluate(request, manager, services, actor), limiter=limiter)

    @router.get("/runs/{run_id}", response_model=RunResponse, tags=["Runs"], responses=documented(404))
    def get_run(manager: Manager, run_id: int) -> Response:
        """One run."""
        run = manager.get_run(run_id)
        if run is None:
            raise HTTPException(404, "Run not found")
        return one(run, RunResponse)

    @router.get("/runs", response_model=list[RunResponse], tags=["Runs"])
    def list_runs(manager: Manager, judge_id: str | None = None, limit: Limit = 100) -> Response:
        """The latest runs, of one judge when `judge_id` is not empty."""
        return many(manager.list_runs(judge_id, limit), RunResponse)

    return router


def _evaluate(request: Any, manager: Manager, services: Services, actor: User) -> Response:
    judge, row = _judge(request, services, manager)
    artifact = _artifact(request, manager)
    document_id = None if request.actual_output else request.document_id
    try:
        run = evaluate(services, actor, judge, artifact, document_id=document_id)
    except UnsupportedMetric as error:
        raise HTTPException(
            501, f"Metric '{judge.metric.type}' not yet implemented. Currently only 'geval' is supported."
        ) from error
    if run.status is RunStatus.FAILED or run.results is None or run.completed_at is None:
        raise HTTPException(500, f"Evaluation execution failed: {failure_text(run.error_message)}")
    ended = iso_time(run.completed_at)
    usage = run.results.token_usage
    found: Row = {
        "run_id": run.run_id,
        "judge_name": row["name"],
        "case_name": row["case_name"],
        "metric_name": row["metric_name"],
        "status": run.status.value,
        "final_score": run.results.final_score,
        "final_score_normalized": run.results.final_score_normalized,
        "total_usage_tokens": usage.total,
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "execution_time_seconds": run.results.execution_time_seconds,
        "started_at": ended,  # the old system told the end here, and clients may have built on it
        "completed_at": ended,
    }
    return answer(shown(found, EvaluationResponse))


def _judge(request: Any, services: Services, manager: Manager) -> tuple[Judge, Row]:
    row = manager.get_judge(request.judge_id)
    judge = services.judges.find(request.judge_id) if row else None
    if row is None or judge is None:
        raise HTTPException(404, "Judge not found")
    return judge, row


def _artifact(request: Any, manager: Manager) -> Artifact:
    if request.actual_output:
        return Artifact(evaluation_target=request.actual_output, expected_output=request.expected_output)
    row = manager.get_document(request.document_id)
    if row is None:
        raise HTTPException(404, "Document not found")
    return Artifact(
        evaluation_target=row["actual_output"],
        expected_output=row["expected_output"],
        metadata=row["metadata"] or {},
    )
