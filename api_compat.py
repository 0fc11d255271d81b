"""The REST API of the old system over the data tier of the console. Run it as `uvicorn api_compat:app`.

Handlers are plain functions: they run in a thread pool, so that a slow store never stops the health check; evaluations
have threads of their own. Nothing of the state lives in the process, so any number of workers may serve.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import anyio
from fastapi import FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from console import telemetry
from console.actions.admin.operations import check_health
from console.api import configuration, evaluation, v2
from console.api.access import BodyLimit, KeyCheck, Keys, Rate, RequestLog, write_request_log
from console.api.hosts import HostCheck
from console.api.refusals import handle_errors
from console.api.spellings import CAMEL, SNAKE
from console.config import HOME, Settings
from console.redaction import log_to_stderr
from console.services import Services, build_services

SERVICE = "G-Eval API"
VERSION = "1.0.0"
ABOUT = "A REST API for managing and executing G-Eval evaluations with telemetry"
THREADS = 100
"""Requests that one worker works on at the same time, evaluations aside."""
SWITCH = 0.001
"""Seconds after which a thread at work lets another one go on: a health check waits for its turn some eight times."""


def load_settings() -> Settings:
    """The settings of the environment and the secrets file."""
    return Settings.load(secrets_file=HOME / ".streamlit" / "secrets.toml")


def open_services(settings: Settings) -> Services:
    """The services that the settings name, for one of several workers."""
    return build_services(settings, fresh=True)


def create_app(settings: Settings, connect: Callable[[Settings], Services] = open_services) -> FastAPI:
    """The application; nothing is opened before it starts."""
    extension = v2.application()

    @asynccontextmanager
    async def lifespan(application: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        limiter = anyio.CapacityLimiter(settings.api_evaluations)
        application.state.evaluations = extension.state.evaluations = limiter
        with connect(settings) as services:
            application.state.services = extension.state.services = services
            yield

    application = FastAPI(title=SERVICE, description=ABOUT, version=VERSION, lifespan=lifespan)
    handle_errors(application)
    application.add_api_route("/", health_check, methods=["GET"], tags=["Health"])
    application.add_api_route("/health", health_check, methods=["GET"], include_in_schema=False)
    application.add_api_route("/ready", ready, methods=["GET"], include_in_schema=False)
    spelling = CAMEL if settings.legacy_field_names == "camel" else SNAKE
    application.include_router(configuration.cases)
    application.include_router(evaluation.documents(spelling))
    application.include_router(configuration.judges)
    application.include_router(evaluation.runs(spelling))
    application.mount("/v2", extension)
    _protect(application, settings)
    return application


async def health_check() -> dict[str, str]:
    """Whether the API is up. `timestamp` is ISO-8601, naive UTC, as it always was."""
    now = datetime.now(UTC).replace(tzinfo=None)
    return {"status": "healthy", "service": SERVICE, "version": VERSION, "timestamp": now.isoformat()}


def ready(request: Request) -> JSONResponse:
    """Whether the store answers, so that requests may come: 200, or 503 and why not. One small read."""
    services: Services = request.app.state.services
    health = None if services.legacy else check_health(services)
    if health is not None and health.error:
        return JSONResponse({"status": "unavailable", "detail": str(health.error)}, 503)
    return JSONResponse({"status": "ready", "milliseconds": round(health.milliseconds, 1) if health else 0.0})


def _protect(application: FastAPI, settings: Settings) -> None:
    """The layers around the endpoints; the last one added is the outermost."""
    application.add_middleware(BodyLimit)
    application.add_middleware(KeyCheck, keys=Keys(settings.api_keys), rate=Rate(settings.api_rate_limit))
    if settings.cors_origins:
        application.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_credentials=True,
            allow_methods=["*"],
            allow_headers=["*"],
        )
    application.add_middleware(HostCheck, keyless=not settings.api_keys, origins=settings.cors_origins)
    application.add_middleware(RequestLog)


class Deferred:
    """An application that is made when the server calls it first: importing this module reads nothing."""

    def __init__(self, make: Callable[[], FastAPI]) -> None:
        self._make = make
        self._made: FastAPI | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, or the server's start and stop."""
        self._made = self._made or self._make()
        await self._made(scope, receive, send)


def _serve() -> FastAPI:
    settings = load_settings()
    log_to_stderr(settings.log_level)
    write_request_log()
    telemetry.start("geval-api")
    application = create_app(settings)
    sys.setswitchinterval(SWITCH)
    gc.collect()
    gc.freeze()  # what is there now stays: a full collection looked through it for 0.4 s, and nobody got on meanwhile
    return application


app = Deferred(_serve)
"""What `uvicorn api_compat:app` serves."""
