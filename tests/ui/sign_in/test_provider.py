"""Who a provider vouches for. Before, `"false"`, 0, null and nothing counted as verified, and only the address did."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from console.ui.sign_in.provider import session_of

CLAIMS = {
    "is_logged_in": True,
    "iss": "https://issuer.example",
    "sub": "7",
    "iat": 1_000,
    "email": " Ana@Example.com ",
    "email_verified": True,
}


def session(trusted: tuple[str, ...] = (), **claims: Any) -> dict[str, Any] | None:
    return session_of({**CLAIMS, **claims}, timedelta(hours=1), trusted)


def test_a_verified_address_is_a_session_of_its_issuer_and_subject() -> None:
    assert session() == {
        "username": "ana@example.com",
        "issued_at": 1_000.0,
        "exp_date": 4_600.0,
        "provider": True,
        "identity": "https://issuer.example 7",
    }


@pytest.mark.parametrize("verified", [False, None, 0, 1, "false", "true", "", [], {}], ids=repr)
def test_what_is_not_true_is_not_verified(verified: object) -> None:
    assert session(email_verified=verified) is None


def test_a_claim_that_is_absent_is_not_verified() -> None:
    claims = {name: value for name, value in CLAIMS.items() if name != "email_verified"}
    assert session_of(claims, timedelta(hours=1), ()) is None


def test_an_issuer_that_the_settings_name_need_not_say_so() -> None:
    assert session(("https://issuer.example",), email_verified=None) is not None
    assert session(("https://other.example",), email_verified=None) is None


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"email": None},
        {"iat": None},
        {"iat": True},
        {"iat": "1"},
    ],
    ids=repr,
)
def test_without_who_and_when_there_is_no_session(claims: dict[str, object]) -> None:
    assert session(**claims) is None
