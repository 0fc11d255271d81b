"""Cases and judges as admins edit them.

Every edit names the revision that it was based on and becomes a new version; the second of two editors gets a
`ConflictError` and decides (see `console.ui.records.conflict`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from console.actions.permissions import permit
from console.data.configuration.judges import metric_ref
from console.data.store.codec import check_line
from console.errors import InvalidInput
from console.records import Case, Json, Judge, Role, Threshold, User, judge_parameters
from console.services import Services
from console.telemetry import traced

FIRST_MARK = "Initial threshold"
_JUDGE_NAME = "The name of the judge"


# --- cases -------------------------------------------------------------------------------------------


@traced
def create_case(services: Services, actor: User, fields: Mapping[str, Any]) -> Case:
    """A new case. One transaction.

    Args:
        fields: arguments of `Cases.create`.
    """
    by = permit(actor, Role.ADMIN)
    reason = fields["threshold"].description if "threshold" in fields else ""
    return services.cases.create(**fields, by=by, reason=reason or FIRST_MARK)


@traced
def edit_case(
    services: Services, actor: User, case_id: str, changes: Mapping[str, Any], *, revision: int | None
) -> Case:
    """A new version with `changes`; a threshold alone moves without one. One Query and one transaction.

    Args:
        changes: field of `Case` to its new value. The description of a threshold is why it moved.
        revision: the one that the edit was based on.

    Raises:
        ConflictError: somebody saved since that revision.
        InvalidInput: nothing changed, or a value is not allowed.
    """
    by = permit(actor, Role.ADMIN)
    _check_changes(changes, "case")
    threshold: Threshold | None = changes.get("threshold")
    reason = threshold.description if threshold else ""
    if threshold and len(changes) == 1:
        return services.cases.set_threshold(case_id, threshold, by=by, reason=reason, revision=revision)
    return services.cases.update(case_id, dict(changes), by=by, reason=reason, revision=revision)


@traced
def deactivate_case(services: Services, actor: User, case_id: str, *, revision: int | None) -> None:
    """Takes a case out of use; its versions, judges and runs stay. One Query and one transaction."""
    services.cases.deactivate(case_id, by=permit(actor, Role.ADMIN), revision=revision)


@traced
def activate_case(services: Services, actor: User, case_id: str, version: str) -> Case:
    """Puts a version of a case into use. One Query and one transaction."""
    return services.cases.activate(case_id, version, by=permit(actor, Role.ADMIN))


# --- judges ------------------------------------------------------------------------------------------


@traced
def create_judge(
    services: Services,
    actor: User,
    *,
    name: str,
    case_id: str,
    metric_id: str,
    model_id: str,
    parameters: Json,
    description: str | None = None,
    configuration: Json | None = None,
) -> Judge:
    """A new judge. One transaction, and one Query each for what of case, metric and model is not cached.

    Args:
        configuration: of the metric.

    Raises:
        NotFound: there is no such case (in use), metric or model.
    """
    by = permit(actor, Role.ADMIN)
    return services.judges.create(
        name=check_line(name, _JUDGE_NAME),
        case=services.cases.get(case_id),
        metric=services.catalog.metric(metric_id),
        model=services.catalog.model(model_id),
        parameters=parameters,
        description=description,
        configuration=configuration,
        by=by,
    )


@traced
def edit_judge(
    services: Services, actor: User, judge: Judge, changes: Mapping[str, Any], *, revision: int | None
) -> Judge:
    """A new version with `changes`. One Query and one transaction.

    Args:
        judge: the version that the edit was based on.
        changes: `name`, `description`, `parameters` (all of them), `model_id`, `metric_id`, `configuration` (of the
            metric) to their new values.
        revision: the one that the edit was based on.

    Raises:
        ConflictError: somebody saved since that revision.
        InvalidInput: nothing changed, or a value is not allowed.
        NotFound: there is no such metric or model.
    """
    by = permit(actor, Role.ADMIN)
    _check_changes(changes, "judge")
    check_line(changes.get("name") or "", _JUDGE_NAME)
    return services.judges.update(judge.judge_id, _judge_fields(services, judge, changes), by=by, revision=revision)


def drafted_judge(services: Services, judge: Judge, changes: Mapping[str, Any]) -> Judge:
    """A judge as `edit_judge` would make it, not stored. No request for what is cached."""
    fields = _judge_fields(services, judge, changes)
    parameters = fields.get("parameters", judge.parameters)
    llm, asks = judge_parameters(parameters, fields.get("llm", judge.llm))
    return msgspec.structs.replace(judge, **{**fields, "llm": llm, "evaluation_parameters": asks})


def _judge_fields(services: Services, judge: Judge, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a judge that changes to its form mean."""
    fields = dict(changes)
    metric_id, configuration = fields.pop("metric_id", None), fields.pop("configuration", judge.metric.configuration)
    if metric_id is not None:
        fields["metric"] = metric_ref(services.catalog.metric(metric_id), configuration)
    elif configuration != judge.metric.configuration:
        fields["metric"] = msgspec.structs.replace(judge.metric, configuration=configuration)
    if "model_id" in fields:
        model = services.catalog.model(fields.pop("model_id"))
        fields["llm"] = msgspec.structs.replace(judge.llm, id=model.model_id, type=model.provider, model=model.name)
    return fields


@traced
def deactivate_judge(services: Services, actor: User, judge_id: str, *, revision: int | None) -> None:
    """Takes a judge out of use; its versions and runs stay. One Query and one transaction."""
    services.judges.deactivate(judge_id, by=permit(actor, Role.ADMIN), revision=revision)


@traced
def activate_judge(services: Services, actor: User, judge_id: str, version: str) -> Judge:
    """Puts a version of a judge into use. One Query and one transaction."""
    return services.judges.activate(judge_id, version, by=permit(actor, Role.ADMIN))


def _check_changes(changes: Mapping[str, Any], kind: str) -> None:
    if not changes:
        raise InvalidInput(f"Nothing of the {kind} was changed, so there is nothing to save.")
