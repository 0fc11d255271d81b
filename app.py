"""The console: navigation and login, nothing else. Start it with `streamlit run app.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import streamlit as st
from starlette.middleware import Middleware

from console import telemetry
from console.errors import ConsoleError
from console.records import Role, User
from console.ui.charts import figures, leads
from console.ui.frame import later, notes, style
from console.ui.frame.boundary import show_error
from console.ui.frame.controls import palette
from console.ui.frame.navigation import ROUTES
from console.ui.frame.opening import Opening
from console.ui.frame.reruns import Reruns
from console.ui.frame.session import ready, services
from console.ui.sign_in import auth
from console.ui.sign_in.guard import Guard

FOLDER = Path(__file__).resolve().parent / "console" / "pages"
Visibility = Literal["visible", "hidden"]


def main() -> None:
    """Show the page that the address asks for, or the sign-in form in its route."""
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
        auth.keep_session(shared)
        later.listener()
    if user is None:
        auth.sign_in_page(shared)
        figures.fetch_script()
        return
    if free:
        palette.buttons(shared, user)  # first, so that the account below it stays where it is drawn
    auth.account(shared, user, _page("password", "hidden"))
    if user.must_change_password:
        auth.new_password_page(shared, user)
        return
    leads.follow()
    notes.tell()
    later.arrive(page.url_path)
    with auth.found(user), telemetry.span("page", f"page {page.url_path or 'overview'}"):
        page.run()


def _sections(user: User | None) -> dict[str, list[st.Page]]:
    """The menu. Pages that it hides have addresses all the same, and look at the role themselves."""
    operate: Visibility = "visible" if user and user.role is Role.ADMIN else "hidden"
    return {
        "Evaluate": [
            _page("overview", default=True),
            _page("evaluate"),
            _page("batches"),
            _page("runs"),
            _page("run", "hidden"),
            _page("review"),
            _page("compare"),
            _page("documents"),
            _page("sets"),
            _page("experiments"),
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
    route = ROUTES[name]
    return st.Page(FOLDER / f"{name}.py", title=route.title, icon=route.icon, default=default, visibility=visibility)


def _hosts() -> list[str]:
    names: list[str] = st.get_option("server.allowedHosts")
    return names


if __name__ == "__main__":  # each session runs this file; the server imports it
    main()
else:
    guard = Middleware(Guard, hosts=_hosts, signed_in=auth.is_signed_in, lasting=auth.lasting_cookie)
    opening = Middleware(Opening, base=lambda: st.get_option("server.baseUrlPath").strip("/"))
    app = st.App(__file__, middleware=[guard, opening, Middleware(Reruns)], lifespan=ready)
