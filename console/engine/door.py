"""The door before the embedded engine: a process of its own that lets only those in who bring the engine's key.

The engine checks no signature and answers any origin. So it runs where nothing else reaches it, in a network of its
own (a namespace of the kernel, no privileges needed), and this process, which was given its listening socket before it
moved in there too, is the only way to it. A connection is looked at once, by its first request: the key has to be the
access key of its signature, `Host` an address of this machine, and `Origin` absent, which no browser can do. From then
on bytes pass in both directions unread, so that a request costs two copies (benchmarks/doors.py).

The engine ends when nobody uses its folder any more, however its users ended: their locks tell (engine.py).

Where the kernel allows no namespaces the engine listens on a random address of 127.0.0.0/8 and a random port: a page in
a browser does not find it; another user of the machine can, but not forge users (console/data/users/seal.py).

Standard library only, and run as a file: it starts in a few hundredths of a second.
"""

from __future__ import annotations

import contextlib
import ctypes
import hmac
import json
import os
import secrets
import selectors
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPException
from typing import TextIO

HEAD_BYTES = 16_384
"""A longer head of a first request is not one of an AWS SDK."""
HEAD_SECONDS = 5.0
"""For the first request's head to arrive."""
STRANGERS = 256
"""Connections that have not shown the key yet; with one more, the oldest is closed."""
READY_SECONDS = 60.0
ENDING_SECONDS = 5.0
ABANDONED_SECONDS = 5.0
"""Without any user; time for a console that is started again to find its engine as it was."""
_CHUNK = 262_144
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_PDEATHSIG = 1
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_REFUSED = (
    b"HTTP/1.1 403 Forbidden\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n"
    b"Connection: close\r\n\r\n%s"
)
_WHY = json.dumps(
    {
        "__type": "com.amazonaws.dynamodb.v20120810#UnrecognizedClientException",
        "message": "This engine answers only to its key, as the access key id of requests that come from no browser: "
        "`python -m console engine status --json` tells it to the owner of the data folder.",
    }
).encode()
_LOOPBACK_NAMES = frozenset({b"127.0.0.1", b"localhost", b"[::1]"})


class Pipe:
    """Bytes in one direction; what the other side does not take at once waits, and nothing more is read meanwhile."""

    __slots__ = ("sink", "source", "waiting")

    def __init__(self, source: socket.socket, sink: socket.socket) -> None:
        self.source = source
        self.sink = sink
        self.waiting = b""

    def move(self) -> bool:
        """Pass on what is there; False when this direction has ended."""
        try:
            data = self.source.recv(_CHUNK)
            sent = self.sink.send(data) if data else 0
        except BlockingIOError:
            return True
        except OSError:
            return False
        self.waiting = data[sent:]
        return bool(data)

    def flush(self) -> bool:
        """Pass on what waits; False when this direction has ended."""
        try:
            self.waiting = self.waiting[self.sink.send(self.waiting) :]
        except BlockingIOError:
            return True
        except OSError:
            return False
        return True


