"""The gate's decision as text, JSON, Markdown for a pull request, and JUnit XML for a CI server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from xml.etree import ElementTree as Xml

from console.actions.sets.comparison import PairedRow, Pairing
from console.actions.sets.gate import Decision, Outcome, worst
from console.actions.sets.results import JudgeResults, Row
from console.judging.analysis.statistics import Estimate
from console.records import Experiment

_LISTED = 20
"""Regressed items that a report for people lists."""
_DIGITS = 6
_SIGNS = {Outcome.PASSED: "✅", Outcome.FAILED: "❌", Outcome.UNSURE: "❔"}
_VERDICTS = {True: "pass", False: "fail"}
Figures = dict[str, Any]


def as_text(decisions: Sequence[Decision]) -> str:
    """A few lines for a terminal."""
    lines: list[str] = []
    for one in decisions:
        lines += [f"{_judge(one.results)}: {one.outcome}"]
        lines += [f"  {criterion.outcome}: {criterion.name}. {criterion.words}" for criterion in one.criteria]
        lines += [f"  note: {note}" for note in one.notes]
        regressed = one.pairing.regressed if one.pairing else []
        lines += [f"  regressed: {row.key} ({_change(row)})" for row in regressed[:_LISTED]]
        lines += [f"  and {len(regressed) - _LISTED:,} more regressed"] if len(regressed) > _LISTED else []
    return "\n".join([*lines, f"The gate: {worst(decisions)}."])


def as_json(decisions: Sequence[Decision]) -> Figures:
    """All of it, shares and normalised scores to six digits."""
    first = decisions[0]
    return {
        "outcome": worst(decisions),
        "experiment": first.experiment.experiment_id,
        "set": first.experiment.set_id,
        "set_version": first.experiment.set_version,
        "baseline": first.baseline.experiment_id if first.baseline else None,
        "confidence": first.asked.confidence,
        "judges": [_decision_json(one) for one in decisions],
    }


def results_json(found: JudgeResults) -> Figures:
    """What one judge found."""
    corrected = found.corrected()
    return {
        "judge": found.judged.judge_id,
        "judge_name": found.judged.judge_name,
        "judge_version": found.judged.judge_version,
        "case": found.judged.case_name,
        "case_version": found.judged.case_version,
        "batch": found.batch.batch_id,
        "state": found.batch.state,
        "items": found.total,
        "passed": found.passed,
        "scored": found.scored,
        "unscored": found.unscored,
        "first_error": found.first_error,
        "missing": found.missing,
        "left": found.left,
        "pass_rate": estimate_json(found.rate()),
        "mean_normalised": estimate_json(found.mean),
        "spent": found.batch.spent,
        "note": found.batch.note,
        "corrected_pass_rate": estimate_json(corrected.estimate) if corrected else None,
        "kappa_with_people": estimate_json(found.against_people),
        "groups": [
            {"name": one.name, "value": one.value, "items": one.rate.n, "pass_rate": _rounded(one.rate.value),
             "mean_normalised": _rounded(one.mean)}
            for one in found.groups()
        ],
    }  # fmt: skip


def row_json(row: Row) -> Figures:
    """How one item ended."""
    found = row.found
    return {
        "key": row.key,
        "run_id": found.run_id,
        "passed": row.passed,
        "score": found.score,
        "score_normalised": _rounded(row.score),
        "error": found.error,
        "seconds": found.seconds,
        "cost": found.cost,
    }


def pairing_json(found: Pairing) -> Figures:
    """What changed from the baseline, by one judge."""
    flips = found.flips
    return {
        "judge": found.after.judged.judge_id,
        "items": flips.n,
        "improved": [row.key for row in found.improved],
        "regressed": [row.key for row in found.regressed],
        "both_pass": flips.both_pass,
        "both_fail": flips.both_fail,
        "difference": estimate_json(found.difference()),
        "mcnemar_p": _rounded(found.p_value),
        "mean_gain": estimate_json(found.gain),
        "changed_items": found.changed_items,
        "not_the_same": found.differences,
    }


def estimate_json(one: Estimate) -> Figures:
    """A figure with its interval; null where it is not defined, with the reason."""
    return {
        "value": _rounded(one.value),
        "low": _rounded(one.low),
        "high": _rounded(one.high),
        "n": one.n,
        "method": one.method,
        "why": one.why,
    }


def as_markdown(decisions: Sequence[Decision]) -> str:
    """For a comment on a pull request."""
    outcome = worst(decisions)
    first = decisions[0].experiment
    against = decisions[0].baseline
    lines = [
        f"## {_SIGNS[outcome]} Gate: {outcome}",
        "",
        f"{_cell(first.name)} (`{first.experiment_id}`) over {_cell(first.set_name)}, version {first.set_version}"
        + (f", against `{against.experiment_id}`" if against else "")
        + f", at a confidence of {decisions[0].asked.confidence * 100:.4g} %.",
        "",
        "| judge | asked for | outcome | found |",
        "|---|---|---|---|",
    ]
    for one in decisions:
        for criterion in one.criteria:
            cells = (
                _judge(one.results),
                criterion.name,
                f"{_SIGNS[criterion.outcome]} {criterion.outcome}",
                criterion.words,
            )
            lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    for one in decisions:
        lines += ["", *(f"- {_cell(note)}" for note in one.notes)] if one.notes else []
        lines += _table_of_regressed(one)
    return "\n".join(lines) + "\n"


def as_junit(decisions: Sequence[Decision]) -> bytes:
    """JUnit XML: a suite of what was asked for, and one of the items for each judge.

    Failures stand only where the gate failed, so that a CI server agrees with the exit code: an item below the
    threshold is skipped, with its score, unless it regressed and the gate failed.
    """
    root = Xml.Element("testsuites", name="gate")
    for one in decisions:
        judge = _clean(_judge(one.results))
        _suite(root, f"gate: {judge}", list(_criteria(one, judge)))
        _suite(root, f"items: {judge}", list(_items(one, judge)))
    body: bytes = Xml.tostring(root, encoding="utf-8", xml_declaration=True)
    return body + b"\n"


def _suite(root: Xml.Element, name: str, cases: Sequence[Xml.Element]) -> None:
    counts = {kind: sum(case.find(kind) is not None for case in cases) for kind in ("failure", "skipped")}
    suite = Xml.SubElement(
        root, "testsuite", name=name, tests=str(len(cases)), failures=str(counts["failure"]), errors="0",
        skipped=str(counts["skipped"]),
    )  # fmt: skip
    suite.extend(cases)


def _criteria(decision: Decision, judge: str) -> Iterator[Xml.Element]:
    for criterion in decision.criteria:
        case = Xml.Element("testcase", classname=f"gate.{judge}", name=_clean(criterion.name))
        if criterion.outcome is not Outcome.PASSED:
            kind = "failure" if criterion.outcome is Outcome.FAILED else "skipped"
            Xml.SubElement(case, kind, message=_clean(f"{criterion.outcome}: {criterion.words}"))
        else:
            Xml.SubElement(case, "system-out").text = _clean(criterion.words)
        yield case


def _items(decision: Decision, judge: str) -> Iterator[Xml.Element]:
    failed = decision.outcome is Outcome.FAILED
    regressed = {row.key: row for row in decision.pairing.regressed} if decision.pairing else {}
    for key in sorted(decision.results.rows.keys() | regressed.keys()):
        row = decision.results.rows.get(key)
        case = Xml.Element("testcase", classname=f"items.{judge}", name=_clean(key))
        if row is not None and row.found.seconds is not None:
            case.set("time", f"{row.found.seconds:.3f}")
        words = f"{_change(regressed[key])}, regressed" if key in regressed else _state(row)
        if row is not None and row.passed:
            Xml.SubElement(case, "system-out").text = _clean(words)
        else:
            kind = "failure" if failed and (key in regressed or decision.pairing is None) else "skipped"
            Xml.SubElement(case, kind, message=_clean(words))
        yield case


def _decision_json(one: Decision) -> Figures:
    return {
        **results_json(one.results),
        "outcome": one.outcome,
        "criteria": [
            {"name": criterion.name, "outcome": criterion.outcome, "words": criterion.words,
             "estimate": estimate_json(criterion.estimate) if criterion.estimate else None}
            for criterion in one.criteria
        ],
        "notes": one.notes,
        "against_baseline": pairing_json(one.pairing) if one.pairing else None,
    }  # fmt: skip


def _table_of_regressed(one: Decision) -> list[str]:
    rows = one.pairing.regressed if one.pairing else []
    if not rows:
        return []
    lines = ["", f"<details><summary>{len(rows):,} regressed by {_cell(_judge(one.results))}</summary>", ""]
    lines += ["| item | before | after |", "|---|---|---|"]
    lines += [f"| {_cell(row.key)} | {_state(row.before)} | {_state(row.after)} |" for row in rows[:_LISTED]]
    more = ["", f"and {len(rows) - _LISTED:,} more"] if len(rows) > _LISTED else []
    return [*lines, *more, "", "</details>"]


def _judge(found: JudgeResults) -> str:
    return f"{found.judged.judge_name or found.judged.judge_id} {found.judged.judge_version}"


def _change(row: PairedRow) -> str:
    return f"{_state(row.before)}, now {_state(row.after)}"


def _state(row: Row | None) -> str:
    if row is None:
        return "no output"
    if row.score is None:
        return "no score"
    return f"{_VERDICTS[row.passed]} at {row.score:.2f}"


def _cell(words: str) -> str:
    """Words that neither end a cell of a table nor are read as HTML, a link or a mention."""
    safe = " ".join(words.split())
    for character, escaped in (
        ("\\", "\\\\"),
        ("|", "\\|"),
        ("<", "&lt;"),
        ("[", "\\["),
        ("`", "\\`"),
        ("@", "@\u200b"),
    ):
        safe = safe.replace(character, escaped)
    return safe


def _clean(words: str) -> str:
    """Without the characters that XML cannot say."""
    return "".join(
        one
        for one in words
        if one in "\t\n\r" or (" " <= one < "\ud800") or "\ue000" <= one <= "\ufffd" or one >= "\U00010000"
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)


def experiment_json(
    experiment: Experiment, results: Sequence[JudgeResults], pairings: Sequence[Pairing] | None
) -> Figures:
    """An experiment with what its judges found, and what changed from its baseline where there is one."""
    return {
        "experiment": experiment.experiment_id,
        "name": experiment.name,
        "set": experiment.set_id,
        "set_version": experiment.set_version,
        "items": experiment.total,
        "outputs": experiment.rows,
        "source": experiment.source,
        "created_on": experiment.created_on,
        "created_by": experiment.created_by,
        "metadata": experiment.metadata,
        "judges": [results_json(one) for one in results],
        "against_baseline": None
        if pairings is None
        else [{"baseline_batch": one.before.batch.batch_id, **pairing_json(one)} for one in pairings],
    }


def experiment_text(experiment: Experiment, results: Sequence[JudgeResults], pairings: Sequence[Pairing] | None) -> str:
    """The same as a few lines for a terminal."""
    lines = [
        f"{experiment.name} ({experiment.experiment_id}), version {experiment.set_version} of {experiment.set_name}"
    ]
    for one in results:
        rate, mean = one.rate(), one.mean
        said = [f"{one.passed:,} of {one.total:,} items pass{_with_ends(rate, '.1%')}"]
        said += [f"mean normalised score {mean.value:.3f}"] if mean.value is not None else []
        counts = (("no output", one.missing), ("no score", one.unscored), ("not judged yet", one.left))
        said += [
            f"{count:,} with {what}" if what != "not judged yet" else f"{count:,} {what}"
            for what, count in counts
            if count
        ]
        lines.append(f"{_judge(one)}: {', '.join(said)}; ${one.batch.spent:.4f} spent")
        lines += [f"  {words}" for words in (one.batch.note, one.first_error) if words]
    for pair in pairings or []:
        lines.append(
            f"Against the baseline, {_judge(pair.after)}: {len(pair.improved):,} improved, {len(pair.regressed):,} "
            f"regressed{_with_ends(pair.difference(), '+.1%')}, McNemar p {pair.p_value:.3f}"
        )
        lines += [f"  {one}" for one in pair.differences]
        lines += [f"  regressed: {row.key} ({_change(row)})" for row in pair.regressed[:_LISTED]]
        more = len(pair.regressed) - _LISTED
        lines += [f"  and {more:,} more"] if more > 0 else []
    return "\n".join(lines)


def _with_ends(one: Estimate, form: str) -> str:
    if one.value is None or one.low is None or one.high is None:
        return ""
    return f" ({one.value:{form}}, 95 %: {one.low:{form}} to {one.high:{form}})"
