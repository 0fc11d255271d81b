"""Errors as answers: the console's own by their status, and requests that do not fit as the old system said it."""

from __future__ import annotations

from itertools import islice
from typing import Any, cast

from fastapi import FastAPI, Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from console.api.shapes import Refusal
from console.errors import ConsoleError

REPEATED = 16_384
"""Characters and members of a value that a refusal repeats; a longer one is left out."""


def handle_errors(application: FastAPI) -> None:
    """Answers the errors that handlers raise."""
    application.add_exception_handler(ConsoleError, refuse)
    application.add_exception_handler(RequestValidationError, unfitting)
    application.add_exception_handler(405, not_allowed)


def refuse(_request: Request, error: Exception) -> JSONResponse:
    """One of the console's errors as its HTTP status."""
    status = error.status if isinstance(error, ConsoleError) else 500
    return JSONResponse({"detail": str(error)}, status)


def unfitting(_request: Request, error: Exception) -> JSONResponse:
    """422: what does not fit, where, and what was given there."""
    errors = error.errors() if isinstance(error, RequestValidationError) else []
    return JSONResponse({"detail": [jsonable_encoder(_readable(one)) for one in errors]}, 422)


async def not_allowed(request: Request, error: Exception) -> Response:
    """405 with the methods of the address always in the same order: some routes keep them in a set."""
    refused = cast(HTTPException, error)
    if refused.headers and "Allow" in refused.headers:
        refused.headers = {**refused.headers, "Allow": ", ".join(sorted(refused.headers["Allow"].split(", ")))}
    return await http_exception_handler(request, refused)


def _readable(problem: dict[str, Any]) -> dict[str, Any]:
    """A body `null` is a missing one; bytes, such as a body that is not declared as JSON, are repeated as text.

    What is long is not repeated: that took half a second of everybody's time for a body of 10 MB.
    """
    given = problem.get("input")
    if given is None and problem["loc"] == ("body",):
        return {**problem, "type": "missing", "msg": "Field required"}
    if isinstance(given, bytes):
        given = given[: REPEATED + 1].decode(errors="replace")
    if _is_long(given):
        return {name: value for name, value in problem.items() if name != "input"}
    return {**problem, "input": given}


def _is_long(value: Any) -> bool:
    """Whether a value has more than `REPEATED` characters and members, found out without looking at all of it."""
    left, waiting = REPEATED, [value]
    while waiting and left > 0:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += islice(one.keys(), left)
            waiting += islice(one.values(), left)
        elif isinstance(one, list):
            waiting += islice(one, left)
        left -= len(one) if isinstance(one, str) else 1
    return left <= 0


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI document's answers for refusals; 422 is always one of them."""
    return {status: {"model": Refusal, "description": _MEANINGS[status]} for status in sorted({*statuses, 422})}


_MEANINGS = {
    400: "An id in the address or the body is not well-formed, or the body is not UTF-8.",
    401: "The API asks for a key, and there is none or an unknown one.",
    404: "There is no such record.",
    409: "The name is taken, or somebody else saved first.",
    413: "The body, or a text in it, is too long.",
    422: "The request does not fit.",
    429: "Too many requests with this key.",
    500: "The evaluation failed; the run says why.",
    501: "No evaluation works by this metric.",
    502: "A parameter of the judge is wrong, or its model did not answer.",
    503: "The store does not answer.",
}
