"""Corrected rates: how often their interval holds the truth, and how wide it is beside the labels' own (goals T3, T4).

    python -m benchmarks.corrected [--draws 400] [--runs FILE]

FILE is JSON, a list of {"human": score, "score": judge's score} of one case (people pass from the middle of the scale);
without it only simulated judges are asked.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from console.judging.analysis.corrected import Sample, corrected_rate

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, Floats, int], tuple[NDArray[np.int64], Floats]]
SIZES = (40, 60, 100)


def judges(dice: np.random.Generator) -> dict[str, tuple[Floats, Floats]]:
    """Simulated runs: the judge's scores and people's verdicts. Errors are correlated with the text's length."""
    made = {}
    for name, runs, base, skill, noise in (
        ("as on SummEval", 1_600, 0.82, 2.2, 0.6),
        ("even odds", 1_600, 0.50, 3.0, 0.8),
        ("weak judge", 1_600, 0.70, 0.6, 0.5),
        ("strong judge", 1_600, 0.75, 6.0, 0.3),
        ("few fail", 1_600, 0.93, 2.0, 0.5),
        ("few pass", 2_000, 0.12, 3.0, 0.7),
        ("few runs", 150, 0.70, 2.5, 0.6),
    ):
        quality, length = dice.normal(size=(2, runs))
        people = quality + 0.4 * dice.normal(size=runs) + 0.3 * length > np.quantile(quality, 1 - base)
        raw = skill * 0.5 * quality + noise * dice.normal(size=runs) + 0.3 * length + 1
        score = np.round(4 / (1 + np.exp(-raw))) / 8 + 0.5 / (1 + np.exp(-raw))
        made[name] = score, people.astype(np.float64)
    return made


def at_random(dice: np.random.Generator, scores: Floats, size: int) -> tuple[NDArray[np.int64], Floats]:
    """Every run alike."""
    return dice.choice(len(scores), size, replace=False), np.full(size, size / len(scores))


def uncertain_first(dice: np.random.Generator, scores: Floats, size: int) -> tuple[NDArray[np.int64], Floats]:
    """Runs near the threshold five times as likely as others."""
    odds = 0.25 + np.exp(-(((scores - 0.5) / 0.15) ** 2))
    chance = np.minimum(1.0, size * odds / odds.sum())
    drawn = np.flatnonzero(dice.random(len(scores)) < chance)
    return drawn, chance[drawn]


def wilson_width(share: float, labels: int) -> float:
    """Of the labels alone, as if they were drawn at random."""
    square = 1.959964**2
    return float(
        2 * 1.959964 / (1 + square / labels) * np.sqrt(share * (1 - share) / labels + square / (4 * labels**2))
    )


def measured(scores: Floats, people: Floats, draw: Draw, size: int, draws: int) -> str:
    """Share of draws whose interval holds the truth, and its width against the labels' own."""
    dice, truth = np.random.default_rng(size), people.mean()
    held, width = 0, 0.0
    for _ in range(draws):
        drawn, chance = draw(dice, scores, size)
        found = corrected_rate(
            Sample.of(scores[drawn], chance), people[drawn], runs=len(scores), mean_score=float(scores.mean())
        ).estimate
        if found.low is None or found.high is None:
            continue
        held += found.low <= truth <= found.high
        width += (found.high - found.low) / wilson_width(float(people[drawn].mean()), len(drawn))
    return f"{held / draws:.3f} {width / draws:5.2f}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--runs", type=Path)
    asked = parser.parse_args()
    made = judges(np.random.default_rng(1))
    if asked.runs:
        rows = json.loads(asked.runs.read_text(encoding="utf-8"))
        human, score = (np.array([row[key] for row in rows], dtype=np.float64) for key in ("human", "score"))
        score = (score - score.min()) / max(np.ptp(score), 1e-9)
        made = {asked.runs.name[:20]: (score, (human >= (human.min() + human.max()) / 2).astype(np.float64)), **made}
    for name, draw in (("At random (T3)", at_random), ("Uncertain first, with its odds (T4)", uncertain_first)):
        print(f"\n{name}: share of {asked.draws} draws that hold the truth, width against the labels' own Wilson")
        print(f"{'':22}{'r':>6}{'truth':>7}" + "".join(f"{size:>8} labels" for size in SIZES))
        for label, (scores, people) in made.items():
            cells = [measured(scores, people, draw, size, asked.draws) for size in SIZES if size < len(scores)]
            print(f"{label:22}{np.corrcoef(scores, people)[0, 1]:6.2f}{people.mean():7.2f}    " + "    ".join(cells))


if __name__ == "__main__":
    main()
