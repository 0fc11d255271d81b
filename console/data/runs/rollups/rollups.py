"""Rollups: counts, sums and histograms of finished runs per day, case, judge and model.

Finishing a run adds to one item in the same transaction, so a count is never lost and never doubled. A quiet store has
one item per day, case, judge and model; where a process meets conflicts it spreads them over more, see `spread`.

Days before yesterday are kept in the cache until the change token of the runs table moves: it does when a run of
an earlier day finishes, is imported, or when rollups are rebuilt.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from operator import add
from typing import Any, TypeVar

import msgspec

from console.data.cache.cache import Cache
from console.data.runs.rollups.packs import Month, read_packs, write_packs
from console.data.runs.rollups.spread import Spread
from console.data.store import tables
from console.data.store.codec import Item
from console.data.store.requests import Query, Update
from console.data.store.shards import ONE, Layout
from console.data.store.store import Store
from console.records import (
    BINS,
    NO_SCORES,
    STATED_MODES,
    WEIGHTED_MODES,
    Rollup,
    RunStatus,
    RunSummary,
    Verdict,
    bin_of,
    utcnow,
)

OPEN_DAYS = 2
"""Days before today that readers read afresh each time. Writers move the token for runs that began before yesterday:
the day between allows for clocks that differ around midnight."""
_PAGE = 1_000
_AT_ONCE = 16
"""Queries at the same time, at most."""
_MODEL_BYTES = 200
_COUNTS = ("completed", "failed", "passed", "rejected", "tokens", "timed", "weighted", "stated")
_SUMS = ("score", "normalized", "squared", "seconds", "cost")
_DIGITS = 9
"""Decimal digits that sums keep: sums of such decimals are exact in DynamoDB's arithmetic."""

A = TypeVar("A")
F = TypeVar("F")
Key = tuple[date, str, str, str]
"""Day, case id, judge id, model name."""


def key_of(row: RunSummary) -> Key:
    """The rollup that a run belongs to."""
    return row.started_at.date(), row.case_id, row.judge_id, _short(row.model_name)


def item_key(key: Key, shard: int, layout: Layout = ONE) -> tuple[str, str]:
    """Key of a rollup item."""
    day, *rest = key
    escaped = [part.replace("%", "%25").replace("#", "%23") for part in rest]
    return f"ROLLUP#{day:%Y-%m}{layout.count_suffix(shard)}", "#".join([day.isoformat(), *escaped, str(shard)])


def amounts(row: RunSummary) -> dict[str, float]:
    """What a finished run adds to its rollup, by attribute."""
    if row.status is RunStatus.FAILED or row.final_score is None or row.final_score_normalized is None:
        return {"failed": 1, "tokens": row.total_tokens or 0, "cost": round(row.cost or 0.0, _DIGITS), "writes": 1}
    normalized = round(row.final_score_normalized, _DIGITS)
    return {
        "completed": 1,
        "passed": int(row.evaluation_status is Verdict.PASS),
        "rejected": int(row.evaluation_status is Verdict.FAIL),
        "score": round(row.final_score, _DIGITS),
        "normalized": normalized,
        "squared": round(normalized * normalized, _DIGITS),
        "tokens": row.total_tokens or 0,
        "seconds": round(row.execution_time_seconds or 0.0, _DIGITS),
        "timed": int(row.execution_time_seconds is not None),
        "cost": round(row.cost or 0.0, _DIGITS),
        "weighted": int(row.scoring_mode in WEIGHTED_MODES),
        "stated": int(row.scoring_mode in STATED_MODES),
        f"h{bin_of(row.final_score_normalized)}": 1,
        "writes": 1,
    }


def increment(row: RunSummary, conflicts: int, spread: Spread, layout: Layout) -> Update:
    """The write that counts a finished run; after a conflict it goes to another shard."""
    return increments([row], conflicts, spread, layout)[0]


def increments(rows: Iterable[RunSummary], conflicts: int, spread: Spread, layout: Layout) -> list[Update]:
    """The writes that count several finished runs, one for each rollup; after a conflict they go to other shards."""
    totals: dict[Key, dict[str, float]] = {}
    for row in rows:
        sums = totals.setdefault(key_of(row), {})
        for name, amount in amounts(row).items():
            sums[name] = round(sums.get(name, 0) + amount, _DIGITS)
    return [
        Update(tables.RUNS, item_key(key, spread.shard(key, conflicts), layout), adds=_added(sums))
        for key, sums in totals.items()
    ]


def _added(sums: dict[str, float]) -> dict[str, float]:
    return {name: amount for name, amount in sums.items() if amount}


def is_closed(day: date, today: date) -> bool:
    """Whether readers may have kept the rollups of `day`, so that a change to them must move the token."""
    return day < today - timedelta(days=OPEN_DAYS - 1)


