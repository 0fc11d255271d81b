"""Views of the run list under a name. Evaluators keep them for everybody; who kept one, or an admin, may change it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from console.actions.permissions import permit
from console.errors import Forbidden
from console.records import Role, RunView, User
from console.services import Services
from console.telemetry import traced

PARAMS = (
    "period", "from", "to", "case", "judge", "model", "metric", "status", "result", "show", "score_from", "score_below",
    "batch", "tag", "q", "columns", "only",
)  # fmt: skip
"""What a view may keep of the address."""


@traced
def save_view(services: Services, actor: User, name: str, query: Mapping[str, str]) -> RunView:
    """Keeps what the address asks for under a name. Three requests.

    Raises:
        Forbidden: the actor is a viewer, or the name is somebody else's.
        InvalidInput: as `Views.save`.
    """
    by = permit(actor, Role.EVALUATOR)
    _check_owner(services, actor, name.strip())
    return services.views.save(name, {key: query[key] for key in PARAMS if query.get(key)}, by=by)


@traced
def remove_view(services: Services, actor: User, name: str) -> None:
    """Removes a view. Two requests. Raises Forbidden as `save_view`."""
    permit(actor, Role.EVALUATOR)
    _check_owner(services, actor, name)
    services.views.remove(name)


@traced
def keep_columns(services: Services, actor: User, names: Sequence[str]) -> None:
    """Keeps the columns that somebody likes to see. One request."""
    services.views.keep_columns(permit(actor, Role.VIEWER), names)


def _check_owner(services: Services, actor: User, name: str) -> None:
    found = services.views.find(name) if name else None
    if found and found.saved_by != actor.username and not actor.role.includes(Role.ADMIN):
        raise Forbidden(f"{found.saved_by} keeps the view {name}. Take another name, or ask an admin.")
