"""The expected score of simulated beliefs: tokenizers x scales x beliefs, ours against the plain mean of the numbers.

    python -m benchmarks.scores

Each cell draws `DRAWS` runs of `RESPONSES` responses from each of several beliefs that are known, cuts the numbers into
tokens as a tokenizer would, gives the twenty likeliest pieces at each place as a server does, and compares with the
belief's own mean. `error` is the root of the mean squared error in percent of the scale's range, `rho` Spearman's
correlation with the truth over all beliefs of a cell.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy import stats

from console.judging.expected import weigh
from console.judging.logprobs import Path, Token, read_path
from console.judging.replies.replies import read_form
from console.judging.scoring import LEAST_CAPTURED
from console.records import ScoreRange

DRAWS, RESPONSES, LISTED = 20, 10, 20
Belief = Mapping[float, float]
SCALES = {
    "1-5": ScoreRange(),
    "1-10": ScoreRange(min=1, max=10),
    "0-100": ScoreRange(min=0, max=100),
    "1-100": ScoreRange(min=1, max=100),
    "-5-5": ScoreRange(min=-5, max=5),
    "0-1": ScoreRange(min=0, max=1, step=0.1),
    "-1-1": ScoreRange(min=-1, max=1, step=0.1),
}
TOKENIZERS: Mapping[str, Callable[[str], list[str]]] = {
    "a token per digit": list,
    "a token per number": lambda number: [number],
    "a leading space": lambda number: [f" {number}"],
    "sign and digits": lambda number: ["-", number[1:]] if number.startswith("-") else [number],
}
PLACES = (0.1, 0.3, 0.5, 0.7, 0.9, 0.97)
"""Where on the range a belief has its middle."""
SHAPES = {"narrow": 0.04, "wide": 0.15, "two peaks": 0.05}
"""Standard deviation in shares of the range."""


def beliefs(scale: ScoreRange) -> list[Belief]:
    """Every shape at every place."""
    count = round((scale.max - scale.min) / scale.step)
    values = [round(scale.min + place * scale.step, 6) for place in range(count + 1)]
    width = scale.max - scale.min
    found = []
    for shape, spread in SHAPES.items():
        for place in PLACES:
            middle = scale.min + place * width
            other = scale.min + (1 - place) * width
            mass = [_bell(value, middle, spread * width) for value in values]
            if shape == "two peaks":
                second = [_bell(value, other, spread * width) for value in values]
                mass = [0.7 * one + 0.3 * more for one, more in zip(mass, second, strict=True)]
            total = sum(mass)
            found.append({value: one / total for value, one in zip(values, mass, strict=True)})
    return found


def _bell(value: float, middle: float, deviation: float) -> float:
    return math.exp(-0.5 * ((value - middle) / max(deviation, 1e-9)) ** 2) + 1e-6


def response(number: float, belief: Belief, cut: Callable[[str], list[str]]) -> Path:
    """A response that states a number, with what else could have stood at each of its tokens."""
    written = [([*cut(f"{value:g}"), ","], mass) for value, mass in belief.items()]
    chosen = [*cut(f"{number:g}"), ","]
    tokens = [Token('{"score":', 0.0)]
    for place in range(len(chosen)):
        follows: dict[str, float] = defaultdict(float)
        for pieces, mass in written:
            if pieces[:place] == chosen[:place] and len(pieces) > place:
                follows[pieces[place]] += mass
        total = sum(follows.values())
        likely = sorted(follows, key=lambda piece: -follows[piece])[:LISTED]
        top = [(piece, math.log(follows[piece] / total)) for piece in likely]
        tokens.append(Token(chosen[place], math.log(follows[chosen[place]] / total), top))
    tokens.append(Token('"reason":"x"}', 0.0))
    reply = "".join(token.text for token in tokens)
    return read_path(reply, read_form(reply), tokens)


def expected(paths: Sequence[Path], scale: ScoreRange) -> tuple[float, float]:
    """The score of a run as the product has it, and the captured mass."""
    found = [one for one in weigh(paths, scale) if one]
    captured = sum(one.captured for one in found) / len(found)
    if captured < LEAST_CAPTURED:
        return sum(path.score for path in paths) / len(paths), captured
    return sum(one.score for one in found) / len(found), captured


def cell(scale: ScoreRange, cut: Callable[[str], list[str]]) -> tuple[float, float, float, float, float]:
    """Errors and correlations of ours and of the plain mean, and the mean captured mass."""
    draw = np.random.default_rng(20_230_329)
    truths, ours, plain, mass = [], [], [], []
    for belief in beliefs(scale):
        values, shares = list(belief), list(belief.values())
        truth = sum(value * share for value, share in belief.items())
        made: dict[float, Path] = {}
        for _ in range(DRAWS):
            stated = draw.choice(values, RESPONSES, p=shares)
            for one in set(stated) - set(made):
                made[one] = response(float(one), belief, cut)
            score, captured = expected([made[one] for one in stated], scale)
            truths.append(truth)
            ours.append(score)
            plain.append(float(stated.mean()))
            mass.append(captured)
    width = scale.max - scale.min

    def error(found: list[float]) -> float:
        return 100 * float(np.sqrt(np.mean((np.array(found) - truths) ** 2))) / width

    rhos = [float(stats.spearmanr(found, truths).statistic) for found in (ours, plain)]
    return error(ours), error(plain), rhos[0], rhos[1], float(np.mean(mass))


def main() -> None:
    """Prints the table."""
    print(f"{'scale':6} {'tokenizer':20} {'error':>7} {'plain':>7} {'rho':>7} {'plain':>7} {'captured':>9}")
    for name, scale in SCALES.items():
        for kind, cut in TOKENIZERS.items():
            one, other, rho, plain_rho, captured = cell(scale, cut)
            print(f"{name:6} {kind:20} {one:6.2f}% {other:6.2f}% {rho:7.4f} {plain_rho:7.4f} {captured:9.2f}")


if __name__ == "__main__":
    main()
