"""Traces and metrics: what is seen of requests, pages, actions and calls of the store; and off by default."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from fastapi.testclient import TestClient
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import api_compat
from console import telemetry
from console.actions.labels.labels import save_label
from console.config import Settings
from console.errors import NotFound
from console.records import Role
from console.services import Services
from tests.support.commands import ROOT
from tests.support.console_app import app, new_case, new_judge, new_user, scored

TEXT = "a text that nobody else may read"


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(telemetry.trace, "get_tracer", provider.get_tracer)
    monkeypatch.setattr(telemetry, "sent", lambda: ("traces",))
    yield exporter
    provider.shutdown()


@pytest.fixture
def api(console_services: Services) -> Iterator[TestClient]:
    with TestClient(api_compat.create_app(Settings(), lambda _: console_services)) as client:
        yield client


def program(text: str, **environment: str) -> str:
    """What a program says on stderr."""
    command = [sys.executable, "-c", text]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=True)
    return done.stderr


def named(exporter: InMemorySpanExporter, kind: trace.SpanKind) -> list[ReadableSpan]:
    return [one for one in exporter.get_finished_spans() if one.kind is kind]


def test_a_request_has_a_span_with_its_route_and_one_for_each_call_of_the_store(
    seen: InMemorySpanExporter, api: TestClient, console_services: Services
) -> None:
    case = new_case(console_services)
    run = scored(console_services, new_judge(console_services, case), case, 4.0, text=TEXT)
    seen.clear()
    assert api.get(f"/runs/{run.run_id}").status_code == 200
    (request,) = named(seen, trace.SpanKind.SERVER)
    assert request.name == "GET /runs/{run_id}"
    assert request.attributes
    assert request.attributes["http.response.status_code"] == 200
    calls = named(seen, trace.SpanKind.CLIENT)
    assert {call.parent.span_id for call in calls if call.parent} == {request.context.span_id}
    assert all(call.attributes and call.attributes["attempts"] == 1 for call in calls)


def test_a_page_has_a_span_around_its_calls(seen: InMemorySpanExporter, console_services: Services) -> None:
    case = new_case(console_services)
    scored(console_services, new_judge(console_services, case), case, 4.0, text=TEXT)
    test = app(new_user(console_services, "ada", Role.ADMIN))
    seen.clear()
    test.switch_page("console/pages/cases.py").run()
    (page,) = named(seen, trace.SpanKind.SERVER)
    assert page.name == "page cases"
    assert TEXT not in repr([(one.name, one.attributes, one.events) for one in seen.get_finished_spans()])


def test_an_action_is_a_span_with_the_role_that_it_needs(
    seen: InMemorySpanExporter, console_services: Services
) -> None:
    case = new_case(console_services)
    run = scored(console_services, new_judge(console_services, case), case, 4.0)
    eva = new_user(console_services, "eva", Role.EVALUATOR)
    with telemetry.span("page", "page run"):
        save_label(console_services, eva, run, score=4.0, passed=None, comment=TEXT)
    (page,) = [one for one in seen.get_finished_spans() if one.name == "page run"]
    (action,) = [one for one in seen.get_finished_spans() if one.name == "save_label"]
    assert action.parent
    assert page.context
    assert action.parent.span_id == page.context.span_id
    assert [dict(event.attributes or {}) for event in action.events] == [{"action": "save_label", "role": "evaluator"}]
    calls = [one for one in seen.get_finished_spans() if one.kind is trace.SpanKind.CLIENT and one.parent]
    assert action.context.span_id in {one.parent.span_id for one in calls if one.parent}


def test_an_error_is_told_by_its_kind_and_not_by_its_words(seen: InMemorySpanExporter) -> None:
    with pytest.raises(NotFound), telemetry.span("request", "GET"):
        raise NotFound("run", TEXT)
    (span,) = seen.get_finished_spans()
    assert (span.status.status_code, span.status.description) == (trace.StatusCode.ERROR, "NotFound")
    assert TEXT not in span.to_json()


def test_durations_are_measured(api: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    monkeypatch.setattr(telemetry.metrics, "get_meter", provider.get_meter)
    monkeypatch.setattr(telemetry, "_histogram", cache(telemetry._histogram.__wrapped__))
    monkeypatch.setattr(telemetry, "sent", lambda: ("metrics",))
    api.get("/cases")
    data = reader.get_metrics_data()
    assert data
    found = {one.name for group in data.resource_metrics for scope in group.scope_metrics for one in scope.metrics}
    assert found == {"http.server.request.duration", "db.client.operation.duration"}
    provider.shutdown()


def test_nothing_is_made_unless_the_environment_says_where_to(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in {name for names in telemetry.ENDPOINTS.values() for name in names}:
        monkeypatch.delenv(name, raising=False)
    telemetry.sent.cache_clear()
    telemetry.start("tests")
    assert not isinstance(trace.get_tracer_provider(), TracerProvider)
    assert not isinstance(metrics.get_meter_provider(), MeterProvider)


def test_spans_are_sent_to_the_endpoint_of_the_usual_variable() -> None:
    paths: list[str] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            paths.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    script = (
        "from console import telemetry; from opentelemetry import trace, metrics; telemetry.start('tests')\n"
        "with telemetry.span('page', 'page cases'): telemetry.store_answered('query', 0.1)\n"
        "trace.get_tracer_provider().shutdown(); metrics.get_meter_provider().shutdown()"
    )
    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as collector:
        serving = threading.Thread(target=collector.serve_forever)
        serving.start()
        address = f"http://127.0.0.1:{collector.server_port}"
        done = program(script, OTEL_EXPORTER_OTLP_ENDPOINT=address)
        collector.shutdown()
        serving.join()
    assert done == ""
    assert sorted(set(paths)) == ["/v1/metrics", "/v1/traces"]
