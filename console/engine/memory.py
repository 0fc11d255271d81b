"""The in-memory engine: moto's server, one request at a time, and copies as small as what changes.

A program of its own: `python -I memory.py -H HOST -p PORT`. moto keeps its tables in plain dictionaries that its
threads change under each other, backs a transaction up by copying every table that it touches, and copies whole items,
vectors included, for each row of a page. That is made for tests of a few items; here it holds the sample data.
"""

from __future__ import annotations

import argparse
import copy
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import Table
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, run_simple

_READS = (".GetItem", ".BatchGetItem", ".Query", ".DescribeTable")
"""Ends of the names of operations that a page waits for; a Scan may take its time."""
_OVERTAKEN = 20
"""Reads that may go before the writes that wait; then one of those goes."""
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_write_transaction = DynamoDBBackend.transact_write_items
_copy_value = DynamoType.__deepcopy__
_project_nested = Item.project
_touched: dict[str, list[dict[str, Any]]] = {}
"""The keys that the transaction at hand may change, by table; requests come one at a time."""


class OneAtATime:
    """A WSGI application that answers one request, whole, before it begins the next; reads go before writes.

    So a page does not wait for all the writes of an upload that stand in line; and no write waits for ever.
    """

    def __init__(self, application: Application) -> None:
        self._application = application
        self._turn = threading.Condition()
        self._busy = False
        self._overtaking = 0
        """Reads that have begun since a write did, while one waited."""
        self.waiting = {True: 0, False: 0}
        """Requests that wait for their turn, by whether they read."""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        self._begin(environ.get("HTTP_X_AMZ_TARGET", "").endswith(_READS))
        try:
            return list(self._application(environ, start_response))
        finally:
            with self._turn:
                self._busy = False
                self._turn.notify_all()

    def _begin(self, read: bool) -> None:
        with self._turn:
            self.waiting[read] += 1
            self._turn.wait_for(lambda: not self._busy and self._may_go(read))
            self.waiting[read] -= 1
            self._overtaking = self._overtaking + 1 if read and self.waiting[False] else 0
            self._busy = True

    def _may_go(self, read: bool) -> bool:
        return not self.waiting[not read] or read == (self._overtaking < _OVERTAKEN)


class SilentHandler(WSGIRequestHandler):
    """Writes no log of requests."""

    def log_request(self, *_: object) -> None:
        """Nothing."""


def transact(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    """Moto's transaction; `backup` learns what it touches."""
    _touched.clear()
    for one in transact_items:
        for request in one.values():
            _touched.setdefault(request["TableName"], []).append(request.get("Key") or request.get("Item"))
    _write_transaction(backend, transact_items)


def backup(table: Table, _memo: dict[int, Any]) -> Table:
    """A copy of a table that shares all items with it but those that the transaction touches."""
    other: Table = copy.copy(table)
    other.items = defaultdict(dict, table.items)
    for key in _touched.get(table.name, []):
        partition = DynamoType(key[table.hash_key_attr])
        if partition not in table.items:
            continue
        if table.range_key_attr is None:
            other.items[partition] = copy.deepcopy(table.items[partition])
            continue
        sort = DynamoType(key[table.range_key_attr])
        kept = dict(other.items[partition])
        if sort in kept:
            kept[sort] = copy.deepcopy(kept[sort])
        other.items[partition] = kept
    return other


def copied(value: DynamoType, memo: dict[int, Any]) -> DynamoType:
    """A copy that shares what cannot change: a vector of 384 numbers is one new list, not 384 new objects."""
    if not (value.is_list() or value.is_map() or value.is_set()):
        return value
    if value.is_list() and all(one.type == "N" for one in value.value):
        numbers: DynamoType = copy.copy(value)
        numbers.value = list(value.value)
        return numbers
    return _copy_value(value, memo)


def project(item: Item, expressions: list[list[str]]) -> Item:
    """The attributes that are asked for; moto's way makes plain JSON of the whole item once for each of them."""
    if any(len(path) > 1 for path in expressions):
        return _project_nested(item, expressions)
    other = Item(item.hash_key, item.range_key, {})
    for (name,) in expressions:
        if name in item.attrs:
            other.attrs[name] = item.attrs[name]
    return other


def adapt() -> None:
    """Put these in the places of moto's own."""
    for owner, name, ours in (
        (DynamoDBBackend, "transact_write_items", transact),
        (Table, "__deepcopy__", backup),
        (DynamoType, "__deepcopy__", copied),
        (Item, "project", project),
        (LimitedSizeDict, "__setitem__", dict.__setitem__),  # it adds up the whole item; the codec keeps to the limit
    ):
        setattr(owner, name, ours)


def main() -> None:
    """Serve until the process ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("-H", dest="host", required=True)
    parser.add_argument("-p", dest="port", type=int, required=True)
    arguments = parser.parse_args()
    adapt()
    application = OneAtATime(DomainDispatcherApplication(create_backend_app))
    run_simple(arguments.host, arguments.port, application, threaded=True, request_handler=SilentHandler)


if __name__ == "__main__":
    main()
