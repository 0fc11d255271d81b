"""`POST /v2/runs`: a text is evaluated, with the question that it answers and the material that it rests on."""

from typing import Any

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request, Response
from pydantic import Field

from console.actions.runs.evaluation import evaluate
from console.api.bodies import StrictRoute
from console.api.context import Actor, UsedServices
from console.api.refusals import documented
from console.api.shapes import answer
from console.api.v2_judges import PartsRequest
from console.records import Run

router = APIRouter(route_class=StrictRoute, tags=["Runs"])


class RunRequest(PartsRequest):
    """A text to evaluate with one judge."""

    judge_id: str = Field(min_length=1)


@router.post("/runs", response_model=dict[str, Any], responses=documented(400, 404, 413, 501, 503))
async def create_run(asked: Request, request: RunRequest, services: UsedServices, actor: Actor) -> Response:
    """Evaluate a text, and answer with the finished run; where the judge failed it is `failed` and says why."""
    limiter: CapacityLimiter = asked.app.state.evaluations

    def judge() -> Run:
        return evaluate(services, actor, services.judges.get(request.judge_id), request.artifact())

    return answer(await to_thread.run_sync(judge, limiter=limiter))
