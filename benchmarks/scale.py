"""Goal P17 and what a very large installation costs: a model of the store, by discrete events. Needs no engine.

    python -m benchmarks.scale [--seconds 10]

Runs of one case, judge, model and day begin and end, evenly at random. Modelled for each of the two writes of a run:

- *partitions*: a key takes 1,000 write units a second (a second's worth may be saved up; DynamoDB saves up to 300,
  which helps for minutes only). Keys of indexes grow with time and are not split; a partition of rollups that was
  refused for a minute is split in two (adaptive capacity), because its sort keys do not grow;
- *back-pressure of indexes*: a write whose index entry finds no capacity is refused whole, and tries again;
- *transactions*: each takes 15 ms and holds its rollup; of two that hold one item the later is cancelled;
- the product's own backoff, deadline, `Layout` (which key a run goes to) and `Spread` (which rollup, in 8 processes).

*Before*: one shard, and a run goes to another of 16 rollups only after a conflict of its own. *After*: 16 shards.
Costs at 10^9 runs: the units that `benchmarks.cost` measures, multiplied; see `docs/costs.md`.
"""

from __future__ import annotations

import argparse
import heapq
import random
from collections import Counter
from dataclasses import dataclass, field

from console.data.runs.ids import BLOCK
from console.data.runs.rollups.spread import Spread
from console.data.store.shards import Layout

TRANSACTION = 0.015
"""Seconds that a transaction holds its items."""
JUDGING = 2.0
"""Seconds between the two writes of a run."""
DEADLINE = 9.5
BACKOFF, BACKOFF_CAP = 0.025, 0.5
PROCESSES = 8
WRITE_LIMIT = 1_000
SPLIT_AFTER = 60.0
"""Seconds of refusals after which a partition that can be split is split."""
RATES = (100, 1_000, 10_000)
SHARDS = 16
WRITE_UNIT, READ_UNIT, GIGABYTE_MONTH = 0.625e-6, 0.125e-6, 0.25
"""Dollars of on-demand capacity in us-east-1; units looked up on 2026-11-29, storage not."""


@dataclass(slots=True)
class Partition:
    """What holds the items of a key."""

    splits: bool
    limit: float = WRITE_LIMIT
    saved: float = WRITE_LIMIT
    at: float = 0.0
    refused_since: float | None = None

    def has(self, units: float, now: float) -> bool:
        """Whether it takes so many units now; splits after a minute of refusals."""
        self.saved = min(self.limit, self.saved + (now - self.at) * self.limit)
        self.at = now
        if self.saved >= units:
            self.refused_since = None
            return True
        self.refused_since = now if self.refused_since is None else self.refused_since
        if self.splits and now - self.refused_since > SPLIT_AFTER:
            self.limit, self.refused_since = self.limit * 2, None
        return False


@dataclass(slots=True)
class Write:
    """One of the two writes of a run."""

    run: int
    began: float
    last: bool
    attempts: int = 0
    conflicts: int = 0


class Before:
    """One shard; rollup 0 first, then any of 16."""

    layout = Layout()
    block = 1

    def rollup(self, write: Write, _now: float) -> int:
        """Which rollup counts a run."""
        return 0 if write.conflicts == 0 else random.randrange(1, 16)


class After:
    """The product with 16 shards."""

    layout = Layout(SHARDS, widest=SHARDS)
    block = BLOCK

    def __init__(self) -> None:
        self._now = 0.0
        self._spreads = [Spread(lambda: self._now) for _ in range(PROCESSES)]

    def rollup(self, write: Write, now: float) -> int:
        """Which rollup counts a run."""
        self._now = now
        return self._spreads[write.run % PROCESSES].shard("cell", write.conflicts)


@dataclass(slots=True)
class Outcome:
    """What came of a rate."""

    attempts: int = 0
    runs: int = 0
    failed: int = 0
    taken: list[float] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    """Write units that first attempts asked of each key."""


class Model:
    """The store, while runs begin and end in it."""

    def __init__(self, way: Before | After) -> None:
        self._way = way
        self._partitions: dict[str, Partition] = {}
        self._held: dict[int, float] = {}
        self.outcome = Outcome()

    def attempt(self, write: Write, now: float) -> bool:
        """Whether a write was taken."""
        write.attempts += 1
        self.outcome.attempts += 1
        rollup = self._way.rollup(write, now) if write.last else 0
        units = self._units(write, rollup)
        if write.attempts == 1:
            self.outcome.asked.update(units)
        if write.last and self._held.get(rollup, 0.0) > now:
            write.conflicts += 1
            return False
        if not all(self._partition(key).has(amount, now) for key, amount in units.items()):
            return False
        for key, amount in units.items():
            self._partition(key).saved -= amount
        if write.last:
            self._held[rollup] = now + TRANSACTION
        return True

    def _units(self, write: Write, rollup: int) -> dict[str, float]:
        """Write units of an attempt by key: entries of 1 KB; twice for an item in a transaction."""
        suffix = self._way.layout.suffix(write.run)
        units: dict[str, float] = {f"{kind}{suffix}": 1 for kind in ("day", "judge", "case", "status running")}
        if not write.last:
            return units if write.run % self._way.block else {**units, "id counter": 1}
        return {**units, f"status completed{suffix}": 1, f"rollups{self._way.layout.count_suffix(rollup)}": 2}

    def _partition(self, key: str) -> Partition:
        if key not in self._partitions:
            self._partitions[key] = Partition(splits=key.startswith("rollups"))
        return self._partitions[key]


