"""What handlers get of the running application: the services, and the manager that acts for the caller."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from console.actions.permissions import outsider
from console.data.legacy.manager import DynamoDBManager, OldManager
from console.records import User
from console.services import Services

CALLER = "api"
"""Who is recorded for requests without a key."""


def caller_of(request: Request) -> str:
    """Who is recorded as the author of what the request writes."""
    found: str = request.scope.get("caller", CALLER)
    return found


def _services(request: Request) -> Services:
    found: Services = request.app.state.services
    return found


def _manager(request: Request) -> OldManager:
    services = _services(request)
    return services.legacy or DynamoDBManager.of(services, by=caller_of(request))


def actor_of(request: Request) -> User:
    """The caller as actions want somebody."""
    return outsider(caller_of(request))


Manager = Annotated[OldManager, Depends(_manager)]
UsedServices = Annotated[Services, Depends(_services)]
Actor = Annotated[User, Depends(actor_of)]
