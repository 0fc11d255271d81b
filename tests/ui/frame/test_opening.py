"""The page that a browser opens first knows where the console's root is; nothing else is touched."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from console.ui.frame.opening import Opening

PAGE = "<!DOCTYPE html><html><head><title>é</title></head></html>"
BROWSER = {"Accept": "text/html,*/*;q=0.8", "If-None-Match": "x", "Accept-Encoding": "gzip"}


def client(base: str = "") -> TestClient:
    def page(_: object) -> Response:
        return HTMLResponse(PAGE, headers={"etag": "x", "last-modified": "yesterday"})

    def other(_: object) -> Response:
        return PlainTextResponse("<head>")

    routes = [Route("/runs", page), Route("/other", other)]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(Opening, base=lambda: base)]))


@pytest.mark.parametrize(("base", "path"), [("", '"/"'), ("a/b", '"/a/b/"'), ("</script>", '"/\\u003c/script>/"')])
def test_a_page_knows_where_the_root_is(base: str, path: str) -> None:
    found = client(base).get("/runs", headers=BROWSER)
    assert f"<head><script>window.__streamlit={{BACKEND_BASE_URL:new URL({path},location.origin).href}}</script>" in (
        found.text
    )
    assert int(found.headers["content-length"]) == len(found.content)
    assert not {"etag", "last-modified"} & set(found.headers)


def test_what_is_no_page_passes_as_it_is() -> None:
    assert client().get("/other", headers=BROWSER).text == "<head>"
    assert client().get("/runs", headers={"Accept": "application/json"}).text == PAGE
    assert client().get("/gone", headers=BROWSER).status_code == 404
