"""Fixtures for every test: engines (one per worker), free ports, a clean environment."""

from __future__ import annotations

import dataclasses
import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from streamlit.components.v2 import manifest_scanner

from console.config import Settings
from console.data.runs.moving import establish
from console.data.store.client import make_client
from console.data.store.setup.setup import set_up
from console.data.store.store import Store
from console.engine import process
from console.engine.dynamodb_local import dynamodb_local
from console.engine.engine import acquire
from console.errors import SetupError
from console.services import Services, build_services
from console.ui.frame import aside, session
from tests.support.needs import missing
from tests.support.strict import roles
from tests.support.strict.proxy import StrictProxy
from tests.support.table_pool import TablePool

pytest_plugins = ["tests.support.fixtures"]
_PROXIES: list[StrictProxy] = []
"""The proxy of this worker, once a test has needed it."""


_USUAL = "not slow and not dynamodb_local and not opensearch"
_MEMORY = "/dev/shm"
_ROOM = 2 * 1024**3
"""Bytes that must be free there; a run writes about 0.4 GB."""


def pytest_configure(config: pytest.Config) -> None:
    """Temporary folders are in memory where it has room: the engine syncs its file at every write.

    A run of all tests notes what each role asked for, so that at its end nothing is left that a role may for nothing.
    """
    if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", _MEMORY)
    if _is_whole(config):
        os.environ["ROLES_SEEN"] = tempfile.mkdtemp(prefix="roles-")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fails a run of all tests after which a role may what nobody asked for."""
    if not _is_whole(session.config):
        return
    folder = Path(os.environ["ROLES_SEEN"])
    extra = roles.extra(folder) if any(folder.iterdir()) else {}  # nothing was noted where there is no engine
    shutil.rmtree(folder)
    if exitstatus == pytest.ExitCode.OK and any(extra.values()):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        print(f"\nPermissions that nobody asked for: {extra}. Take them out of infra/aws/tables.py.")  # noqa: T201


def _is_whole(config: pytest.Config) -> bool:
    """Whether all tests are asked for, by whoever hands them to workers, and not only collected."""
    chosen = any(getattr(config.option, name, None) for name in ("keyword", "collectonly", "lf", "ff"))
    usual = config.option.markexpr == _USUAL
    return not hasattr(config, "workerinput") and config.args == config.getini("testpaths") and usual and not chosen


def pytest_collection_finish() -> None:
    """The tests themselves and what they import stay to the end: no collection of garbage walks them again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of whoever runs the tests do not reach them."""
    for setting in dataclasses.fields(Settings):
        monkeypatch.delenv(setting.metadata["variable"], raising=False)


@pytest.fixture(scope="session", autouse=True)
def _apps_begin_quickly() -> Iterator[None]:
    """What a server does once, each AppTest would do anew: half of the time of a test of a page.

    The first is Streamlit's, a look into every installed package for components. The second is the console's, what it
    loads in the background for its first visitors.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        patch.setattr(session, "_warm", lambda _built: None)
        yield


@pytest.fixture(scope="session")
def bare_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dynoxide engine on a file, one per worker."""
    try:
        lease = acquire(tmp_path_factory.mktemp("engine"), kind="dynoxide")
    except SetupError as error:
        missing(f"the embedded engine is not available: {error}")
    with lease:
        yield lease.endpoint


@pytest.fixture(scope="session")
def strict_proxy(bare_endpoint: str) -> Iterator[StrictProxy]:
    """What stands before the engine and refuses what DynamoDB would refuse."""
    with StrictProxy(bare_endpoint) as proxy:
        _PROXIES.append(proxy)
        yield proxy
        _PROXIES.remove(proxy)


@pytest.fixture(scope="session")
def engine_endpoint(strict_proxy: StrictProxy) -> str:
    """Where the embedded engine answers as DynamoDB would."""
    return strict_proxy.endpoint


@pytest.fixture(autouse=True)
def _rules_of_dynamodb(request: pytest.FixtureRequest) -> Iterator[None]:
    """No test asks what DynamoDB would refuse, but those that say so by `breaks_rules`."""
    yield
    for proxy in _PROXIES:
        broken, proxy.violations = proxy.violations, []
        proxy.conduct()
        assert broken == [] or request.node.get_closest_marker("breaks_rules")


@pytest.fixture(autouse=True)
def _rights_of_its_role(request: pytest.FixtureRequest) -> Iterator[None]:
    """Pages and actions ask for no more than the console's role may, the API for no more than its own."""
    for proxy in _PROXIES:
        proxy.uses.clear()
    yield
    role = roles.role_of(request.node)
    if role is None or _alters(request):
        return
    maintained = request.node.get_closest_marker("maintenance")
    for proxy in _PROXIES:
        if not maintained:
            roles.note(role, proxy.uses)
        held = (role, roles.CONSOLE, roles.MAINTENANCE) if maintained else (role,)
        assert roles.missing(held, proxy.uses) == set()


