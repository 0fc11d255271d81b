"""The layer around Streamlit's server."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from console.ui.sign_in import guard
from console.ui.sign_in.browsers import COOKIE


def test_sockets_of_strangers_are_counted() -> None:
    async def crowd() -> list[int]:
        released = asyncio.Event()
        codes: list[int] = []

        async def console(*_: object) -> None:
            await released.wait()

        async def send(message: dict[str, int]) -> None:
            codes.append(message["code"])

        door = guard.Guard(console, list, lambda _: False, lambda _: None)  # type: ignore[arg-type]
        scope = {"type": "websocket", "path": "/_stcore/stream", "headers": [], "scheme": "ws"}
        sockets = [asyncio.create_task(door(scope, None, send)) for _ in range(guard.STRANGERS + 3)]  # type: ignore[arg-type]
        await asyncio.sleep(0.1)
        released.set()
        await asyncio.gather(*sockets)
        return codes

    with ThreadPoolExecutor(1) as apart:  # a browser test of this worker may have left its loop in the thread
        assert apart.submit(asyncio.run, crowd()).result() == [1013] * 3


@pytest.mark.parametrize(
    ("host", "names", "allowed"),
    [
        ("localhost:8501", ["localhost"], True),
        ("LOCALHOST", ["localhost"], True),
        ("localhost.:8501", ["localhost"], True),
        ("evil.example", ["localhost"], False),
        ("localhost.evil.example", ["localhost"], False),
        ("", ["localhost"], False),
        ("a.example.com", ["*.example.com"], True),
        ("example.com.evil.example", ["*.example.com"], False),
        ("notexample.com", ["*.example.com"], False),
        ("anything", [], True),
        ("anything", ["*"], True),
    ],
)
def test_names_of_the_console(host: str, names: list[str], allowed: bool) -> None:
    assert guard.is_allowed(host, names) is allowed


@pytest.mark.parametrize(
    ("browser", "expected"),
    [
        ("known", "geval_console_session=signed; expires=Thu, 01 Jan 2032"),
        ("stranger", 'geval_console_session=""; expires=Thu, 01 Jan 1970'),
        ("", 'geval_console_session=""; expires=Thu, 01 Jan 1970'),
    ],
)
def test_a_browser_is_given_the_cookie_of_its_own_session_or_loses_it(browser: str, expected: str) -> None:
    async def console(*_: object) -> None:
        raise AssertionError

    ends = datetime(2032, 1, 1, tzinfo=UTC).timestamp()
    door = guard.Guard(console, list, lambda _: True, {"known": ("signed", ends)}.get)
    client = TestClient(door, cookies={COOKIE: browser} if browser else {})
    answer = client.get("https://testserver/_session?1.5")
    assert answer.status_code == 204
    assert answer.headers["cache-control"] == "no-store"
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(expected)
    assert {"HttpOnly", "Path=/", "SameSite=strict", "Secure"} <= set(cookie.split("; "))


def test_only_the_health_check_may_be_asked_by_any_host() -> None:
    async def console(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("ok")(scope, receive, send)

    client = TestClient(guard.Guard(console, lambda: ["console.example.com"], lambda _: False, lambda _: None))
    asked = {path: client.get(path, headers={"host": "10.0.0.7:8501"}) for path in ("/_stcore/health", "/", "/media/x")}
    assert [answer.status_code for answer in asked.values()] == [200, 403, 403]
    assert asked["/_stcore/health"].text == "ok"


@pytest.mark.parametrize(
    "path",
    [
        "/media/x.csv",
        "/_stcore/upload_file/a/b",
        "/_stcore/metrics",
        "/base/media/x.csv",
        "/base/_stcore/upload_file/a/b",
    ],
)
def test_a_stranger_gets_no_file_and_no_figures_below_any_base_path(path: str) -> None:
    async def console(*_: object) -> None:
        raise AssertionError

    client = TestClient(guard.Guard(console, list, lambda _: False, lambda _: None), cookies={COOKIE: "made-up"})
    assert [client.request(method, path).status_code for method in ("GET", "PUT", "DELETE")] == [403] * 3


def test_fonts_of_the_sign_in_form_are_no_secret() -> None:
    assert not guard.is_protected("/static/media/SourceSans.woff2")
    assert not guard.is_protected("/base/static/media/SourceSans.woff2")
    assert guard.is_protected("/media/static/media/x")


def test_no_page_of_another_origin_may_frame_the_console() -> None:
    async def console(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("ok")(scope, receive, send)

    answer = TestClient(guard.Guard(console, list, lambda _: False, lambda _: None)).get("/")
    assert answer.headers["content-security-policy"] == "frame-ancestors 'self'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["set-cookie"].startswith(COOKIE)
