"""The list of test sets, a new one, and runs on their way into one."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from console.actions.runs.detail import run_id_of
from console.actions.sets import sets
from console.errors import ConsoleError
from console.records import RunId, TestSet, User, pages
from console.services import Services
from console.ui.charts import leads
from console.ui.frame import text
from console.ui.frame.card import card
from console.ui.frame.controls import filters
from console.ui.frame.controls.columns import Column, moment_column, number_column, pick_record, text_column
from console.ui.sign_in import saving

KEY = "sets"
_NEW = "A new test set"
_MOST_LISTED = 500


def set_table(rows: Sequence[TestSet]) -> None:
    """One page of the list, newest first."""
    columns: list[Column[TestSet]] = [
        text_column("Name", lambda one: one.name, 280),
        number_column("Items", lambda one: one.total, 80, "localized"),
        number_column("Version", lambda one: one.version, 70),
        text_column("Tags", lambda one: ", ".join(one.tags) or None, 140),
        text_column("Baseline", lambda one: one.baseline, 150, "The experiment that others are compared with"),
        moment_column("Changed", lambda one: one.last_updated_on, 150),
        text_column("By", lambda one: one.last_updated_by, 110),
        text_column("Id", lambda one: one.set_id, 180, "For the commands, `/v2` and the gate"),
    ]
    pick_record("sets", rows, columns, lambda one: one.set_id, open_set, alt="Test sets")


def open_set(set_id: str | None) -> None:
    """Show a set, or the list. For callbacks."""
    filters.navigate({"set": set_id, "runs": None, "item": None, "version": None, "new": None})


def new_set(shared: Services) -> None:
    """The form of a new set, in a popover."""
    with st.popover("New test set", icon=":material/add:", key=f"{KEY}.new", type="primary"):
        name = st.text_input("Name", key=f"{KEY}.new.name", max_chars=200, placeholder="Support questions, English")
        described = st.text_area("What it is for (optional)", key=f"{KEY}.new.description", height=90)
        tags = st.text_input("Tags (optional)", key=f"{KEY}.new.tags", placeholder="nightly; billing")
        saving.problem(f"{KEY}.new")
        st.button(
            "Make it", key=f"{KEY}.new.save", type="primary", disabled=not name.strip(), on_click=_make,
            args=(shared, name, described, split_tags(tags)),
        )  # fmt: skip


def split_tags(words: str) -> list[str]:
    """Tags that `;` or `,` separates."""
    return [tag.strip() for tag in words.replace(";", ",").split(",") if tag.strip()]


def _make(shared: Services, name: str, described: str, tags: list[str]) -> None:
    reset = dict.fromkeys((f"{KEY}.new.name", f"{KEY}.new.description", f"{KEY}.new.tags"), "")

    def act(user: User) -> None:
        open_set(sets.make_set(shared, user, name, description=described, tags=tags).set_id)

    saving.save(shared, f"{KEY}.new", act, "The test set is made. Import a file, or add items.", reset)


def runs_form(shared: Services, asked: str) -> None:
    """The runs that the address names, on their way into a set: a new one, or one that is there."""
    ids, wrong = _ids(asked)
    with card(f"Add {text.plural(len(ids), 'run')} to a test set", "", "sets-runs"):
        st.caption(
            "Each run becomes an item with its question, context, reference and text, and what people said of it."
        )
        if wrong:
            st.caption(f":orange[{text.plain(wrong)}]")
        known = {one.set_id: one.name for one in _all_sets(shared)}
        with st.container(horizontal=True, vertical_alignment="bottom", key="sets-runs-form"):
            into = st.selectbox(
                "Test set",
                ["", *known],
                key=f"{KEY}.runs.into",
                format_func=lambda one: known.get(one, _NEW),
                width=320,
            )
            name = "" if into else st.text_input("Name", key=f"{KEY}.runs.name", max_chars=200, width=320)
            st.button(
                "Add", key=f"{KEY}.runs.add", type="primary", icon=":material/playlist_add:",
                disabled=not ids or not (into or name.strip()), on_click=_add_runs, args=(shared, ids, into, name),
            )  # fmt: skip
            st.button("Cancel", key=f"{KEY}.runs.cancel", on_click=open_set, args=(None,))
        saving.problem(f"{KEY}.runs")


def _ids(asked: str) -> tuple[list[RunId], str]:
    found: list[RunId] = []
    for part in dict.fromkeys(one.strip() for one in asked.split(",") if one.strip()):
        try:
            found.append(run_id_of(part))
        except ConsoleError as error:
            return found, str(error)
    return found, ""


def _all_sets(shared: Services) -> list[TestSet]:
    found: list[TestSet] = []
    for page in pages(lambda cursor: shared.sets.list(100, cursor)):
        found += page.items
        if len(found) >= _MOST_LISTED:
            break
    return sorted(found, key=lambda one: one.name.casefold())


def _add_runs(shared: Services, ids: Sequence[RunId], into: str, name: str) -> None:

    def act(user: User) -> None:
        test_set = shared.sets.get(into) if into else sets.make_set(shared, user, name)
        done = sets.add_runs(shared, user, test_set, ids)
        leads.leave_for("sets", {"set": done.test_set.set_id})

    reset = {f"{KEY}.runs.name": "", "runs.ticked": []}
    saving.save(shared, f"{KEY}.runs", act, "The runs are in the test set.", reset)
