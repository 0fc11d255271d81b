"""Runs of one judge that were scored in different ways: a mean over them compares what is not alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from console.judging.scoring import LOGPROBS, SAMPLED, SINGLE
from console.records import RunSummary

_PROBABLE, _STATED = "by probabilities", "by stated numbers"
_KINDS = {LOGPROBS: _PROBABLE, SAMPLED: _STATED, SINGLE: _STATED}


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
    mixed = [kinds for kinds in found.values() if len(kinds) > 1]
    if not mixed:
        return None
    odd = sum(min(kinds.values()) for kinds in mixed)
    of = sum(kinds.total() for kinds in mixed)
    kinds = sum(mixed, Counter[str]())
    which = " and ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items()))
    judges = "One judge has" if len(mixed) == 1 else f"{len(mixed)} judges have"
    return f"{judges} runs of two modes here, {which}: {odd:,} of {of:,} differ from the rest. Look at them apart."
