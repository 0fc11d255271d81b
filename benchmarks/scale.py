"""Goal P17 and what a very large installation costs: a model of the store, by discrete events. Needs no engine.

    python -m benchmarks.scale [--seconds 20]

Modelled, by discrete events: a transaction takes 15 ms; of two that hold one item at once the later is cancelled and
tries again after a full-jitter backoff, as `Store.transact` does. *Before*: every run adds to shard 0 of its rollup
and goes to any other of 16 after a conflict. *After*: the product's own `Spread`, one in each of eight processes.

Computed, not simulated: write units of the keys that runs share, against the 1,000 a second that one partition key
takes, and the costs at 10^9 runs, from the units per operation that `benchmarks.cost` measures. Splits of hot
partitions are left out: they do not help keys whose sort keys grow with time, as ours do.
"""

from __future__ import annotations

import argparse
import heapq
import random
from collections import Counter
from dataclasses import dataclass, field

from console.data.runs.spread import Spread

TRANSACTION = 0.015
"""Seconds that a transaction holds its items."""
DEADLINE = 9.5
BACKOFF, BACKOFF_CAP = 0.025, 0.5
PROCESSES = 8
WRITE_LIMIT = 1_000
RATES = (100, 1_000, 2_000, 10_000)
WRITE_UNIT, READ_UNIT, GIGABYTE_MONTH = 0.625e-6, 0.125e-6, 0.25
"""Dollars of on-demand capacity in us-east-1, in force since November 2024: look them up before you rely on them."""


@dataclass(slots=True)
class Run:
    """A run that is being finished."""

    began: float
    process: int
    attempts: int = 0
    conflicts: int = 0


@dataclass(slots=True)
class Cell:
    """The shards of one rollup."""

    held: dict[int, float] = field(default_factory=dict)
    """Shard -> when its transaction ends."""
    writes: Counter[int] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a rate."""

    attempts: float
    p99: float
    failed: float
    hottest: float
    """Write units a second of the busiest rollup item: two for each transaction."""
    items: int
    """Items that the counts are spread over: what a reader of that day reads."""


class Before:
    """Shard 0 first, then any of 16."""

    def shard(self, run: Run, _now: float) -> int:
        """Where a run adds its counts."""
        return 0 if run.conflicts == 0 else random.randrange(1, 16)


class After:
    """The product's way, in each process."""

    def __init__(self) -> None:
        self._now = 0.0
        self._spreads = [Spread(lambda: self._now) for _ in range(PROCESSES)]

    def shard(self, run: Run, now: float) -> int:
        """Where a run adds its counts."""
        self._now = now
        return self._spreads[run.process].shard("cell", run.conflicts)


def simulate(rate: float, seconds: float, way: Before | After) -> Outcome:
    """Runs of one case, judge, model and day that finish at `rate` a second, evenly at random."""
    random.seed(7)
    cell, number = Cell(), 0
    waiting: list[tuple[float, int, Run]] = []
    now = 0.0
    while (now := now + random.expovariate(rate)) < seconds:
        heapq.heappush(waiting, (now, number, Run(now, number % PROCESSES)))
        number += 1
    taken: list[float] = []
    attempts = failed = 0
    while waiting:
        now, order, run = heapq.heappop(waiting)
        run.attempts += 1
        attempts += 1
        shard = way.shard(run, now)
        if cell.held.get(shard, 0.0) <= now:
            cell.held[shard] = now + TRANSACTION
            cell.writes[shard] += 1
            taken.append(now + TRANSACTION - run.began)
            continue
        run.conflicts += 1
        pause = random.uniform(0, min(BACKOFF_CAP, BACKOFF * 2 ** min(run.attempts - 1, 10)))
        if now + pause - run.began > DEADLINE:
            failed += 1
        else:
            heapq.heappush(waiting, (now + TRANSACTION + pause, order, run))
    taken.sort()
    end = max(seconds, now)
    return Outcome(
        attempts=attempts / number,
        p99=taken[len(taken) * 99 // 100] if taken else DEADLINE,
        failed=failed / number,
        hottest=2 * max(cell.writes.values(), default=0) / end,
        items=len(cell.writes),
    )


def throughput(seconds: float) -> None:
    """P17: attempts, time and failures by rate, before and after."""
    print(
        f"{'one case, judge, model and day':<36}{'attempts':>9}{'p99, s':>8}{'failed':>8}"
        f"{'WCU/s of one':>13}{'items':>7}"
    )
    for name, way in (("before", Before), ("after", After)):
        for rate in RATES:
            found = simulate(rate, seconds, way())
            print(
                f"  {f'{name}, {rate:,} runs/s':<34}{found.attempts:>9.2f}{found.p99:>8.2f}{found.failed:>8.1%}"
                f"{found.hottest:>13.0f}{found.items:>7}",
                flush=True,
            )


INDEX_WRITES = {"status": (1, 2), "day": (1, 2), "judge": (1, 2), "case": (1, 2)}
"""Write units of each index for the creation and for the finish of a run (an entry of 1 KB; the status moves)."""


def keys() -> None:
    """Write units a second of each key that runs share, and how many shards it would take."""
    print(
        f"\n{'write units a second of one key':<36}"
        + "".join(f"{rate:>10,}" for rate in RATES)
        + f"{'shards at 10,000':>18}"
    )
    shared = {name: sum(units) for name, units in INDEX_WRITES.items()}
    shared |= {"id counter (one for each run)": 1, "token (runs of earlier days only)": 2}
    for name, units in shared.items():
        row = "".join(f"{rate * units:>10,}" for rate in RATES)
        print(f"  {name:<34}{row}{-(-RATES[-1] * units // WRITE_LIMIT):>18}")


COSTS: tuple[tuple[str, float, float, float], ...] = (
    # what, requests, read units, write units: of one, at 10**9 runs
    ("a run by its id", 1, 1.5, 0),
    ("a page of 100 runs", 4, 9, 0),
    ("the Overview, 90 days", 12, 60, 0),
    ("threshold what-if, whole history", 40, 400, 0),
    ("finishing a run, 10 KB of text", 2, 0, 32),
    ("export of all runs", 5e6, 6.5e8, 0),
    ("migration of all runs", 1e9, 0, 2.2e10),
    ("rollups verify or rebuild: two scans", 2e7, 2.6e9, 0),
)


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
    parser.add_argument("--seconds", type=float, default=20.0, help="simulated time")
    throughput(parser.parse_args().seconds)
    keys()
    costs()


if __name__ == "__main__":
    main()
