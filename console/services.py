"""The one composition root: builds every service from the settings; pages, API, commands and tests use it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self

from console.config import Settings
from console.data.cache import Cache
from console.data.client import make_client
from console.data.dynamo import Store
from console.data.repositories import Repositories
from console.data.table_setup import create_tables
from console.errors import SetupError
from infra.engine import EngineLease, acquire, status


@dataclass(frozen=True, slots=True)
class Engine:
    """What stores the data."""

    kind: str
    """`dynoxide`, `moto`, `endpoint` or `aws`."""
    endpoint: str | None
    version: str

    @property
    def volatile(self) -> bool:
        """Whether the data is lost when the engine stops."""
        return self.kind == "moto"


@dataclass(frozen=True, slots=True)
class EngineProcess:
    """The process of the embedded engine."""

    pid: int
    version: str
    started: datetime
    kept: bool
    """Whether it stays when its last user ends."""
    users: tuple[str, ...]
    """Processes that use it, `<pid> <command>`, where the system tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services(Repositories):
    """Everything that an entry point may use. Close it (or use `with`) to let go of the engine."""

    settings: Settings
    engine: Engine
    lease: EngineLease | None = None

    def engine_process(self) -> EngineProcess | None:
        """The embedded engine's process; None for a store that is not the data folder's own."""
        found = status(self.settings.data_dir)
        if not found.pid or not found.started or found.endpoint != self.engine.endpoint:
            return None
        return EngineProcess(
            pid=found.pid,
            version=found.version or "",
            started=datetime.fromisoformat(found.started),
            kept=found.kept,
            users=found.users,
        )

    def create_tables(self) -> list[str]:
        """Creates what is missing of the tables and the default metrics; returns the names of the new tables."""
        streams = self.engine.kind not in ("dynoxide", "moto")
        created = create_tables(self.store, production=self.settings.production, streams=streams)
        self.catalog.ensure_defaults()
        return created

    def close(self) -> None:
        """Lets go of the engine; the last user's close stops it."""
        if self.lease:
            self.lease.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def build_services(settings: Settings, *, create_tables: bool | None = None) -> Services:
    """Builds the services on the store that the settings name; starts the embedded engine when none is named.

    Args:
        create_tables: create missing tables and the default metrics; by default on every store but AWS, where
            `infra/` does it.

    Raises:
        SetupError: the engine cannot start, or the settings name a store that is not served here.
        StoreUnavailable: the store does not answer.
    """
    if settings.store == "sqlite":
        raise SetupError(
            "DATABASE_TYPE=sqlite serves the legacy database, which this version cannot do yet. "
            "Unset it to use the embedded engine, or name a DynamoDB endpoint."
        )
    lease = acquire(settings.data_dir, kind=settings.engine_kind) if settings.store == "embedded" else None
    endpoint = lease.endpoint if lease else settings.dynamodb_endpoint
    try:
        services = _assemble(settings, endpoint, lease)
        if create_tables or (create_tables is None and settings.store != "aws"):
            services.create_tables()
    except BaseException:
        if lease:
            lease.release()
        raise
    return services


def _assemble(settings: Settings, endpoint: str | None, lease: EngineLease | None) -> Services:
    store = Store(make_client(settings.aws_region, endpoint), prefix=settings.table_prefix)
    lag = settings.index_lag_seconds
    cache = Cache(store, budget=settings.cache_bytes, lag=lag, url=settings.cache_url)
    return Services.over(
        store,
        cache,
        lag=lag,
        document_ttl_days=settings.document_ttl_days,
        settings=settings,
        engine=_engine(settings, endpoint, lease),
        lease=lease,
    )


def _engine(settings: Settings, endpoint: str | None, lease: EngineLease | None) -> Engine:
    if lease:
        return Engine(lease.kind, lease.endpoint, lease.version)
    return Engine(settings.engine_kind or settings.store, endpoint, "")
