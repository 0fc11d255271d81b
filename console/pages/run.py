"""Run: one whole run with an address of its own, `/run?run=123`.

The filter of the list that it was opened from stays in the address, for previous and next: the run's start time is
its place in that list, so a neighbour is one small index read, made only when somebody asks for it.
"""

from __future__ import annotations

import streamlit as st

from console.actions.runs.detail import load_run, run_id_of
from console.errors import NotFound
from console.records import utcnow
from console.ui.frame.boundary import nothing
from console.ui.frame.controls import filters
from console.ui.runs import page
from console.ui.sign_in import auth


def main() -> None:
    """The page."""
    with auth.page("run") as (shared, user):
        asked = st.query_params.get("run")
        if not asked:
            _choose()
            return
        try:
            detail = load_run(shared, run_id_of(asked))
        except NotFound as error:
            _choose(str(error))
            return
        selection = filters.read("all", utcnow().date())
        page.heading(shared, detail.run, selection)
        page.body(shared, user, detail)


def _choose(why: str | None = None) -> None:
    """No run to show: none asked for, or one that is not there.

    Args:
        why: any text.
    """
    st.title("Run", anchor=False)
    with nothing("Not found" if why else "No run is chosen", "Open one from the list of runs.", "run", "runs"):
        if why:
            st.text(why, width="content")


main()
