"""Signing in by an OpenID Connect provider, where `[auth]` of `.streamlit/secrets.toml` names one or more.

The provider says who somebody is; the console says what they may do. The e-mail address of the identity, which the
provider has to have verified (`email_verified` is true, or its issuer is named in `OIDC_VERIFIED_ISSUERS`), has to be
the name of a user here. At the first sign-in the user is bound to the issuer and subject: an address that is given to
somebody else later does not bring the account along. Role and validity count as for everybody: the identity's time of
issue is the session's, so that signing out, a changed role or a revocation ends it too, also for a cookie that was
kept.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

import streamlit as st

from console.ui.frame.text import plain

DEFAULT = "default"
"""How Streamlit calls a provider that is described in `[auth]` itself."""


def provider_session(lifetime: timedelta, trusted_issuers: Collection[str] = ()) -> dict[str, Any] | None:
    """The session that the provider's identity stands for, in the form of the console's cookie, or None.

    Args:
        trusted_issuers: whose addresses are verified, whether or not they say so.
    """
    claims: Mapping[str, Any] = st.user.to_dict()
    return session_of(claims, lifetime, trusted_issuers) if claims.get("is_logged_in") else None


def session_of(
    claims: Mapping[str, Any], lifetime: timedelta, trusted_issuers: Collection[str]
) -> dict[str, Any] | None:
    """As `provider_session`, of these claims. None when the provider does not vouch for the address, or leaves out
    who or when that was.
    """
    address, issued = claims.get("email"), claims.get("iat")
    issuer, subject = claims.get("iss"), claims.get("sub")
    if claims.get("email_verified") is not True and issuer not in trusted_issuers:
        return None
    if not isinstance(address, str) or isinstance(issued, bool) or not isinstance(issued, int | float):
        return None
    if not (isinstance(issuer, str) and issuer and isinstance(subject, str) and subject):
        return None
    return {
        "username": address.strip().lower(),
        "issued_at": float(issued),
        "exp_date": issued + lifetime.total_seconds(),
        "provider": True,
        "identity": f"{issuer} {subject}",
    }


def provider_buttons() -> None:
    """One button per provider under the form, and what to do when the identity is not a user here."""
    if "is_logged_in" not in st.user:
        return
    for name, label in _providers().items():
        if st.button(label, key=f"auth.provider.{name}", icon=":material/passkey:", width="stretch"):
            st.login(None if name == DEFAULT else name)
    if st.user.get("is_logged_in"):
        st.info(
            f"The provider knows you as {plain(str(st.user.get('email', '(no address)')), 100)}, but no session "
            "here follows from it: an admin adds you under Users with this address as the user name, the provider "
            "has to have verified it, and a session lasts 12 hours. Then sign in again.",
            icon=":material/passkey:",
        )


def leave_provider() -> bool:
    """Forget the provider's identity in this browser; whether there was one: then Streamlit loads the page anew."""
    if not st.user.get("is_logged_in"):
        return False
    st.logout()
    return True


def _providers() -> dict[str, str]:
    """Labels of the buttons by the provider's name in the secrets."""
    section = st.secrets["auth"]
    named = {name: f"Sign in with {name.capitalize()}" for name, value in section.items() if isinstance(value, Mapping)}
    return ({DEFAULT: "Sign in with your organisation"} if "client_id" in section else {}) | named
