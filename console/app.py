"""The console: navigation and login, nothing else. Start it with `python -m streamlit run console/app.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import streamlit as st

from console import auth
from console.errors import ConsoleError
from console.records import Role, User
from console.ui import style
from console.ui.boundary import show_error
from console.ui.places import PLACES
from console.ui.session import routed, router, services

FOLDER = Path(__file__).resolve().parent / "pages"
Visibility = Literal["visible", "hidden"]


def main() -> None:
    """Show the page that the address asks for, or the sign-in form in its place."""
    with router():
        st.set_page_config("G-Eval console", style.MARK, layout="wide", initial_sidebar_state=style.SIDEBAR_WIDTH)
        style.apply()
        try:
            shared = services()
            user = auth.current_user(shared)
        except ConsoleError as error:
            st.navigation(_sections(None), position="hidden")
            show_error(error, "app")
            return
        free = user is not None and not user.must_change_password
        page = st.navigation(_sections(user), position="sidebar" if free else "hidden", expanded=True)
        with st.container(key="unseen"):
            auth.sync_cookie(shared)
        if user is None:
            auth.sign_in_page(shared)
            return
        auth.account(shared, user, _page("password", "hidden"))
        if user.must_change_password:
            auth.new_password_page(shared, user)
            return
        with routed():
            page.run()


def _sections(user: User | None) -> dict[str, list[st.Page]]:
    """The menu. Pages that it hides have addresses all the same, and look at the role themselves."""
    operate: Visibility = "visible" if user and user.role is Role.ADMIN else "hidden"
    return {
        "Evaluate": [
            _page("overview", default=True),
            _page("evaluate"),
            _page("runs"),
            _page("run", "hidden"),
            _page("review"),
            _page("compare"),
            _page("documents"),
        ],
        "Configure": [_page("judges"), _page("cases"), _page("thresholds"), _page("models")],
        "Explore": [
            _page("search"),
            _page("collections"),
            _page("similar"),
            _page("agreement"),
            _page("compare_judges"),
        ],
        "Operate": [_page("operations", operate), _page("users", operate), _page("password", "hidden")],
    }


def _page(name: str, visibility: Visibility = "visible", *, default: bool = False) -> st.Page:
    place = PLACES[name]
    return st.Page(FOLDER / f"{name}.py", title=place.title, icon=place.icon, default=default, visibility=visibility)


if __name__ == "__main__":
    main()
