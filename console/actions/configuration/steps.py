"""The evaluation steps of a case: looking at them, having them written, and pinning them."""

from __future__ import annotations

from console.actions.permissions import permit
from console.errors import InvalidInput
from console.records import STEPS, Case, Judge, Role, Snapshot, User
from console.services import Services
from console.telemetry import traced


def steps_of(services: Services, judge: Judge) -> str | None:
    """The steps that the judge goes by, or None while nobody has written any. One GetItem at most.

    Raises:
        JudgingError: a parameter of the judge is wrong.
    """
    return services.judging.known_steps(Snapshot.of(judge, services.cases.get(judge.case_id)))


def mode_of(services: Services, judge: Judge) -> str | None:
    """How the judge is scored: `logprobs`, `sampled` or `single`; None before its first evaluation. One GetItem."""
    return services.judging.mode(Snapshot.of(judge, services.cases.get(judge.case_id)))


@traced
def write_steps(services: Services, actor: User, judge: Judge) -> str:
    """Has the judge's model write the steps, unless they are there. One call of the model and two requests.

    Raises:
        Forbidden: the actor is a viewer.
        JudgingError: the model wrote none.
    """
    permit(actor, Role.EVALUATOR)
    return services.judging.steps(Snapshot.of(judge, services.cases.get(judge.case_id)))


@traced
def pin_steps(services: Services, actor: User, case_id: str, steps: str, *, revision: int | None) -> Case:
    """Pins steps on a case, for every judge of it, or takes them off when they are empty: a new version of the case.

    Raises:
        Forbidden: the actor is no admin.
        InvalidInput: nothing changed.
        ConflictError: the case is no longer at `revision`.
    """
    by = permit(actor, Role.ADMIN)
    case = services.cases.get(case_id)
    metadata = {**case.metadata, STEPS: steps.strip()}
    if not steps.strip():
        del metadata[STEPS]
    if metadata == case.metadata:
        raise InvalidInput("These steps are pinned already.", field="steps")
    return services.cases.update(case_id, {"metadata": metadata}, by=by, revision=revision)
