"""The review queue: where somebody is in it, what waits, its end, and labels as files.

The URL holds the place (`run`, `done`, `skip`), so that a reload goes on where it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import streamlit as st

from console.actions.labels import files as label_files
from console.actions.labels.review import Queue
from console.actions.runs.detail import run_id_of
from console.records import Role, RunFilter, RunId, Selection, User, utcnow
from console.services import Services
from console.tabular.files import FileForm
from console.ui.frame import notes, text
from console.ui.frame.boundary import nothing
from console.ui.frame.controls.filters import navigate
from console.ui.frame.navigation import link_to
from console.ui.sign_in import saving

SITTING = 25
"""Runs that the progress counts to, where the URL does not say how many are wanted."""
MOST_WANTED = 1_000
POSITION = ("run", "done", "skip", "last", "want")
"""What the URL says about the place in the queue."""
DIFFERING = "differ"
"""The queue of runs on which people differ, for admins."""
_QUEUES: dict[str, str] = {
    Selection.STRATIFIED.value: "Every score",
    Selection.RANDOM.value: "Random",
    Selection.UNCERTAIN.value: "Doubtful",
}
_NOTHING = {False: "Every scored run here has a label", True: "There is no run here on which people differ"}
_FORMS: tuple[tuple[FileForm, str], ...] = ((FileForm.CSV, "text/csv"), (FileForm.JSONL, "application/jsonl"))
MOST_SKIPPED = 200
"""Runs that the URL remembers as skipped."""


@dataclass(frozen=True, slots=True)
class QueuePosition:
    """Where somebody is in the queue."""

    run: str | None
    done: int
    """Labels saved in this sitting."""
    skipped: tuple[str, ...]
    last: str | None
    """The run that was labelled or skipped just before."""
    wanted: int = SITTING
    """Runs of a sitting: those that a page asked for, as far as the URL says."""

    @property
    def number(self) -> int:
        """Of the run that is shown, from 1."""
        return self.done + len(self.skipped) + 1


def selection() -> Selection:
    """The queue that the URL names."""
    asked = st.query_params.get("queue", "")
    return Selection(asked) if asked in _QUEUES else Selection.STRATIFIED


def deciding(user: User) -> bool:
    """Whether the URL asks for the runs on which people differ, and `user` may decide."""
    return st.query_params.get("queue") == DIFFERING and user.role.includes(Role.ADMIN)


def queue_control(user: User) -> None:
    """The choice of the queue."""
    names = {**_QUEUES, **({DIFFERING: "People differ"} if user.role.includes(Role.ADMIN) else {})}
    st.segmented_control(
        "Queue", list(names), default=DIFFERING if deciding(user) else selection().value, key="review.queue",
        format_func=names.__getitem__, on_change=_choose_queue, label_visibility="collapsed", required=True,
        help="Every score: each tenth of the scale alike. Random: each run alike. Doubtful: runs near the threshold up "
        "to five times as often. Each keeps its odds, so that labels speak for all runs. People differ: you decide.",
    )  # fmt: skip


def _choose_queue() -> None:
    chosen = st.session_state["review.queue"]
    navigate({**dict.fromkeys(POSITION), "queue": None if chosen == Selection.STRATIFIED else chosen})


def position() -> QueuePosition:
    """The place that the URL names."""
    params = st.query_params
    done = params.get("done", "")
    wanted = params.get("want", "")
    skipped = tuple(part for part in params.get("skip", "").split(",") if part)
    return QueuePosition(
        run=params.get("run") or None,
        done=int(done) if done.isdecimal() and len(done) < 6 else 0,
        skipped=skipped[-MOST_SKIPPED:],
        last=params.get("last") or None,
        wanted=min(int(wanted), MOST_WANTED) if wanted.isdecimal() and 0 < len(wanted) < 6 else SITTING,
    )


def progress(queue: Queue, at: QueuePosition, *, deciding: bool = False) -> None:
    """How far the sitting is, and what waits."""
    waiting = len(queue.without(at.skipped))
    sitting = max(min(at.wanted, at.done + len(at.skipped) + waiting), 1)
    number = min(at.number, sitting)
    waits = text.count(len(queue.candidates))
    if deciding:
        s = "s" * (len(queue.candidates) != 1)
        st.progress(
            min((number - 1) / sitting, 1.0), text=f"**{number} of {sitting}**  ·  People differ on {waits} run{s}"
        )
        return
    words = f"{waits} runs wait for a label" if queue.complete else f"The latest {waits} runs that wait for a label"
    if queue.second:
        words += f", {text.count(queue.second)} of them for a second opinion"
    if queue.doubtful:
        words += f"; {text.count(queue.doubtful)} have responses on both sides of the threshold"
    st.progress(min((number - 1) / sitting, 1.0), text=f"**{number} of {sitting}**  ·  {words}")


def finished(at: QueuePosition, queue: Queue, *, deciding: bool = False) -> None:
    """The end of a sitting, or of the queue."""
    waiting = len(queue.without(at.skipped))
    labelled = f"You labelled {at.done} run{'s' * (at.done != 1)} in this sitting"
    skipped = f" and skipped {len(at.skipped)}" if at.skipped else ""
    title = f"{labelled}{skipped}" if at.done or at.skipped else _NOTHING[deciding]
    nobody = "Nothing else waits in this queue; choose another one above."
    advice = f"{text.count(waiting)} more wait." if waiting else nobody
    with (
        nothing(title, advice, "review"),
        st.container(horizontal=True, horizontal_alignment="center", key="review-on"),
    ):
        if waiting:
            st.button(
                "Go on", key="review.more", type="primary", icon=":material/arrow_forward:", shortcut="Enter",
                on_click=navigate, args=({**dict.fromkeys(POSITION), "skip": ",".join(at.skipped) or None},),
            )  # fmt: skip
        if at.skipped:
            st.button(
                "Show the skipped runs", key="review.again", icon=":material/undo:",
                on_click=navigate, args=(dict.fromkeys(POSITION),),
            )  # fmt: skip
        link_to("agreement", case=queue.case.case_id)


def files(shared: Services, user: User, wanted: RunFilter) -> None:
    """Labels as files, both ways."""
    with st.popover("Files", icon=":material/swap_vert:", key="review.files"):
        st.caption(f"The labels of this case, at most of {label_files.EXPORTED:,} runs.", width=280)
        with st.container(horizontal=True, gap="small"):
            for form, mime in _FORMS:
                st.download_button(
                    form.upper(), data=partial(_content, shared, wanted, form), mime=mime, key=f"review.export.{form}",
                    file_name=f"labels-{utcnow():%Y%m%d-%H%M}.{form}", on_click="ignore",
                    icon=":material/download:",
                )  # fmt: skip
        if not user.role.includes(Role.EVALUATOR):
            return
        st.file_uploader("Import labels (CSV or JSONL)", ["csv", "jsonl"], key="review.upload", max_upload_size=20)
        saving.problem("review.import")
        st.button("Import", key="review.import", on_click=_import, args=(shared,), icon=":material/upload:")


def _import(shared: Services) -> None:
    upload = st.session_state.get("review.upload")
    if upload is None:
        return
    plans: list[label_files.Plan] = []

    def act(actor: User) -> None:
        plans.append(label_files.import_labels(shared, actor, upload.getvalue(), upload.name))

    if saving.save(shared, "review.import", act, "The labels are imported.") and plans[0].unread:
        names = ", ".join(text.plain(name, 30) for name in plans[0].unread[:10])
        notes.say(f"Not read, their names mean nothing here: {names}.")


def _content(shared: Services, wanted: RunFilter, form: FileForm) -> bytes:
    return label_files.export_labels(shared, wanted, form).content


def asked_run(queue: Queue, at: QueuePosition) -> RunId | None:
    """The id of the run to show: the one in the URL, else the next of the queue; None at the end."""
    if at.run:
        return run_id_of(at.run)
    waiting = queue.without([*at.skipped, *([at.last] if at.last else [])])
    if not waiting or at.number > at.wanted:
        return None
    st.query_params["run"] = str(waiting[0].row.run_id)
    return waiting[0].row.run_id
