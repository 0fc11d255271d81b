"""Commands as a user gives them: in a process of their own where that matters, else in this one, which is quicker."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from typer.testing import CliRunner

from console.cli import main

ROOT = Path(__file__).resolve().parents[2]
PLAIN = {"COLUMNS": "200", "NO_COLOR": "1"}


@dataclass(frozen=True, slots=True)
class Done:
    """What a command said, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


def command(*arguments: str, text: str | None = None, **environ: str) -> Done:
    """`python -m console ...` in this process."""
    with CliRunner().isolation(input=text, env=PLAIN | environ) as (out, err, _):
        code = 0
        with patch.object(sys, "argv", ["python -m console", *arguments]):
            try:
                main()
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 1
        sys.stdout.flush()
        sys.stderr.flush()
        return Done(code, out.getvalue().decode(), err.getvalue().decode())


def process(*arguments: str, cwd: Path = ROOT, **environ: str) -> subprocess.CompletedProcess[str]:
    """The same in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "console", *arguments],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | PLAIN | environ,
        capture_output=True,
        text=True,
        check=False,
    )
