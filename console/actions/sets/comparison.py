"""An experiment against its baseline, item by item: what improved, what regressed, and whether that can be chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from console.actions.sets.results import JudgeResults, Row, load_results
from console.errors import InvalidInput
from console.judging.analysis.pairs import Flips, mcnemar, rate_difference
from console.judging.analysis.statistics import LEVEL, Estimate, mean_difference
from console.records import Case, Experiment, Judge, JudgedBy
from console.services import Services

_SAME = 1e-9
_BOOKKEEPING = frozenset(
    {"version", "active", "created_on", "created_by", "last_updated_on", "last_updated_by", "revision", "sequence",
     "threshold_id", "earlier_thresholds", "judge_id", "case_id", "case_name"}
)  # fmt: skip
_SHOWN = 60
"""Characters of a value in what changed."""


@dataclass(frozen=True, slots=True)
class PairedRow:
    """One item in both experiments; None where it has no run."""

    key: str
    before: Row | None
    after: Row | None

    @property
    def passed_before(self) -> bool:
        """Whether it passed; what is missing did not."""
        return self.before is not None and self.before.passed

    @property
    def passed_after(self) -> bool:
        """Whether it passes; what is missing does not."""
        return self.after is not None and self.after.passed

    @property
    def gain(self) -> float | None:
        """Normalised score after less before; None where one of the two has none."""
        if self.before is None or self.after is None or self.before.score is None or self.after.score is None:
            return None
        return self.after.score - self.before.score


@dataclass(frozen=True, slots=True)
class Pairing:
    """One judge's results before and after."""

    before: JudgeResults
    after: JudgeResults
    rows: list[PairedRow]
    """Items of both versions of the set that ended in at least one of the experiments, in the order of keys."""
    silent: int
    """Items that have a run in neither: they passed in neither."""
    changed_items: int
    """Items whose content differs between the versions of the set, or that only one has: left out."""
    differences: list[str]
    """What is not the same in judge, case and prompt, in words."""

    @property
    def improved(self) -> list[PairedRow]:
        """Items that pass now and did not."""
        return [row for row in self.rows if row.passed_after and not row.passed_before]

    @property
    def regressed(self) -> list[PairedRow]:
        """Items that passed and do not now, also because they are missing."""
        return [row for row in self.rows if row.passed_before and not row.passed_after]

    @property
    def flips(self) -> Flips:
        """The verdicts as counts."""
        both = sum(row.passed_before and row.passed_after for row in self.rows)
        improved, regressed = len(self.improved), len(self.regressed)
        return Flips(improved, regressed, both, len(self.rows) - improved - regressed - both + self.silent)

    def difference(self, level: float = LEVEL) -> Estimate:
        """The pass rate after less before, over the items of both."""
        return rate_difference(self.flips, level)

    @property
    def p_value(self) -> float:
        """McNemar's: how likely so many items differ by chance."""
        return mcnemar(self.flips)

    @property
    def gain(self) -> Estimate:
        """The mean difference of the normalised scores, of items that have both."""
        return mean_difference([row.gain for row in self.rows if row.gain is not None])

    @property
    def better(self) -> list[PairedRow]:
        """Items with a higher score, the largest gain first."""
        return sorted((row for row in self.rows if (row.gain or 0.0) > _SAME), key=lambda row: -(row.gain or 0.0))

    @property
    def worse(self) -> list[PairedRow]:
        """Items with a lower score, the largest loss first."""
        return sorted((row for row in self.rows if (row.gain or 0.0) < -_SAME), key=lambda row: row.gain or 0.0)


def check_baseline(baseline: Experiment, set_id: str, set_name: str) -> None:
    """Raises InvalidInput when the baseline is of another test set."""
    if baseline.set_id != set_id:
        raise InvalidInput(
            f"{baseline.experiment_id} is an experiment of another test set. Choose one of {set_name}.",
            field="baseline",
        )


