"""The package says what the requirements say, and a missing extra says what to install."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest

from console.errors import SetupError
from console.extras import extra
from console.sample import _CHAPTERS

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def least_versions(lines: list[str]) -> dict[str, str]:
    """Version by name, of lines such as `name[extra]==1.0  # why`."""
    found = (re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?(?:==|>=|~=)([^\s#]+)", line) for line in lines)
    return {one[1]: one[2] for one in found if one}


def test_the_package_needs_what_the_tests_run_with() -> None:
    extras = [line for name, lines in PROJECT["optional-dependencies"].items() if name != "all" for line in lines]
    packaged = least_versions(PROJECT["dependencies"] + extras)
    assert packaged == least_versions((ROOT / "requirements.txt").read_text("utf-8").splitlines())


def test_a_missing_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    said = r"redis is not installed. Install it: pip install 'geval-console\[redis\]'"
    with pytest.raises(SetupError, match=said), extra("redis"):
        import redis  # noqa: F401


def test_every_file_that_is_no_code_is_in_the_package_too() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["packages"] == ["console"]
    assert all((ROOT / source).is_file() for source in wheel["force-include"])


def test_the_package_brings_what_the_sample_collection_is_made_of() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert set(_CHAPTERS) <= {place.removeprefix("console/handbook/") for place in wheel["force-include"].values()}
