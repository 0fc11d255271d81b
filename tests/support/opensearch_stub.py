"""A server that answers as OpenSearch is documented to, as far as an index of chunks needs it, with Lucene's score."""

from __future__ import annotations

import fnmatch
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


class Stub:
    """What the server holds, and what it was asked."""

    def __init__(self) -> None:
        self.indexes: dict[str, dict[str, Any]] = {}
        self.documents: dict[str, dict[str, Any]] = {}
        self.aliases: dict[str, str] = {}
        self.asked: list[tuple[str, str, Any]] = []
        self.refused_documents = 0
        self.status = 200
        self.url = ""
        self.signed_by: Credentials | None = None
        """Whose signature every request must carry; None where none is asked for."""

    def trusts(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether a request is signed as it must be: made again here, the signature is the same."""
        if self.signed_by is None:
            return True
        sent = {name.lower(): value for name, value in headers.items()}
        signed = re.search(r"SignedHeaders=([^,]+), Signature=([0-9a-f]+)", sent.get("authorization", ""))
        scope = re.search(r"Credential=[^/]+/[^/]+/([^/]+)/([^/]+)/aws4_request", sent.get("authorization", ""))
        if not signed or not scope or scope[2] != "es":
            return False
        kept = {name: sent[name] for name in signed[1].split(";")}
        request = AWSRequest(method, f"http://{sent['host']}{target}", kept, body)
        request.context["timestamp"] = sent["x-amz-date"]
        auth = SigV4Auth(self.signed_by, "es", scope[1])
        canonical = auth.string_to_sign(request, auth.canonical_request(request))
        return auth.signature(canonical, request) == signed[2]

    def answer(self, method: str, path: str, body: str) -> tuple[int, Any]:
        """The status and the JSON of one request."""
        lines = [json.loads(line) for line in body.splitlines()] if path == "/_bulk" else []
        asked = lines or (json.loads(body) if body else None)
        self.asked.append((method, path, asked))
        if self.status != 200:
            return self.status, {"error": {"type": "refused", "reason": "as the test wants"}, "status": self.status}
        if path == "/_bulk":
            return self._bulk(lines)
        if path == "/_aliases":
            return self._move(asked["actions"])
        name, _, rest = path.strip("/").partition("/")
        if rest == "_search":
            return self._search(name, asked)
        if rest == "_mapping":
            return self._mapping(name)
        if rest == "_refresh":
            return 200, {"_shards": {"failed": 0}}
        return self._index(method, name, asked)

    def _index(self, method: str, name: str, body: Any) -> tuple[int, Any]:
        if method == "PUT":
            self.indexes[name], self.documents[name] = body, {}
            return 200, {"acknowledged": True, "index": name}
        found = fnmatch.filter(self.indexes, name)
        if method == "DELETE":
            for index in found:
                del self.indexes[index], self.documents[index]
            return 200, {"acknowledged": True}
        return 200, {index: self.indexes[index] for index in found}

    def _mapping(self, name: str) -> tuple[int, Any]:
        index = self.aliases.get(name, name)
        if index not in self.indexes:
            return 404, {"error": {"type": "index_not_found_exception"}, "status": 404}
        return 200, {index: {"mappings": self.indexes[index]["mappings"]}}

    def _move(self, actions: list[dict[str, Any]]) -> tuple[int, Any]:
        for action in actions:
            if "add" in action:
                self.aliases[action["add"]["alias"]] = action["add"]["index"]
            else:
                self._index("DELETE", action["remove_index"]["index"], None)
        return 200, {"acknowledged": True}

    def _bulk(self, lines: list[Any]) -> tuple[int, Any]:
        items = []
        for head, document in zip(lines[::2], lines[1::2], strict=True):
            place = head["index"]
            refused = self.refused_documents > 0
            self.refused_documents -= refused
            error = {"error": {"type": "mapper_parsing_exception"}} if refused else {}
            if not refused:
                self.documents[place["_index"]][place["_id"]] = document
            items.append({"index": {"_id": place["_id"], "status": 400 if refused else 201, **error}})
        return 200, {"errors": any("error" in item["index"] for item in items), "items": items}

    def _search(self, name: str, body: Any) -> tuple[int, Any]:
        if name not in self.aliases:
            return 404, {"error": {"type": "index_not_found_exception"}, "status": 404}
        wanted = body["query"]["knn"]["embedding"]
        terms = [one["term"] for one in wanted.get("filter", {}).get("bool", {}).get("filter", [])]
        hits = [
            {"_id": key, "_score": _score(wanted["vector"], document["embedding"]), "_source": _part(document, body)}
            for key, document in self.documents[self.aliases[name]].items()
            if all(_matches(document, term) for term in terms)
        ]
        hits.sort(key=lambda hit: -hit["_score"])
        return 200, {"took": 1, "hits": {"total": {"value": len(hits)}, "hits": hits[: min(body["size"], wanted["k"])]}}


def _score(left: list[float], right: list[float]) -> float:
    a, b = np.array(left), np.array(right)
    distance = 1 - a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    return float((2 - distance) / 2)


def _part(document: dict[str, Any], body: Any) -> dict[str, Any]:
    return {name: document[name] for name in body["_source"]}


def _matches(document: dict[str, Any], term: dict[str, Any]) -> bool:
    [(name, value)] = term.items()
    first, _, rest = name.partition(".")
    found = document[first].get(rest) if rest else document[first]
    return str(found) == str(value)


@contextmanager
def opensearch_stub() -> Iterator[Stub]:
    """The server on a free port of this machine."""
    stub = Stub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, answer = 403, {"message": "The request signature we calculated does not match."}
            if stub.trusts(self.command, self.path, dict(self.headers), body):
                status, answer = stub.answer(self.command, urlsplit(self.path).path, body.decode())
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
