"""`/v2` labels: of a run, the queue of a case, and how far people and judges agree."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from console.actions.labels.calibrated import calibrate_judge, calibration_json, judge_version
from console.actions.labels.differing import load_differing
from console.actions.labels.labels import save_label
from console.actions.labels.plans import save_plan
from console.actions.labels.population import Asked
from console.actions.labels.report import load_report
from console.actions.labels.review import Candidate, load_queue, place_of
from console.api.bodies import StrictRoute
from console.api.context import Actor, UsedServices
from console.api.pages import Cursor, Limit, Rows, page_by
from console.api.refusals import documented
from console.api.shapes import answer
from console.errors import InvalidInput
from console.judging.analysis.calibrated import Method
from console.records import Drawn, Frame, RunSummary, Selection, Split

router = APIRouter(route_class=StrictRoute, tags=["Labels"])
_NEVER = 10**11
"""Above any number of seconds or of a calibration: what is taken from it sorts the other way round."""


class LabelRequest(BaseModel):
    """A verdict on a run: a score, pass or fail, or both; and how the run was chosen, where that is known."""

    score: float | None = Field(None, description="On the scale of the case.")
    passed: bool | None = None
    comment: str = ""
    selection: Selection | None = None
    probability: float | None = Field(None, gt=0, le=1, description="With which the run was drawn among all runs.")
    frame: dict[str, Any] | None = Field(
        None, description="What the run was drawn from: `drawn.frame` of the review queue, as it was answered."
    )
    adjudicates: bool | None = Field(
        None, description="The label decides where others differ; null keeps what the caller's label said before."
    )


@router.get("/runs/{run_id}/labels", response_model=list[dict[str, Any]], responses=documented(404, 503))
def list_labels(services: UsedServices, run_id: int) -> Response:
    """The labels of a run."""
    return answer(services.labels.of(services.runs.get(run_id).run_id))


@router.put("/runs/{run_id}/labels", response_model=dict[str, Any], responses=documented(400, 404, 409, 413, 503))
def put_label(request: LabelRequest, services: UsedServices, actor: Actor, run_id: int) -> Response:
    """The caller's label on a run; it replaces the one before."""
    if request.selection is None and (request.probability is not None or request.frame is not None):
        raise InvalidInput("Say by `selection` how the run was chosen with that probability.", field="selection")
    drawn = Drawn(request.selection, request.probability, _frame(request.frame)) if request.selection else None
    label = save_label(
        services,
        actor,
        services.runs.get(run_id),
        score=request.score,
        passed=request.passed,
        comment=request.comment,
        drawn=drawn,
        adjudicates=request.adjudicates,
    )
    return answer(label)


def _frame(said: dict[str, Any] | None) -> Frame | None:
    """What a run was drawn from. Raises InvalidInput."""
    try:
        return None if said is None else msgspec.convert(said, Frame)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"The frame is not one that the review queue answered: {error}.", field="frame") from error


@router.get("/cases/{case_id}/review", response_model=Rows, responses=documented(400, 404, 503))
def review_queue(
    services: UsedServices,
    case_id: str,
    queue: Selection = Selection.STRATIFIED,
    judge_id: str | None = None,
    rater: str | None = None,
    limit: Limit = 25,
    cursor: Cursor = None,
) -> Response:
    """The runs that wait for a label, in the order of the queue, each with how it was drawn.

    With `rater` those of one person's share, and those of which a second opinion is wanted of them (`turn`).
    """
    found = load_queue(services, case_id, judge_id=judge_id, selection=queue, rater=rater)

    def place(one: Candidate) -> str:
        return f"{place_of(one.row.run_id, one.drawn):030.15f} {one.row.run_id}"

    def shown(one: Candidate) -> dict[str, Any]:
        return {"run": one.row, "drawn": one.drawn, "turn": one.turn}

    return answer(page_by(found.candidates, place, shown, limit, cursor))


@router.get("/cases/{case_id}/differing", response_model=Rows, responses=documented(400, 404, 503))
def differing(
    services: UsedServices, case_id: str, judge_id: str | None = None, limit: Limit = 25, cursor: Cursor = None
) -> Response:
    """The runs on which people differ and nobody has decided, ties first: a label that `adjudicates` decides one."""

    def place(row: RunSummary) -> str:
        age = _NEVER - row.started_at.timestamp()
        return f"{int(row.split is not Split.TIED)} {age:020.6f} {row.run_id}"

    return answer(page_by(load_differing(services, case_id, judge_id).rows, place, lambda row: row, limit, cursor))


class PlanRequest(BaseModel):
    """Who reviews a case's runs, and how many of them are labelled by two."""

    reviewers: list[str] = Field(default_factory=list, max_length=100, description="User names; none is everybody.")
    second_share: float = Field(0.0, ge=0, le=1, description="Of the labelled runs.")


@router.get("/cases/{case_id}/review-plan", response_model=dict[str, Any], responses=documented(404, 503))
def get_plan(services: UsedServices, case_id: str) -> Response:
    """How labelling of a case is shared out."""
    return answer(services.review_plans.get(services.cases.get(case_id).case_id))


@router.put("/cases/{case_id}/review-plan", response_model=dict[str, Any], responses=documented(400, 404, 503))
def put_plan(request: PlanRequest, services: UsedServices, actor: Actor, case_id: str) -> Response:
    """Share labelling out anew."""
    share = request.second_share
    return answer(save_plan(services, actor, case_id, reviewers=request.reviewers, second_share=share, look_up=False))


class CalibrationRequest(BaseModel):
    """From which labels of the judge's version a curve is learnt, and how."""

    version: str | None = Field(None, description="Of the judge; null is the one in use.")
    method: Method | None = Field(None, description="Null chooses by the number of labels.")
    unknown_odds: bool = Field(False, description="Also from labels whose runs were chosen nobody knows how.")


@router.post(
    "/judges/{judge_id}/calibration",
    response_model=dict[str, Any],
    responses=documented(400, 404, 503),
)
def calibrate(request: CalibrationRequest, services: UsedServices, actor: Actor, judge_id: str) -> Response:
    """A new curve from scores to the probability that people pass, from today's labels; earlier ones are kept."""
    judge = judge_version(services, judge_id, request.version)
    made = calibrate_judge(services, actor, judge, method=request.method, unknown_odds=request.unknown_odds)
    return answer(calibration_json(made))


@router.get("/judges/{judge_id}/calibration", response_model=Rows, responses=documented(400, 404, 503))
def calibrations(
    services: UsedServices, judge_id: str, version: str | None = None, limit: Limit = 25, cursor: Cursor = None
) -> Response:
    """Every curve of a version of a judge (of the one in use, where none is named), the newest, which counts, first."""
    judge = judge_version(services, judge_id, version)
    found = services.calibrations.versions(judge.judge_id, judge.version)
    return answer(page_by(found, lambda one: f"{_NEVER - one.number:012}", calibration_json, limit, cursor))


@router.get("/cases/{case_id}/agreement", response_model=dict[str, Any], responses=documented(404, 503))
def agreement(
    services: UsedServices,
    case_id: str,
    judge_id: str | None = None,
    version: str | None = None,
    first_day: date | None = None,
    last_day: date | None = None,
) -> Response:
    """How far the judge agrees with people, what people would have said of all runs, and what to be careful with."""
    return answer(load_report(services, case_id, Asked(judge_id, version, first_day, last_day)).as_json())
