"""The command palette (Ctrl+K): pages, cases, judges, collections, test sets, runs; and the keys (? or H)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import streamlit as st

from console.records import Role, User
from console.services import Services
from console.ui.frame import text
from console.ui.frame.boundary import boundary
from console.ui.frame.navigation import ROUTES

Target = tuple[str, dict[str, str]]
"""A page by its file's name, and what its address says."""
_HIDDEN = ("run", "password")
_ADMINS = ("operations", "users")
_SETS = 100
"""Test sets that can be gone to, the latest."""
KEYS = {
    "Everywhere": {"Ctrl + K": "Go to a page, case, judge, collection, test set or run", "?, H": "These keys"},
    "Review": {
        "0 to 9": "The score", "P, F": "Pass, fail", "Enter": "Save and go on", "S": "Skip",
        "B": "Back to the run before",
    },
    "One run": {"K, J": "The run before, the run after"},
    "Cases and judges, editing": {"Ctrl + S": "Save"},
}  # fmt: skip
"""Keys by where they work. Streamlit takes letters and digits only: the question mark is heard by `listener.html`."""


def buttons(shared: Services, user: User) -> None:
    """The two buttons at the foot of the menu, which the keys press."""
    with st.sidebar.container(key="palette", gap=None):
        if st.button("Go to", key="palette.open", shortcut="Ctrl+K", icon=":material/search:", type="tertiary"):
            _palette(shared, user)
        if st.button("Keys", key="palette.keys", shortcut="H", icon=":material/keyboard:", type="tertiary"):
            _sheet()


@st.dialog("Go to")
def _palette(shared: Services, user: User) -> None:
    """One field: what is chosen, or a run's number that is typed, is shown."""
    with boundary("palette"):
        known = dict(_targets(shared, user))
        chosen = st.selectbox(
            "Page, case, judge, collection, test set or number of a run", list(known), index=None, key="palette.chosen",
            placeholder="Type a name or the number of a run", accept_new_options=True,
        )  # fmt: skip
        if chosen is None:
            return
        found = _meant(known, chosen)
        if found is None:
            st.caption("Nothing is called that.")
            return
        page, params = found
        st.switch_page(f"console/pages/{page}.py", query_params=params)


def _meant(known: Mapping[str, Target], typed: str) -> Target | None:
    """What somebody means: a choice, the number of a run, or the first thing whose name has these letters."""
    if typed in known:
        return known[typed]
    wanted = typed.strip()
    if wanted.isdecimal():
        return "run", {"run": wanted}
    return next((target for name, target in known.items() if wanted.casefold() in name.casefold()), None)


def _targets(shared: Services, user: User) -> Iterator[tuple[str, Target]]:
    """What can be gone to, by what it is called; equal names are told apart by their id.

    One Scan for collections, two requests for the latest test sets.
    """
    for name, route in ROUTES.items():
        if name not in _HIDDEN and (name not in _ADMINS or user.role.includes(Role.ADMIN)):
            yield route.title, (name, {})
    for case in shared.cases.list():
        yield f"Case: {case.name} · {case.case_id[:8]}", ("cases", {"case": case.case_id})
    for judge in shared.judges.list():
        yield f"Judge: {text.judge_label(judge)} · {judge.judge_id[:8]}", ("judges", {"judge": judge.judge_id})
    if not shared.legacy:
        for one in shared.collections.list():
            yield f"Collection: {one.name}", ("search", {"collection": one.collection_id})
        for test_set in shared.sets.list(_SETS).items:
            yield f"Test set: {test_set.name} · {test_set.set_id}", ("sets", {"set": test_set.set_id})


@st.dialog("Keys")
def _sheet() -> None:
    """Every key, by where it works. Browser keys stay the browser's."""
    for where, keys in KEYS.items():
        st.markdown(f"**{where}**")
        for key, what in keys.items():
            st.markdown(f"`{key}` {what}")
