"""Users: who may sign in, and as what; for admins."""

from __future__ import annotations

import streamlit as st

from console.errors import NotFound
from console.records import Role
from console.ui.admin import users as people
from console.ui.frame.boundary import show_error
from console.ui.frame.session import page_title
from console.ui.sign_in import auth


def main() -> None:
    """The page."""
    with auth.page("users", Role.ADMIN) as (shared, actor):
        with st.container(horizontal=True, vertical_alignment="center", key="users-head"):
            page_title(shared, "Users")
            people.add_popover(shared)
        users = shared.users.list()
        opened = st.query_params.get("user")
        people.issued_card()
        with st.container(key="users-split", horizontal=True, gap="small"):
            with st.container(key="users-list"):
                people.people_table(users, opened)
            if opened:
                found = next((user for user in users if user.username == opened), None)
                with st.container(key="users-panel"):
                    if found:
                        people.user_card(shared, actor, found)
                    else:
                        show_error(NotFound("user", opened), "users.one")


main()
