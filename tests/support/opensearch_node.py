"""A real OpenSearch node with its k-NN plugin, for tests marked `opensearch`: fetched by Maven, run by Java 17.

It listens on loopback, holds nothing of earlier runs and needs an ordinary user: started by root it runs as `nobody`.
`python -m tests.support.opensearch_node` starts it and prints its address.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from console.config import HOME
from console.engine.process import LOOPBACK, answers, free_port, wait_until
from console.errors import SetupError

VERSION = "2.19.1"
FOLDER = HOME / ".opensearch"
READY_SECONDS = 180.0

_ZIP = """
    <dependency><groupId>{group}</groupId><artifactId>{name}</artifactId><version>{version}</version><type>zip</type>
      <exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions></dependency>"""
_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>opensearch-node</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    {_ZIP.format(group="org.opensearch.distribution.integ-test-zip", name="opensearch", version=VERSION)}
    {_ZIP.format(group="org.opensearch.plugin", name="opensearch-knn", version=f"{VERSION}.0")}
    <dependency>
      <groupId>org.opensearch.plugin</groupId><artifactId>lang-painless</artifactId><version>{VERSION}</version>
    </dependency>
  </dependencies>
</project>
"""
_PAINLESS = f"""description=An easy, safe and fast scripting language
name=lang-painless
version={VERSION}
opensearch.version={VERSION}
java.version=11
classname=org.opensearch.painless.PainlessPlugin
"""
_POLICY = """grant {
  permission java.lang.RuntimePermission "createClassLoader";
  permission java.lang.RuntimePermission "getClassLoader";
};
"""
_OF_PAINLESS = ("lang-painless-", "opensearch-scripting-painless-spi-", "antlr4-runtime-", "asm-")
_JAVA_OPTIONS = "-Xms512m -Xmx512m"


class Node:
    """A node that can go away and come back with what it held."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://{LOOPBACK}:{self._port}"

    def start(self) -> None:
        """Start it and wait until it answers. Raises SetupError."""
        log = self._home / "output.log"
        settings = {
            "discovery.type": "single-node", "network.host": LOOPBACK, "http.port": self._port,
            "transport.port": free_port(), "path.data": self._home / "data", "path.logs": self._home / "logs",
        }  # fmt: skip
        options = [part for name, value in settings.items() for part in ("-E", f"{name}={value}")]
        java = Path(shutil.which("java") or "java").resolve().parents[1]
        environment = {**os.environ, "OPENSEARCH_JAVA_HOME": str(java), "OPENSEARCH_JAVA_OPTS": _JAVA_OPTIONS}
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [str(self._home / "bin" / "opensearch"), *options], cwd=self._home, env=environment,
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, **_ordinary_user(),
            )  # fmt: skip
        wait_until(lambda: answers(self._port) or self._ended(), READY_SECONDS, 0.2)
        if self._ended() or not answers(self._port):
            self.stop()
            raise SetupError(f"OpenSearch did not start: {log.read_text(errors='replace')[-2_000:]}")

    def stop(self) -> None:
        """End it; nothing happens when it has ended."""
        if self._process is None:
            return
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(20)
        self._process.kill()
        self._process.wait()
        self._process = None

    def _ended(self) -> bool:
        return self._process is None or self._process.poll() is not None


@contextmanager
def opensearch_node(folder: Path = FOLDER) -> Iterator[Node]:
    """A running node without data. Raises SetupError where it cannot be had."""
    parts = _fetched(folder)
    with tempfile.TemporaryDirectory(prefix="opensearch-", ignore_cleanup_errors=True) as scratch:
        node = Node(_installed(parts, Path(scratch)))
        try:
            node.start()
            yield node
        finally:
            node.stop()


def _fetched(folder: Path) -> Path:
    """The folder with the archives and jars, fetched once."""
    for tool in ("java", "mvn"):
        if not shutil.which(tool):
            raise SetupError(f"OpenSearch needs {tool}, which is not installed (Debian: apt-get install maven)")
    parts = folder / f"parts-{VERSION}"
    if parts.exists():
        return parts
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as draft:
        (Path(draft) / "pom.xml").write_text(_POM, encoding="utf-8")
        goals = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={draft}/lib"]
        done = subprocess.run(["mvn", "-q", "-B", *goals], cwd=draft, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SetupError(f"Maven could not fetch OpenSearch: {(done.stdout + done.stderr).strip()}")
        Path(draft, "lib").replace(parts)
    return parts


def _installed(parts: Path, scratch: Path) -> Path:
    """A home of its own in a folder, which belongs to the user that the node runs as."""
    with zipfile.ZipFile(parts / f"opensearch-{VERSION}.zip") as archive:
        archive.extractall(scratch)
    home = scratch / f"opensearch-{VERSION}"
    with zipfile.ZipFile(parts / f"opensearch-knn-{VERSION}.0.zip") as archive:
        archive.extractall(home / "plugins" / "opensearch-knn")
    painless = home / "modules" / "lang-painless"
    painless.mkdir()
    for jar in parts.glob("*.jar"):
        if jar.name.startswith(_OF_PAINLESS):
            shutil.copy(jar, painless)
    (painless / "plugin-descriptor.properties").write_text(_PAINLESS, encoding="utf-8")
    (painless / "plugin-security.policy").write_text(_POLICY, encoding="utf-8")
    for name in ("data", "logs"):
        (home / name).mkdir(exist_ok=True)
    for script in (home / "bin").iterdir():
        script.chmod(0o755)
    if user := _ordinary_user():
        for path in (scratch, *scratch.rglob("*")):
            os.chown(path, user["user"], user["group"])
    return home


def _ordinary_user() -> dict[str, Any]:
    """Whom the node runs as, as `Popen` takes it; nothing where this process is an ordinary user itself."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def main() -> None:
    """Start it, print the address, and stop it on Ctrl-C or SIGTERM."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with opensearch_node() as node:
        sys.stdout.write(f"OpenSearch {VERSION}: OPENSEARCH_URL={node.url} (Ctrl-C stops it)\n")
        sys.stdout.flush()
        stopped.wait()


if __name__ == "__main__":
    main()
