"""The README says what the code says."""

from __future__ import annotations

from pathlib import Path

from console.config import settings_table

ROOT = Path(__file__).resolve().parent.parent


def test_the_readme_lists_every_setting_with_its_help() -> None:
    assert settings_table().strip() in (ROOT / "README.md").read_text(encoding="utf-8")
