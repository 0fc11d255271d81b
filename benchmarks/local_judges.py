"""How judges without a key compare: a model in a GGUF file on published summaries that people have scored.

    LOCAL_MODEL_PATH=FILE python -m benchmarks.local_judges [--texts 50] [--samples 5] [--modes logprobs,sampled,single]

The model is that of `LOCAL_MODEL_PATH`, else the small one of `make local-judge`; llama.cpp has to be installed by it.
The data are the 50 summaries of tests/data_files (SummEval, consistency, the source as reference), each judged once
in each mode: `logprobs` is one response weighted by its probabilities, `sampled` the mean of several stated numbers,
`single` one stated number. Printed per mode: runs with a score, seconds per run, captured mass, and Pearson, Spearman
and Kendall with people, with 95 % intervals.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from console.config import Settings
from console.errors import JudgingError
from console.judging.analysis.statistics import Estimate, correlations
from console.judging.geval import GEval
from console.judging.judging import providers
from console.judging.providers import local
from console.judging.providers.port import Provider
from console.records import Artifact, LlmRef, MetricRef, Results, Snapshot

DATA = Path(__file__).resolve().parents[1] / "tests" / "data_files" / "summeval_gpt4o_consistency_50.json"
TASK = "You will be given a news article and a summary of it. Rate the summary."
CRITERIA = (
    "Consistency: the factual alignment between the summary and the source. A consistent summary contains only "
    "statements that are entailed by the source. Penalise facts that the source does not have."
)
STEPS = "1. Read the source.\n2. Read the text.\n3. Check each fact of the text against the source.\n4. Give the score."


@dataclass
class Found:
    """What one mode gave."""

    scores: list[float] = field(default_factory=list)
    people: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    captured: list[float] = field(default_factory=list)
    modes: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--texts", type=int, default=50)
    parser.add_argument("--samples", type=int, default=5)
    parser.add_argument("--modes", default="logprobs,sampled,single")
    given = parser.parse_args()
    rows = json.loads(DATA.read_text(encoding="utf-8"))[: given.texts]
    settings = Settings.load()
    provider = providers(settings).get(local.NAME)
    path = local.model_file(settings.local_model_path)
    print(f"{path.name}, {path.stat().st_size / 1e6:.0f} MB; {len(rows)} summaries, scale 1 to 5")
    print(
        f"  {'mode':<10} {'scored':>7} {'s/run':>7} {'captured':>9}  {'Pearson':<24} {'Spearman':<24} {'Kendall':<24}"
    )
    for mode in given.modes.split(","):
        found = _judged(rows, provider, mode, given.samples)
        figures = correlations(found.scores, found.people)
        mass = f"{statistics.mean(found.captured):.3f}" if found.captured else "-"
        said = " ".join(f"{_shown(one):<24}" for one in (figures.pearson, figures.spearman, figures.kendall))
        took = statistics.median(found.seconds) if found.seconds else math.nan
        print(f"  {mode:<10} {len(found.scores):>3}/{len(rows):<3} {took:>7.2f} {mass:>9}  {said}", flush=True)
        print(f"  {'':<10} scored by {found.modes}; mean {_mean(found.scores)}, people {_mean(found.people)}")
        for why, count in _counted(found.failures).items():
            print(f"  {'':<10} {count} failed: {why}")


def _judged(rows: list[dict[str, Any]], provider: Provider, mode: str, samples: int) -> Found:
    geval, found = GEval(), Found()
    for row in rows:
        began = time.perf_counter()
        try:
            results = geval.evaluate(_snapshot(mode, samples), _artifact(row), provider)
        except JudgingError as error:
            found.failures.append(str(error).split("\n", 1)[0])
            continue
        found.seconds.append(time.perf_counter() - began)
        found.scores.append(results.final_score)
        found.people.append(row["scores"]["consistency"])
        found.captured += _mass(results)
        found.modes[results.scoring_mode] = found.modes.get(results.scoring_mode, 0) + 1
    return found


def _snapshot(mode: str, samples: int) -> Snapshot:
    return Snapshot(
        judge_id=mode,
        version="1.0",
        case_id="consistency",
        case_name="consistency",
        metric=MetricRef(id="geval", type="geval"),
        llm=LlmRef(id="local", type=local.NAME, model="local"),
        task_introduction=TASK,
        evaluation_criteria=CRITERIA,
        evaluation_steps=STEPS,
        requires_reference=True,
        parameters={
            "n_responses": samples if mode == "sampled" else 1,
            "scoring_mode": "logprobs" if mode == "logprobs" else "sampled",
            "temperature": 1.0,
            "max_tokens": 200,
        },
    )


def _artifact(row: dict[str, Any]) -> Artifact:
    return Artifact(evaluation_target=row["system_output"], expected_output=row["source"])


def _mass(results: Results) -> list[float]:
    return list(results.captured_mass)


def _shown(one: Estimate) -> str:
    if one.value is None:
        return "-"
    return f"{one.value:+.3f}" + (f" ({one.low:+.2f} to {one.high:+.2f})" if one.low is not None else "")


def _mean(values: list[float]) -> str:
    return f"{statistics.mean(values):.2f}" if values else "-"


def _counted(failures: list[str]) -> dict[str, int]:
    return {why: failures.count(why) for why in dict.fromkeys(failures)}


if __name__ == "__main__":
    main()
