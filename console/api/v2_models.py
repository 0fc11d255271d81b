"""`/v2/models`: the catalog's models with their prices."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from console.actions.configuration.catalog import set_prices
from console.api.bodies import StrictRoute
from console.api.context import Actor, UsedServices
from console.api.refusals import documented
from console.api.shapes import answer

router = APIRouter(route_class=StrictRoute, prefix="/models", tags=["Models"])


class PriceRequest(BaseModel):
    """What a model costs from now on, in US dollars per million tokens."""

    input: float | None = Field(ge=0, lt=1e6, description="Of the prompt; null, with `output`, for not known.")
    output: float | None = Field(ge=0, lt=1e6, description="Of answers, reasoning included.")
    cached: float | None = Field(None, ge=0, lt=1e6, description="Of prompt tokens from the provider's cache.")


@router.get("", response_model=list[dict[str, Any]], responses=documented(503))
def list_models(services: UsedServices) -> Response:
    """The models with their prices."""
    return answer(services.catalog.models())


@router.put("/{model_id}/prices", response_model=dict[str, Any], responses=documented(400, 404, 503))
def put_prices(request: PriceRequest, services: UsedServices, actor: Actor, model_id: str) -> Response:
    """Set the prices of a model; finished runs keep the cost that they had."""
    return answer(set_prices(services, actor, model_id, request.input, request.output, request.cached))
