"""What the doors cost, and what half-open connections and long bodies do: `python -m benchmarks.doors`.

The relay: GetItem through the door and past it, over one kept connection each, the engine in a network of its own
both times. Half-open: 2,000 connections that send half a head to the API and the console, and a health check meanwhile.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import resource
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from console.data.store.client import make_client
from console.engine.engine import acquire
from console.engine.install import find_program
from console.engine.process import LOOPBACK, answers, free_port, start_detached, terminate, wait_until

ROUNDS = 7
REQUESTS = 500
HALF_OPEN = 2_000
TABLE = "Notes"


def main() -> None:
    """`python -m benchmarks.doors [PORT ...]`: the relay, and what servers that run bear."""
    relay()
    for port in map(int, sys.argv[1:]):
        console = is_console(port)
        half_open(port, "/_stcore/health" if console else "/")
        if not console:
            long_bodies(port)


def relay() -> None:
    """Print p50 of a GetItem with and without the door, and their difference in milliseconds."""
    program = find_program("dynoxide")
    with tempfile.TemporaryDirectory() as folder, acquire(Path(folder) / "door", kind="dynoxide") as lease:
        port = free_port()
        bare = Path(folder)
        words = [word.format(host=LOOPBACK, port=port) for word in program.command(bare)]
        pid = start_detached(words, bare / "bare.log")
        try:
            wait_until(lambda: answers(port), 10)
            fill(lease.endpoint)
            fill(f"http://{LOOPBACK}:{port}")
            key = urlsplit(lease.endpoint).username or ""
            sides = {"bare": (port, "local"), "door": (urlsplit(lease.address).port or 0, key)}
            seen: dict[str, list[float]] = {name: [] for name in sides}
            for _ in range(ROUNDS):
                for name, (at, user) in sides.items():
                    seen[name].append(p50(at, user))
        finally:
            terminate(pid)
    bare_ms, door_ms = (statistics.median(seen[name]) for name in ("bare", "door"))
    print(f"GetItem p50: bare {bare_ms:.3f} ms, door {door_ms:.3f} ms, the door costs {door_ms - bare_ms:.3f} ms")


def fill(endpoint: str) -> None:
    """One table with one item of 1 KB."""
    with contextlib.closing(make_client("us-east-1", endpoint)) as client:
        client.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        client.put_item(TableName=TABLE, Item={"id": {"S": "one"}, "text": {"S": "x" * 1000}})


def p50(port: int, key: str) -> float:
    """Milliseconds of a GetItem over one connection."""
    body = json.dumps({"TableName": TABLE, "Key": {"id": {"S": "one"}}})
    scope = f"{key}/20260101/us-east-1/dynamodb/aws4_request"
    headers = {
        "X-Amz-Target": "DynamoDB_20120810.GetItem",
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Date": "20260101T000000Z",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature=00",
    }
    with contextlib.closing(HTTPConnection(LOOPBACK, port)) as connection:

        def ask() -> None:
            connection.request("POST", "/", body, headers)
            connection.getresponse().read()

        return statistics.median(timed(ask) for _ in range(REQUESTS))


def timed(act: Callable[[], object]) -> float:
    """Milliseconds that `act` takes."""
    began = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - began)


def is_console(port: int) -> bool:
    """Whether the console answers there, not the API."""
    with contextlib.closing(HTTPConnection(LOOPBACK, port, timeout=5)) as connection:
        connection.request("GET", "/_stcore/health")
        return connection.getresponse().status == 200


def long_bodies(port: int) -> None:
    """Print the health check's p50 and p99 while bodies of 10 MB arrive, four at a time."""
    rows = [{"actual_output": "some text " * 28, "metadata": {"score": 1.5, "of": "x,y"}} for _ in range(30_000)]
    bodies = [json.dumps({"actual_output": text, "metadata": {"rows": rows}}).encode() for text in ("x", None)]
    over = threading.Event()
    sent: list[int] = []

    def send() -> None:
        for body in itertools.cycle(bodies):
            if over.is_set():
                return
            with contextlib.closing(HTTPConnection(LOOPBACK, port, timeout=60)) as connection:
                connection.request("POST", "/documents", body, {"Content-Type": "application/json"})
                sent.append(connection.getresponse().status)

    senders = [threading.Thread(target=send) for _ in range(4)]
    for one in senders:
        one.start()
    checks = []
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        checks.append(timed(lambda: answers(port, "/", timeout=30.0)))
        time.sleep(0.005)
    over.set()
    for one in senders:
        one.join()
    checks.sort()
    print(
        f"port {port}: {len(sent)} bodies of {len(bodies[0]) / 1e6:.0f} MB answered {sorted(set(sent))}, "
        f"{len(checks)} health checks, p50 {checks[len(checks) // 2]:.1f} ms, "
        f"p99 {checks[int(len(checks) * 0.99)]:.1f} ms, slowest {checks[-1]:.0f} ms"
    )


def half_open(port: int, path: str) -> None:
    """Print the health check's p50 and p99 while half-open connections come and stay."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit, 8192), limit))
    over = threading.Event()
    strangers: list[socket.socket] = []

    def come() -> None:
        while not over.is_set() and len(strangers) < HALF_OPEN:
            one = socket.create_connection((LOOPBACK, port), timeout=5)
            strangers.append(one)
            one.sendall(b"POST /judges HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Le")

    coming = threading.Thread(target=come)
    coming.start()
    checks, failures = [], 0
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and (coming.is_alive() or len(checks) < 300):
        began = time.perf_counter()
        failures += not answers(port, path, timeout=5.0)
        checks.append(1000 * (time.perf_counter() - began))
        time.sleep(0.005)
    over.set()
    coming.join()
    for one in strangers:
        one.close()
    checks.sort()
    print(
        f"port {port}: {len(strangers)} half-open connections, {len(checks)} health checks, {failures} failed, "
        f"p50 {checks[len(checks) // 2]:.1f} ms, p99 {checks[int(len(checks) * 0.99)]:.1f} ms"
    )


if __name__ == "__main__":
    main()
