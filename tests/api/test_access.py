"""Who may call the API, how much, and what is said of each request."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

import api_compat
from console.api.access import BODY_LIMIT, Keys, Rate, write_request_log
from console.config import Settings
from console.data.cache.cache import Cache
from console.data.store.store import Store
from console.errors import SetupError
from console.serve import check_address
from console.services import Engine, Services

JSON = {"content-type": "application/json"}


def client_of(store: Store, settings: Settings, **options: Any) -> TestClient:
    services = Services.over(store, Cache(store), settings=settings, engine=Engine("endpoint", None, ""))
    return TestClient(api_compat.create_app(settings, lambda _: services), **options)


@pytest.fixture
def client(embedded_store: Store) -> Iterator[TestClient]:
    with client_of(embedded_store, Settings()) as running:
        yield running


@pytest.fixture
def guarded(embedded_store: Store) -> Iterator[TestClient]:
    hashed = f"sha256:{hashlib.sha256(b'second').hexdigest()}"
    with client_of(embedded_store, Settings(api_keys=("first", hashed), api_rate_limit=3)) as running:
        yield running


@pytest.mark.parametrize(
    "headers",
    [
        {"X-API-Key": "first"},
        {"X-API-Key": "second"},
        {"Authorization": "Bearer first"},
        {"authorization": "bearer second"},
    ],
)
def test_a_key_opens_the_api(guarded: TestClient, headers: dict[str, str]) -> None:
    assert guarded.get("/models", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {"X-API-Key": "third"}, {"X-API-Key": ""}, {"Authorization": "Basic first"}, {"Authorization": "first"}],
)
def test_without_a_known_key_nothing_is_answered(guarded: TestClient, headers: dict[str, str]) -> None:
    answer = guarded.get("/models", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert guarded.post("/models", json={"name": "x", "provider": "y"}, headers=headers).status_code == 401
    assert guarded.get("/v2/runs", headers=headers).status_code == 401


def test_the_health_check_and_the_description_need_no_key(guarded: TestClient) -> None:
    assert [guarded.get(path).status_code for path in ("/", "/docs", "/openapi.json", "/v2/openapi.json")] == [200] * 4


def test_the_hash_of_a_key_is_no_key(guarded: TestClient) -> None:
    for key in (hashlib.sha256(b"second").hexdigest(), f"sha256:{hashlib.sha256(b'second').hexdigest()}"):
        assert guarded.get("/models", headers={"X-API-Key": key}).status_code == 401


def test_a_key_is_not_kept_as_it_is() -> None:
    assert "first" not in repr(vars(Keys(("first",))))


def test_a_hash_that_is_none_is_refused_at_the_start() -> None:
    with pytest.raises(SetupError, match="64 hexadecimal digits"):
        Keys(("sha256:xyz",))


def test_each_key_has_a_rate_of_its_own(guarded: TestClient) -> None:
    codes = [guarded.get("/models", headers={"X-API-Key": "first"}).status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]
    assert int(guarded.get("/models", headers={"X-API-Key": "first"}).headers["retry-after"]) in range(10, 21)
    assert guarded.get("/models", headers={"X-API-Key": "second"}).status_code == 200


def test_a_bucket_fills_with_time() -> None:
    now = [0.0]
    rate = Rate(60, clock=lambda: now[0])
    assert [rate.wait("k") for _ in range(61)] == [0.0] * 60 + [1.0]
    now[0] = 1.0
    assert [rate.wait("k"), rate.wait("k")] == [0.0, 1.0]


def test_no_limit_is_no_limit() -> None:
    rate = Rate(0)
    assert [rate.wait("k") for _ in range(1000)] == [0.0] * 1000


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "api.example"])
def test_an_address_that_others_reach_needs_keys(host: str) -> None:
    with pytest.raises(SetupError, match="Set API_KEYS, or listen on"):
        check_address(host, ())
    check_address(host, ("key",))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.0.0.5"])
def test_loopback_needs_none(host: str) -> None:
    check_address(host, ())


def test_without_keys_other_machines_are_refused(embedded_store: Store) -> None:
    with client_of(embedded_store, Settings(), base_url="http://192.168.1.5:8000") as outside:
        assert outside.get("/models").status_code == 403
        assert outside.get("/").status_code == 200  # whether it is up, anybody may ask


def test_a_long_body_is_refused_before_it_is_read(client: TestClient) -> None:
    answer = client.post("/documents", content=b"x" * (BODY_LIMIT + 1), headers=JSON)
    assert answer.status_code == 413
    assert answer.json() == {"detail": "The body is longer than 12,582,912 bytes. Send less at once."}


def test_a_long_body_without_a_length_is_refused_while_it_arrives(client: TestClient) -> None:
    pieces = (b"x" * 1_000_000 for _ in range(14))
    assert client.post("/documents", content=pieces, headers=JSON).status_code == 413
    assert client.get("/documents").json() == []


def test_a_text_over_ten_megabytes_is_refused(client: TestClient) -> None:
    body = b'{"actual_output":"' + b"x" * (10 * 1024 * 1024 + 1) + b'"}'
    answer = client.post("/documents", content=body, headers=JSON)
    assert answer.status_code == 413
    assert "the limit is 10,485,760" in answer.json()["detail"]


def test_no_page_of_another_origin_may_read_by_default(client: TestClient) -> None:
    answer = client.get("/", headers={"Origin": "http://elsewhere.example"})
    assert "access-control-allow-origin" not in answer.headers


def test_named_origins_may(embedded_store: Store) -> None:
    with client_of(embedded_store, Settings(cors_origins=("http://tools.example",))) as client:
        allowed = client.get("/", headers={"Origin": "http://tools.example"})
        assert allowed.headers["access-control-allow-origin"] == "http://tools.example"
        assert allowed.headers["access-control-allow-credentials"] == "true"
        other = client.get("/", headers={"Origin": "http://elsewhere.example"})
        assert "access-control-allow-origin" not in other.headers


def test_every_answer_has_an_id_and_a_line_in_the_log(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "console.api.access"):
        answer = client.get("/models/none", headers={"X-Request-ID": "abc-1"})
    assert answer.headers["x-request-id"] == "abc-1"
    line = json.loads(caplog.records[-1].getMessage())
    assert line.pop("milliseconds") >= 0
    assert line == {
        "request_id": "abc-1",
        "client": "testclient",
        "caller": None,
        "method": "GET",
        "path": "/models/none",
        "status": 404,
    }


def test_a_line_of_the_request_log_is_json_and_nothing_else(
    client: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    log = logging.getLogger("console.api.access")
    level, log.level = log.level, logging.INFO
    write_request_log()
    try:
        client.get("/models/none")
    finally:
        log.removeHandler(log.handlers[-1])
        log.propagate, log.level = True, level
    assert json.loads(capsys.readouterr().err.strip())["status"] == 404


def test_an_id_that_could_forge_the_log_is_replaced(client: TestClient) -> None:
    assert len(client.get("/", headers={"X-Request-ID": "a b{}"}).headers["x-request-id"]) == 32
