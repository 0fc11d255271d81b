"""The newest runs again and again: always what the index says, for a fraction of what it costs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from console.data.runs import latest
from console.data.store.store import Store
from console.records import Place
from tests.data.runs.test_lists import NOON, put, run
from tests.support.fakes import FakeClock
from tests.support.seams import Recorder
from tests.support.tier import Tier, artifact, snapshot, tier

OLD = [run(number, NOON - timedelta(minutes=10 * number)) for number in range(1, 41)]


@pytest.fixture
def here(store: Store) -> Tier:
    return tier(store, clock=FakeClock(NOON))


@pytest.fixture
def elsewhere(store: Store) -> Tier:
    """Another process."""
    return tier(store, clock=FakeClock(NOON))


def ids(places: list[Place]) -> list[object]:
    return [place.run_id for place in places]


def test_a_list_that_is_known_reads_what_is_newer(store: Store) -> None:
    put(store, OLD)
    recorder = Recorder(store.client)
    here = tier(Store(recorder, prefix=store.prefix), clock=FakeClock(NOON))  # type: ignore[arg-type]
    first = here.runs.places(limit=20)
    recorder.requests.clear()
    assert here.runs.places(limit=20) == first
    assert ids(first.items) == list(range(1, 21))
    asked = [request for operation, request in recorder.requests if operation == "query"]
    values = [request["ExpressionAttributeValues"] for request in asked]
    assert values == [{":h": {"S": "2026-03-10"}, ":lo": {"S": "2026-03-10T11:48:00"}}]


def test_a_list_that_was_read_before_midnight_knows_what_begins_after_it(store: Store) -> None:
    clock = FakeClock(datetime(2026, 3, 10, 23, 59, 58, tzinfo=UTC))
    here = tier(store, clock=clock)
    put(store, OLD)
    here.runs.places(limit=3)
    clock.advance(seconds=4)
    put(store, [run(98, clock.now - timedelta(seconds=5)), run(99, clock.now)])
    assert ids(here.runs.places(limit=3).items) == [99, 98, 1]


def test_where_no_run_began_lately_every_status_is_asked(store: Store) -> None:
    put(store, OLD)
    recorder = Recorder(store.client)
    later = FakeClock(NOON + timedelta(days=3))
    here = tier(Store(recorder, prefix=store.prefix), clock=later)  # type: ignore[arg-type]
    here.runs.places(limit=3)
    recorder.requests.clear()
    put(store, [run(99, later.now)])
    assert ids(here.runs.places(limit=3).items) == [99, 1, 2]
    asked = [request["ExpressionAttributeValues"] for operation, request in recorder.requests if operation == "query"]
    assert {values[":h"]["S"] for values in asked} == {"completed", "failed", "pending", "running"}


def test_the_first_run_of_an_empty_store_shows_at_once(here: Tier, store: Store) -> None:
    assert here.runs.places(limit=3).items == []
    put(store, [run(1, NOON)])
    assert ids(here.runs.places(limit=3).items) == [1]


def test_a_run_that_begins_elsewhere_shows_at_once(here: Tier, store: Store) -> None:
    put(store, OLD)
    here.runs.places(limit=20)
    put(store, [run(99, NOON)])
    page = here.runs.places(limit=20)
    assert ids(page.items) == [99, *range(1, 20)]
    rest = here.runs.places(limit=40, cursor=page.cursor)
    assert ids(rest.items) == list(range(20, 41))


def test_what_is_imported_with_an_old_start_shows_once_it_is_announced(store: Store, elsewhere: Tier) -> None:
    here = tier(store, clock=FakeClock(NOON), interval=0.0)
    put(store, OLD)
    here.runs.places(limit=5)
    put(store, [run(77, NOON - timedelta(minutes=25))])
    elsewhere.runs.announce()
    assert ids(here.runs.places(limit=5).items) == [1, 2, 77, 3, 4]


def test_what_nobody_announced_shows_a_few_seconds_later(
    here: Tier, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latest, "LIST_TTL", 0.0)
    put(store, OLD)
    here.runs.places(limit=5)
    put(store, [run(77, NOON - timedelta(minutes=25))])
    assert ids(here.runs.places(limit=5).items) == [1, 2, 77, 3, 4]


def test_own_writes_lie_over_what_is_known(here: Tier, store: Store) -> None:
    put(store, OLD[5:])
    here.runs.places(limit=3)
    mine = here.runs.create(snapshot(), artifact(), by="ana")
    assert ids(here.runs.places(limit=3).items) == [mine.run_id, 6, 7]


def test_more_new_runs_than_a_page_has_are_paged(here: Tier, store: Store) -> None:
    put(store, OLD)
    here.runs.places(limit=4)
    put(store, [run(100 + number, NOON + timedelta(seconds=number)) for number in range(9)])
    page = here.runs.places(limit=4)
    assert ids(page.items) == [108, 107, 106, 105]
    assert ids(here.runs.places(limit=6, cursor=page.cursor).items) == [104, 103, 102, 101, 100, 1]


def test_the_end_of_a_short_list_is_its_end(here: Tier, store: Store) -> None:
    put(store, OLD[:3])
    assert here.runs.places(limit=20).cursor is None
    page = here.runs.places(limit=20)
    assert (ids(page.items), page.cursor) == ([1, 2, 3], None)