class Door:
    """The relay: one thread that waits for whatever is readable.

    Args:
        listener: bound and listening, in the network where clients are.
        engine: address of the engine in this process's network.
        key: the access key that lets in.
    """

    def __init__(self, listener: socket.socket, engine: tuple[str, int], key: str) -> None:
        self._listener = listener
        self._engine = engine
        self._key = key.encode()
        self._selector = selectors.DefaultSelector()
        self._heads: dict[socket.socket, tuple[bytes, float]] = {}
        self._pairs: dict[socket.socket, tuple[Pipe, Pipe]] = {}
        listener.setblocking(False)
        self._selector.register(listener, selectors.EVENT_READ, self._accept)

    def serve(self, alive: Callable[[], bool]) -> None:
        """Relay until `alive`, asked after every signal and about once a second, says no."""
        look = 0.0
        with woken_by_signals() as signals:
            self._selector.register(signals, selectors.EVENT_READ, lambda *_: signals.recv(64))
            while True:
                for key, mask in (ready := self._selector.select(1.0)):
                    key.data(key.fileobj, mask)
                now = time.monotonic()
                if now >= look or any(key.fileobj is signals for key, _ in ready):
                    if not alive():
                        return
                    self._close_slow(now)
                    look = now + 0.5

    # --- strangers -------------------------------------------------------------------------------------

    def _accept(self, listener: socket.socket, _: int) -> None:
        try:
            client = listener.accept()[0]
        except OSError:  # it went away, or there is no descriptor left
            self._close_oldest(0)
            return
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._close_oldest(STRANGERS)
        self._heads[client] = (b"", time.monotonic() + HEAD_SECONDS)
        self._selector.register(client, selectors.EVENT_READ, self._first_request)

    def _close_oldest(self, allowed: int) -> None:
        if len(self._heads) > allowed:
            self._drop(next(iter(self._heads)))

    def _close_slow(self, now: float) -> None:
        for client in [client for client, (_, deadline) in self._heads.items() if deadline < now]:
            self._drop(client)

    def _first_request(self, client: socket.socket, _: int) -> None:
        try:
            data = client.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop(client)
            return
        before, deadline = self._heads[client]
        head = before + data
        end = head.find(b"\r\n\r\n", max(0, len(before) - 3))
        if end < 0 and len(head) <= HEAD_BYTES:
            self._heads[client] = (head, deadline)
        elif 0 <= end <= HEAD_BYTES and may_enter(head[:end], self._key):
            self._let_in(client, head)
        else:
            self._refuse(client)

    def _refuse(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            client.send(_REFUSED % (len(_WHY), _WHY))
            client.shutdown(socket.SHUT_WR)
        self._drop(client)

    def _drop(self, client: socket.socket) -> None:
        del self._heads[client]
        self._selector.unregister(client)
        client.close()

    # --- who is let in ---------------------------------------------------------------------------------

    def _let_in(self, client: socket.socket, first: bytes) -> None:
        try:
            engine = socket.create_connection(self._engine, timeout=1.0)
        except OSError:
            self._drop(client)
            return
        engine.setblocking(False)
        engine.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        del self._heads[client]
        there, back = Pipe(client, engine), Pipe(engine, client)
        self._pairs[client], self._pairs[engine] = (there, back), (back, there)
        self._selector.modify(client, selectors.EVENT_READ, self._ready)
        self._selector.register(engine, selectors.EVENT_READ, self._ready)
        there.waiting = first
        self._watch(there, there.flush())

    def _ready(self, side: socket.socket, mask: int) -> None:
        pair = self._pairs.get(side)
        if pair is None:  # closed by an event of the same round
            return
        out, into = pair
        if mask & selectors.EVENT_WRITE and not self._watch(into, into.flush()):
            return
        if mask & selectors.EVENT_READ:
            goes_on = out.move()
            if out.waiting or not goes_on:  # else all is as it was, and nothing has to be told to the kernel
                self._watch(out, goes_on)

    def _watch(self, pipe: Pipe, goes_on: bool) -> bool:
        """Listen to what the pipe waits for now; False when the connection is over."""
        if not goes_on:
            self._part(pipe)
            return False
        back = self._pairs[pipe.sink][0]
        self._listen(pipe.source, reads=not pipe.waiting, writes=bool(back.waiting))
        self._listen(pipe.sink, reads=not back.waiting, writes=bool(pipe.waiting))
        return True

    def _listen(self, side: socket.socket, *, reads: bool, writes: bool) -> None:
        wanted = selectors.EVENT_READ * reads | selectors.EVENT_WRITE * writes
        key = self._selector.get_map().get(side)
        if key is None:
            if wanted:
                self._selector.register(side, wanted, self._ready)
        elif not wanted:
            self._selector.unregister(side)
        elif key.events != wanted:
            self._selector.modify(side, wanted, self._ready)

    def _part(self, pipe: Pipe) -> None:
        for side in (pipe.source, pipe.sink):
            del self._pairs[side]
            if side in self._selector.get_map():
                self._selector.unregister(side)
            side.close()


def may_enter(head: bytes, key: bytes) -> bool:
    """Whether the head of a request shows the key, and nothing of a browser."""
    headers = [line.partition(b":") for line in head.split(b"\r\n")[1:]]
    fields = {name.strip().lower(): value.strip() for name, _, value in headers}
    if len(fields) != len(headers) or b"origin" in fields:
        return False
    if fields.get(b"host", b"").rpartition(b":")[0].lower() not in _LOOPBACK_NAMES:
        return False
    shown = fields.get(b"authorization", b"").partition(b"Credential=")[2].partition(b"/")[0]
    return hmac.compare_digest(shown, key)


@contextlib.contextmanager
def woken_by_signals() -> Iterator[socket.socket]:
    """A socket that becomes readable when a signal has come, the end of a child too."""
    heard, wakes = socket.socketpair()
    heard.setblocking(False)
    wakes.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakes.fileno())
    with heard, wakes:
        try:
            yield heard
        finally:
            signal.set_wakeup_fd(-1)


# --- the engine behind it --------------------------------------------------------------------------------


def network_of_its_own() -> bool:
    """Move this process into a network that only has a loopback; False, and nothing changed, where that cannot be."""
    if not sys.platform.startswith("linux"):
        return False
    trial = os.fork()
    if trial == 0:
        os._exit(not _moved())
    return os.waitstatus_to_exitcode(os.waitpid(trial, 0)[1]) == 0 and _moved()


def _moved() -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.geteuid(), os.getegid()
    try:
        if libc.unshare(_CLONE_NEWNET):
            if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET):
                return False
            _write("/proc/self/setgroups", "deny")
            _write("/proc/self/uid_map", f"{user} {user} 1")
            _write("/proc/self/gid_map", f"{group} {group} 1")
        _loopback_up()
    except OSError:
        return False
    return True


