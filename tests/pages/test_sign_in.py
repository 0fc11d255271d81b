"""Signing in, staying signed in, and being refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from console.records import Role, utcnow
from console.services import Services
from console.ui.sign_in import auth
from tests.support.console_app import CONSOLE, PASSWORD, app, new_case, new_judge, new_user, runs_page, scored, texts


def sign_in(test: AppTest, username: str, password: str) -> AppTest:
    test.run()
    test.text_input(key="auth.username").input(username)
    test.text_input(key="auth.password").input(password)
    return test.button(key="auth.submit").click().run()


def is_the_form(test: AppTest) -> bool:
    return [field.label for field in test.text_input] == ["User name", "Password"] and not test.metric


def test_a_signed_out_visitor_sees_the_form_and_nothing_else(console_services: Services) -> None:
    case = new_case(console_services)
    scored(console_services, new_judge(console_services, case), case, 4.0)
    test = app(case=case.case_id).run()
    assert is_the_form(test)
    assert not test.dataframe
    assert "Summaries" not in texts(test)


def test_a_signed_out_visitor_sees_the_form_on_every_page(console_services: Services) -> None:
    test = app().run().switch_page("console/pages/runs.py").run()
    assert is_the_form(test)


def test_the_right_password_opens_the_page_that_was_asked_for(console_services: Services) -> None:
    case = new_case(console_services)
    new_user(console_services)
    test = sign_in(app(case=case.case_id), "ana", PASSWORD)
    assert test.title[0].value == "Overview"
    assert test.query_params["case"] == case.case_id


def test_a_wrong_password_says_so(console_services: Services) -> None:
    new_user(console_services)
    test = sign_in(app(), "ana", "wrong")
    assert is_the_form(test)
    assert "not right" in test.error[0].value


def test_an_unknown_user_reads_the_same_as_a_wrong_password(console_services: Services) -> None:
    new_user(console_services)
    unknown = sign_in(app(), "nobody", "wrong").error[0].value
    assert unknown == sign_in(app(), "ana", "wrong").error[0].value


def test_the_sixth_attempt_is_refused_even_with_the_right_password(console_services: Services) -> None:
    new_user(console_services)
    test = app()
    for _ in range(5):
        sign_in(test, "ana", "wrong")
    assert is_the_form(sign_in(test, "ana", PASSWORD))


def test_signing_out_ends_the_session_and_every_other_one(console_services: Services) -> None:
    user = new_user(console_services)
    here, elsewhere = app(user).run(), app(user).run()
    here.button(key="auth.sign_out").click().run()
    assert is_the_form(here)
    assert is_the_form(elsewhere.run())


def test_a_session_ends_when_the_user_is_revoked(console_services: Services) -> None:
    user = new_user(console_services)
    test = app(user).run()
    console_services.users.revoke("ana")
    assert is_the_form(test.run())


def test_a_session_ends_when_the_user_is_deleted(console_services: Services) -> None:
    user = new_user(console_services)
    test = app(user).run()
    console_services.users.delete("ana")
    assert is_the_form(test.run())


def test_a_session_ends_with_its_lifetime(console_services: Services) -> None:
    new_user(console_services)
    test = app()
    yesterday = (utcnow() - timedelta(days=1)).timestamp()
    test.session_state["auth.session"] = {"username": "ana", "issued_at": yesterday, "exp_date": yesterday + 60}
    assert is_the_form(test.run())


def test_a_changed_role_counts_at_once(console_services: Services) -> None:
    user = new_user(console_services)
    test = app(user).run()
    console_services.users.set_role("ana", Role.EVALUATOR)
    assert ":gray[evaluator]" in texts(test.run())


def test_a_given_password_must_be_replaced_before_anything_else(console_services: Services) -> None:
    new_user(console_services, must_change_password=True)
    test = sign_in(app(), "ana", PASSWORD)
    assert test.title[0].value == "Choose a password"
    test.text_input(key="auth.password_form.new").input("another horse battery")
    test.text_input(key="auth.password_form.repeated").input("another horse battery")
    test.button(key="auth.password_form.save").click().run()
    assert test.title[0].value == "Overview"
    assert console_services.users.verify("ana", "another horse battery") is not None


def test_two_different_new_passwords_are_refused(console_services: Services) -> None:
    new_user(console_services, must_change_password=True)
    test = sign_in(app(), "ana", PASSWORD)
    test.text_input(key="auth.password_form.new").input("another horse battery")
    test.text_input(key="auth.password_form.repeated").input("another horse")
    test.button(key="auth.password_form.save").click().run()
    assert "not the same" in texts(test)


def test_a_page_started_on_its_own_asks_to_sign_in(console_services: Services) -> None:
    test = AppTest.from_file(CONSOLE / "pages" / "runs.py", default_timeout=30).run()
    assert "sign in to see it" in texts(test)
    assert not test.dataframe


def test_a_store_that_does_not_answer_is_said_in_words(monkeypatch: pytest.MonkeyPatch, free_port: int) -> None:
    from console.ui.frame import session

    monkeypatch.setenv("DYNAMODB_ENDPOINT", f"http://127.0.0.1:{free_port}")
    session.services.clear()
    test = app().run()
    assert not test.exception
    assert "The store does not answer" in texts(test)


def test_the_cookie_carries_the_time_of_issue(monkeypatch: pytest.MonkeyPatch) -> None:
    cookie = auth.SessionCookie(["k" * 32])
    cookie.token = auth.jwt.encode({"username": "ana", "issued_at": 1.5, "exp_date": 2.5}, "k" * 32)
    assert cookie._token_decode() == {"username": "ana", "issued_at": 1.5, "exp_date": 2.5}


def test_a_cookie_signed_with_another_key_is_nothing() -> None:
    cookie = auth.SessionCookie(["k" * 32])
    cookie.token = auth.jwt.encode({"username": "ana", "issued_at": 1.5, "exp_date": 2.5}, "x" * 32)
    assert cookie._token_decode() is False


def test_an_unsigned_cookie_is_nothing() -> None:
    cookie = auth.SessionCookie(["k" * 32])
    cookie.token = auth.jwt.encode({"username": "ana", "issued_at": 1.5, "exp_date": 2.5}, None, algorithm="none")
    assert cookie._token_decode() is False


def test_nobody_sees_runs_of_a_session_that_began_before_the_revocation(console_services: Services) -> None:
    user = new_user(console_services)
    test = runs_page(user)
    console_services.users.set_password("ana", "another horse battery")
    assert is_the_form(test.run())
