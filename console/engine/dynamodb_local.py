"""DynamoDB Local, for tests on another engine: fetched by Maven, run by Java 17, in memory.

`python -m console.engine.dynamodb_local` starts it and prints its endpoint. It listens on every interface
(it has no option for the address) and its telemetry is turned off.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from console.config import HOME
from console.engine.process import LOOPBACK, answers, command_of, free_port, start_detached, terminate, wait_until
from console.errors import SetupError

VERSION = "2.6.1"
FOLDER = HOME / ".dynamodb-local"
MAIN_CLASS = "com.amazonaws.services.dynamodbv2.local.main.ServerRunner"
READY_SECONDS = 60.0

_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>dynamodb-local</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>com.amazonaws</groupId><artifactId>DynamoDBLocal</artifactId><version>{VERSION}</version>
    </dependency>
  </dependencies>
</project>
"""


@contextmanager
def dynamodb_local(folder: Path = FOLDER) -> Iterator[str]:
    """A running DynamoDB Local with no data; yields its endpoint. Raises SetupError."""
    port = free_port()
    program = command(None, str(port), folder)
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch) / "dynamodb-local.log"
        pid = start_detached(program, output)
        try:
            wait_until(lambda: answers(port) or not command_of(pid), READY_SECONDS, 0.05)
            if not command_of(pid):
                raise SetupError(f"DynamoDB Local did not start: {output.read_text(errors='replace').strip()}")
            yield f"http://{LOOPBACK}:{port}"
        finally:
            terminate(pid)


def command(folder: str | None, port: str, install_dir: Path = FOLDER) -> list[str]:
    """The command line that serves from a folder, or in memory. Raises SetupError where it cannot be had."""
    jars = _fetched(install_dir)
    kept = ["-dbPath", folder] if folder else ["-inMemory"]
    options = [*kept, "-sharedDb", "-disableTelemetry", "-port", port]
    return ["java", f"-Djava.library.path={jars}", "-cp", f"{jars}/*", MAIN_CLASS, *options]


def _fetched(folder: Path) -> Path:
    """The folder with the jars and sqlite4java's native libraries, fetched once."""
    for tool in ("java", "mvn"):
        if not shutil.which(tool):
            raise SetupError(f"DynamoDB Local needs {tool}, which is not installed (Debian: apt-get install maven)")
    jars = folder / f"lib-{VERSION}"
    if jars.exists():
        return jars
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as draft:
        (Path(draft) / "pom.xml").write_text(_POM, encoding="utf-8")
        goals = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={draft}/lib"]
        done = subprocess.run(["mvn", "-q", "-B", *goals], cwd=draft, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SetupError(f"Maven could not fetch DynamoDB Local: {(done.stdout + done.stderr).strip()}")
        os.replace(Path(draft) / "lib", jars)
    return jars


def main() -> None:
    """Start it, print the endpoint, and stop it on Ctrl-C or SIGTERM."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with dynamodb_local() as endpoint:
        sys.stdout.write(f"DynamoDB Local {VERSION}: DYNAMODB_ENDPOINT={endpoint} (Ctrl-C stops it)\n")
        sys.stdout.flush()
        stopped.wait()


if __name__ == "__main__":
    main()