def simulate(rate: float, seconds: float, way: Before | After) -> Outcome:
    """Runs that begin and end at `rate` a second."""
    random.seed(7)
    model, waiting, number, now = Model(way), list[tuple[float, int, Write]](), 0, 0.0
    while (now := now + random.expovariate(rate)) < seconds:
        heapq.heappush(waiting, (now, 2 * number, Write(number, now, last=False)))
        heapq.heappush(waiting, (now + JUDGING, 2 * number + 1, Write(number, now + JUDGING, last=True)))
        number += 1
    model.outcome.runs = number
    while waiting:
        now, order, write = heapq.heappop(waiting)
        if model.attempt(write, now):
            model.outcome.taken.append(now + TRANSACTION - write.began)
            continue
        pause = random.uniform(0, min(BACKOFF_CAP, BACKOFF * 2 ** min(write.attempts - 1, 10)))
        if now + pause - write.began > DEADLINE:
            model.outcome.failed += 1
        else:
            heapq.heappush(waiting, (now + TRANSACTION + pause, order, write))
    return model.outcome


def throughput(seconds: float) -> None:
    """P17: attempts, time, failures and the busiest keys by rate, before and after."""
    print(f"{'one case, judge, model and day':<32}{'attempts':>9}{'p99, s':>8}{'failed':>8}   busiest key, WCU/s")
    for name, way in (("before, 1 shard", Before), (f"after, {SHARDS} shards", After)):
        for rate in RATES:
            found = simulate(rate, seconds, way())
            found.taken.sort()
            p99 = found.taken[len(found.taken) * 99 // 100] if found.taken else DEADLINE
            print(
                f"  {f'{name}, {rate:,} runs/s':<30}{found.attempts / 2 / found.runs:>9.2f}{p99:>8.2f}"
                f"{found.failed / 2 / found.runs:>8.1%}   {_busiest(found, seconds)}",
                flush=True,
            )


def _busiest(found: Outcome, seconds: float) -> str:
    """The busiest key of each kind."""
    kinds: dict[str, float] = {}
    for key, units in found.asked.items():
        kind = key.split("~")[0]
        kinds[kind] = max(kinds.get(kind, 0.0), units / seconds)
    shown = sorted(kinds.items(), key=lambda one: -one[1])[:3]
    return ", ".join(f"{kind} {units:,.0f}" for kind, units in shown)


COSTS: tuple[tuple[str, float, float, float], ...] = (
    # what, requests, read units, write units; with one shard, but where it says otherwise
    ("a run by its id (5 KB)", 1, 2, 0),
    ("a page of 100 runs of a case", 1, 8.3, 0),
    ("a page of 100 runs without a filter", 4, 10.5, 0),
    (f"the same with {SHARDS} shards", 8 * SHARDS, 8 * SHARDS * 1.5, 0),
    ("the Overview, 90 days", 12, 30, 0),
    ("finishing a run, 10 KB of text", 2, 0, 32),
    ("importing a run that is finished", 1, 0, 22),
    ("export of all runs: lists, then batches", 2e7, 2.1e9, 0),
    ("migration of all runs", 1e9, 0, 2.2e10),
    ("rollups verify: one scan", 5e6, 2e9, 0),
    ("rollups rebuild: two scans", 1e7, 4e9, 0),
    ("tables spread: one scan, a write each", 1e9, 2e9, 1.5e10),
)
"""Of one, at 10**9 runs of 5 KB. Lists, Overview, finishing and importing are what `benchmarks.cost` measured (32.0
and 22.0 write units, 8.3 read units per 100 rows, 30.0 for the Overview of 500,000 runs); whole tables are multiplied:
2 read units for a run of 5 KB, 1 MB a page of a scan, 100 runs a batch; 5 write units for a run that moves and two for
each of its five index entries."""


def costs() -> None:
    """What things cost at 10**9 runs of 5 KB (compressed)."""
    print(f"\n{'at 1,000,000,000 runs':<40}{'requests':>15}{'read units':>18}{'write units':>18}{'dollars':>16}")
    for what, requests, reads, writes in COSTS:
        dollars = reads * READ_UNIT + writes * WRITE_UNIT
        print(f"  {what:<38}{requests:>15,.0f}{reads:>18,.1f}{writes:>18,.0f}{dollars:>16,.6f}")
    print(f"  storage: 10 TB with indexes, a month{10_000 * GIGABYTE_MONTH:>69,.2f}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0, help="simulated time")
    throughput(parser.parse_args().seconds)
    costs()


if __name__ == "__main__":
    main()