@pytest.fixture
def as_console() -> Callable[[], AbstractContextManager[None]]:
    """Within it a test of the API does what only the console may: it makes what the API finds."""

    @contextmanager
    def apart() -> Iterator[None]:
        before = [proxy.uses.copy() for proxy in _PROXIES]
        yield
        for proxy, uses in zip(_PROXIES, before, strict=True):
            proxy.uses = uses

    return apart


@pytest.fixture(scope="session")
def moto_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The in-memory engine, one per worker."""
    with acquire(tmp_path_factory.mktemp("moto"), kind="moto") as lease:
        yield lease.endpoint


@pytest.fixture(scope="session")
def dynamodb_local_endpoint() -> Iterator[str]:
    """DynamoDB Local in memory, for tests marked `dynamodb_local`."""
    with dynamodb_local() as endpoint:
        yield endpoint


@pytest.fixture
def free_port() -> int:
    """A loopback port that nothing listens on."""
    return process.free_port()


@pytest.fixture(scope="session")
def engine_client(engine_endpoint: str) -> Iterator[Any]:
    """The data tier's client of the embedded engine."""
    with closing(make_client("us-east-1", engine_endpoint)) as client:
        yield client


@pytest.fixture(scope="session")
def moto_client(moto_endpoint: str) -> Iterator[Any]:
    """The data tier's client of moto."""
    with closing(make_client("us-east-1", moto_endpoint)) as client:
        yield client


@pytest.fixture(scope="session")
def dynamodb_local_client(dynamodb_local_endpoint: str) -> Iterator[Any]:
    """The data tier's client of DynamoDB Local."""
    with closing(make_client("us-east-1", dynamodb_local_endpoint)) as client:
        yield client


@pytest.fixture(scope="session")
def engine_pool(bare_endpoint: str) -> Iterator[TablePool]:
    """Empty tables of the embedded engine."""
    with closing(make_client("us-east-1", bare_endpoint)) as client:
        yield TablePool(client)


@pytest.fixture(scope="session")
def moto_pool(moto_client: Any) -> TablePool:
    """Empty tables of moto."""
    return TablePool(moto_client)


@pytest.fixture(scope="session")
def dynamodb_local_pool(dynamodb_local_client: Any) -> TablePool:
    """Empty tables of DynamoDB Local."""
    return TablePool(dynamodb_local_client)


@pytest.fixture(
    params=["engine", "moto", pytest.param("dynamodb_local", marks=pytest.mark.dynamodb_local)],
    ids=["embedded", "moto", "dynamodb_local"],
)
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """Empty tables, on each engine."""
    pool: TablePool = request.getfixturevalue(f"{request.param}_pool")
    with pool.borrowed(altered=_alters(request)) as prefix:
        yield Store(request.getfixturevalue(f"{request.param}_client"), prefix=prefix)


@pytest.fixture
def embedded_store(request: pytest.FixtureRequest, engine_client: Any, engine_pool: TablePool) -> Iterator[Store]:
    """Empty tables on the embedded engine: for what moto is slow at, or gets wrong."""
    with engine_pool.borrowed(altered=_alters(request)) as prefix:
        yield Store(engine_client, prefix=prefix)


def _alters(request: pytest.FixtureRequest) -> bool:
    return request.node.get_closest_marker("alters_tables") is not None


def new_store(client: Any) -> Store:
    """A store whose tables nobody else has, or will have."""
    fresh = Store(client, prefix=f"t{uuid4().hex[:12]}-")
    set_up(fresh)
    return fresh


@pytest.fixture
def console_services(
    request: pytest.FixtureRequest, engine_endpoint: str, engine_pool: TablePool, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Services]:
    """The services of a console over empty tables; `app.py`, run by AppTest, builds its own on the same."""
    monkeypatch.setenv("DYNAMODB_ENDPOINT", engine_endpoint)
    monkeypatch.setenv("ENGINE_KIND", "dynoxide")
    session.services.clear()
    with engine_pool.borrowed(altered=_alters(request)) as prefix:
        monkeypatch.setenv("TABLE_PREFIX", prefix)
        with build_services(Settings.load(), create_tables=False) as services:  # the pool's are as they should be
            establish(services.store, services.settings.run_shards)
            services.catalog.ensure_defaults()
            yield services
        session.services.clear()
        aside.aside.clear()  # what was worked out of tables that another test had


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The figures that tests reported for the reliability goals, one line each."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    figures = sorted({f"{goal}: {value}" for report in reports for goal, value in report.user_properties})
    if figures:
        terminalreporter.section("figures")
        terminalreporter.write_line("\n".join(figures))
