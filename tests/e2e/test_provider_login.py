"""Signing in by an OpenID Connect provider: the provider says who, the console says what they may do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from console.actions.admin import users
from console.engine import process
from console.records import Role
from console.services import Services
from tests.support.browser import running, settle
from tests.support.console_app import new_user
from tests.support.oidc_provider import CLIENT, SECRET, Provider, provider

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def identity() -> Iterator[Provider]:
    with provider("ana@example.com") as one:
        yield one


@pytest.fixture(scope="module")
def console_url(services: Services, identity: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("provider")
    port = process.free_port()
    url = f"http://{process.LOOPBACK}:{port}"
    secrets = folder / "secrets.toml"
    secrets.write_text(
        f"""
        [auth]
        redirect_uri = "{url}/oauth2callback"
        cookie_secret = "a random secret of the tests, long enough"
        client_id = "{CLIENT}"
        client_secret = "{SECRET}"
        server_metadata_url = "{identity.url}/.well-known/openid-configuration"
        """
    )
    with running(services, folder / "console.log", port=port, secrets=secrets):
        yield url


def sign_in_there(page: Page) -> None:
    settle(page)
    page.wait_for_timeout(1_100)  # identities are issued in whole seconds
    page.get_by_role("button", name="Sign in with your organisation").click()


def test_a_user_signs_in_with_their_role_and_a_stranger_is_told_what_to_do(
    page: Page, console_url: str, services: Services, identity: Provider
) -> None:
    name = f"ana{len(services.users.list())}@example.com"
    admin = services.users.find("root") or new_user(services, "root", Role.ADMIN)
    identity.email = name.capitalize()
    page.goto(console_url)
    sign_in_there(page)
    expect(page.get_by_text("The provider knows you as Ana")).to_be_visible()

    new_user(services, name, Role.VIEWER)
    sign_in_there(page)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.goto(f"{console_url}/users")
    expect(page.get_by_text("yours is viewer")).to_be_visible()

    users.revoke_sessions(services, admin, name)
    page.reload()
    expect(page.get_by_label("User name")).to_be_visible()

    sign_in_there(page)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    settle(page)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("User name")).to_be_visible()
    page.reload()
    expect(page.get_by_label("User name")).to_be_visible()
    expect(page.get_by_text("The provider knows you as")).to_have_count(0)
