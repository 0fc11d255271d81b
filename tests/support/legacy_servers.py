"""What tests of the old API need: the recordings' replayer, its model server, and the API on a port of its own."""

from __future__ import annotations

import importlib.util
import io
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any

import uvicorn

import api_compat
from console.config import Settings
from console.engine.process import answers, free_port, wait_until


@contextmanager
def fake_models(shared: Path, *arguments: str) -> Iterator[str]:
    """The address of the deterministic model server beside the project."""
    port = free_port()
    command = [sys.executable, str(shared / "legacy" / "fake_openai.py"), "--port", str(port), *arguments]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            assert wait_until(lambda: answers(port, "/healthz"), 20, 0.02)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """The address of the API, served by a thread of this process."""
    port = free_port()
    application = api_compat.create_app(settings)
    server = uvicorn.Server(uvicorn.Config(application, port=port, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert wait_until(lambda: server.started, 20, 0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)


def replay(shared: Path, recording: Path, base_url: str, models: str, *arguments: str) -> list[str]:
    """Replays a recording as its own tool does; the lines that it prints, the last one with the score."""
    tool = _replayer(shared)
    options = ["--base-url", base_url, "--file", str(recording), "--fake-openai-url", models, *arguments]
    with redirect_stdout(io.StringIO()) as printed:
        tool.main(options)
    return printed.getvalue().splitlines()


def _replayer(shared: Path) -> ModuleType:
    """The tool; in its loose mode it takes an operator of a template for a value, which no answer could equal."""
    spec = importlib.util.spec_from_file_location("replay", shared / "legacy" / "replay.py")
    assert spec
    assert spec.loader
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    compared = tool.Comparer._loose

    def loose(self: Any, want: Any, got: Any, path: str) -> Any:
        is_template = isinstance(want, dict) or (isinstance(want, str) and want.startswith("<"))
        return self.diff(want, got, path) if is_template else compared(self, want, got, path)

    tool.Comparer._loose = loose
    return tool
