"""Views of the run list under a name: to open, to keep, to remove. `?view=NAME` opens one."""

from __future__ import annotations

import streamlit as st

from console.actions.runs.views import PARAMS, remove_view, save_view
from console.records import Role, RunView, User
from console.services import Services
from console.ui.frame import text
from console.ui.frame.controls import filters
from console.ui.sign_in import saving

_KEY = "runs.views"
_NAME = f"{_KEY}.name"


def expand(shared: Services) -> None:
    """Put what a view asks for into the address that names it and nothing else. One request then."""
    asked = st.query_params.get("view")
    if not asked or any(name in st.query_params for name in PARAMS):
        return
    filters.navigate({**shared.views.get(asked).query, "view": asked})


def popover(shared: Services, user: User) -> None:
    """All views, and the form that keeps this one."""
    opened = st.query_params.get("view")
    label = text.plain(opened, 30) if opened else "Views"
    with st.popover(label, icon=":material/bookmark:", key=f"{_KEY}.popover"):
        for view in shared.views.list():
            _line(shared, user, view)
        saving.problem(_KEY)
        if user.role.includes(Role.EVALUATOR):
            st.text_input("Keep these filters as", key=_NAME, max_chars=200, placeholder="A name, for everybody")
            st.button("Keep", key=f"{_KEY}.save", icon=":material/bookmark_add:", on_click=_save, args=(shared,))


def _line(shared: Services, user: User, view: RunView) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"{_KEY}.line.{view.name}"):
        st.button(
            text.plain(view.name, 60), key=f"{_KEY}.open.{view.name}", type="tertiary", on_click=_open, args=(view,),
            help=text.plain(f"Kept by {view.saved_by}, {text.moment(view.saved_on)}"),
        )  # fmt: skip
        mine = view.saved_by == user.username or user.role.includes(Role.ADMIN)
        if mine and user.role.includes(Role.EVALUATOR):
            st.button(
                "Remove", key=f"{_KEY}.remove.{view.name}", icon=":material/delete:", type="tertiary",
                on_click=_remove, args=(shared, view.name),
            )  # fmt: skip


def _open(view: RunView) -> None:
    filters.navigate({**dict.fromkeys((*PARAMS, "run")), **view.query, "view": view.name})


def _save(shared: Services) -> None:
    name = str(st.session_state.get(_NAME, "")).strip()
    query = st.query_params.to_dict()
    if saving.save(shared, _KEY, lambda actor: save_view(shared, actor, name, query), "The view is kept.", {_NAME: ""}):
        filters.navigate({"view": name})


def _remove(shared: Services, name: str) -> None:
    if saving.save(shared, _KEY, lambda actor: remove_view(shared, actor, name), "The view is removed."):
        filters.navigate({"view": None})
