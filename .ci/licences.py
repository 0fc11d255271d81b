"""`make licences`: docs/licences.md, the licences of the packages that run, as the packages themselves state them."""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("locks/run.txt", "locks/weights.txt")
DOCUMENT = ROOT / "docs" / "licences.md"
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==\S+(.*)", re.MULTILINE)
_CLASSIFIER = "License :: "
_LONGEST = 60
HEAD = """# Licences

The console is under the Apache License 2.0. These are the packages that it runs with (`locks/`), and what each of them
states; `make licences` writes this page from the environment, and works offline. `make sbom` has versions and hashes.

| package | licence |
|---|---|
"""


def main() -> None:
    """Write the page."""
    DOCUMENT.write_text(document(), encoding="utf-8")
    sys.stdout.write(f"Wrote {DOCUMENT.relative_to(ROOT)}\n")


def document() -> str:
    """The page."""
    return HEAD + "".join(f"| {name} | {licence_of(name)} |\n" for name in packages())


def packages() -> list[str]:
    """The names in the lock files."""
    texts = [(ROOT / lock).read_text(encoding="utf-8") for lock in LOCKS]
    return sorted({pin[1].lower() for text in texts for pin in _PIN.finditer(text)})


def licence_of(name: str) -> str:
    """The licence that an installed package states: its expression, its classifiers, or its own words."""
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return "not installed on the platform where this was written"
    return _stated(found) or "none is stated"


def _stated(found: Distribution) -> str:
    metadata = found.metadata
    if expression := metadata.get("License-Expression"):
        return expression
    names = [
        value.rpartition(" :: ")[2] for value in metadata.get_all("Classifier") or [] if value.startswith(_CLASSIFIER)
    ]
    if names := [name for name in names if name != "OSI Approved"]:
        return ", ".join(names)
    words = (metadata.get("License") or "").strip().split("\n")[0]
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}..."


if __name__ == "__main__":
    main()
