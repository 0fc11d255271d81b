"""Login and roles.

Of streamlit-authenticator we use the signed cookie. Its own check of passwords keeps attempts in the session, where a
new tab resets them: ours is `services.users.verify`, which counts in the store; and its component writes cookies that
scripts can read, and answers with a rerun that may come after a click on a link and empty the page: ours is set by the
server (guard.py), asked by a picture that the page draws. Nothing of a session is trusted beyond its signature: user
and role are read again on every rerun.

A session is a user name and its time of issue. The cookie carries that time (the library's has only an expiry,
from which the issue would follow only as long as nobody changes the lifetime), and a session that began before
`sessions_valid_from` of its user is over, in every tab and also for a cookie that somebody kept.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Any

import jwt
import msgspec
import streamlit as st
from streamlit_authenticator.models import CookieModel

from console.actions.admin.users import change_own_password
from console.errors import ConsoleError, Forbidden
from console.records import Role, User, utcnow
from console.services import Services
from console.ui.frame.boundary import boundary, show_error
from console.ui.frame.session import services as known_services
from console.ui.frame.text import plain
from console.ui.sign_in.browsers import COOKIE as COOKIE_OF_BROWSER
from console.ui.sign_in.browsers import KEEP, Browsers
from console.ui.sign_in.browsers import LASTING as COOKIE
from console.ui.sign_in.password_form import LONGEST, password_form
from console.ui.sign_in.provider import leave_provider, provider_buttons, provider_session

_log = logging.getLogger(__name__)

LIFETIME = timedelta(hours=12)
_SESSION = "auth.session"
_FOUND: ContextVar[User | None] = ContextVar("found", default=None)


class SessionCookie(CookieModel):  # type: ignore[misc]
    """The library's cookie with the time of issue in it, read only."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Not the library's constructor: that would mount its component, an iframe, on every rerun.

        Args:
            keys: any of them verifies.
        """
        self.cookie_name = COOKIE
        self.cookie_keys = keys
        self.token: str = ""

    def read(self) -> dict[str, Any] | None:
        """The claims of a valid cookie that came with the connection, or None."""
        st.session_state.setdefault("logout", None)  # the library asks for it
        claims = self.get_cookie()
        return claims if claims and isinstance(claims.get("issued_at"), float) else None

    def _token_decode(self) -> Any:
        for key in self.cookie_keys:
            try:
                return jwt.decode(self.token, key, algorithms=["HS256"])
            except jwt.InvalidTokenError:
                continue
        return False


def current_user(services: Services) -> User | None:
    """Who is signed in, as the store knows them now, or None. One request to the store."""
    for session in _sessions(services):
        user = services.users.find(session["username"])
        if user is not None and _holds(session, user) and _is_theirs(services, session, user):
            st.session_state[_SESSION] = session
            browsers().remember(_browser(), session)
            return msgspec.structs.replace(user, must_change_password=False) if session.get("provider") else user
    _forget()
    return None


@st.cache_resource(show_spinner=False)
def browsers() -> Browsers:
    """Which browsers are signed in, for all sessions and the server of this process."""
    return Browsers()


def is_signed_in(browser: str) -> bool:
    """Whether the browser of this name has a session that holds now. For the server, outside of any page."""
    session = browsers().session_of(browser)
    if session is None:
        return False
    try:
        user = known_services().users.find(session["username"])
    except ConsoleError as error:
        _log.warning("No session could be checked: %s", error)
        return False
    return user is not None and _holds(session, user)


@contextmanager
def found(user: User) -> Iterator[None]:
    """A page that runs inside the block takes the user that this very run has found, and does not look again."""
    token = _FOUND.set(user)
    try:
        yield
    finally:
        _FOUND.reset(token)


def require_role(services: Services, role: Role) -> User:
    """Who is signed in. Shows a refusal and ends the script when nobody is, or the role does not allow this."""
    user = _FOUND.get() or current_user(services)
    if user is None or not user.role.includes(role) or user.must_change_password:
        show_error(Forbidden(_refusal(user, role)), "auth")
        st.stop()
    return user


@contextmanager
def page(key: str, role: Role = Role.VIEWER) -> Iterator[tuple[Services, User]]:
    """How every page begins: with the services and who is signed in; our own errors are shown in its place.

    Args:
        key: of the page, for the button that tries again.
        role: that it asks for; see `require_role`.
    """
    with boundary(key):
        services = known_services()
        yield services, require_role(services, role)


def sign_in(services: Services, username: str, password: str) -> bool:
    """Begin a session. False when the name or the password is wrong, or the user is locked."""
    user = services.users.verify(username, password)
    if user is None:
        return False
    services.first_password_used(user)
    _begin(user)
    return True


def change_password(services: Services, user: User, old: str | None, new: str, repeated: str) -> None:
    """Change one's own password and go on with a new session; all others end. Raises as the action."""
    change_own_password(services, user, old, new, repeated)
    _begin(services.users.get(user.username))


def sign_out(services: Services, user: User) -> None:
    """End every session of the user, here and elsewhere."""
    _forget()
    services.users.revoke(user.username)


