"""Starting an engine behind its door: the listening socket is ours, the two processes are nobody's children."""

from __future__ import annotations

import os
import secrets
import selectors
import socket
import sys
import time
from pathlib import Path

import orjson

from console.engine.folder import Started
from console.engine.install import Program
from console.engine.process import LOOPBACK, command_of, start_detached, terminate
from console.errors import DataFolderFailed, SetupError
from console.private import opener

DOOR = Path(__file__).with_name("door.py")
BACKLOG = 1024
_KEY_BYTES = 24


def new_key() -> str:
    """A key for the door, 192 bits: hexadecimal digits, as an access key id may have."""
    return secrets.token_hex(_KEY_BYTES)


def launch(program: Program, folder: Path, port: int, key: str, seconds: float) -> Started:
    """Start the engine and wait until it answers behind its door.

    Raises:
        DataFolderFailed: the disk is full, or the database is damaged.
        SetupError: with the last words of what did not start.
    """
    output = folder / "engine.log"
    with open(output, "a", encoding="ascii", opener=opener) as log:
        offset = log.seek(0, os.SEEK_END)
    listener = _listener(port)
    heard, report = os.pipe()
    command = [sys.executable, "-I", "-S", str(DOOR), str(listener.fileno()), str(report), str(folder)]
    command += program.command(folder)
    try:
        door = start_detached(command, output, environment={"ENGINE_KEY": key}, descriptors=(listener.fileno(), report))
    finally:
        listener.close()
        os.close(report)
    try:
        said = _line(heard, seconds)
    finally:
        os.close(heard)
    if said:
        ready = orjson.loads(said)
        return Started(pid=ready["pid"], door=door, alone=ready["alone"])
    if command_of(door):
        terminate(door)
    words = output.read_bytes()[offset:].decode(errors="replace").strip() or "nothing"
    if failed := DataFolderFailed.told_by(words):
        raise failed
    raise SetupError(f"The engine ({program.kind}) did not start on port {port}; it said: {words} (see {output}).")


def _listener(port: int) -> socket.socket:
    try:
        return socket.create_server((LOOPBACK, port), backlog=BACKLOG)
    except OSError as error:
        raise SetupError(
            f"Port {port} is taken. Name another port for the engine, or none to get a free one."
        ) from error


def _line(pipe: int, seconds: float) -> bytes:
    """The line that comes out of a pipe, or what came of it until it was closed or the time was over."""
    said = b""
    deadline = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while not said.endswith(b"\n") and selector.select(max(0.0, deadline - time.monotonic())):
            piece = os.read(pipe, 4096)
            if not piece:
                break
            said += piece
    return said if said.endswith(b"\n") else b""
