"""A proxy on loopback that makes a DynamoDB engine as unreliable as the real one can be on a bad day.

It stands between boto3 and an engine, in this process, one thread per kept-alive connection
(blocking sockets measured faster here than asyncio streams, and read in one line):

    with FaultProxy("http://127.0.0.1:8002", seed=7) as proxy:
        client = boto3.client("dynamodb", endpoint_url=proxy.endpoint, ...)
        proxy.plan(Faults(throttle=0.05, lost=0.05), operations={"PutItem"})
        ...
        assert proxy.counts["PutItem", "lost"] > 0

Every request is numbered as it arrives, and its fate is a function of (seed, number) alone: one client thread
sees the same faults in every run; among many, which of them draws a given number is the scheduler's choice.
"""

from __future__ import annotations

import itertools
import random
import socket
import struct
import threading
import time
from collections import Counter, deque
from collections.abc import Collection
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, NamedTuple, Self
from urllib.parse import urlsplit

from tests.support.faults.answers import conflict, internal_error, throttled
from tests.support.faults.batches import PartOfBatch, is_batch
from tests.support.faults.indexes import StaleIndexes
from tests.support.faults.wire import EngineConnection, Message, Messages

_LINGER_ZERO = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Faults:
    """How often each thing goes wrong: the probabilities exclude one another and add up to at most 1."""

    throttle: float = 0.0
    """Answered 400 with `throttle_error`, not forwarded."""
    conflict: float = 0.0
    """Writes: answered 400 as if another transaction held the item, not forwarded."""
    error: float = 0.0
    """Answered 500 InternalServerError, not forwarded."""
    reset: float = 0.0
    """Connection reset, not forwarded."""
    lost: float = 0.0
    """Forwarded and applied, then the connection is reset instead of an answer."""
    throttle_error: Literal["ProvisionedThroughputExceededException", "ThrottlingException"] = (
        "ProvisionedThroughputExceededException"
    )
    delay: tuple[float, float] = (0.0, 0.0)
    """Seconds, drawn evenly between the two, that every request waits before anything else happens to it."""

    def __post_init__(self) -> None:
        if sum(self.probabilities.values()) > 1.0 + 1e-9:
            raise ValueError("the probabilities of the faults must not add up to more than 1")

    @property
    def probabilities(self) -> dict[str, float]:
        """By outcome."""
        return {name: getattr(self, name) for name in ("throttle", "conflict", "error", "reset", "lost")}

    def draw(self, dice: random.Random) -> str:
        """The fault that a request suffers, or `answered`."""
        point = dice.random()
        for outcome, probability in self.probabilities.items():
            point -= probability
            if point < 0:
                return outcome
        return "answered"


class Call(NamedTuple):
    """One request as the proxy saw it."""

    at: float
    """When it arrived, `time.monotonic()` seconds."""
    operation: str
    """`PutItem`, `Query`, ..."""
    outcome: str
    """A fault's name, `hang`, `partial`, `unreachable` (no answer from the engine) or `answered`."""


