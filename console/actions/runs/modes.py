"""Runs of one judge that were scored in different ways: a mean over them compares what is not alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from console.records import STATED_MODES, WEIGHTED_MODES, Rollup, RunSummary

_PROBABLE, _STATED = "by probabilities", "by stated numbers"
_KINDS = dict.fromkeys(WEIGHTED_MODES, _PROBABLE) | dict.fromkeys(STATED_MODES, _STATED)


def mixed_modes(rows: Iterable[RunSummary]) -> str | None:
    """A sentence that says which runs of these are scored otherwise; None where each judge has one way.

    Several stated numbers and a single one are the same way, with more or less noise. Rows whose mode is not known, and
    those of other metrics, do not count. A judge version and a model have a mode (see `console.judging.modes`), and so
    they are looked at apart: two judges of different modes are two judges.
    """
    found: dict[tuple[str, str, str], Counter[str]] = {}
    for row in rows:
        if row.scoring_mode in _KINDS:
            key = (row.judge_id, row.judge_version, row.model_name)
            found.setdefault(key, Counter())[_KINDS[row.scoring_mode]] += 1
    return _words(found.values())


def mixed_in_rollups(rollups: Iterable[Rollup]) -> str | None:
    """The same of all the runs that rollups count, by judge and model: a mean takes a judge's versions together."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for rollup in rollups:
        kinds = found.setdefault((rollup.judge_id, rollup.model), Counter())
        kinds.update({_PROBABLE: rollup.weighted, _STATED: rollup.stated})
    return _words(+kinds for kinds in found.values())


def _words(found: Iterable[Counter[str]]) -> str | None:
    mixed = [kinds for kinds in found if len(kinds) > 1]
    if not mixed:
        return None
    odd = sum(min(kinds.values()) for kinds in mixed)
    of = sum(kinds.total() for kinds in mixed)
    kinds = sum(mixed, Counter[str]())
    which = " and ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items()))
    judges = "One judge has" if len(mixed) == 1 else f"{len(mixed)} judges have"
    return f"{judges} runs of two modes here, {which}: {odd:,} of {of:,} differ from the rest. Look at them apart."
