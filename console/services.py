"""The one composition root: builds every service from the settings; pages, API, commands and tests use it."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import os
import tempfile
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from console.config import Settings
from console.data.cache.cache import Cache
from console.data.cache.invalidation import Invalidation
from console.data.collections.reads import VectorReads
from console.data.configuration.steps import GeneratedSteps, JudgeModes
from console.data.legacy.sqlite.manager import DatabaseManager
from console.data.legacy.sqlite.repositories import on_the_old_schema
from console.data.repositories import Repositories
from console.data.runs.moving import establish
from console.data.store import tables
from console.data.store.client import credentials_in, make_client
from console.data.store.setup.check import Wanted
from console.data.store.setup.description import describe
from console.data.store.setup.setup import SetUp, set_up
from console.data.store.store import Store
from console.data.users import first_password
from console.data.users.key_file import is_first_use
from console.data.users.keys import Keyring
from console.engine.engine import EngineLease, acquire, is_own, status
from console.engine.engine import EngineStatus as EngineStatus  # noqa: PLC0414 - actions know engines by it only
from console.judging.fence import installation_secret
from console.judging.judging import Judging, providers
from console.private import private_folder
from console.records import User
from console.search.embedding.embedders import Embedder, Embedders
from console.search.memory.files import VectorFiles
from console.search.memory.memory import Memory
from console.search.ways.opensearch import open_index
from console.search.ways.searcher import Searcher

log = logging.getLogger(__name__)
NOWHERE = "http://127.0.0.1:1"
"""Address of a store that nothing asks."""
INVALIDATION = "changes"
"""File in the data folder that every process on it touches after a write."""


@dataclass(frozen=True, slots=True)
class Engine:
    """What stores the data."""

    kind: str
    """`dynoxide`, `moto`, `endpoint`, `aws` or `sqlite`."""
    endpoint: str | None = field(repr=False)
    """For `make_client`, with the engine's key in it; None for AWS."""
    version: str

    @property
    def address(self) -> str | None:
        """The endpoint without what opens it, to be shown."""
        return credentials_in(self.endpoint)[0] if self.endpoint else None

    @property
    def volatile(self) -> bool:
        """Whether the data is lost when the engine stops."""
        return self.kind == "moto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Services(Repositories):
    """Everything that an entry point may use. Close it (or use `with`) to let go of the engine."""

    settings: Settings
    engine: Engine
    lease: EngineLease | None = None
    legacy: DatabaseManager | None = None
    """The old system's database, while it is what serves."""
    embedders: Embedders = field(init=False)
    judging: Judging = field(init=False)
    searcher: Searcher = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "embedders", Embedders(self.settings))
        store = None if self.legacy else GeneratedSteps(self.store)
        modes = None if self.legacy else JudgeModes(self.store)
        secret = partial(installation_secret, self.settings.data_dir)
        judging = Judging(providers(self.settings), self.embedder, store, modes=modes, secret=secret)
        object.__setattr__(self, "judging", judging)
        searcher = _searcher(self.settings, self.vector_reads, volatile=self.engine.volatile)
        object.__setattr__(self, "searcher", searcher)

    def embedder(self, name: str = "minilm") -> Embedder:
        """The embedder of this name, made at the first call.

        Raises:
            InvalidInput: there is no such embedder.
            SetupError: it needs something that is not installed or not set.
        """
        return self.embedders.get(name)

    def engine_process(self) -> EngineStatus | None:
        """The embedded engine; None for a store that is not the data folder's own."""
        own = is_own(self.settings.data_dir, self.engine.endpoint)
        return status(self.settings.data_dir) if own else None

    def first_password_used(self, user: User) -> None:
        """Forgets the first admin's password once they have signed in with one."""
        first_password.used(self.settings.data_dir, user)

    @property
    def wanted(self) -> Wanted:
        """What the tables should have in this store beside keys and indexes."""
        managed = self.engine.kind not in ("dynoxide", "dynamodb_local", "moto")
        return Wanted(managed=managed, protected=self.settings.production)

    def set_up(self) -> SetUp:
        """Makes the tables and the default metrics what they should be; says what it did. Safe to repeat."""
        done = set_up(self.store, self.wanted)
        layout = establish(self.store, self.settings.run_shards)
        if layout.shards != self.settings.run_shards and self.settings.run_shards > 1:
            log.warning(
                "RUN_SHARDS is %d, but the runs of this store are spread over %d. `python -m console tables spread %d` "
                "moves them.", self.settings.run_shards, layout.shards, self.settings.run_shards
            )  # fmt: skip
        self.catalog.ensure_defaults()
        return done

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


