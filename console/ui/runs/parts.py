"""The parts of a run as they are shown, in the panel beside the list, on the run's own page and in comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import streamlit as st

from console.records import LOW_CAPTURED, Artifact, Label, Results, Run, ScoreRange, Snapshot
from console.ui.charts.figures import draw, stacked
from console.ui.frame import text
from console.ui.frame.style import outcome
from console.ui.runs import run_charts
from console.ui.runs.explain import explain_error

Color = Literal["blue", "orange", "gray", "violet"]
_BADGES: dict[str, Color] = {"Pass": "blue", "Fail": "orange", "Error": "gray", "Scored": "violet"}
_LONG = 420
"""Pixels after which a long text scrolls in its own box."""
_SHORT = 200
"""The same for what is not read first."""
_SHORT_SCALE = 10
"""Width of a scale on which every score has its bar."""
SHOWN = 100_000
"""Characters of a text that a page shows; the whole is in the download."""


def badge(run: Run) -> None:
    """How the run ended, in its colour with its threshold."""
    how = outcome(run.status, run.evaluation_status)
    st.badge(how.text, color=_BADGES.get(how.word, "gray"))


def origin(run: Run, limit: int = 80) -> str:
    """Who judged what and when, in one line of names of at most `limit` characters; plain text."""
    snapshot = run.judge_snapshot
    judge, case, model = (
        text.shorten(name, limit)
        for name in (text.judge_name(snapshot.judge_name, run.judge_id), snapshot.case_name, snapshot.llm.model)
    )
    facts = [f"{judge}  v{snapshot.version}", case, model, text.moment(run.started_at)]
    return "  ·  ".join(fact for fact in facts if fact)


def failure(message: str | None) -> None:
    """Why a run ended without a score: in our words, then in those of the judge."""
    what, advice = explain_error(message or "")
    with st.container(border=True, key="run-error"):
        st.markdown(f"**{what}**")
        st.caption(advice)
        block(message or "No message was recorded.", "run-error-text", tall=_SHORT)


def threshold_of(run: Run) -> float | None:
    """The normalised threshold that decided the verdict, or else the one of the snapshot."""
    return run.judged_threshold if run.judged_threshold is not None else run.judge_snapshot.threshold


def figures(run: Run, results: Results, *, columns: int = 3) -> None:
    """Score, threshold, duration, tokens and cost."""
    scale = run.judge_snapshot.score_range
    usage = results.token_usage
    with st.grid(columns=columns, min_column_width=110, gap=8, key="run-figures"):
        st.metric(
            "Score",
            f"{results.final_score:.2f} of {scale.max}",
            help=f"On the case's scale, {scale.min} to {scale.max}",
        )
        st.metric("Normalised", text.score(results.final_score_normalized), help="The score on a scale of 0 to 1")
        st.metric("Threshold", text.score(threshold_of(run), 2), help="Normalised, in force when the run was judged")
        st.metric("Duration", text.duration(results.execution_time_seconds))
        st.metric(
            "Tokens", text.count(usage.total), help=f"{usage.prompt:,} in the prompt, {usage.completion:,} in answers"
        )
        st.metric("Cost", text.money(results.cost), help="US dollars, from the model's prices")


def scores(run: Run, key: str = "run") -> None:
    """Each response and the probability of each score, where the run has them.

    Args:
        key: tells the charts of several runs on one page apart.
    """
    results = run.results
    if results is None:
        st.caption("This run has no score.")
        return
    scale = run.judge_snapshot.score_range
    marks = {"Score": results.final_score}
    if run.judged_threshold is not None:
        marks["Threshold"] = scale.at(run.judged_threshold)
    if results.all_responses:
        number = len(results.all_responses)
        st.caption(f"{number} responses, each a dot" if number > 1 else "One response")
        panel = run_charts.responses_strip(results.all_responses, scale.min, scale.max, marks)
        draw(stacked(panel), [panel], f"{key}.responses")
    if results.distribution:
        st.caption("Probability of each score, over all responses")
        panel = run_charts.probabilities(_over_scale(results.distribution, scale))
        draw(stacked(panel), [panel], f"{key}.distribution")
    if results.scoring_mode:
        st.caption(_scored_by(results))


def _scored_by(results: Results) -> str:
    """How the score was found, and how much of the probability it rests on."""
    said = f"Scored by {text.plain(results.scoring_mode)}"
    if results.captured is None:
        return said
    low = ", which is little: look at the replies" if results.captured < LOW_CAPTURED else ""
    return f"{said}; {results.captured:.0%} of the probability was seen on the scale{low}"


def _over_scale(distribution: dict[str, float], scale: ScoreRange) -> dict[str, float]:
    """The distribution with every score of a short scale, so that charts of several runs line up."""
    if scale.max - scale.min > _SHORT_SCALE:
        return distribution
    every = {str(score): 0.0 for score in range(scale.min, scale.max + 1)}
    return {**every, **distribution}


def reasons(results: Results | None) -> None:
    """What the judge said for its scores."""
    said = results.reasons if results else []
    for number, reason in enumerate(said, start=1):
        if len(said) > 1:
            st.caption(f"Reason {number}")
        block(reason, f"run-reason-{number}")


def notes(results: Results) -> None:
    """What a reader should know beside the score."""
    for note in results.notes:
        st.caption(text.plain(note))


def artifact_text(artifact: Artifact) -> None:
    """The evaluated text, after the question that it answers and the context that it rests on."""
    for title, part in (("Question", artifact.input), ("Context", artifact.context)):
        if part:
            st.caption(title)
            block(part, f"run-{title.lower()}", tall=_SHORT)
    st.caption("Evaluated text")
    block(artifact.evaluation_target, "run-target")


def reference_text(artifact: Artifact) -> None:
    """The reference that it was compared with."""
    st.caption("Reference")
    if artifact.expected_output is None:
        st.text("None")
    else:
        block(artifact.expected_output, "run-reference")


def prompt(run: Run) -> None:
    """What the model was asked, with a button that copies it."""
    used = run.results.prompt_used if run.results else None
    if used:
        prompt_text(used)
    else:
        st.caption("No prompt was recorded.")


def prompt_text(asked: str) -> None:
    """A prompt, with a button that copies it."""
    st.code(asked[:SHOWN], language=None, wrap_lines=True, height=_LONG if len(asked) > 1_200 else "content")


def snapshot_facts(snapshot: Snapshot) -> dict[str, str]:
    """The short fields of a snapshot, by our own names for them."""
    llm, asks = snapshot.llm, snapshot.evaluation_parameters
    return {
        "Judge": f"{text.judge_name(snapshot.judge_name, snapshot.judge_id)}, version {snapshot.version}",
        "Case": snapshot.case_name + (f", version {snapshot.case_version}" if snapshot.case_version else ""),
        "Metric": snapshot.metric.type,
        "Model": f"{llm.model} ({llm.type})",
        "Score range": f"{snapshot.score_range.min} to {snapshot.score_range.max}",
        "Threshold at the start": text.score(snapshot.threshold, 2),
        "Needs a reference": "yes" if snapshot.requires_reference else "no",
        "Responses": f"{asks.n_responses}",
        "Temperature": f"{llm.temperature:g}",
        "Top p": f"{llm.top_p:g}",
        "Max tokens": f"{llm.max_tokens:,}",
        "Frequency penalty": f"{llm.frequency_penalty:g}",
        "Presence penalty": f"{llm.presence_penalty:g}",
        "Prompt version": snapshot.prompt_version or text.NOTHING,
    }


def snapshot_texts(snapshot: Snapshot) -> None:
    """Task, criteria and the parameters as they were given."""
    for title, body in (("Task introduction", snapshot.task_introduction), ("Criteria", snapshot.evaluation_criteria)):
        st.caption(title)
        block(body or text.NOTHING, f"run-{title.split()[0].lower()}")
    facts("What the scores mean", snapshot.anchors)
    facts("All parameters", snapshot.parameters)


def label_cards(labels: Sequence[Label]) -> None:
    """What people said about the run."""
    if not labels:
        st.caption("Nobody has labelled this run.")
    for number, label in enumerate(labels):
        with st.container(border=True, key=f"run-label-{number}", gap="xsmall"):
            st.text(f"{label.labelled_by}, {text.moment(label.labelled_on)}")
            verdict = {True: "pass", False: "fail", None: text.NOTHING}[label.passed]
            st.caption(f"Score {text.plain(text.score(label.score, 2))}  ·  Verdict {verdict}")
            if label.comment:
                block(label.comment, f"run-comment-{number}")


def block(body: str, key: str, *, tall: int = _LONG) -> None:
    """A text by a person or a model, character by character; a long one scrolls in its own box.

    Args:
        tall: pixels of that box.
    """
    long = len(body) * _LONG > 1_500 * tall or body.count("\n") * _LONG > 20 * tall
    with st.container(border=True, key=f"block-{key}", height=tall if long else "content"):
        st.text(body[:SHOWN])
    if len(body) > SHOWN:
        st.caption(f"The first {SHOWN:,} of {len(body):,} characters; the run's JSON has all of them.")


def facts(title: str, values: Mapping[str, Any]) -> None:
    """A free-form JSON object, when it has anything in it."""
    if values:
        st.caption(title)
        st.json(dict(values), expanded=2)
