"""Goal Q5: the sample writer of the vector schema beside the console; seconds until everything is right.

    python -m benchmarks.writers [CHUNKS]

The writer is a process of its own with boto3's resource: `add_vectors` and `delete_bot_vectors` as the schema shows
them, and puts over chunks that are there. It touches `VectorEmbeddings` alone. The console has searched before, with
every strategy, so that everything is in its memory; then each write is timed until each strategy, the counts, the
documents and the map say what the table holds. OpenSearch is answered by the tests' stub.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.vectors import clustered, fill
from console.actions.collections.collections import load_collection, sync_opensearch
from console.actions.collections.search import load_map, search
from console.actions.permissions import outsider
from console.config import Settings
from console.data.store import tables
from console.data.store.client import credentials_in
from console.search.ways.searcher import STRATEGIES
from console.services import Services, build_services
from tests.support.opensearch_stub import opensearch_stub

OLD = "The index is older than the collection; sync it."
"""What `opensearch` says beyond 1,000 changes: it does not pretend."""
LIMIT = 20.0
"""Seconds after which a change counts as not noticed."""
_WRITER = """
import json, sys
from decimal import Decimal
import boto3
from boto3.dynamodb.conditions import Key

address, access_key, secret_key, name = sys.argv[1:]
table = boto3.resource("dynamodb", endpoint_url=address, region_name="us-east-1", aws_access_key_id=access_key,
                       aws_secret_access_key=secret_key).Table(name)

def add_vectors(bot_id, chunks):
    with table.batch_writer() as batch:
        for chunk in chunks:
            batch.put_item(Item={
                "bot_id": bot_id, "chunk_id": chunk["chunk_id"],
                "embedding": [Decimal(repr(number)) for number in chunk["embedding"]], "text": chunk["text"],
                "filename": chunk["filename"], "file_size": 10, "chunk_index": 0, "created_at": "2026-01-01T00:00:00Z",
                "metadata": {}})

def delete_bot_vectors(bot_id):
    ids = query(bot_id)
    with table.batch_writer() as batch:
        for one in ids:
            batch.delete_item(Key={"bot_id": bot_id, "chunk_id": one})

def query(bot_id):
    request, ids = {"KeyConditionExpression": Key("bot_id").eq(bot_id),
                    "ProjectionExpression": "bot_id, chunk_id"}, []
    while True:
        answer = table.query(**request)
        ids += [item["chunk_id"] for item in answer["Items"]]
        if "LastEvaluatedKey" not in answer:
            return ids
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

for line in sys.stdin:
    asked = json.loads(line)
    if asked["do"] == "add":
        add_vectors(asked["bot_id"], asked["chunks"])
    elif asked["do"] == "delete":
        with table.batch_writer() as batch:
            for one in asked["ids"]:
                batch.delete_item(Key={"bot_id": asked["bot_id"], "chunk_id": one})
    else:
        delete_bot_vectors(asked["bot_id"])
    print("done", flush=True)
