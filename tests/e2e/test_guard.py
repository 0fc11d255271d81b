"""What the server gives to a browser without a session. Before: a socket was enough to store files in its memory."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from console.records import Role, User
from console.services import Services
from console.ui.sign_in import browsers
from tests.support.browser import settle, sign_in
from tests.support.console_app import new_user

pytestmark = pytest.mark.browser
CHARTS_ARE_HERE = "() => performance.getEntriesByType('resource').some(one => one.name.includes('PlotlyChart'))"


@pytest.fixture
def ana(services: Services) -> User:
    return services.users.find("ana") or new_user(services, "ana", Role.ADMIN)


def ask(url: str, method: str, path: str, headers: dict[str, str] | None = None) -> int:
    with closing(HTTPConnection(urlsplit(url).netloc, timeout=10)) as connection:
        connection.request(method, path, b"a file", headers or {})
        return connection.getresponse().status


def test_a_reload_right_after_signing_in_stays_signed_in(console_url: str, ana: User, page: Page) -> None:
    page.goto(console_url)
    sign_in(page, ana.username)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.context.clear_cookies(name="geval_console_session")  # as if the component had not written it yet
    page.reload()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_no_request_of_a_page_opened_by_its_address_fails(console_url: str, ana: User, page: Page) -> None:
    answers: list[tuple[int, str]] = []
    page.on("response", lambda answer: answers.append((answer.status, urlsplit(answer.url).path)))
    page.goto(f"{console_url}/runs")
    page.wait_for_function(CHARTS_ARE_HERE)  # fetched while somebody signs in
    sign_in(page, ana.username)
    expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
    settle(page)
    assert urlsplit(page.url).path == "/runs"
    assert [one for one in answers if one[0] >= 400] == []
    page.get_by_role("link", name="Cases").click()
    page.wait_for_url(f"{console_url}/cases")


def test_the_browsers_name_is_for_no_script_and_there_before_the_page(console_url: str, page: Page) -> None:
    page.goto(console_url)
    cookie = next(one for one in page.context.cookies() if one["name"] == browsers.COOKIE)
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    assert browsers.COOKIE not in page.evaluate("document.cookie")


def test_uploads_and_files_need_a_session(console_url: str, ana: User, page: Page) -> None:
    page.goto(console_url)
    stranger = {"Cookie": f"{browsers.COOKIE}={name_of(page)}"}
    for headers in ({}, stranger, {"Cookie": f"{browsers.COOKIE}=forged"}):
        assert ask(console_url, "PUT", "/_stcore/upload_file/session/file", headers) == 403
        assert ask(console_url, "GET", "/media/file.csv", headers) == 403
    sign_in(page, ana.username)
    settle(page)
    assert ask(console_url, "GET", "/media/file.csv", stranger) == 404  # let in, and no such file


def test_signing_out_closes_them_again(console_url: str, ana: User, new_context: Callable[[], BrowserContext]) -> None:
    first = new_context().new_page()
    first.goto(console_url)
    sign_in(first, ana.username)
    settle(first)
    known = {"Cookie": f"{browsers.COOKIE}={name_of(first)}"}
    assert ask(console_url, "GET", "/media/file.csv", known) == 404
    first.get_by_role("button", name="Sign out").click()
    expect(first.get_by_label("User name")).to_be_visible()
    assert ask(console_url, "GET", "/media/file.csv", known) == 403


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example:8501", "10.0.0.7", ""])
def test_a_name_that_is_not_the_consoles_gets_nothing(console_url: str, host: str) -> None:
    assert ask(console_url, "GET", "/", {"Host": host}) == 403


def name_of(page: Page) -> str:
    return next(str(one["value"]) for one in page.context.cookies() if one["name"] == browsers.COOKIE)
