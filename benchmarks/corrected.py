"""Corrected rates: how often their interval holds the truth, and how wide it is beside the labels' own.

    python -m benchmarks.corrected [--draws 400] [--runs FILE]

FILE is JSON, a list of {"human": score, "score": judge's score} of one case (people pass from the middle of the scale).
Without it the real runs are 50 of SummEval that GPT-4o judged (consistency; people pass from 4.5), drawn 1,600 times.

Judges that give verdicts only are named by their sensitivity and specificity. `clustered`: eight runs share a document,
and the judge errs on whole documents; `long`: it lets long texts pass that people do not.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from console.judging.analysis.corrected import Sample, classical_rate, corrected_rate
from console.judging.analysis.weighted import weighted_quality

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator, Floats, int], tuple[NDArray[np.int64], Floats]]
SIZES = (40, 60, 100)
REAL = Path(__file__).parents[1] / "tests" / "data_files" / "summeval_gpt4o_consistency_50.json"
CUT = 0.5
"""Normalised score from which a judge passes a run."""


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
    return made | verdicts(dice)


def verdicts(dice: np.random.Generator) -> dict[str, tuple[Floats, Floats]]:
    """Simulated judges that say pass or fail, of known sensitivity and specificity, whose errors go together."""
    made = {}
    for name, base, sensitivity, specificity, clustered, by_length in (
        ("verdicts .90 .80", 0.70, 0.90, 0.80, 0.0, 0.0),
        ("verdicts .95 .50", 0.80, 0.95, 0.50, 0.0, 0.0),
        ("verdicts .60 .90", 0.40, 0.60, 0.90, 0.0, 0.0),
        ("clustered .85 .75", 0.70, 0.85, 0.75, 2.0, 0.0),
        ("long .90 .60", 0.75, 0.90, 0.60, 0.0, 1.5),
    ):
        document = np.repeat(dice.normal(size=200), 8)
        length, own = dice.normal(size=(2, 1_600))
        people = own + 0.7 * document + 0.5 * length > np.quantile(own * 1.32, 1 - base)
        slip = dice.normal(size=1_600) + clustered * np.repeat(dice.normal(size=200), 8)
        right = np.where(people, slip + by_length * length, slip - by_length * length)
        passes = right > np.quantile(right[people], 1 - sensitivity)
        fails = right > np.quantile(right[~people], 1 - specificity)
        made[name] = np.where(people, passes, ~fails).astype(np.float64), people.astype(np.float64)
    return made


def real_runs() -> tuple[Floats, Floats]:
    """Judge's scores, normalised, and verdicts of the real runs."""
    rows = json.loads(REAL.read_text(encoding="utf-8"))
    human = np.array([row["scores"]["consistency"] for row in rows])
    score = np.array([(np.mean(row["all_responses"]) - 1) / 4 for row in rows])
    drawn = np.random.default_rng(7).integers(0, len(rows), 1_600)
    return score[drawn], (human >= 4.5).astype(np.float64)[drawn]


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


def classical(scores: Floats, people: Floats, size: int, draws: int) -> str:
    """The same of Rogan and Gladen's estimate, of random samples."""
    dice, truth, judged = np.random.default_rng(size), people.mean(), scores >= CUT
    held, told, width = 0, 0, 0.0
    for _ in range(draws):
        drawn, chance = at_random(dice, scores, size)
        found = classical_rate(
            Sample.of(scores[drawn], chance), people[drawn], judged[drawn], pass_rate=float(judged.mean())
        )
        if found.low is None or found.high is None:
            continue
        told += 1
        held += found.low <= truth <= found.high
        width += (found.high - found.low) / wilson_width(float(people[drawn].mean()), size)
    return f"{held / told:.3f} {width / told:5.2f}" if told else f"{'-':>11}"


def kappas(scores: Floats, people: Floats, size: int, draws: int) -> str:
    """Kappa from labels of the doubtful queue, without and with their odds; how often the interval holds the truth."""
    dice, judged = np.random.default_rng(size), scores >= CUT
    every = Sample.of(scores, np.ones(len(scores)))
    truth = weighted_quality(every.weights, people, judged).kappa.value or 0.0
    bare, weighed, held, told = 0.0, 0.0, 0, 0
    for _ in range(draws):
        drawn, chance = uncertain_first(dice, scores, size)
        naive = weighted_quality(np.ones(len(drawn)), people[drawn], judged[drawn]).kappa
        found = weighted_quality(1 / chance, people[drawn], judged[drawn]).kappa
        if found.value is None or found.low is None or found.high is None or naive.value is None:
            continue
        told += 1
        bare, weighed = bare + naive.value, weighed + found.value
        held += found.low <= truth <= found.high
    return f"{truth:6.2f}{bare / told:10.2f}{weighed / told:10.2f}{held / told:10.3f}" if told else f"{truth:6.2f}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--runs", type=Path)
    asked = parser.parse_args()
    made = {"real, SummEval": real_runs(), **judges(np.random.default_rng(1))}
    if asked.runs:
        rows = json.loads(asked.runs.read_text(encoding="utf-8"))
        human, score = (np.array([row[key] for row in rows], dtype=np.float64) for key in ("human", "score"))
        score = (score - score.min()) / max(np.ptp(score), 1e-9)
        made = {asked.runs.name[:20]: (score, (human >= (human.min() + human.max()) / 2).astype(np.float64)), **made}
    for name, draw in (("At random", at_random), ("Uncertain first, with its odds", uncertain_first)):
        print(f"\n{name}: share of {asked.draws} draws that hold the truth, width against the labels' own Wilson")
        print(f"{'':22}{'r':>6}{'truth':>7}" + "".join(f"{size:>8} labels" for size in SIZES))
        for label, (scores, people) in made.items():
            cells = [measured(scores, people, draw, size, asked.draws) for size in SIZES if size < len(scores)]
            print(f"{label:22}{np.corrcoef(scores, people)[0, 1]:6.2f}{people.mean():7.2f}    " + "    ".join(cells))
    print("\nRogan and Gladen, at random: the same")
    for label, (scores, people) in made.items():
        cells = [classical(scores, people, size, asked.draws) for size in SIZES if size < len(scores)]
        print(f"{label:35}    " + "    ".join(cells))
    print(f"\nKappa from 100 labels, uncertain first\n{'':22}{'truth':>6}{'bare':>10}{'weighed':>10}{'held':>10}")
    for label, (scores, people) in made.items():
        print(f"{label:22}{kappas(scores, people, 100, min(asked.draws, 200))}")


if __name__ == "__main__":
    main()