"""


class Writer:
    """The customer's program."""

    def __init__(self, services: Services, bot_id: str) -> None:
        access = credentials_in(services.engine.endpoint or "")
        command = [sys.executable, "-c", _WRITER, *access, services.store.name(tables.VECTORS)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._bot_id = bot_id

    def ask(self, do: str, **more: Any) -> None:
        """One call of the sample; returns when it is written."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"do": do, "bot_id": self._bot_id, **more}) + "\n")
        self._process.stdin.flush()
        if not self._process.stdout.readline():
            raise RuntimeError("The writer ended.")

    def close(self) -> None:
        """Ends it."""
        self._process.communicate()


def chunk(chunk_id: str, text: str, vector: Any) -> dict[str, Any]:
    """A chunk of the writer."""
    return {"chunk_id": chunk_id, "text": text, "embedding": [float(one) for one in vector], "filename": "theirs.txt"}


def looks(services: Services, collection_id: str, query: Any) -> dict[str, Callable[[], tuple[str, int]]]:
    """What is looked at: the text that is found first, or how many chunks there are."""

    def found(strategy: str) -> Callable[[], tuple[str, int]]:
        def look() -> tuple[str, int]:
            made = services.collections.get(collection_id)
            if strategy == "hybrid":
                answer = services.searcher.search(made, query, 3, {}, strategy, "zz").answer
                hits, said = answer.hits, answer.remark
            else:
                given = search(services, collection_id, vector=query, k=3, strategy=strategy)
                hits, said = given.results, given.remark
            return (OLD if OLD in said else hits[0].text if hits else "", -1)

        return look

    def counts() -> tuple[str, int]:
        return "", services.outside.get(collection_id).total_chunks

    def listed() -> tuple[str, int]:
        services.outside.get(collection_id)
        return "", sum(one.chunks for one in load_collection(services, collection_id).documents)

    def drawn() -> tuple[str, int]:
        services.searcher.memory.get(collection_id, fresh=True)
        return "", load_map(services, collection_id).total

    ways = {strategy: found(strategy) for strategy in STRATEGIES}
    return {**ways, "counts": counts, "documents": listed, "map": drawn}


def last_wrong(look: Callable[[], tuple[str, int]], text: str, chunks: int, ended: float) -> float:
    """Seconds after a write at which the last look began that did not know of it; 0 for none."""
    wrong = 0.0
    while (began := time.perf_counter()) - ended < LIMIT:
        said = look()
        if said[0] == OLD or ((said[1] == chunks) if said[1] >= 0 else (said[0] == text)):
            return wrong
        wrong = began - ended
        time.sleep(0.05)
    return float("inf")


def measure(services: Services, count: int) -> None:
    """Each look at a collection of its own, which it has seen before, and each kind of write into it."""
    rows, query = clustered(count, 7), clustered(1, 8)[0]
    worst: dict[str, float] = {}
    print(f"{count:,} chunks; seconds after a write at which the last look began that was wrong, 0 for none")
    for name in (*STRATEGIES, "counts", "documents", "map"):
        made = fill(services, rows)
        key = made.collection_id
        sync_opensearch(services, outsider("bench"), key)
        look = looks(services, key, query)[name]
        look()
        first = looks(services, key, query)["exact"]()[0]
        own = next(one.chunk_id for one in services.vectors.all(key))
        writer = Writer(services, key)
        near = [query, query + 0.001 * rows[0]]
        steps: list[tuple[str, dict[str, Any], str, int]] = [
            ("add", {"chunks": [chunk("x1", "theirs", near[0])]}, "theirs", count + 1),
            ("add", {"chunks": [chunk("x1", "changed", near[0])]}, "changed", count + 1),
            ("add", {"chunks": [chunk("x1", "changed", -query)]}, first, count + 1),
            ("add", {"chunks": [chunk(own, "over", near[0])]}, "over", count + 1),
            ("delete", {"ids": ["x1", own]}, first, count - 1),
            ("add", {"chunks": [chunk(f"y{n}", "many", near[n % 2]) for n in range(200)]}, "many", count + 199),
            ("delete all", {}, "", 0),
            ("add", {"chunks": [chunk("z1", "again", near[0])]}, "again", 1),
        ]
        cells = []
        for do, more, text, chunks in steps:
            writer.ask(do, **more)
            cells.append(last_wrong(look, text, chunks, time.perf_counter()))
        writer.close()
        worst[name] = max(cells)
        print(f"{name:11}" + "".join(f"{one:7.2f}" for one in cells), flush=True)
    print("add, put in place, moved away, put over the console's, delete, add 200, delete_bot_vectors, add")
    print(f"worst {max(worst.values()):.2f} s")


def main(count: int = 300) -> None:
    """On a store of its own."""
    with tempfile.TemporaryDirectory() as folder, opensearch_stub() as stub:
        settings = Settings(data_dir=Path(folder), opensearch_url=stub.url)
        with build_services(settings) as services:
            measure(services, count)


if __name__ == "__main__":
    main(*(int(one) for one in sys.argv[1:2]))
