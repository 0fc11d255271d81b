"""Every regular expression of the product on hostile texts of 1 MB and 10 MB: `python -m benchmarks.expressions`."""

from __future__ import annotations

import time

from console.judging.fence import Fence
from tests.support.expressions import UNITS, Expression, adversary, expressions


def main() -> None:
    """Print the slowest text of each expression, in milliseconds."""
    print(f"{'expression':58} {'1 MB':>9} {'10 MB':>9}  slowest text")
    for one in expressions():
        row(f"{one.place} {one.method}", one)
    row("Fence.neutral", None)


def row(name: str, one: Expression | None) -> None:
    """One line: the unit that takes longest at 1 MB, and its time at 10 MB."""
    seconds = {unit: timed(one, adversary(unit, 1_000_000)) for unit in UNITS}
    worst = max(seconds, key=lambda unit: seconds[unit])
    long = timed(one, adversary(worst, 10_000_000))
    print(f"{name:58} {1000 * seconds[worst]:6.1f} ms {1000 * long:6.0f} ms  {worst!r}", flush=True)


def timed(one: Expression | None, text: str) -> float:
    """Seconds of one run."""
    began = time.perf_counter()
    if one:
        one.run(text)
    else:
        Fence("token").neutral(text)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