def compare(
    services: Services, baseline: Experiment, experiment: Experiment, after: Sequence[JudgeResults]
) -> list[Pairing]:
    """Both experiments for each judge of the second that the first has too: by its id, else by its case.

    Costs as `load_results` of the baseline; where the versions of the set differ two Queries per 1 MB of items more.

    Args:
        after: the results of the experiment.

    Raises:
        InvalidInput: the baseline is of another test set.
    """
    check_baseline(baseline, experiment.set_id, experiment.set_name)
    before = load_results(services, baseline)
    left_out, kept = _changed_items(services, baseline, experiment)
    return [
        _pairing(services, counterpart, one, left_out, kept)
        for one in after
        if (counterpart := _counterpart(one.judged, before)) is not None
    ]


def _pairing(services: Services, before: JudgeResults, after: JudgeResults, left_out: set[str], kept: int) -> Pairing:
    keys = sorted((before.rows.keys() | after.rows.keys()) - left_out)
    rows = [PairedRow(key, before.rows.get(key), after.rows.get(key)) for key in keys]
    waiting = before.left + after.left
    return Pairing(
        before,
        after,
        rows,
        silent=0 if waiting else max(kept - len(rows), 0),
        changed_items=len(left_out),
        differences=what_differs(services, before.judged, after.judged),
    )


def _counterpart(judged: JudgedBy, before: Sequence[JudgeResults]) -> JudgeResults | None:
    same = [one for one in before if one.judged.judge_id == judged.judge_id]
    exact = [one for one in same if one.judged.judge_version == judged.judge_version]
    of_case = [one for one in before if one.judged.case_id == judged.case_id]
    return next(iter(exact or same or of_case), None)


def _changed_items(services: Services, baseline: Experiment, experiment: Experiment) -> tuple[set[str], int]:
    """Keys that do not mean the same in both versions of the set, and how many do."""
    if baseline.set_version == experiment.set_version:
        return set(), experiment.total
    old = services.sets.digests(baseline.set_id, baseline.set_version)
    new = services.sets.digests(experiment.set_id, experiment.set_version)
    every = old.keys() | new.keys()
    differ = {key for key in every if old.get(key) != new.get(key)}
    return differ, len(every) - len(differ)


def what_differs(services: Services, before: JudgedBy, after: JudgedBy) -> list[str]:
    """What is not the same in judge, case and prompt, in words. From the cache, else one request each."""
    said: list[str] = []
    if before.judge_id != after.judge_id:
        said.append(f"The judge: {before.judge_name or before.judge_id}, now {after.judge_name or after.judge_id}.")
    if (before.judge_id, before.judge_version) != (after.judge_id, after.judge_version):
        old = services.judges.version(before.judge_id, before.judge_version)
        new = services.judges.version(after.judge_id, after.judge_version)
        said += _fields("judge", before.judge_version, after.judge_version, old, new)
    if (before.case_id, before.case_version) != (after.case_id, after.case_version):
        was = services.cases.version(before.case_id, before.case_version)
        now = services.cases.version(after.case_id, after.case_version)
        said += _fields("case", before.case_version, after.case_version, was, now)
    if before.prompt_version != after.prompt_version:
        said.append(f"The prompt's form: {before.prompt_version}, now {after.prompt_version}.")
    return said


def _fields(what: str, old_version: str, new_version: str, old: Judge | Case, new: Judge | Case) -> list[str]:
    before, after = _flat(old), _flat(new)
    names = [name for name in before | after if before.get(name) != after.get(name)]
    changes = [f"{name}: {_short(before.get(name))}, now {_short(after.get(name))}" for name in names]
    versions = f"Version {old_version} of the {what}, now {new_version}"
    return [f"{versions}. {'; '.join(changes) or 'Nothing that is judged by'}."]


def _flat(record: Judge | Case) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def visit(prefix: str, value: Any) -> None:
        if isinstance(value, dict):
            for name, inner in value.items():
                visit(f"{prefix}.{name}" if prefix else str(name), inner)
        elif value not in (None, "", []):
            found[prefix] = value

    plain = {name: value for name, value in msgspec.structs.asdict(record).items() if name not in _BOOKKEEPING}
    visit("", {name: msgspec.to_builtins(value, str_keys=True) for name, value in plain.items()})
    return found


def _short(value: Any) -> str:
    text = " ".join(str(value).split()) if value is not None else "nothing"
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
