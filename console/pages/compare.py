"""Compare: two to four runs beside each other, `/compare?runs=1,2,3`. The first is the baseline."""

from __future__ import annotations

from console import auth
from console.actions.comparison import LEAST, MOST, load_comparison
from console.records import Role
from console.ui import comparison
from console.ui.boundary import boundary, nothing
from console.ui.places import way_to
from console.ui.session import page_title, run_page, services


def main() -> None:
    """The page."""
    with boundary("compare"):
        shared = services()
        auth.require_role(shared, Role.VIEWER)
        page_title(shared, "Compare")
        ids = comparison.chosen()
        comparison.chooser(ids[:MOST])
        if len(ids) < LEAST:
            _choose(len(ids))
            return
        comparison.body(load_comparison(shared, ids))


def _choose(number: int) -> None:
    title = "Choose one more run" if number else "Choose two to four runs"
    with nothing(title, "Type the number of a run above, or tick runs in the list and press Compare.", "compare"):
        way_to("runs")
        way_to("compare_judges")


run_page(main)
