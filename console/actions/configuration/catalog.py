"""Models and metrics: who uses them, and changing the catalog."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from console.actions.permissions import permit
from console.errors import InvalidInput
from console.judging.providers.port import CAPABILITIES, Support
from console.records import Judge, Metric, Model, Role, User
from console.services import Services
from console.telemetry import traced

PROVIDERS = tuple(CAPABILITIES)
_LOGPROBS = {Support.YES: ("log-probabilities",), Support.MAYBE: ("log-probabilities of some",), Support.NO: ()}


def users_of(judges: Iterable[Judge], entry: Callable[[Judge], str]) -> dict[str, list[Judge]]:
    """The judges in use by the id of their model or metric."""
    found: dict[str, list[Judge]] = {}
    for judge in judges:
        found.setdefault(entry(judge), []).append(judge)
    return found


def abilities(provider: str) -> list[str]:
    """What the API of a provider can do for a judge, in words; one that is not known counts as `other`."""
    known = CAPABILITIES.get(provider, CAPABILITIES["other"])
    choices = ("several replies a call",) if known.n else ()
    return [*_LOGPROBS[known.logprobs], *choices, *(("JSON schema",) if known.schema else ())]


@traced
def create_model(
    services: Services,
    actor: User,
    name: str,
    provider: str | None,
    input_price: float | None = None,
    output_price: float | None = None,
    cached_price: float | None = None,
) -> Model:
    """Add a model.

    Args:
        provider: one of `PROVIDERS`.
        input_price, output_price, cached_price: US dollars per million tokens.

    Raises:
        Forbidden: the actor is no admin.
        InvalidInput: a name, provider or price that cannot be.
        AlreadyExists: the name is taken.
    """
    by = permit(actor, Role.ADMIN)
    if provider not in PROVIDERS:
        raise InvalidInput(f"Choose the provider: one of {', '.join(PROVIDERS)}.", field="provider")
    _check_prices(input_price, output_price, cached_price)
    return services.catalog.create_model(
        name, provider, by=by, input_price=input_price, output_price=output_price, cached_price=cached_price
    )


@traced
def set_prices(
    services: Services,
    actor: User,
    model_id: str,
    input_price: float | None,
    output_price: float | None,
    cached_price: float | None = None,
) -> Model:
    """Change what a model costs from now on; finished runs keep the cost that they had.

    Args:
        input_price, output_price: US dollars per million tokens.
        cached_price: the same for prompt tokens from the provider's cache; None counts them as the others.

    Raises:
        Forbidden: the actor is no admin.
        InvalidInput: only one price is given, or one that cannot be.
    """
    by = permit(actor, Role.ADMIN)
    _check_prices(input_price, output_price, cached_price)
    return services.catalog.set_prices(
        model_id, by=by, input_price=input_price, output_price=output_price, cached_price=cached_price
    )


def _check_prices(input_price: float | None, output_price: float | None, cached_price: float | None) -> None:
    if (input_price is None) != (output_price is None) or (input_price is None and cached_price is not None):
        raise InvalidInput("Give both prices, or neither: a cost needs both.", field="price")


@traced
def create_metric(services: Services, actor: User, name: str) -> Metric:
    """Add a metric.

    Raises:
        Forbidden: the actor is no admin.
        InvalidInput: the name is empty or too long.
        AlreadyExists: the name is taken, letter case aside.
    """
    return services.catalog.create_metric(name, by=permit(actor, Role.ADMIN))
