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
from console.ui.session import routed, router, services

PAGES = Path(__file__).resolve().parent / "pages"


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
        auth.account(shared, user, _password_page())
        if user.must_change_password:
            auth.new_password_page(shared, user)
            return
        with routed():
            page.run()


def _sections(user: User | None) -> dict[str, list[st.Page]]:
    """The menu. Pages that it hides have addresses all the same, and look at the role themselves."""
    operate: Literal["visible", "hidden"] = "visible" if user and user.role is Role.ADMIN else "hidden"
    return {
        "Evaluate": [
            st.Page(PAGES / "overview.py", title="Overview", icon=":material/monitoring:", default=True),
            st.Page(PAGES / "evaluate.py", title="Run evaluation", icon=":material/play_circle:"),
            st.Page(PAGES / "runs.py", title="Runs", icon=":material/list_alt:"),
            st.Page(PAGES / "run.py", title="Run", icon=":material/article:", visibility="hidden"),
            st.Page(PAGES / "review.py", title="Review", icon=":material/rate_review:"),
            st.Page(PAGES / "compare.py", title="Compare", icon=":material/compare_arrows:"),
            st.Page(PAGES / "documents.py", title="Documents", icon=":material/description:"),
        ],
        "Configure": [
            st.Page(PAGES / "judges.py", title="Judges", icon=":material/gavel:"),
            st.Page(PAGES / "cases.py", title="Cases", icon=":material/fact_check:"),
            st.Page(PAGES / "thresholds.py", title="Thresholds", icon=":material/vertical_align_center:"),
            st.Page(PAGES / "models.py", title="Models & metrics", icon=":material/category:"),
        ],
        "Explore": [
            st.Page(PAGES / "search.py", title="Similarity search", icon=":material/search:"),
            st.Page(PAGES / "collections.py", title="Collections", icon=":material/library_books:"),
            st.Page(PAGES / "similar.py", title="Similar runs", icon=":material/hub:"),
            st.Page(PAGES / "agreement.py", title="Agreement", icon=":material/join_inner:"),
            st.Page(PAGES / "compare_judges.py", title="Compare judges", icon=":material/balance:"),
        ],
        "Operate": [
            st.Page(PAGES / "operations.py", title="Operations", icon=":material/monitor_heart:", visibility=operate),
            st.Page(PAGES / "users.py", title="Users", icon=":material/group:", visibility=operate),
            _password_page(),
        ],
    }


def _password_page() -> st.Page:
    return st.Page(PAGES / "password.py", title="Password", icon=":material/key:", visibility="hidden")


if __name__ == "__main__":
    main()
