"""What counts as a JSON body: JSON, and nothing that Python's reader takes beyond it.

NaN and infinite numbers, lone surrogates and nesting that no stack bears become the 422 of a body that cannot be read,
before any model sees them: none of them could be stored, answered, or repeated in a message.

Large bodies are worked on one after the other, from the reading to the answer: four at once held a health check for
0.7 s. A long body is read in a thread, one at a time and by the quicker of two readers: Python's keeps everybody
waiting for 0.4 s with 10 MB of rows, and for 4 s with 10 MB of empty lists, which are refused by their number.
"""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from inspect import iscoroutinefunction
from typing import Any

import anyio
import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from console.data.store.free_json import LONG, NESTING, has_long_integer, is_deeper_than

VALUES = 200_000
"""Values in a body: 10,000 rows of a batch have half of them."""
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_one_at_a_time = anyio.CapacityLimiter(1)
LARGE = 1_000_000
"""Bytes of a body that is worked on, from its first to its last, while no other such body is."""
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_one_large = anyio.CapacityLimiter(1)


class StrictRequest(Request):
    """A request whose `json` refuses what is no JSON."""

    async def length(self) -> int:
        """Bytes of the body, which has arrived then; 0 when the client has gone, which reading it says once more."""
        try:
            return len(await self.body())
        except ClientDisconnect:
            return 0

    async def json(self) -> Any:
        """The body. Raises JSONDecodeError."""
        if not hasattr(self, "_json"):
            raw = await self.body()
            if len(raw) < LONG:
                self._json = read_json(raw)
            else:
                self._json = await anyio.to_thread.run_sync(read_json, raw, limiter=_one_at_a_time)
        return self._json


class StrictRoute(APIRoute):
    """A route whose handlers get a `StrictRequest`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler."""
        handle = super().get_route_handler()
        waits = iscoroutinefunction(self.endpoint)  # an evaluation waits for its judge, and nobody for it

        async def strict(request: Request) -> Response:
            _declare_json(request)
            strictly = StrictRequest(request.scope, request.receive)
            if waits or request.method not in _WITH_BODY or await strictly.length() < LARGE:
                return await handle(strictly)
            async with _one_large:
                with _no_collection():
                    return await handle(strictly)

        return strict


@contextmanager
def _no_collection() -> Iterator[None]:
    """No collection of garbage meanwhile: each would look through all that the body was read into, several times."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _declare_json(request: Request) -> None:
    """A body that nothing is said about is JSON, as it was for the old system; but not one that a web page sends.

    Of such a body the browser asks nobody whether the page may send it, and it names the page in `Origin`.
    """
    if not request.headers.get("content-type") and "origin" not in request.headers:
        others = [(name, value) for name, value in request.scope["headers"] if name != b"content-type"]
        request.scope["headers"] = [*others, (b"content-type", b"application/json")]


def read_json(raw: bytes) -> Any:
    """The value of a JSON text. Raises JSONDecodeError for anything that is not one."""
    if len(raw) < LONG:
        return _read_carefully(raw)
    if _has_more_values_than(VALUES, raw):
        raise json.JSONDecodeError(f"The body has more than {VALUES:,} values. Send less at once", "", 0)
    if has_long_integer(raw):
        return _read_carefully(raw)
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return _read_carefully(raw)  # which knows the words of a refusal
    return _not_too_deep(value, raw)


def _read_carefully(raw: bytes) -> Any:
    """As Python reads it, and what Python takes beyond JSON refused."""
    try:
        value = json.loads(raw)
        _not_too_deep(value, raw)
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise _in_old_words(error) from None
    except UnicodeDecodeError:
        raise
    except UnicodeEncodeError as error:
        raise json.JSONDecodeError("A text has a lone surrogate, which is no character", "", 0) from error
    except ValueError as error:
        raise json.JSONDecodeError("A number is not finite, or too long", "", 0) from error
    except RecursionError as error:
        raise _too_deep() from error
    return value


def _has_more_values_than(limit: int, raw: bytes) -> bool:
    """By the commas and brackets; those within texts count only where that is looked at, because there are many."""
    if _separators(raw) <= limit:
        return False
    return _separators(_STRING.sub(b"", raw)) > limit


def _separators(raw: bytes) -> int:
    return raw.count(b",") + raw.count(b"[") + raw.count(b"{")


def _not_too_deep(value: Any, raw: bytes) -> Any:
    if raw.count(b"[") + raw.count(b"{") <= NESTING:
        return value
    if is_deeper_than(NESTING + 1, value):
        raise _too_deep()
    return value


def _in_old_words(error: json.JSONDecodeError) -> json.JSONDecodeError:
    """Python 3.13 has words of its own for a comma before the end; the old API answers in those of its elders."""
    if not error.msg.startswith("Illegal trailing comma"):
        return error
    end = len(error.doc) - len(error.doc[error.pos + 1 :].lstrip(" \t\n\r"))
    words = "Expecting property name enclosed in double quotes" if error.doc[end] == "}" else "Expecting value"
    return json.JSONDecodeError(words, error.doc, end)


def _too_deep() -> json.JSONDecodeError:
    return json.JSONDecodeError(f"The body is nested deeper than {NESTING} levels", "", 0)
