"""Compare: two to four runs beside each other, `/compare?runs=1,2,3`. The first is the baseline."""

from __future__ import annotations

from console.actions.runs.comparison import LEAST, MOST, load_comparison
from console.ui.frame.boundary import nothing
from console.ui.frame.navigation import link_to
from console.ui.frame.session import page_title
from console.ui.runs import comparison
from console.ui.sign_in import auth


def main() -> None:
    """The page."""
    with auth.page("compare") as (shared, _):
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
        link_to("runs")
        link_to("compare_judges")


main()
