"""One experiment: how far it is, what each judge found, what changed from the baseline, and what people say."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from console.actions.batches import batches
from console.actions.sets import experiments, sets
from console.actions.sets.results import JudgeResults, Row, load_results
from console.judging.analysis.statistics import Estimate
from console.records import BatchState, Experiment, Role, User
from console.services import Services
from console.ui.charts import leads
from console.ui.charts.figures import draw, stacked
from console.ui.frame import text
from console.ui.frame.boundary import boundary
from console.ui.frame.card import card
from console.ui.frame.controls import linked
from console.ui.frame.controls.columns import Column, number_column, percent_column, pick_record, text_column
from console.ui.frame.navigation import link_to
from console.ui.runs.verdicts import colored
from console.ui.sets import pairs
from console.ui.sets.set_charts import groups
from console.ui.sign_in import auth, saving

KEY = "experiment"
_LOOKS_AGAIN = 2.0
"""Seconds between two looks at an experiment that runs."""
_MOST = 500
"""Rows that the table shows; the export of the runs has all."""


def experiment_view(shared: Services, experiment_id: str) -> None:
    """The whole page; while somebody works on it, everything is read again every two seconds."""
    experiment = shared.experiments.get(experiment_id)
    busy = _is_busy(shared, experiment)
    st.fragment(_live, run_every=_LOOKS_AGAIN if busy else None)(shared, experiment, busy)


def _is_busy(shared: Services, experiment: Experiment) -> bool:
    return any(batches.is_worked_on(batch) for batch in experiments.batches_of(shared, experiment))


def _live(shared: Services, experiment: Experiment, was_busy: bool) -> None:
    leads.follow()
    with boundary("experiments.live"):
        user = auth.require_role(shared, Role.VIEWER)  # a fragment runs without its page
        results = load_results(shared, experiment)
        busy = any(batches.is_worked_on(one.batch) for one in results)
        if was_busy and not busy:
            st.rerun()
        chosen = _chosen(results)
        _head(shared, user, experiment, results, busy=busy)
        if len(results) > 1:
            _judges(results, chosen)
        _figures(chosen)
        if busy:
            return
        pairs.comparison(shared, experiment, results, chosen)
        with st.grid(columns=2, min_column_width=380, gap=14, key="experiment-grid") as grid:
            with grid.cell():
                _groups(chosen)
            with grid.cell():
                _people(chosen)
        _rows(chosen)


def _chosen(results: Sequence[JudgeResults]) -> JudgeResults:
    """The judge that the address asks for, else the first."""
    asked = st.query_params.get("judge")
    return next((one for one in results if one.judged.batch_id == asked), results[0])


def judge_words(found: JudgeResults) -> str:
    """The judge with its version and its case."""
    name = text.judge_name(found.judged.judge_name, found.judged.judge_id)
    return f"{name} {found.judged.judge_version} ({found.judged.case_name})"


def _head(shared: Services, user: User, experiment: Experiment, results: Sequence[JudgeResults], *, busy: bool) -> None:
    with st.container(border=True, key="card-experiment-head", gap="xsmall"):
        st.header(text.plain(experiment.name), anchor=False)
        about = ", ".join(f"{name}: {value}" for name, value in experiment.metadata.items())
        said = (
            f"Version {experiment.set_version} of {experiment.set_name}",
            f"outputs from {experiment.source}" if experiment.source else "the texts of the set itself",
            f"{text.moment(experiment.created_on)} by {experiment.created_by}",
            about,
        )
        st.caption(text.plain("  ·  ".join(one for one in said if one), 600))
        left = sum(one.left for one in results)
        rows = experiment.rows * len(experiment.judges)
        if left:
            st.progress((rows - left) / rows, f"{rows - left:,} of {rows:,} judged")
        for note in dict.fromkeys(one.batch.note for one in results if one.batch.note):
            st.text(note)
        saving.problem(KEY)
        _ways(shared, user, experiment, results, busy=busy)


def _ways(shared: Services, user: User, experiment: Experiment, results: Sequence[JudgeResults], *, busy: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="experiment-ways"):
        if user.role.includes(Role.EVALUATOR):
            _changes(shared, experiment, results, busy=busy)
        link_to(
            "sets", "The test set", ":material/checklist:", set=experiment.set_id, version=str(experiment.set_version)
        )
        for one in results if len(results) == 1 else ():
            link_to(
                "runs",
                "Its runs",
                ":material/list_alt:",
                batch=one.judged.batch_id,
                judge=one.judged.judge_id,
                period="all",
            )


def _changes(shared: Services, experiment: Experiment, results: Sequence[JudgeResults], *, busy: bool) -> None:
    unended = any(one.batch.state is not BatchState.FINISHED for one in results)
    if busy:
        st.button(
            "Cancel", key=f"{KEY}.cancel", icon=":material/stop:", on_click=_cancel, args=(shared, experiment),
            help="Outputs that are being judged end, no others begin. It can be resumed",
        )  # fmt: skip
    elif unended:
        st.button(
            "Resume", key=f"{KEY}.resume", type="primary", icon=":material/play_arrow:", on_click=_resume,
            args=(shared, experiment),
        )  # fmt: skip
    unscored = sum(one.unscored for one in results)
    if not busy and unscored:
        st.button(
            f"Run {text.plural(unscored, 'error')} again", key=f"{KEY}.retry", icon=":material/replay:",
            on_click=_retry, args=(shared, experiment, results),
        )  # fmt: skip
    baseline = shared.sets.get(experiment.set_id).baseline
    if not busy and baseline != experiment.experiment_id:
        st.button(
            "Make it the baseline", key=f"{KEY}.baseline", icon=":material/flag:", on_click=_make_baseline,
            args=(shared, experiment), help="Other experiments of the set are compared with it, by the gate too",
        )  # fmt: skip
    elif baseline == experiment.experiment_id:
        st.badge("Baseline of the set", icon=":material/flag:", color="green")


def _judges(results: Sequence[JudgeResults], chosen: JudgeResults) -> None:
    """The judges beside each other; a click chooses whose results the page shows."""
    with card("Judges", "A click shows what one of them found", "experiment-judges"):
        columns: list[Column[JudgeResults]] = [
            text_column("Judge", judge_words, 380),
            percent_column("Pass rate", lambda one: one.rate().value, 90),
            number_column("Mean", lambda one: one.mean.value, 80, "%.3f"),
            number_column("No score", lambda one: one.unscored, 80),
            number_column("Cost", lambda one: one.batch.spent or None, 90, "$%.4f"),
            text_column("State", lambda one: f"{one.left:,} left" if one.left else "finished", 100),
        ]
        pick_record(
            "experiment-judges", results, columns, lambda one: one.judged.batch_id,
            linked.opens("judge", "item"), alt="Judges", picked=chosen.judged.batch_id,
        )  # fmt: skip


def _figures(found: JudgeResults) -> None:
    with st.container(border=True, key="card-experiment-figures", gap="xsmall"):
        st.caption(text.plain(judge_words(found), 120))
        with st.grid(columns=5, min_column_width=130, gap=8, key="experiment-figures"):
            _metric("Pass rate", found.rate(), text.percent, "Of all items of the set, as far as they have ended")
            _metric("Mean score", found.mean, text.score, "Normalised, of the outputs with a score")
            st.metric("No output", text.count(found.missing), help="Items that the file did not have: no passes")
            st.metric("No score", text.count(found.unscored), help="Outputs that the judge could not score: no passes")
            st.metric("Cost", text.money(found.batch.spent) if found.batch.spent else text.NOTHING)
        if found.first_error:
            st.caption(f":orange[Why there is no score, for example:] {text.plain(found.first_error, 300)}")


def _metric(name: str, one: Estimate, shown: Callable[[float | None], str], why: str) -> None:
    ends = f"95 %: {shown(one.low)} to {shown(one.high)}" if one.low is not None and one.high is not None else None
    st.metric(name, shown(one.value), ends, delta_color="off", delta_arrow="off", help=f"{why}. {one.method}".strip())


def _groups(found: JudgeResults) -> None:
    with card("By tag and metadata", "", "experiment-groups"):
        panel = groups(found.groups())
        if panel is None:
            st.caption("The items of the set have neither tags nor short metadata.")
        else:
            draw(stacked(panel), [panel], f"{KEY}.groups")


def _people(found: JudgeResults) -> None:
    """What people said, as far as they did: of the set's own texts, and of a sample of these runs."""
    with card("What people say", "", "experiment-people"):
        kappa = found.against_people
        if kappa.value is not None:
            _metric("Kappa with the labels of the set", kappa, text.score, "Verdicts of the judge and of people")
        corrected = found.corrected()
        if corrected is None:
            st.caption("Label a random sample of these runs, 10 at least: then the pass rate of people is estimated.")
        else:
            _metric(
                "Corrected pass rate", corrected.estimate, text.percent,
                f"From {corrected.labels:,} labels of runs drawn with known odds, over the scored outputs",
            )  # fmt: skip
        more = corrected.more_for(0.05) if corrected else 0
        words = f"Label {more} more to be sure within 5 points" if more else "Label runs of a random sample"
        link_to(
            "review",
            words,
            ":material/rate_review:",
            case=found.judged.case_id,
            judge=found.judged.judge_id,
            queue="random",
        )


