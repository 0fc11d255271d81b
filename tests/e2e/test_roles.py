"""An admin makes a viewer; the viewer signs in, chooses a password, and is refused by address and by action."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from console.actions.admin.users import delete_user
from console.errors import Forbidden
from console.records import Role, Run
from console.services import Services
from tests.support.browser import settle, sign_in
from tests.support.console_app import new_case, new_judge, new_user, scored

pytestmark = pytest.mark.browser
OWN = "a password of my own"


@pytest.fixture(scope="module")
def run(services: Services) -> Run:
    """A run to look at; `ada` is the admin."""
    new_user(services, "ada", Role.ADMIN)
    case = new_case(services)
    return scored(services, new_judge(services, case), case, 4.0, text="A faithful summary.")


def test_create_a_viewer_log_in_as_it_and_be_refused(
    console_url: str, services: Services, run: Run, page: Page, new_context: Callable[[], BrowserContext]
) -> None:
    page.goto(f"{console_url}/users")
    sign_in(page, "ada")
    first = add_viewer(page)

    viewer = new_context().new_page()
    viewer.goto(f"{console_url}/run?run={run.run_id}")
    viewer.get_by_label("User name").fill("vera")
    viewer.get_by_label("Password", exact=True).fill(first)
    viewer.get_by_role("button", name="Sign in").click()
    choose_password(viewer)

    expect(viewer.get_by_role("heading", name=f"Run {run.run_id}")).to_be_visible()
    expect(viewer.get_by_text("Evaluators and admins can label runs.")).to_be_visible()
    expect(viewer.get_by_role("link", name="Users")).to_have_count(0)
    viewer.goto(f"{console_url}/users")
    expect(viewer.get_by_text("This page is for the role admin: yours is viewer")).to_be_visible()
    expect(viewer.get_by_role("button", name="Add user")).to_have_count(0)
    viewer.goto(f"{console_url}/operations")
    expect(viewer.get_by_text("This page is for the role admin: yours is viewer")).to_be_visible()

    with pytest.raises(Forbidden, match="vera is viewer"):
        delete_user(services, services.users.get("vera"), "ada")
    assert [user.username for user in services.users.list()] == ["ada", "vera"]


def add_viewer(page: Page) -> str:
    """Add `vera`; the password that is shown once."""
    page.get_by_role("button", name="Add user").click()
    page.get_by_role("textbox", name="User name").fill("vera")
    page.get_by_role("textbox", name="Name", exact=True).fill("Vera")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", name="First password of vera")).to_be_visible()
    first = page.locator(".st-key-card-users-issued code").inner_text()
    settle(page)
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text(first)).to_have_count(0)
    return first.strip()


def choose_password(page: Page) -> None:
    expect(page.get_by_role("heading", name="Choose a password")).to_be_visible()
    expect(page.get_by_role("link", name="Runs", exact=True)).to_have_count(0)
    page.get_by_label("New password", exact=True).fill(OWN)
    page.get_by_label("New password again").fill(OWN)
    page.get_by_role("button", name="Change password").click()
