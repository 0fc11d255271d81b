"""The page of users: who may sign in, as what, and what an admin can do about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from console.actions.admin import users as actions
from console.actions.admin.users import Issued
from console.records import Role, User, utcnow
from console.services import Services
from console.ui.frame import text
from console.ui.frame.clock import local
from console.ui.frame.controls import filters, linked
from console.ui.frame.controls.columns import Column, moment_column, pick_record, text_column
from console.ui.frame.navigation import link_to
from console.ui.sign_in.saving import problem, save

ROLES = {
    Role.VIEWER: "Reads everything but Operations and Users",
    Role.EVALUATOR: "Also runs evaluations, labels runs and adds documents",
    Role.ADMIN: "Also edits judges, cases, thresholds, models and users",
}
_ISSUED = "users.issued"
_ADD = "users.add"
_ROUND = "users.round"
_FIELDS = {f"{_ADD}.username": "", f"{_ADD}.name": "", f"{_ADD}.password": "", f"{_ADD}.role": Role.VIEWER}


def people_table(users: Sequence[User], opened: str | None) -> None:
    """Everybody who may sign in; a click opens one."""
    columns: list[Column[User]] = [
        text_column("User name", lambda user: user.username, 130),
        text_column("Name", lambda user: user.name, 140),
        text_column("Role", lambda user: str(user.role), 80),
        text_column("State", _state, 170),
        moment_column("Created", lambda user: user.created_on, 100, "D MMM YYYY"),
        text_column("By", lambda user: user.created_by, 110),
    ]
    shown = ["User name", "Role", "State"] if opened else None
    pick_record(
        "users", users, columns, lambda user: user.username, linked.opens("user"), alt="Users", picked=opened,
        shown=shown,
    )  # fmt: skip


def add_popover(shared: Services) -> None:
    """A new user, with a random first password unless one is given."""
    with (
        st.popover("Add user", icon=":material/person_add:", type="primary", key=f"users.adding.{_round()}"),
        st.form(_ADD, border=False),
    ):
        st.text_input("User name", key=f"{_ADD}.username", max_chars=64, help="a-z, 0-9, '.', '_', '@' and '-'")
        st.text_input("Name", key=f"{_ADD}.name", max_chars=100, placeholder="As shown to others")
        st.selectbox("Role", list(Role), key=f"{_ADD}.role", format_func=_with_meaning)
        st.text_input(
            "First password", key=f"{_ADD}.password", type="password", max_chars=1_024, autocomplete="new-password",
            placeholder="Empty: a random one", help="Changed by the user at the first sign-in",
        )  # fmt: skip
        problem(_ADD)
        st.form_submit_button("Add", key=f"{_ADD}.save", type="primary", on_click=_add, args=(shared,))


def issued_card() -> None:
    """A first password, until it is put away: nobody can read it again."""
    issued: Issued | None = st.session_state.get(_ISSUED)
    if issued is None:
        return
    with st.container(border=True, key="card-users-issued", gap="xsmall"):
        st.header(f"First password of {text.plain(issued.username)}", anchor=False)
        st.caption("Shown only now. They choose one of their own when they sign in with it.")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.code(issued.password, language=None, width=300)
            st.button("Done", key="users.issued.done", on_click=lambda: st.session_state.pop(_ISSUED, None))


def user_card(shared: Services, actor: User, user: User) -> None:
    """One user, and everything that can be done about them."""
    with st.container(border=True, key="card-users-one", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", key="users-one-head"):
            st.header(text.plain(user.name or user.username), anchor=False, width="content")
            linked.close("users.close", "user")
        st.text(f"{user.username}   {_state(user)}")
        st.caption(
            text.plain(
                f"Created {text.moment(user.created_on)} by {user.created_by}. "
                f"Sessions that began before {text.moment(user.sessions_valid_from)} are over."
            )
        )
        if user.username == actor.username:
            st.caption("This is you. Another admin can change your role or remove you.")
            link_to("password", "Change my password", ":material/key:")
            return
        _role(shared, user)
        _measures(shared, user)
        problem(f"users.one.{user.username}")


def _role(shared: Services, user: User) -> None:
    key = f"users.role.{user.username}"
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.selectbox(
            "Role", list(Role), index=list(Role).index(user.role), key=key, format_func=str.capitalize, width=220
        )
        chosen = Role(st.session_state[key])
        _button(
            shared, user, "Change role", lambda actor: actions.change_role(shared, actor, user.username, chosen),
            "The role is changed; it counts at once.", disabled=chosen is user.role,
        )  # fmt: skip
    st.caption(ROLES[chosen])


def _measures(shared: Services, user: User) -> None:
    """What ends something, each with a second click."""
    with st.container(horizontal=True, gap="small", key="users-measures"):
        with st.popover("Reset password", icon=":material/key:", key=f"users.reset.{_round()}"):
            st.caption("Makes a random first password, ends all sessions and unlocks the account.")
            _button(
                shared,
                user,
                "Reset password now",
                lambda actor: _reset(shared, actor, user.username),
                "The password is reset.",
            )
        with st.popover("End sessions", icon=":material/logout:", key=f"users.revoke.{_round()}"):
            st.caption("Signs the user out of every browser. The password stays.")
            _button(
                shared, user, "End sessions now",
                lambda actor: actions.revoke_sessions(shared, actor, user.username), "All sessions are ended.",
            )  # fmt: skip
        with st.popover("Delete", icon=":material/delete:", key=f"users.delete.{_round()}"):
            st.caption("Removes the user and ends all sessions. What they made stays, under their name.")
            _button(
                shared,
                user,
                "Delete this user",
                lambda actor: _delete(shared, actor, user.username),
                "The user is deleted.",
            )


def _button(
    shared: Services, user: User, label: str, act: Callable[[User], object], done: str, *, disabled: bool = False
) -> None:
    st.button(
        label, key=f"users.do.{label}", on_click=_do, args=(shared, f"users.one.{user.username}", act, done),
        disabled=disabled,
    )  # fmt: skip


def _do(shared: Services, key: str, act: Callable[[User], object], done: str) -> None:
    save(shared, key, act, done, {_ROUND: _round() + 1})


def _round() -> int:
    """Counts what was done: in the keys of popovers, so that they close when it has worked."""
    number: int = st.session_state.get(_ROUND, 0)
    return number


def _add(shared: Services) -> None:
    typed = {name.removeprefix(f"{_ADD}."): st.session_state[name] for name in _FIELDS}

    def act(actor: User) -> None:
        issued = actions.add_user(
            shared, actor, typed["username"], typed["name"], typed["role"], password=typed["password"] or None
        )
        st.session_state[_ISSUED] = issued
        filters.navigate({"user": issued.username})

    save(shared, _ADD, act, "The user is added.", {**_FIELDS, _ROUND: _round() + 1})


def _reset(shared: Services, actor: User, username: str) -> None:
    st.session_state[_ISSUED] = actions.reset_password(shared, actor, username)


def _delete(shared: Services, actor: User, username: str) -> None:
    actions.delete_user(shared, actor, username)
    filters.navigate({"user": None})


def _state(user: User) -> str:
    if user.locked_until is not None and user.locked_until > utcnow():
        return f"✕ locked until {local(user.locked_until):%H:%M %Z}"
    if user.must_change_password:
        return "○ has a first password"
    return "● active"


def _with_meaning(role: Role) -> str:
    return f"{role.capitalize()}: {ROLES[role][0].lower()}{ROLES[role][1:]}"