def _rows(found: JudgeResults) -> None:
    with card("Items", "The lowest scores first. A click on a row opens its run", "experiment-rows"):
        ordered = sorted(found.rows.values(), key=lambda row: (row.score is not None, row.score or 0.0, row.key))
        if not ordered:
            st.caption("No output has been judged yet.")
            return
        columns: list[Column[Row]] = [
            text_column("Key", lambda row: row.key, 160),
            text_column("Result", pairs.verdict_words, 90),
            number_column("Score", lambda row: row.found.score, 80, "%.2f"),
            number_column("Normalised", lambda row: row.score, 90, "%.3f", spare=True),
            text_column("Tags", lambda row: ", ".join(row.item.tags), 160, spare=True),
            text_column("Error", lambda row: row.found.error, 420, spare=True),
        ]
        pick_record(
            "experiment-rows", ordered[:_MOST], columns, lambda row: str(row.run_id), leads.open_runs, alt="Items",
            style=lambda frame: colored(frame, "Result"),
        )  # fmt: skip
        if len(ordered) > _MOST:
            st.caption(f"The first {_MOST:,} of {len(ordered):,}; the runs of the experiment are all in the run list.")


def _cancel(shared: Services, experiment: Experiment) -> None:
    def act(user: User) -> None:
        for batch in experiments.batches_of(shared, experiment):
            if batch.state is not BatchState.FINISHED:
                batches.cancel(shared, user, batch.batch_id)

    saving.save(shared, KEY, act, "The experiment stops.")


def _resume(shared: Services, experiment: Experiment) -> None:
    saving.save(shared, KEY, lambda user: experiments.start_all(shared, user, experiment), "The experiment goes on.")


def _retry(shared: Services, experiment: Experiment, results: Sequence[JudgeResults]) -> None:
    def act(user: User) -> None:
        for one in results:
            if one.batch.failed:
                failed = batches.retry_failures(shared, user, one.judged.batch_id)
                batches.start(shared, user, one.judged.batch_id, only=failed)

    if saving.save(shared, KEY, act, "The outputs are judged again."):
        leads.leave_for("experiments", {"experiment": experiment.experiment_id})


def _make_baseline(shared: Services, experiment: Experiment) -> None:
    def act(user: User) -> None:
        test_set = shared.sets.get(experiment.set_id)
        sets.describe_set(shared, user, test_set, baseline=experiment.experiment_id)

    saving.save(shared, KEY, act, "It is the baseline of the set now.")
