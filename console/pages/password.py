"""Password: one's own."""

from __future__ import annotations

import streamlit as st

from console.ui.frame import notes
from console.ui.frame.session import page_title
from console.ui.sign_in import auth
from console.ui.sign_in.password_form import password_form


def main() -> None:
    """The page."""
    with auth.page("password") as (shared, user):
        page_title(shared, "Your password")
        with st.container(key="card-password", border=True, width=460):
            st.caption("At least 8 characters. Changing it ends your sessions in all other browsers.")
            typed = password_form("password", ask_old=True)
            if typed:
                auth.change_password(shared, user, *typed)
                notes.say("Your password is changed.")
                st.rerun()


main()
