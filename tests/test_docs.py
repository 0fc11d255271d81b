"""The documents say what the code says, and lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support import settings_page

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "tests/data_files").glob("*.md")])


def test_the_settings_page_lists_every_setting_with_its_help() -> None:
    assert settings_page.PAGE.read_text(encoding="utf-8") == settings_page.page()


def test_the_readme_is_read_in_one_go() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_document_leads_to_a_file(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert [link for link in links if link and not (document.parent / link).exists()] == []


def test_every_announced_difference_is_in_the_readme_by_its_number() -> None:
    full = (ROOT / "docs" / "legacy-api.md").read_text(encoding="utf-8")
    numbers = re.findall(r"^\| (\d+) \|", full, re.MULTILINE)
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## What differs")[1].split("\n## ")[0]
    assert [number for number in numbers if not re.search(rf"\b{number}\b", section)] == []


def test_every_attack_that_is_listed_is_tried_by_a_test() -> None:
    listed, missing, file = 0, [], Path()
    for name in re.findall(r"`((?:tests/[\w/]+\.py)?::\w+)`", (ROOT / "SECURITY.md").read_text(encoding="utf-8")):
        path, _, test = name.partition("::")
        file = ROOT / path if path else file
        listed += 1
        missing += [] if f"def {test}(" in file.read_text(encoding="utf-8") else [name]
    assert listed >= 40
    assert missing == []
