"""Tags on runs. Evaluators put them on and take them off; everybody finds runs by them."""

from __future__ import annotations

from collections.abc import Sequence

from console.actions.permissions import permit
from console.errors import InvalidInput
from console.records import Role, RunId, User
from console.services import Services
from console.telemetry import traced

MOST = 200
"""Runs that are tagged at once."""


@traced
def tag_runs(
    services: Services, actor: User, run_ids: Sequence[RunId], *, add: Sequence[str] = (), remove: Sequence[str] = ()
) -> int:
    """Puts tags on runs and takes others off; how many runs changed. Three requests for each run.

    Raises:
        Forbidden: the actor is a viewer.
        InvalidInput: as `Tags.change`, or there are too many runs.
        NotFound: there is no such run.
    """
    permit(actor, Role.EVALUATOR)
    if not 1 <= len(run_ids) <= MOST:
        raise InvalidInput(f"{len(run_ids)} runs cannot be tagged at once; choose 1 to {MOST}.", field="runs")
    return services.tags.change([services.runs.get(run_id) for run_id in run_ids], add=add, remove=remove)