def keep_session(services: Services) -> None:
    """Let the browser fetch its lasting cookie, or lose it, where it did not come with the one of this session.

    A provider has cookies of its own.
    """
    session = st.session_state.get(_SESSION)
    wanted = None if session is None or session.get("provider") else session
    came = SessionCookie(services.users.cookie_keys).read() if COOKIE in st.context.cookies else None
    if came != wanted or (COOKIE in st.context.cookies and not came):
        st.html(f'<img src="{KEEP.strip("/")}?{wanted["issued_at"] if wanted else ""}" alt="" hidden>')


def lasting_cookie(browser: str) -> tuple[str, float] | None:
    """The signed session of this browser and when it ends, seconds since 1970; None without one that holds now.

    For the server, outside of any page.
    """
    session = browsers().session_of(browser)
    if session is None or session.get("provider") or not is_signed_in(browser):
        return None
    keys = known_services().users.cookie_keys
    return jwt.encode(session, keys[0], algorithm="HS256"), float(session["exp_date"])


def sign_in_page(services: Services) -> None:
    """The only thing that a signed-out visitor sees, whatever the address; it stays as it is for afterwards."""
    with st.container(key="sign-in", width=420):
        st.title("G-Eval console", anchor=False)
        st.caption("Evaluations of language models by language models")
        with st.form("auth.form", border=False):
            username = st.text_input("User name", key="auth.username", max_chars=100, autocomplete="username")
            password = st.text_input(
                "Password",
                key="auth.password",
                type="password",
                max_chars=LONGEST,
                autocomplete="current-password",
            )
            submitted = st.form_submit_button("Sign in", key="auth.submit", type="primary", width="stretch")
        if submitted:
            _try(services, username, password)
        provider_buttons()


def new_password_page(services: Services, user: User) -> None:
    """Asks for a password of the user's own before anything else; the one they came with was given to them."""
    with st.container(key="sign-in", width=420):
        st.title("Choose a password", anchor=False)
        st.caption("The one that you signed in with was given to you. Other sessions of yours end.")
        typed = password_form("auth.password_form", ask_old=False)
        if typed:
            with boundary("auth.password"):
                change_password(services, user, *typed)
                st.rerun()


def account(services: Services, user: User, password_page: st.Page) -> None:
    """Who is signed in, the way to their password and the way out, at the foot of the sidebar."""
    with st.sidebar.container(key="account", gap=None):
        st.markdown(f"**{plain(user.name or user.username, 40)}** :gray[{user.role}]")
        if not user.must_change_password:
            st.page_link(password_page)
        leaving = st.button(
            "Sign out", key="auth.sign_out", icon=":material/logout:", type="tertiary", help="In all your browsers"
        )
    if leaving:
        with st.sidebar, boundary("auth.account"):
            sign_out(services, user)
            if not leave_provider():
                st.rerun()


def _sessions(services: Services) -> Iterator[dict[str, Any]]:
    """What could say who this is: this browser tab, our cookie, the provider."""
    known = st.session_state.get(_SESSION) or browsers().session_of(_browser())
    if known:
        yield known
    kept = None if known else SessionCookie(services.users.cookie_keys).read()
    if kept:
        yield kept
    vouched = provider_session(LIFETIME, services.settings.oidc_verified_issuers)
    if vouched:
        yield vouched


def _try(services: Services, username: str, password: str) -> None:
    with boundary("auth.sign_in"):
        if username and password and sign_in(services, username, password):
            st.rerun()
        st.error(
            "The user name or the password is not right. After five wrong passwords an account rests for 15 minutes.",
            icon=":material/lock:",
        )


def _refusal(user: User | None, role: Role) -> str:
    if user is None:
        return f"This page is for the role {role}: sign in to see it."
    if not user.role.includes(role):
        return f"This page is for the role {role}: yours is {user.role}; ask an admin for it."
    return "Choose a password of your own first."


def _begin(user: User) -> None:
    issued = max(utcnow(), user.sessions_valid_from)  # the clocks of two servers may differ
    st.session_state[_SESSION] = {
        "username": user.username,
        "issued_at": issued.timestamp(),
        "exp_date": (issued + LIFETIME).timestamp(),
    }
    browsers().remember(_browser(), st.session_state[_SESSION])


def _holds(session: dict[str, Any], user: User) -> bool:
    expires, issued = float(session["exp_date"]), float(session["issued_at"])
    return expires > utcnow().timestamp() and issued >= user.sessions_valid_from.timestamp()


def _is_theirs(services: Services, session: dict[str, Any], user: User) -> bool:
    """Whether the session's identity at a provider is the user's, which the first one becomes."""
    identity = session.get("identity")
    if identity is None or identity == user.identity:
        return True
    if user.identity is not None:
        _log.warning("%s is bound to another identity than %s", user.username, plain(identity, 200))
        return False
    services.users.bind(user.username, identity)
    return True


def _forget() -> None:
    st.session_state.pop(_SESSION, None)
    browsers().forget(_browser())


def _browser() -> str | None:
    return st.context.cookies.get(COOKIE_OF_BROWSER)
