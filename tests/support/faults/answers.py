"""The refusals of DynamoDB that the proxies give in the engine's place."""

from __future__ import annotations

from tests.support.faults.wire import Message, json_answer

_SERVICE = "com.amazonaws.dynamodb.v20120810"
_THROTTLED = {
    "ProvisionedThroughputExceededException": _SERVICE,
    "ThrottlingException": "com.amazon.coral.availability",
}


def throttled(error: str) -> Message:
    """400, `ProvisionedThroughputExceededException` or `ThrottlingException`."""
    return refused(400, f"{_THROTTLED[error]}#{error}", "Too many requests: slow down and try again")


def internal_error() -> Message:
    """500, `InternalServerError`."""
    return refused(500, f"{_SERVICE}#InternalServerError", "Internal server error")


def conflict(request: Message) -> Message:
    """400, another transaction holds the item: of a transaction's items the first one."""
    if request.operation != "TransactWriteItems":
        return refused(400, f"{_SERVICE}#TransactionConflictException", "Transaction is ongoing for the item")
    others = len(request.json["TransactItems"]) - 1
    codes = ", ".join(["TransactionConflict", *["None"] * others])
    reason = {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}
    return refused(
        400,
        f"{_SERVICE}#TransactionCanceledException",
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
        CancellationReasons=[reason, *[{"Code": "None"}] * others],
    )


def refused(status: int, kind: str, message: str, **details: object) -> Message:
    """Any other refusal; `details` are fields of its body."""
    return json_answer(status, {"__type": kind, "message": message, **details})
