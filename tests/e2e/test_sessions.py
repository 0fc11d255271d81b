"""What ends a session ends it in every browser with the next click, and for a cookie that somebody kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from console.actions.admin import users
from console.records import Role, User
from console.services import Services
from tests.support.browser import settle, sign_in, wait_for_cookie
from tests.support.console_app import PASSWORD, new_user

pytestmark = pytest.mark.browser
OTHER = "another horse battery"


@dataclass(frozen=True)
class Browsers:
    """Where one person is signed in: two browsers, and a third one with a copied cookie."""

    username: str
    first: Page
    second: Page
    thief: Page
    url: str

    def all_are_out(self) -> None:
        """The next click and the copied cookie lead to the form."""
        self.second.get_by_role("link", name="Runs", exact=True).click()
        expect(self.second.get_by_label("User name")).to_be_visible()
        self.thief.goto(f"{self.url}/runs")
        expect(self.thief.get_by_label("User name")).to_be_visible()
        expect(self.thief.get_by_role("button", name="Sign out")).to_have_count(0)


@pytest.fixture
def admin(services: Services) -> User:
    return services.users.find("root") or new_user(services, "root", Role.ADMIN)


@pytest.fixture
def browsers(console_url: str, services: Services, admin: User, new_context: Callable[[], BrowserContext]) -> Browsers:
    username = f"ana{len(services.users.list())}"
    new_user(services, username, Role.ADMIN)
    pages = [new_context().new_page() for _ in range(2)]
    for page in pages:
        page.goto(console_url)
        sign_in(page, username)
        settle(page)
    thief = new_context()
    thief.add_cookies([wait_for_cookie(pages[0])])  # type: ignore[list-item]
    stolen = thief.new_page()
    stolen.goto(console_url)
    expect(stolen.get_by_role("button", name="Sign out")).to_be_visible()
    return Browsers(username, pages[0], pages[1], stolen, console_url)


def test_signing_out(browsers: Browsers) -> None:
    browsers.first.get_by_role("button", name="Sign out").click()
    expect(browsers.first.get_by_label("User name")).to_be_visible()
    browsers.all_are_out()


def test_changing_the_password(browsers: Browsers) -> None:
    page = browsers.first
    page.get_by_role("link", name="Password").click()
    page.get_by_label("Present password").fill(PASSWORD)
    page.get_by_label("New password", exact=True).fill(OTHER)
    page.get_by_label("New password again").fill(OTHER)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("Your password is changed.")).to_be_visible()
    browsers.all_are_out()
    wait_for_cookie(page)
    page.reload()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_being_deleted(browsers: Browsers, services: Services, admin: User) -> None:
    users.delete_user(services, admin, browsers.username)
    browsers.all_are_out()


def test_being_demoted(browsers: Browsers, services: Services, admin: User) -> None:
    browsers.second.get_by_role("link", name="Users").click()
    expect(browsers.second.get_by_role("heading", name="Users")).to_be_visible()
    users.change_role(services, admin, browsers.username, Role.VIEWER)
    browsers.second.reload()
    expect(browsers.second.get_by_text("yours is viewer")).to_be_visible()
    browsers.thief.goto(f"{browsers.url}/users")
    expect(browsers.thief.get_by_text("yours is viewer")).to_be_visible()