def _loopback_up() -> None:
    import fcntl  # noqa: PLC0415 - not on every platform that runs the rest

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        request = struct.pack("16sH14s", b"lo", 0, b"")
        flags = struct.unpack("16sH14s", fcntl.ioctl(probe, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(probe, _SIOCSIFFLAGS, struct.pack("16sH14s", b"lo", flags | _IFF_UP, b""))


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def engine_address(alone: bool) -> tuple[str, int]:
    """Where the engine is to listen: anywhere in a network of its own, else where nobody guesses."""
    host = "127.0.0.1" if alone else ".".join(["127", *(str(1 + secrets.randbelow(254)) for _ in range(3))])
    with socket.socket() as probe:
        probe.bind((host, 0))
        return host, probe.getsockname()[1]


def start(command: list[str], address: tuple[str, int]) -> subprocess.Popen[bytes]:
    """The engine, which ends when this process does, also by kill -9.

    As this process, it ignores SIGXFSZ: beyond a limit of the size of files it answers an error, and does not end.
    """
    host, port = address
    words = [word.replace("{host}", host).replace("{port}", str(port)) for word in command]
    libc = ctypes.CDLL(None)

    def ends_with_its_parent() -> None:
        if sys.platform.startswith("linux"):
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    return subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        close_fds=True,
        restore_signals=False,
        preexec_fn=ends_with_its_parent,  # noqa: PLW1509 - no threads here
    )


def end(engine: subprocess.Popen[bytes]) -> None:
    """End the engine: what it was about to write it writes, unless that takes long."""
    engine.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        engine.wait(ENDING_SECONDS)
    engine.kill()
    engine.wait()


def answers(address: tuple[str, int]) -> bool:
    """Whether the engine answers HTTP."""
    connection = HTTPConnection(*address, timeout=1.0)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status < 500
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


class Users:
    """Who uses the folder's engine: the shared locks on `engine.users`, dropped by the kernel when a user is killed."""

    def __init__(self, folder: str) -> None:
        self._record = os.path.join(folder, "engine.json")
        self._lock = open(os.path.join(folder, "engine.lock"), "a", encoding="ascii")  # noqa: SIM115 - as long as this process
        self._users = open(os.path.join(folder, "engine.users"), "a", encoding="ascii")  # noqa: SIM115
        self._absent_since: float | None = None

    def gone(self) -> bool:
        """Whether there were none for a while, of an engine that nobody keeps.

        The folder's lock is held while that is found out, and from then on until this process ends.
        """
        if not _locked(self._lock):  # somebody comes or goes
            return False
        absent = _locked(self._users)
        if absent:
            _unlock(self._users)
        now = time.monotonic()
        self._absent_since = (self._absent_since or now) if absent else None
        if self._absent_since and now - self._absent_since >= ABANDONED_SECONDS and not self._recorded().get("kept"):
            return True
        _unlock(self._lock)
        return False

    def forget(self) -> None:
        """Remove the record of this engine."""
        if self._recorded():
            os.unlink(self._record)

    def close(self) -> None:
        """Let go of the folder."""
        self._lock.close()
        self._users.close()

    def _recorded(self) -> dict[str, object]:
        """The record, where it is about this engine."""
        with contextlib.suppress(OSError, ValueError), open(self._record, "rb") as file:
            record: dict[str, object] = json.load(file)
            return record if record.get("door") == os.getpid() else {}
        return {}


def _locked(file: TextIO) -> bool:
    import fcntl  # noqa: PLC0415 - not on every platform that runs the rest

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _unlock(file: TextIO) -> None:
    import fcntl  # noqa: PLC0415

    fcntl.flock(file, fcntl.LOCK_UN)


def main() -> None:
    """`door.py LISTENER REPORT FOLDER COMMAND...`: numbers of the inherited socket and pipe; the key is in the
    environment.

    The pipe gets one line of JSON once the engine answers: {"pid", "alone"}.
    """
    listener = socket.socket(fileno=int(sys.argv[1]))
    report, users, command = int(sys.argv[2]), Users(sys.argv[3]), sys.argv[4:]
    key = os.environ.pop("ENGINE_KEY")
    alone = network_of_its_own()
    address = engine_address(alone)
    engine = start(command, address)
    signal.signal(signal.SIGTERM, lambda *_: engine.terminate())
    deadline = time.monotonic() + READY_SECONDS
    while not answers(address):
        if engine.poll() is not None or time.monotonic() > deadline:
            engine.kill()
            sys.exit(1)
        time.sleep(0.003)
    os.write(report, json.dumps({"pid": engine.pid, "alone": alone}).encode() + b"\n")
    os.close(report)
    Door(listener, address, key).serve(lambda: engine.poll() is None and not users.gone())
    if engine.poll() is None:
        end(engine)
        users.forget()
    users.close()


if __name__ == "__main__":
    main()
