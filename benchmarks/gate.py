"""How often the gate fails what is as good, and finds what is worse: `python -m benchmarks.gate [--items N]`.

Items that differ do so by chance in both directions, for 10 % of the items, and one system loses `drop` of its passes
beside that. With `--items` a test set of so many items of 10 KB is made on the embedded engine, read and changed.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from console.actions.sets.gate import Asked, Outcome, held
from console.config import Settings
from console.judging.analysis.pairs import Flips, rate_difference
from console.records import SetItem
from console.services import build_services

DRAWS = 4_000
PASS_RATE = 0.8
NOISE = 0.1
"""Of the items, which turn either way by chance."""


def decisions(items: int, drop: float) -> Counter[Outcome]:
    """What the gate says of `DRAWS` experiments over so many items, with no drop allowed."""
    asked = Asked()
    lost, gained = NOISE / 2 + drop, NOISE / 2
    odds = [gained, lost, PASS_RATE - lost, 1 - PASS_RATE - gained]
    drawn = np.random.default_rng(5).multinomial(items, odds, size=DRAWS)
    found = (rate_difference(Flips(*map(int, counts)), asked.confidence) for counts in drawn)
    return Counter(held("", one, 0.0, "", asked).outcome for one in found)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=0, help="of a test set that is made")
    asked = parser.parse_args()
    print(f"{'items':>6} {'true drop':>10} {'failed':>8} {'passed':>8} {'cannot tell':>12}")
    for items in (10, 30, 100, 300, 1_000):
        for drop in (0.0, 0.02, 0.05, 0.1, 0.2):
            found = decisions(items, drop)
            shares = [found[one] / DRAWS for one in (Outcome.FAILED, Outcome.PASSED, Outcome.UNSURE)]
            print(f"{items:>6} {drop:>10.0%} {shares[0]:>8.1%} {shares[1]:>8.1%} {shares[2]:>12.1%}")
    if asked.items:
        large_set(asked.items)


def large_set(count: int) -> None:
    """Makes, pages and changes a set."""
    with tempfile.TemporaryDirectory() as folder, build_services(Settings(data_dir=Path(folder))) as services:
        made = services.sets.create("Large", by="bench")
        began = time.perf_counter()
        made = services.sets.change(made, _items(count), by="bench").test_set
        _said(f"{count:,} items of 10 KB stored", began)
        began = time.perf_counter()
        services.sets.items(made.set_id, limit=100)
        _said("a page of 100", began)
        began = time.perf_counter()
        made = services.sets.change(made, [SetItem(key="k000007", input="x")], by="bench").test_set
        _said("one item changed", began)
        began = time.perf_counter()
        services.sets.digests(made.set_id)
        _said("all digests, as a difference of versions reads them", began)


def _items(count: int) -> Iterator[SetItem]:
    dice = random.Random(1)
    words = [f"{dice.getrandbits(40):x}" for _ in range(5_000)]
    for number in range(count):
        question, context = (" ".join(dice.choices(words, k=size)) for size in (20, 900))
        yield SetItem(key=f"k{number:06}", input=question, context=context)


def _said(what: str, began: float) -> None:
    print(f"{what}: {time.perf_counter() - began:.2f} s")


if __name__ == "__main__":
    main()
