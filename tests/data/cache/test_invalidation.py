"""Processes of one machine that share a invalidation see each other's writes at once."""

from __future__ import annotations

from pathlib import Path

from console.data.cache.cache import Cache
from console.data.cache.invalidation import Invalidation
from console.data.repositories import Repositories
from console.data.store.store import Store
from tests.support.tier import Tier, new_case


def process(store: Store, **cache_options: object) -> Tier:
    return Repositories.over(store, Cache(store, **cache_options))


def test_a_write_is_seen_at_once_by_who_shares_the_doorbell(embedded_store: Store, tmp_path: Path) -> None:
    here, there = (process(embedded_store, invalidation=Invalidation(tmp_path / "changes")) for _ in range(2))
    far = process(embedded_store)
    for one in (here, there, far):
        assert one.cases.list() == []
    case = new_case(here.cases)
    assert there.cases.list() == [case]
    assert far.cases.list() == []
    here.cases.update(case.case_id, {"name": "Renamed"}, by="ana")
    assert there.cases.get(case.case_id).name == "Renamed"


def test_without_a_ring_the_tokens_are_looked_at_once_per_interval(embedded_store: Store, tmp_path: Path) -> None:
    here = process(embedded_store, invalidation=Invalidation(tmp_path / "changes"), interval=1_000.0)
    here.cases.list()
    before = embedded_store.meter.read().requests
    here.cases.list()
    assert embedded_store.meter.read().requests == before


def test_an_interval_of_nothing_looks_each_time(embedded_store: Store) -> None:
    here, there = process(embedded_store), process(embedded_store, interval=0.0)
    assert there.cases.list() == []
    case = new_case(here.cases)
    assert there.cases.list() == [case]


def test_every_ring_is_another_number(tmp_path: Path) -> None:
    bell = Invalidation(tmp_path / "changes")
    heard = [bell.latest()]
    for _ in range(3):
        bell.announce()
        heard.append(bell.latest())
    assert heard[0] == 0
    assert len(set(heard)) == 4
    assert (tmp_path / "changes").stat().st_mode & 0o077 == 0


def test_where_the_folder_is_gone_nobody_is_told(tmp_path: Path) -> None:
    bell = Invalidation(tmp_path / "none" / "changes")
    bell.announce()
    assert bell.latest() == 0
