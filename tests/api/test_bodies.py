"""Hostile bodies are 422, and leave the store as it was."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from console.api import bodies
from console.api.bodies import read_json
from console.config import Settings
from console.data.documents.documents import Documents
from console.data.store.free_json import LONG
from console.data.store.store import Store
from console.records import Document
from tests.api.test_access import JSON, client_of

DEEP = b'{"a":' * 300 + b"1" + b"}" * 300
HOSTILE = {
    "nan": b'{"name":"x","provider":NaN,"actual_output":"x","metadata":{"a":NaN}}',
    "infinity": b'{"actual_output":"x","metadata":{"a":-Infinity}}',
    "overflow": b'{"actual_output":"x","metadata":{"a":1e999}}',
    "surrogate": b'{"actual_output":"\\ud800"}',
    "surrogate in a key": b'{"actual_output":"x","metadata":{"\\udfff":1}}',
    "deep object": b'{"actual_output":"x","metadata":' + DEEP + b"}",
    "very deep list": b"[" * 200_000,
    "long number": b'{"actual_output":"x","metadata":{"a":' + b"9" * 5_000 + b"}}",
}


@pytest.fixture
def client(embedded_store: Store) -> Iterator[TestClient]:
    with client_of(embedded_store, Settings()) as running:
        yield running


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_json_is_refused(client: TestClient, body: bytes) -> None:
    for path in ("/documents", "/metrics", "/models", "/cases", "/judges", "/eval", "/v2/batches"):
        answer = client.post(path, content=body, headers=JSON)
        assert answer.status_code == 422
        assert answer.json()["detail"][0]["type"] == "json_invalid"
    assert [client.get(path).json() for path in ("/documents", "/models", "/cases", "/judges")] == [[]] * 4


def test_as_deep_as_can_be_stored_is_stored(client: TestClient) -> None:
    nested = b'{"a":' * 199 + b"1" + b"}" * 199
    answer = client.post("/documents", content=b'{"actual_output":"x","metadata":' + nested + b"}", headers=JSON)
    assert answer.status_code == 200
    assert nested in answer.content


def test_bytes_that_are_no_text_are_refused(client: TestClient) -> None:
    assert client.post("/documents", content=b'{"actual_output":"\xff"}', headers=JSON).status_code == 400
    plain = client.post("/documents", content=b"\xff\xfe", headers={"content-type": "text/plain"})
    assert plain.status_code == 422
    assert plain.json()["detail"][0]["type"] == "model_attributes_type"


@pytest.mark.parametrize("path", ["/cases/%ed%a0%80", "/metrics/%00", "/runs/0x1", "/models/" + "x" * 5_000])
def test_odd_ids_are_not_found_or_do_not_fit(client: TestClient, path: str) -> None:
    assert client.get(path).status_code in (404, 422)


def test_ends_of_a_scale_beyond_the_old_database_are_refused(client: TestClient) -> None:
    body = {"name": "x", "task_introduction": "t", "evaluation_criteria": "c", "min_score": 1, "max_score": 2**63}
    assert client.post("/cases", json=body).status_code == 422
    assert client.post("/cases", json={**body, "score_threshold": "nan"}).status_code == 422
    assert client.get("/cases").json() == []


def test_a_body_that_nothing_is_said_about_is_json(client: TestClient) -> None:
    metric = b'{"name": "Fluency"}'
    assert client.post("/metrics", content=metric).json()["name"] == "fluency"
    assert client.post("/metrics", content=metric, headers={"content-type": ""}).status_code == 409
    assert client.post("/metrics", content=metric, headers={"content-type": "text/plain"}).status_code == 422


def test_a_web_page_cannot_send_a_body_that_nothing_is_said_about(client: TestClient) -> None:
    answer = client.post("/metrics", content=b'{"name": "x"}', headers={"origin": "https://elsewhere.example"})
    assert answer.status_code == 403
    assert client.get("/metrics").json() == []


@pytest.mark.parametrize("path", ["/metrics", "/models", "/cases", "/documents", "/judges", "/eval"])
def test_null_is_no_body(client: TestClient, path: str) -> None:
    missing = {"type": "missing", "loc": ["body"], "msg": "Field required", "input": None}
    for body in (b"null", b" null\n", b""):
        answer = client.post(path, content=body, headers=JSON)
        assert (answer.status_code, answer.json()) == (422, {"detail": [missing]})


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect"])
def test_the_methods_of_an_address_are_named_in_one_order(client: TestClient, path: str) -> None:
    assert client.delete(path).headers["allow"] == "GET, HEAD"


# --- long bodies ---------------------------------------------------------------------------------------------------

PADDING = b'"padding":"' + b"x" * LONG + b'",'


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_json_is_refused_in_the_same_words_when_it_is_long(client: TestClient, body: bytes) -> None:
    short = client.post("/documents", content=body, headers=JSON)
    long = client.post("/documents", content=body[:1] + PADDING + body[1:], headers=JSON)
    assert long.status_code == 422
    assert long.json()["detail"][0]["type"] == "json_invalid"
    if body.startswith(b"{"):
        assert long.json()["detail"][0]["ctx"] == short.json()["detail"][0]["ctx"]


@pytest.mark.parametrize("number", ["12345678901234567890123", "-9223372036854775809", "0.1", "1e300", "-0.0", "123"])
def test_numbers_of_a_long_body_are_what_they_were(number: str) -> None:
    assert repr(read_json(b"{" + PADDING + f'"a":{number}}}'.encode())["a"]) == repr(json.loads(number))


def test_a_text_of_10_mb_full_of_commas_is_a_text() -> None:
    text = 'x,"[{' * 2_000_000
    assert read_json(json.dumps({"actual_output": text}).encode()) == {"actual_output": text}


def test_a_body_of_a_million_values_is_refused_by_their_number(client: TestClient) -> None:
    answer = client.post("/documents", content=b"[" + b"[]," * 1_000_000 + b"[]]", headers=JSON)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["ctx"] == {"error": "The body has more than 200,000 values. Send less at once"}


def test_large_bodies_are_worked_on_one_after_the_other(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four at once held everybody up for 0.7 s, most of it garbage collection over what was just read."""
    seen: list[tuple[int, bool]] = []
    write = Documents.create

    def watched(*given: Any, **named: Any) -> Document:
        seen.append((bodies._one_large.borrowed_tokens, gc.isenabled()))
        return write(*given, **named)

    monkeypatch.setattr(Documents, "create", watched)
    large = {"actual_output": "some text " * 120_000}
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: client.post("/documents", json=large).status_code, range(3)))
    assert answers == [200] * 3
    assert seen == [(1, False)] * 3
    client.post("/documents", json={"actual_output": "short"})
    assert seen[3:] == [(0, True)]
