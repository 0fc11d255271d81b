"""What is left after a run of tests, or after its death: no engine, no door."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from console.engine.door import ABANDONED_SECONDS
from console.engine.process import command_of, wait_until

ROOT = Path(__file__).resolve().parents[2]
RUN = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/data/documents")


def of(folder: Path) -> list[int]:
    """Engines and doors of data folders in it."""
    running = [int(one) for one in os.listdir("/proc") if one.isdecimal()]
    return [pid for pid in running if "--db-path" in (said := command_of(pid)) and str(folder) in said]


def begin(folder: Path) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [sys.executable, *RUN, "--basetemp", str(folder)]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.mark.slow
def test_after_a_run_of_tests_nothing_is_left(tmp_path: Path) -> None:
    with begin(tmp_path / "run") as run:
        assert run.wait(120) == 0
    assert of(tmp_path) == []


def test_after_a_kill_9_of_a_run_nothing_is_left(tmp_path: Path) -> None:
    with begin(tmp_path / "run") as run:
        assert wait_until(lambda: len(of(tmp_path)) == 2, 60, 0.05)
        run.send_signal(signal.SIGKILL)
    assert wait_until(lambda: not of(tmp_path), ABANDONED_SECONDS + 10, 0.1)
