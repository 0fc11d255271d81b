"""`serve` as a user runs it: a process, what it printed, and a signal that ends it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from console.engine.process import free_port, wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
READY = "Ctrl-C stops everything."


class Supervisor:
    """A running `serve` and what it printed."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self.process = process
        self.folder = folder
        self.lines: list[str] = []
        self.seconds = 0.0
        """From the command to the last line of the banner."""
        self._began = time.monotonic()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in iter(self.process.stdout.readline, ""):
            self.lines.append(line.rstrip())
            if READY in line:
                self.seconds = time.monotonic() - self._began

    def wait_for(self, text: str) -> str:
        assert wait_until(lambda: any(text in line for line in list(self.lines)), 120, 0.05), self.lines
        return next(line for line in self.lines if text in line)

    def url(self, name: str) -> str:
        return self.wait_for(f"{name}: http").split(": ", 1)[1]

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        code = self.process.wait(30)
        self._reader.join(5)
        return code


@contextmanager
def serving(folder: Path, *arguments: str, **environment: str) -> Iterator[Supervisor]:
    """`serve` on a data folder, on free ports unless the arguments say otherwise."""
    ports = [] if "--api-port" in arguments else ["--api-port", str(free_port()), "--console-port", str(free_port())]
    command = [sys.executable, "-m", "console", "serve", "--data-dir", str(folder), *ports, *arguments]
    with subprocess.Popen(
        command,
        cwd=folder.parent,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield Supervisor(process, folder)
        finally:
            process.kill()
