"""Pages of other origins. Before: a rebinding page read and wrote through the API without keys."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from console.api.access import WRONG_KEYS, KeyCheck, Keys, Rate
from console.api.hosts import HostCheck, is_local_name
from console.errors import SetupError
from console.serve import check_address


def client(*, keyless: bool = True, origins: tuple[str, ...] = ()) -> TestClient:
    async def answer(_: object) -> PlainTextResponse:
        return PlainTextResponse("read")

    application = Starlette(routes=[Route(path, answer, methods=["GET", "POST"]) for path in ("/", "/judges")])
    application.add_middleware(HostCheck, keyless=keyless, origins=origins)
    return TestClient(application, base_url="http://127.0.0.1:8000")


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000", "LOCALHOST"])
def test_this_machines_own_names_are_served(host: str) -> None:
    assert client().get("/judges", headers={"Host": host}).text == "read"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost@evil.example", "", "[::1"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_rebound_name_neither_reads_nor_writes(host: str, method: str) -> None:
    assert client().request(method, "/judges", headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9000", "https://127.0.0.1:8000"])
def test_a_page_of_another_origin_neither_reads_nor_writes(origin: str) -> None:
    assert client().post("/judges", headers={"Origin": origin}).status_code == 403


def test_pages_of_the_own_origin_and_of_named_ones_are_served() -> None:
    asked = client(origins=("https://tools.example",))
    assert asked.post("/judges", headers={"Origin": "http://127.0.0.1:8000"}).text == "read"
    assert asked.post("/judges", headers={"Origin": "https://tools.example"}).text == "read"


def test_with_keys_any_name_is_served_because_the_key_is_asked_for() -> None:
    assert client(keyless=False).get("/judges", headers={"Host": "api.example.com"}).text == "read"


def test_anybody_may_ask_whether_it_is_up() -> None:
    assert client().get("/", headers={"Host": "10.0.0.7"}).text == "read"


@pytest.mark.parametrize(
    ("host", "local"), [("localhost", True), ("127.9.9.9:1", True), ("0.0.0.0", False), ("", False)]
)
def test_names_of_this_machine(host: str, local: bool) -> None:
    assert is_local_name(host) is local


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "testserver", "example.com"])
def test_no_address_that_others_reach_without_keys(host: str) -> None:
    with pytest.raises(SetupError, match="Set API_KEYS"):
        check_address(host, ())


def test_wrong_keys_are_counted_by_address_and_right_ones_go_on() -> None:
    async def answer(_: object) -> PlainTextResponse:
        return PlainTextResponse("read")

    application = Starlette(routes=[Route("/judges", answer)])
    application.add_middleware(KeyCheck, keys=Keys(["right"]), rate=Rate(0))
    asked = TestClient(application)
    codes = [asked.get("/judges", headers={"X-API-Key": str(number)}).status_code for number in range(WRONG_KEYS + 5)]
    assert codes[:WRONG_KEYS] == [401] * WRONG_KEYS
    assert codes[WRONG_KEYS:].count(429) >= 3  # a slow machine earns one more guess every two seconds
    assert asked.get("/judges", headers={"X-API-Key": "right"}).text == "read"
