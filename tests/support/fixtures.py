"""Fixtures that tests of several rooms share: records, people, and the processes that read and write them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from console.data.store.store import Store
from console.records import Case, Judge, Role, User
from console.services import Services
from tests.support.console_app import new_case, new_judge, new_user
from tests.support.fakes import FakeClock
from tests.support.faults.proxy import FaultProxy
from tests.support.openai_server import OpenAiServer
from tests.support.tier import Tier, behind_proxy, tier


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def here(store: Store, clock: FakeClock) -> Tier:
    return tier(store, clock=clock)


@pytest.fixture
def elsewhere(store: Store, clock: FakeClock) -> Tier:
    """Another process."""
    return tier(store, clock=clock)


@pytest.fixture
def process(store: Store) -> Tier:
    return tier(store)


@pytest.fixture
def unreliable(embedded_store: Store, engine_endpoint: str) -> Iterator[tuple[Store, FaultProxy]]:
    with behind_proxy(embedded_store, engine_endpoint) as both:
        yield both


@pytest.fixture
def case(console_services: Services) -> Case:
    return new_case(console_services)


@pytest.fixture
def judge(console_services: Services, case: Case) -> Judge:
    return new_judge(console_services, case)


@pytest.fixture
def admin(console_services: Services) -> User:
    return new_user(console_services, "ada", Role.ADMIN)


@pytest.fixture
def server() -> Iterator[OpenAiServer]:
    with OpenAiServer() as running:
        yield running
