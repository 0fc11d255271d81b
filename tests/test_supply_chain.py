"""What the packages are known for, and under which licences they are: said, also when it could not be looked up."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOUND = {"name": "sound", "version": "1.0", "vulns": []}
WEAK = {"name": "weak", "version": "1.0", "vulns": [{"id": "CVE-1", "fix_versions": ["1.1"]}]}
UNKNOWN = {"name": "odd", "skip_reason": "Dependency not found on PyPI and could not be audited: odd (1.0)"}


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / ".ci" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("packages", "code", "said"),
    [
        ([SOUND], 0, "1 of 1 packages were looked up; 0 have known weaknesses."),
        ([SOUND, WEAK], 1, "weak 1.0: CVE-1, mended in 1.1"),
        ([SOUND, UNKNOWN], 2, "Not audited, because the service does not know them: odd. Is it a mirror?"),
        ([UNKNOWN], 2, "0 of 1 packages were looked up"),
    ],
)
def test_an_audit_says_what_it_did_not_look_up(
    packages: list[dict[str, object]], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script("audit").report(packages) == code
    shown = capsys.readouterr()
    assert said in shown.out + shown.err


def test_an_audit_without_a_network_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    answer = subprocess.CompletedProcess([], 1, "", "Traceback ...\nConnectionError: no route")
    with patch("subprocess.run", return_value=answer):
        assert script("audit").main() == 2
    assert "Nothing was audited: the service could not be reached. Are you offline?" in capsys.readouterr().err


def test_the_licences_of_all_packages_are_listed() -> None:
    licences = script("licences")
    rows = licences.DOCUMENT.read_text(encoding="utf-8").removeprefix(licences.HEAD).splitlines()
    listed = [row.split(" | ")[0].removeprefix("| ") for row in rows]
    assert listed == licences.packages(), "make licences"
    assert len(listed) > 100