class FaultProxy:
    """The proxy; listens from `__enter__` to `__exit__`. Call its methods at any time, requests or none."""

    def __init__(self, upstream: str, seed: int = 0) -> None:
        address = urlsplit(upstream)
        self._upstream = (address.hostname or "127.0.0.1", address.port or 80)
        self._key = f"{address.username}@" if address.username else ""
        self._seed = seed
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._connections: dict[threading.Thread, socket.socket] = {}
        self.calls: list[Call] = []
        self._stale: StaleIndexes | None = None
        self._hanging: tuple[threading.Event, Collection[str] | None] | None = None
        self._forget_plans()

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._acceptor = threading.Thread(target=self._accept, name="fault-proxy", daemon=True)
        self._acceptor.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join()
        self._listener.close()
        self.clear()
        for thread, connection in list(self._connections.items()):
            _shut(connection)
            thread.join()

    # What tests say

    @property
    def endpoint(self) -> str:
        """The endpoint for `make_client`, with the engine's key where it has one."""
        return f"http://{self._key}127.0.0.1:{self._listener.getsockname()[1]}"

    def plan(self, faults: Faults, operations: Collection[str] | None = None, times: int | None = None) -> None:
        """Replace the faults in force.

        Args:
            operations: only these suffer (`{"PutItem"}`); None is all.
            times: only the next so many of them do ("lose one acknowledgement"); None is without end.
        """
        with self._lock:
            self._faults, self._operations, self._times = faults, operations, times

    def hang(self, operations: Collection[str] | None = None) -> None:
        """Accept requests and never answer; `clear()` resets the connections of those that still wait."""
        self._release_hanging()
        self._hanging = (threading.Event(), operations)

    def partial_batches(self, probability: float) -> None:
        """Withhold each item of a batch with this probability and return it as unprocessed.

        A batch of which nothing is left is not forwarded and comes back whole: 1.0 blocks the table.
        """
        self._partial = probability

    def stale_indexes(self, seconds: float) -> None:
        """Answer `Query` and `Scan` on an index as they were `seconds` ago; tables stay current.

        Sees the writes that pass through this proxy, PartiQL excepted. While it lasts the engine holds a copy
        of each table concerned (`<table>.stale`, dropped by `clear()`), made when the table is first touched.
        """
        self._drop_stale()
        self._stale = StaleIndexes(self._upstream, seconds)

    def clear(self) -> None:
        """End all faults, hanging, withholding and staleness; the log of calls stays."""
        with self._lock:
            self._forget_plans()
        self._release_hanging()
        self._drop_stale()

    # What tests read

    @property
    def counts(self) -> Counter[tuple[str, str]]:
        """Requests by (operation, outcome)."""
        return Counter((call.operation, call.outcome) for call in self.calls)

    def busiest_second(self, operation: str | None = None) -> int:
        """The most requests (of one operation) that arrived within any one second."""
        times = sorted(call.at for call in self.calls if operation in (None, call.operation))
        window: deque[float] = deque()
        busiest = 0
        for at in times:
            window.append(at)
            while window[0] <= at - 1.0:
                window.popleft()
            busiest = max(busiest, len(window))
        return busiest

    # What the threads do

    def _forget_plans(self) -> None:
        self._faults, self._operations, self._times = Faults(), None, None
        self._partial = 0.0

    def _release_hanging(self) -> None:
        if self._hanging is not None:
            self._hanging[0].set()
        self._hanging = None

    def _drop_stale(self) -> None:
        stale, self._stale = self._stale, None
        if stale is not None:
            stale.close()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(
                target=self._serve, args=(connection,), name="fault-proxy-connection", daemon=True
            )
            self._connections[thread] = connection
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        engine = EngineConnection(self._upstream)
        requests = Messages(connection)
        try:
            while (request := requests.read()) is not None:
                answer = self._answer(request, engine)
                if answer is None:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
                    return
                connection.sendall(answer.wire)
        except OSError:
            return  # the client has gone: it timed out, or the test ended
        finally:
            del self._connections[threading.current_thread()]
            connection.close()
            engine.close()

    def _answer(self, request: Message, engine: EngineConnection) -> Message | None:
        """The answer to send, or None to reset the connection."""
        at, operation = time.monotonic(), request.operation
        dice = random.Random(self._seed * 1_000_000_007 + next(self._numbers))
        hanging = self._hanging
        if hanging is not None and _concerns(hanging[1], operation):
            self.calls.append(Call(at, operation, "hang"))
            hanging[0].wait()
            return None
        faults = self._faults_for(operation)
        fate = faults.draw(dice)
        self._closing.wait(dice.uniform(*faults.delay))
        if fate in ("answered", "lost"):
            outcome, answer = self._forward(request, engine, dice)
            fate = outcome if answer is None or fate == "answered" else fate
        self.calls.append(Call(at, operation, fate))
        match fate:
            case "throttle":
                return throttled(faults.throttle_error)
            case "conflict":
                return conflict(request)
            case "error":
                return internal_error()
            case "answered" | "partial":
                return answer
        return None

    def _faults_for(self, operation: str) -> Faults:
        with self._lock:
            if self._times == 0 or not _concerns(self._operations, operation):
                return Faults()
            if self._times is not None:
                self._times -= 1
            return self._faults

    def _forward(self, request: Message, engine: EngineConnection, dice: random.Random) -> tuple[str, Message | None]:
        """(outcome, the engine's answer), with what the modes in force make of both."""
        stale, part = self._stale, None
        if self._partial and is_batch(request.operation):
            part = PartOfBatch(request, dice, self._partial)
            if part.is_empty:
                return "partial", part.nothing_done()
            request = part.request
        try:
            if stale is not None:
                request = stale.before(request)
            answer = engine.ask(request)
            if stale is not None and answer.status == 200:
                stale.after(request)
        except OSError:
            return "unreachable", None
        if part is None or part.is_whole:
            return "answered", answer
        return "partial", part.completed(answer)


def _concerns(operations: Collection[str] | None, operation: str) -> bool:
    return operations is None or operation in operations


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it is closed already
