"""Experiments: outputs of a system over a test set, judged, and compared with a baseline item by item.

`?experiment=` opens one, `&baseline=` chooses what it is compared with, `&judge=` whose results are shown, `&item=`
opens an item in both; `?new=` with the id of a test set is the form of a new one.
"""

from __future__ import annotations

import streamlit as st

from console.actions.sets.experiments import batches_of
from console.records import Role
from console.services import Services
from console.ui.frame.boundary import nothing
from console.ui.frame.controls.pager import cursor_of, pager
from console.ui.frame.session import back, page_title
from console.ui.sets.experiment_form import experiment_form
from console.ui.sets.experiment_list import experiment_table, open_experiment
from console.ui.sets.experiment_view import experiment_view
from console.ui.sign_in import auth

PAGE_ROWS = 25
_CURSORS = "experiments.cursors"


def main() -> None:
    """The page."""
    with auth.page("experiments") as (shared, user):
        opened, new = st.query_params.get("experiment"), st.query_params.get("new")
        if opened:
            back("All experiments", "experiments.back", open_experiment, None)
            page_title(shared, "Experiment")
            experiment_view(shared, opened)
        elif new and user.role.includes(Role.EVALUATOR):
            back("All experiments", "experiments.back", open_experiment, None)
            page_title(shared, "New experiment")
            experiment_form(shared, new)
        else:
            _list(shared)


def _list(shared: Services) -> None:
    page_title(shared, "Experiments")
    cursor = cursor_of(_CURSORS)
    page = shared.experiments.list(PAGE_ROWS, cursor)
    if not page.items and cursor is None:
        advice = "Open a test set and judge the outputs of a system over it."
        nothing("There are no experiments yet", advice, "experiments", "sets")
        return
    batches = {one.experiment_id: batches_of(shared, one) for one in page.items}
    experiment_table(page.items, batches, of_set=None, baseline=None)
    pager("experiments", _CURSORS, page.cursor)


main()
