"""Traces and metrics by OpenTelemetry: a span per request, page, action and call of the store.

Off unless the environment names where to send them, by the usual variables (`OTEL_EXPORTER_OTLP_ENDPOINT`, or that of
traces or of metrics; `OTEL_SERVICE_NAME`, `OTEL_EXPORTER_OTLP_HEADERS`, ...). Nothing that was judged, asked or typed
is in them: names of operations, tables, routes, pages and actions, numbers, and kinds of errors.

https://opentelemetry.io/docs/specs/otel/protocol/exporter/
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from typing import ParamSpec, TypeVar

from opentelemetry import metrics, trace
from opentelemetry.trace import INVALID_SPAN, Span, SpanKind, Status, StatusCode

from console.extras import extra

ENDPOINTS = {
    "traces": ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"),
    "metrics": ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"),
}
_SCOPE = "geval-console"
_STORE_SECONDS = "db.client.operation.duration"
_REQUEST_SECONDS = "http.server.request.duration"
KINDS = {
    "request": SpanKind.SERVER,
    "page": SpanKind.SERVER,
    "action": SpanKind.INTERNAL,
    "store": SpanKind.CLIENT,
}
_P = ParamSpec("_P")
_R = TypeVar("_R")


def start(service: str) -> None:
    """Send what is seen from now on, where the environment says where to.

    Args:
        service: `service.name` where OTEL_SERVICE_NAME names no other.

    Raises:
        SetupError: it does, and the packages for it are missing.
    """
    wanted = sent()
    if not wanted:
        return
    with extra("otel"):
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter  # noqa: PLC0415
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    resource = Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME") or service})
    if "traces" in wanted:
        traces = TracerProvider(resource=resource)
        traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        trace.set_tracer_provider(traces)
    if "metrics" in wanted:
        reader = PeriodicExportingMetricReader(OTLPMetricExporter())
        metrics.set_meter_provider(MeterProvider([reader], resource=resource))


@cache
def sent() -> tuple[str, ...]:
    """What the environment has a place for: traces, metrics, or neither. A span that goes nowhere takes 30 µs."""
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return ()
    return tuple(kind for kind, names in ENDPOINTS.items() if any(map(os.environ.get, names)))


@contextmanager
def span(kind: str, name: str, **attributes: str | int) -> Iterator[Span]:
    """A span of a request, a page, an action or a call of the store. Of an error its class is told, never its words."""
    if not sent():
        yield INVALID_SPAN
        return
    opened = trace.get_tracer(_SCOPE).start_as_current_span(
        name, kind=KINDS[kind], attributes=attributes, record_exception=False, set_status_on_exception=False
    )
    with opened as current:
        try:
            yield current
        except Exception as error:
            current.set_status(Status(StatusCode.ERROR, type(error).__name__))
            current.set_attribute("error.type", type(error).__name__)
            raise


def traced(act: Callable[_P, _R]) -> Callable[_P, _R]:
    """An action, which is a span within that of the request or page at hand."""

    @wraps(act)
    def within(*given: _P.args, **named: _P.kwargs) -> _R:
        if not sent():
            return act(*given, **named)
        with span("action", act.__name__, **{"code.function.name": f"{act.__module__}.{act.__name__}"}):
            return act(*given, **named)

    return within


def permitted(name: str, role: str) -> None:
    """That the action at hand was let through, and by which role."""
    if sent():
        trace.get_current_span().add_event("permitted", {"action": name, "role": role})


def store_answered(operation: str, seconds: float) -> None:
    """How long a call of the store took, in seconds."""
    if sent():
        said = {"db.system.name": "aws.dynamodb", "db.operation.name": operation}
        _histogram(_STORE_SECONDS).record(seconds, said)


def request_answered(method: str, route: str, status: int, seconds: float) -> None:
    """How long a request of the API took, in seconds."""
    if sent():
        said: dict[str, str | int] = {
            "http.request.method": method,
            "http.route": route,
            "http.response.status_code": status,
        }
        _histogram(_REQUEST_SECONDS).record(seconds, said)


@cache
def _histogram(name: str) -> metrics.Histogram:
    return metrics.get_meter(_SCOPE).create_histogram(name, unit="s")