class Rollups:
    """Reads rollups. They are written with the runs (see `Runs.complete`)."""

    def __init__(self, store: Store, cache: Cache, clock: Callable[[], datetime] = utcnow) -> None:
        self._store = store
        self._cache = cache
        self._clock = clock

    def read(self, first: date, last: date) -> list[Rollup]:
        """All rollups from `first` to `last`, both included, ordered by day.

        Cost: the open days one Query each time; earlier days from the cache, else one request for the packs of all
        months, and one Query per month and 1 MB where there is no pack in force. Independent of the number of runs.
        """
        open_from = self._clock().date() - timedelta(days=OPEN_DAYS)
        before = min(last, open_from - timedelta(days=1))
        months = [_closed_days(begin, open_from) for begin, _ in _months(first, before)]
        with ThreadPoolExecutor(max_workers=1) as pool:
            closed = pool.submit(self._closed, months)
            fresh = [row for begin, end in _months(max(first, open_from), last) for row in self._query(begin, end)]
            earlier = [row for rows in closed.result() for row in rows if first <= row.day <= before]
        return earlier + fresh

    def first_day(self) -> date | None:
        """The earliest day with a finished run, or None. Two Queries of RunsByStatusIndex, cached for a minute."""
        text = self._cache.config(tables.RUNS, "rollup:first", str, lambda: _first_day(self._store), ttl=60.0)
        return date.fromisoformat(text) if text else None

    def _closed(self, months: list[Month]) -> list[list[Rollup]]:
        """Whole months up to the open days, so that every range shares the entries."""
        keys = {f"rollup:{begin:%Y-%m}:{end.isoformat()}": (begin, end) for begin, end in months}
        token = self._cache.token(tables.RUNS)

        def load(missing: list[str]) -> dict[str, list[Rollup]]:
            found = self._packed([keys[key] for key in missing], token)
            return {key: found[keys[key]] for key in missing}

        values = self._cache.config_many(tables.RUNS, list(keys), list[Rollup], load) if keys else {}
        return [values[key] for key in keys]

    def _packed(self, months: list[Month], token: int) -> dict[Month, list[Rollup]]:
        """Months from their packs, which are made where there are none in force."""
        found = read_packs(self._store, months, token)
        missing = [month for month in months if month not in found]
        made = dict(zip(missing, _gather(missing, lambda month: self._query(*month)), strict=True))
        write_packs(self._store, made, token)
        return found | made

    def _query(self, begin: date, end: date) -> list[Rollup]:
        low, high = begin.isoformat(), f"{end.isoformat()}$"
        partitions = [f"ROLLUP#{begin:%Y-%m}{suffix}" for suffix in self._store.layout.count_suffixes]
        queries = [Query(tables.RUNS, partition, low=low, high=high) for partition in partitions]
        found = _gather(queries, lambda query: list(self._store.all(query, limit=_PAGE)))
        return merge(read_rollup(item) for items in found for item in items)


def months_with_runs(store: Store) -> list[str]:
    """Every month from the first finished run to the next one, `YYYY-MM`. One Query per status and key of a run."""
    text = _first_day(store)
    today = utcnow().date()
    first = date.fromisoformat(text) if text else today
    return [f"{begin:%Y-%m}" for begin, _ in _months(min(first, today), _month_end(today) + timedelta(days=1))]


def _first_day(store: Store) -> str:
    finished = (RunStatus.COMPLETED, RunStatus.FAILED)
    values = [status + suffix for status in finished for suffix in store.layout.suffixes]
    queries = [Query(tables.RUNS, value, index=tables.RUNS_BY_STATUS) for value in values]
    firsts = _gather(queries, lambda query: store.page(query, limit=1)[0])
    return min((item["startedAt"]["S"][: len("2026-03-10")] for items in firsts for item in items), default="")


def _gather(asked: Sequence[A], read: Callable[[A], F]) -> list[F]:
    """What is found for each that is asked, at the same time."""
    if len(asked) < 2:
        return [read(one) for one in asked]
    with ThreadPoolExecutor(max_workers=min(len(asked), _AT_ONCE)) as pool:
        return list(pool.map(read, asked))


def read_rollup(item: Item) -> Rollup:
    """One shard of a rollup from its item.

    Reads the numbers without the general codec: a year of a busy store is half a million of them.
    """
    day, case_id, judge_id, model, _shard = item[tables.SK]["S"].split("#")
    bins = list(NO_SCORES)
    values: dict[str, Any] = {}
    for name, value in item.items():
        if name[0] == "h":
            bins[min(int(name[1:]), BINS)] += int(value["N"])
        elif name in _COUNTS:
            values[name] = int(value["N"])
        elif name in _SUMS:
            values[name] = float(value["N"])
    return Rollup(
        day=date.fromisoformat(day),
        case_id=_unescaped(case_id),
        judge_id=_unescaped(judge_id),
        model=_unescaped(model),
        bins=tuple(bins),
        **values,
    )


def merge(shards: Iterable[Rollup]) -> list[Rollup]:
    """The shards of each rollup added up, in order of appearance."""
    merged: dict[Key, Rollup] = {}
    for shard in shards:
        key = (shard.day, shard.case_id, shard.judge_id, shard.model)
        merged[key] = plus(merged[key], shard) if key in merged else shard
    return list(merged.values())


def plus(one: Rollup, other: Rollup) -> Rollup:
    """Two rollups added up; day, case, judge and model are those of the first."""
    sums: dict[str, Any] = {name: getattr(one, name) + getattr(other, name) for name in _COUNTS + _SUMS}
    return msgspec.structs.replace(one, bins=tuple(map(add, one.bins, other.bins)), **sums)


def _short(model: str) -> str:
    """A model's name as a sort key of DynamoDB can hold it: that has 1,024 bytes, ids and escapes included."""
    if len(model.encode()) <= _MODEL_BYTES:
        return model
    digest = hashlib.sha256(model.encode()).hexdigest()[:16]
    return f"{model.encode()[: _MODEL_BYTES // 2].decode(errors='ignore')}~{digest}"


def _unescaped(part: str) -> str:
    return part.replace("%23", "#").replace("%25", "%")


def _closed_days(begin: date, open_from: date) -> Month:
    """The month of `begin` up to the open days."""
    return begin.replace(day=1), min(_month_end(begin), open_from - timedelta(days=1))


def _month_end(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _months(first: date, last: date) -> Iterator[tuple[date, date]]:
    """`first` to `last` cut at the ends of months."""
    while first <= last:
        end = min(_month_end(first), last)
        yield first, end
        first = end + timedelta(days=1)
