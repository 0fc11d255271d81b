"""What an answer of the store means: try again, a condition that did not hold, a failure of ours or its; items that are
there and have expired.
"""

from __future__ import annotations

import re
import time
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own: refused, or not made in time
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    SSOError,
)

from console.data.store.client import NotTheStore
from console.data.store.codec import Item
from console.data.store.meter import Meter
from console.data.store.tables import TTL_ATTRIBUTE
from console.errors import ConsoleError, DataFolderFailed, Denied, SetupError, StoreError

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


_EXPIRED = frozenset({"ExpiredTokenException", "ExpiredToken", "TokenRefreshRequired"})
_CLOCK = frozenset({"RequestExpired", "RequestTimeTooSkewed", "RequestInTheFuture"})
_SIGNED_AT_ANOTHER_TIME = re.compile(r"Signature (?:expired|not yet current)")
_NOT_AUTHORIZED = re.compile(r"not authorized to perform: (?P<permission>[\w:]+)(?: on resource: (?P<resource>\S*))?")


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
        _classify_unsent(error, meter)
        return
    code = error.response["Error"]["Code"]
    if code == "ConditionalCheckFailedException":
        raise ConditionFailed([error.response.get("Item")], [0]) from error  # type: ignore[list-item]
    if code == "TransactionCanceledException":
        _judge_cancelled(error, meter)
        return
    if code in _THROTTLES:
        meter.event("throttle")
    failed = error.response["ResponseMetadata"].get("HTTPStatusCode", 0) >= 500
    if failed and (folder := DataFolderFailed.told_by(error.response["Error"].get("Message", ""))):
        meter.event("failure")
        raise folder from error
    if failed or code in _RETRIED:
        return
    meter.event("failure")
    raise _refusal(code, error) from error


def _classify_unsent(error: BotoCoreError, meter: Meter) -> None:
    """As `classify`, for a request that got no answer."""
    if isinstance(error, (HTTPClientError, ConnectionError)):
        return
    meter.event("failure")
    if isinstance(error, NoCredentialsError):
        raise SetupError(
            "No AWS credentials were found. Set them up (aws configure, a role, or the environment) or "
            "name a local engine with DYNAMODB_ENDPOINT."
        ) from error
    if isinstance(error, (CredentialRetrievalError, SSOError)):
        raise SetupError(f"The AWS credentials could not be renewed. Sign in again. ({error})") from error
    if isinstance(error, NotTheStore):
        raise StoreError(str(error)) from error
    raise StoreError(f"The request could not be made: {error}") from error


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
    said = error.response["Error"].get("Message", "")
    if code == "ResourceNotFoundException":
        return SetupError("A table is missing in the store. Create the tables with `python -m console tables create`.")
    if code in _CLOCK or (code == "InvalidSignatureException" and _SIGNED_AT_ANOTHER_TIME.search(said)):
        return SetupError(f"The clock of this machine is wrong, so that AWS refuses its requests. Set it. ({said})")
    if code in _EXPIRED:
        return SetupError(f"The AWS credentials have expired. Sign in again, or renew the role. ({said})")
    if code == "AccessDeniedException":
        return _denied(said)
    if code in ("UnrecognizedClientException", "InvalidSignatureException", "InvalidClientTokenId"):
        return SetupError(f"AWS does not accept the credentials. Check the key and its secret. ({said})")
    if code == "IdempotentParameterMismatchException":
        return StoreError("The store has had another transaction under this token; nothing was written. Try again.")
    return StoreError(f"The store refused the request ({code}): {said}")


def _denied(said: str) -> Denied:
    """What is missing, read off AWS's own words."""
    found = _NOT_AUTHORIZED.search(said)
    if not found:
        return Denied(f"The store denied access: {said}")
    permission, resource = found["permission"], found["resource"].rpartition(":table/")[2]
    where = f" on {resource}" if resource else ""
    return Denied(f"The role of this process may not do that: it lacks {permission}{where}.", permission)


def code_of(error: ConsoleError) -> str:
    """The store's own code for an error that it answered; empty when it was something else."""
    cause = error.__cause__
    return cause.response["Error"]["Code"] if isinstance(cause, ClientError) else ""


def alive(items: list[Item]) -> list[Item]:
    """The items that have not expired: the store removes those hours or days late, and one part of a value at a time.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html
    """
    now = time.time()
    return [item for item in items if _expiry(item) > now]


def _expiry(item: Item) -> float:
    """Unix seconds from which an item is gone. An index entry says it in `brief`, where there is room for it."""
    found = item.get(TTL_ATTRIBUTE) or item.get("brief", {}).get("M", {}).get(TTL_ATTRIBUTE) or {}
    return float(found.get("N", "inf"))
