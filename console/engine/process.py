"""Detached processes: start, recognise, stop; ports that are free, addresses that answer."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path

LOOPBACK = "127.0.0.1"

_DETACH = 'log=$1; shift; "$@" >>"$log" 2>&1 </dev/null & echo $!'


def start_detached(
    command: Sequence[str], log: Path, *, environment: Mapping[str, str] | None = None, descriptors: Sequence[int] = ()
) -> int:
    """Start `command` in a session of its own, output appended to `log`; returns its pid.

    A terminal's Ctrl-C does not reach it, and it is nobody's child: no zombie is left when it ends. What it writes is
    its owner's alone.

    Args:
        environment: variables that it gets beside this process's own.
        descriptors: open files that it inherits.
    """
    shell = subprocess.run(
        ["/bin/sh", "-c", _DETACH, "sh", str(log), *command],
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        check=True,
        env={**os.environ, **(environment or {})},
        pass_fds=tuple(descriptors),
        umask=0o077,
    )
    return int(shell.stdout)


def command_of(pid: int) -> str:
    """The command line of a running process; "" when there is none (a zombie is none)."""
    if Path("/proc/self/cmdline").exists():
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return ""
    else:
        listing = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
        line = subprocess.run(listing, stdout=subprocess.PIPE, check=False).stdout
    return line.replace(b"\0", b" ").decode(errors="replace").strip()


def terminate(pid: int, grace: float = 5.0) -> None:
    """SIGTERM, and SIGKILL when the process is still there after `grace` seconds."""
    for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, grace)):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        if wait_until(lambda: not command_of(pid), patience):
            return


def wait_until(done: Callable[[], bool], seconds: float, pause: float = 0.003) -> bool:
    """Ask `done` every `pause` seconds until it is true (True) or the time is over (False)."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def free_port() -> int:
    """A loopback port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def answers(port: int, path: str = "/", timeout: float = 1.0, headers: Mapping[str, str] | None = None) -> bool:
    """Whether an HTTP server on this loopback port answers at all (below 500)."""
    connection = HTTPConnection(LOOPBACK, port, timeout=timeout)
    try:
        connection.request("GET", path, headers=headers or {})
        return connection.getresponse().status < 500
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
