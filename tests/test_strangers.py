"""Another program answers at the address of a service: it is refused in words, and takes nothing for saved."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from console.config import Settings
from console.data.legacy.qdrant import Qdrant
from console.data.store.client import make_client
from console.data.store.store import Store
from console.errors import ConsoleError, StoreError
from console.search.ways.opensearch import open_index

ANSWERS = (b"<html>hello</html>", b"", b"{}", b"[]", b"null", b"[[[[", b'{"result": null}', b'{"result": {"hits": 5}}')
KINDS = ("text/html", "application/json")


class Stranger(BaseHTTPRequestHandler):
    """Says the same to everybody."""

    said = (b"", "")

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body, kind = self.said
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_POST = do_PUT = do_HEAD = do_DELETE = do_GET  # noqa: N815 - the library's names

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(params=[(body, kind) for body in ANSWERS for kind in KINDS], ids=str)
def stranger(request: pytest.FixtureRequest, address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(Stranger, "said", request.param)
    return address


def test_it_is_no_store(stranger: str) -> None:
    store = Store(make_client("us-east-1", stranger))
    name = store.name("cases")
    item = {"pk": {"S": "a"}}
    for operation, request in (
        ("describe_table", {"TableName": name}),
        ("get_item", {"TableName": name, "Key": item}),
        ("put_item", {"TableName": name, "Item": item}),
        ("transact_write_items", {"TransactItems": [{"Put": {"TableName": name, "Item": item}}]}),
        ("describe_stream", {"StreamArn": "arn:aws:dynamodb:us-east-1:1:table/cases/stream/1"}),
    ):
        with pytest.raises(StoreError, match="no DynamoDB"):
            store.call(operation, **request)


def test_it_is_no_opensearch(stranger: str) -> None:
    index = open_index(Settings(opensearch_url=stranger))
    for ask in (lambda: index.indexed("a"), lambda: index.search("a", [1.0], 3)):
        with pytest.raises(StoreError, match="OpenSearch"):
            ask()


def test_it_is_no_qdrant(stranger: str) -> None:
    with Qdrant.at(url=stranger) as source, pytest.raises(ConsoleError, match="Qdrant"):
        source.names()
