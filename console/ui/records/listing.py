"""The page of a kind of record: the list with its search, or the one record that the address opens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic

import streamlit as st

from console.records import Role, User
from console.services import Services
from console.ui.frame import text
from console.ui.frame.controls import drafts, filters
from console.ui.frame.controls.columns import Column
from console.ui.frame.session import page_title
from console.ui.records import record_list
from console.ui.records.editor import Editor, R
from console.ui.records.page import RecordPage
from console.ui.sign_in import auth

Wanted = Mapping[str, str | None]
"""What the address asks for: `q`, and what was chosen of each filter."""


@dataclass(frozen=True, slots=True)
class Listing(Generic[R]):
    """What a list shows of its kind."""

    known: Sequence[R]
    """All of them, in use or not, as the address asks."""
    key: Callable[[R], str]
    choices: Mapping[str, Mapping[str, str]]
    """Filter to what can be chosen, value to words shown."""
    matches: Callable[[R, Wanted], bool]
    columns: Sequence[Column[R]]
    advice: str
    """What to do when there is none."""


def records_page(
    kind: str, make_editor: Callable[[Services], Editor[R]], listing: Callable[[Services, str], Listing[R]]
) -> None:
    """The whole page.

    Args:
        listing: what the list shows; gets whether records are wanted that are `in` use or `out` of it.
    """
    with auth.page(f"{kind}s") as (shared, user):
        opened = st.query_params.get(kind)
        if opened:
            RecordPage(shared, make_editor(shared), user, opened).render()
        else:
            _list(shared, user, kind, listing(shared, record_list.use()))


def _list(shared: Services, user: User, kind: str, listing: Listing[R]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{kind}s-head"):
        page_title(shared, f"{kind.capitalize()}s")
        if user.role.includes(Role.ADMIN):
            st.button(
                f"New {kind}", key=f"{kind}s.new", icon=":material/add:", type="primary",
                on_click=filters.navigate, args=({kind: drafts.NEW},),
            )  # fmt: skip
    wanted = record_list.search_bar(kind, listing.choices)
    unsaved = drafts.unsaved(user.username, kind)
    record_list.unsaved_new(user.username, kind, unsaved)
    found = [one for one in listing.known if listing.matches(one, wanted)]
    if not found:
        record_list.empty(kind, searched=any(wanted.values()), advice=listing.advice)
        return
    record_list.picker(kind, found, listing.key, listing.columns, unsaved)
    of_all = f"{text.count(len(found))} of {text.count(len(listing.known))} {kind}s"
    st.caption(of_all if any(wanted.values()) else "Newest first")
