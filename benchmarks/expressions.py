"""Every regular expression of the product on hostile texts of 1 MB and 10 MB: `python -m benchmarks.expressions`."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.support.expressions import FUNCTIONS, MOST, UNITS, adversary, built, expressions


def main() -> None:
    """Print the slowest text of each expression, in milliseconds."""
    print(f"{'expression':58} {'1 MB':>9} {'10 MB':>9}  slowest text")
    for one in expressions():
        row(f"{one.place} {one.method}", one.run)
    for found in built().values():
        for one in found:
            row(f"{one.place} {one.method} (made at run time)", one.run)
    for name, act in FUNCTIONS.items():
        row(name, act)


def row(name: str, act: Callable[[str], object]) -> None:
    """One line: the unit that takes longest at 1 MB, and its time at 10 MB."""
    size = MOST.get(name.partition(":")[0].partition(" ")[0], 10_000_000)
    seconds = {unit: timed(act, adversary(unit, 1_000_000)) for unit in UNITS}
    worst = max(seconds, key=lambda unit: seconds[unit])
    long = timed(act, adversary(worst, 10_000_000))
    inside = f", at most {size:,} characters reach it" if size < 10_000_000 else ""
    print(f"{name:58} {1000 * seconds[worst]:6.1f} ms {1000 * long:6.0f} ms  {worst!r}{inside}", flush=True)


def timed(act: Callable[[str], object], text: str) -> float:
    """Seconds of the processor for one run."""
    began = time.process_time()
    act(text)
    return time.process_time() - began


if __name__ == "__main__":
    main()