def build_services(settings: Settings, *, create_tables: bool | None = None, fresh: bool = False) -> Services:
    """Builds the services on the store that the settings name; starts the embedded engine when none is named.

    Args:
        create_tables: create missing tables and the default metrics; by default on every store but AWS, where
            `infra/` does it.
        fresh: show the writes of this machine's other processes at once also where there is no data folder in which
            they could announce them: they do it in the folder for temporary files. For servers with several workers.

    Raises:
        SetupError: the engine cannot start, or the settings name a store that is not served here.
        StoreUnavailable: the store does not answer.
    """
    if settings.store == "sqlite":
        return _legacy(settings, people=not fresh)
    lease = acquire(settings.data_dir, kind=settings.engine_kind) if settings.store == "embedded" else None
    endpoint = lease.endpoint if lease else settings.dynamodb_endpoint
    try:
        unsealed = lease is not None and is_first_use(settings.console_key, settings.data_dir)
        services = _assemble(settings, endpoint, lease, fresh=fresh)
        if create_tables or (create_tables is None and settings.store != "aws"):
            services.set_up()
        if unsealed and describe(services.store, tables.USERS):
            services.users.seal_all()
    except BaseException:
        if lease:
            lease.release()
        raise
    return services


def _legacy(settings: Settings, *, people: bool) -> Services:
    """The services on the old system's database.

    Args:
        people: with the endpoint or the embedded engine that has the console's users; the API needs none.
    """
    manager = DatabaseManager(settings.sqlite_path)
    inner = settings.replace(database_type=None)
    services = build_services(inner) if people else _assemble(inner, NOWHERE, None, fresh=False)
    services = on_the_old_schema(services, manager)
    return dataclasses.replace(services, settings=settings, engine=Engine("sqlite", None, ""), legacy=manager)


def _assemble(settings: Settings, endpoint: str | None, lease: EngineLease | None, *, fresh: bool) -> Services:
    store = Store(make_client(settings.aws_region, endpoint), prefix=settings.table_prefix)
    lag = settings.index_lag_seconds
    cache = Cache(
        store,
        budget=settings.cache_bytes,
        lag=lag,
        url=settings.cache_url,
        invalidation=_invalidation(settings, fresh=fresh),
    )
    return Services.over(
        store,
        cache,
        keys=Keyring.of(settings.console_key, settings.data_dir, settings.aws_region),
        lag=lag,
        document_ttl_days=settings.document_ttl_days,
        id_block=settings.run_id_block,
        settings=settings,
        engine=_engine(settings, endpoint, lease),
        lease=lease,
    )


def _invalidation(settings: Settings, *, fresh: bool) -> Invalidation | None:
    """Where the processes of this machine tell each other of writes; None where they look once a second."""
    if settings.data_dir.is_dir():
        return Invalidation(settings.data_dir / INVALIDATION)
    if not fresh:
        return None
    store = f"{settings.store}/{settings.dynamodb_endpoint}/{settings.aws_region}/{settings.table_prefix}"
    folder = Path(tempfile.gettempdir()) / f"geval-console-{os.getuid()}"
    try:
        private_folder(folder)
    except OSError as error:
        log.warning("Writes of this machine's other processes show within a second, not at once: %s", error)
        return None
    mine = folder.stat().st_uid == os.getuid()
    return Invalidation(folder / hashlib.sha256(store.encode()).hexdigest()[:16]) if mine else None


def _searcher(settings: Settings, reads: VectorReads, *, volatile: bool) -> Searcher:
    place: str = settings.store
    if settings.dynamodb_endpoint and is_own(settings.data_dir, settings.dynamodb_endpoint):
        place = "embedded"  # whatever its port is today
    elif settings.dynamodb_endpoint:
        place = credentials_in(settings.dynamodb_endpoint)[0]
    store = f"{place}/{settings.aws_region}/{settings.table_prefix}"
    files = VectorFiles(None if volatile else settings.data_dir / "vectors", store)
    memory = Memory(reads, files, budget=settings.vector_cache_bytes)
    return Searcher(reads, memory, lambda: open_index(settings))


def _engine(settings: Settings, endpoint: str | None, lease: EngineLease | None) -> Engine:
    if lease:
        return Engine(lease.record.kind, lease.endpoint, lease.record.version)
    return Engine(settings.engine_kind or settings.store, endpoint, "")
