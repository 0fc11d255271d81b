"""What an error answer of the store means: try again, a condition that did not hold, or a failure of ours or its."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own: refused, or not made in time
    HTTPClientError,
    NoCredentialsError,
)

from console.data.store.codec import Item
from console.data.store.meter import Meter
from console.errors import ConsoleError, SetupError, StoreError

_RETRIED = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "ThrottlingError",
        "RequestLimitExceeded",
        "LimitExceededException",
        "InternalServerError",
        "InternalFailure",
        "ServiceUnavailable",
        "TransactionInProgressException",
        "TransactionConflictException",
        "500",
        "502",
        "503",
        "504",
    }
)
_THROTTLES = frozenset({"ProvisionedThroughputExceededException", "ThrottlingException", "ThrottlingError"})
_TRANSACTION_RETRIED = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})


class ConditionFailed(StoreError):
    """A condition did not hold; repositories turn this into what it means.

    `items` has, for each write of the call, the item that was there (None where that write was fine or
    there was no item); `failed` has the positions of the writes whose condition failed.
    """

    def __init__(self, items: list[Item | None], failed: list[int]) -> None:
        super().__init__("A condition of a write did not hold.")
        self.items = items
        self.failed = failed


def classify(error: ClientError | BotoCoreError, meter: Meter) -> None:
    """Returns when the call should be tried again; raises what the answer means otherwise."""
    if not isinstance(error, ClientError):
        if isinstance(error, (HTTPClientError, ConnectionError)):
            return
        meter.event("failure")
        if isinstance(error, NoCredentialsError):
            raise SetupError(
                "No AWS credentials were found. Set them up (aws configure, a role, or the environment) or "
                "name a local engine with DYNAMODB_ENDPOINT."
            ) from error
        raise StoreError(f"The request could not be made: {error}") from error
    code = error.response["Error"]["Code"]
    if code == "ConditionalCheckFailedException":
        raise ConditionFailed([error.response.get("Item")], [0]) from error  # type: ignore[list-item]
    if code == "TransactionCanceledException":
        _judge_cancelled(error, meter)
        return
    if code in _THROTTLES:
        meter.event("throttle")
    if code in _RETRIED or error.response["ResponseMetadata"].get("HTTPStatusCode", 0) >= 500:
        return
    meter.event("failure")
    raise _refusal(code, error) from error


def _judge_cancelled(error: ClientError, meter: Meter) -> None:
    reasons: list[dict[str, Any]] = error.response.get("CancellationReasons", [])  # type: ignore[assignment]
    codes = [reason.get("Code", "None") for reason in reasons]
    failed = [place for place, code in enumerate(codes) if code == "ConditionalCheckFailed"]
    if failed or "TransactionConflict" in codes:
        raise ConditionFailed([reason.get("Item") for reason in reasons], failed) from error
    if not set(codes) & _TRANSACTION_RETRIED:
        meter.event("failure")
        raise StoreError(f"The store refused a transaction: {error}") from error
    meter.event("throttle")


def _refusal(code: str, error: ClientError) -> StoreError | SetupError:
    if code == "ResourceNotFoundException":
        return SetupError("A table is missing in the store. Create the tables with `python -m console tables create`.")
    if code in ("AccessDeniedException", "UnrecognizedClientException", "InvalidSignatureException"):
        return SetupError(f"The store denied access: {error.response['Error']['Message']}")
    return StoreError(f"The store refused the request ({code}): {error.response['Error'].get('Message', '')}")


def code_of(error: ConsoleError) -> str:
    """The store's own code for an error that it answered; empty when it was something else."""
    cause = error.__cause__
    return cause.response["Error"]["Code"] if isinstance(cause, ClientError) else ""
