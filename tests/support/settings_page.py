"""`python -m tests.support.settings_page`: writes `docs/settings.md` anew from the settings themselves."""

from __future__ import annotations

from pathlib import Path

from console.config import settings_table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "settings.md"
BEGIN = "<!-- settings: made by console.config.settings_table() -->"
END = "<!-- end of settings -->"


def page() -> str:
    """The page as it has to be."""
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return f"{head}{BEGIN}\n{settings_table()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
