"""One test set: its items, its versions and what differs between them, its experiments, and what can be done."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from console.actions.sets import sets
from console.actions.sets.experiments import batches_of
from console.actions.sets.files import FIELDS, columns_of, items_of
from console.records import Experiment, Role, SetItem, SetVersion, TestSet, User, utcnow
from console.services import Services
from console.tabular.files import ENDINGS, FileForm, Problem, TabularFile
from console.ui.charts import leads
from console.ui.charts.figures import draw, stacked
from console.ui.frame import text
from console.ui.frame.card import card
from console.ui.frame.controls import filters, linked
from console.ui.frame.controls.columns import Column, moment_column, number_column, pick_record, text_column
from console.ui.sets import items
from console.ui.sets.experiment_list import experiment_table
from console.ui.sets.set_charts import history
from console.ui.sets.set_list import KEY, open_set, split_tags
from console.ui.sign_in import saving

_EXPERIMENTS = 50
_PREVIEW = 5
_SHOWN = 120
_KEYS_SHOWN = 100


def set_view(shared: Services, user: User, set_id: str) -> None:
    """The whole page of a set."""
    test_set, versions = shared.sets.get(set_id), shared.sets.versions(set_id)
    found = shared.experiments.of_set(set_id, _EXPERIMENTS)
    number = _asked_version(versions)
    may = user.role.includes(Role.EVALUATOR)
    _head(shared, user, test_set, versions, len(found.items), more=found.cursor is not None)
    if found.items:
        _experiments(shared, test_set, found.items)
    items.item_list(shared, test_set, number, may_edit=may and number == test_set.version)
    _versions(shared, test_set, versions, number)


def _asked_version(versions: Sequence[SetVersion]) -> int:
    asked = st.query_params.get("version", "")
    numbers = {str(one.number): one.number for one in versions}
    return numbers.get(asked, versions[-1].number)


# --- what it is, and what can be done ----------------------------------------------------------------------------


def _head(
    shared: Services, user: User, test_set: TestSet, versions: Sequence[SetVersion], experiments: int, *, more: bool
) -> None:
    with st.container(border=True, key="card-set-head", gap="xsmall"):
        st.header(text.plain(test_set.name), anchor=False)
        if test_set.description:
            st.text(test_set.description)
        changed = f"Changed {text.moment(test_set.last_updated_on)} by {test_set.last_updated_by}"
        tags = f"  ·  {', '.join(test_set.tags)}" if test_set.tags else ""
        st.caption(text.plain(f"{changed}{tags}"))
        with st.grid(columns=4, min_column_width=120, gap=8, key="set-figures"):
            st.metric("Items", text.count(test_set.total))
            state = "frozen: an experiment used it" if test_set.frozen else "open: no experiment used it yet"
            st.metric("Version", f"{test_set.version}", state, delta_color="off", delta_arrow="off")
            st.metric("Experiments", f"{experiments}{'+' if more else ''}")
            st.metric("Baseline", text.shorten(test_set.baseline or text.NOTHING, 24))
        _ways(shared, user, test_set, versions)


def _ways(shared: Services, user: User, test_set: TestSet, versions: Sequence[SetVersion]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="set-ways"):
        if user.role.includes(Role.EVALUATOR):
            st.page_link(
                "console/pages/experiments.py", label="New experiment", icon=":material/science:",
                query_params={"new": test_set.set_id}, disabled=not test_set.total,
            )  # fmt: skip
            _import(shared, test_set)
            _describe(shared, test_set)
        _export(shared, test_set, versions)
        if user.role is Role.ADMIN:
            _delete(shared, test_set)


def _import(shared: Services, test_set: TestSet) -> None:
    with st.popover("Import a file", icon=":material/upload:", key=f"{KEY}.import", width="content"):
        st.caption(
            "CSV or TSV with a header, or JSON Lines. Columns named like key, question, context, reference, text, "
            "tags, score and passed are found; others become metadata. A row whose key is there changes that item."
        )
        upload = st.file_uploader("File", type=list(ENDINGS), key=f"{KEY}.import.file", label_visibility="collapsed")
        saving.problem(f"{KEY}.import")
        if upload is None:
            return
        file = TabularFile.of(upload.name, upload.getvalue())
        columns = columns_of(file)
        said = ", ".join(f"{text.plain(columns[field], 30)} as the {field}" for field in FIELDS if field in columns)
        st.caption(f"**Found** {said or 'no column that can be part of an item'}.")
        first = [one for _, one in zip(range(_PREVIEW), items_of(file, columns), strict=False)]
        st.dataframe(
            [_preview(one) for one in first], hide_index=True, height="content", alt="The first rows of the file"
        )
        others_go = st.checkbox("Remove items that the file does not have", key=f"{KEY}.import.replace")
        st.button(
            "Import",
            key=f"{KEY}.import.save",
            type="primary",
            on_click=_import_now,
            args=(shared, test_set, file, others_go),
        )


def _preview(one: SetItem | Problem) -> dict[str, object]:
    if isinstance(one, Problem):
        return {"Key": f"Line {one.line}", "Question": one.message}
    found = items.as_row(one)
    return {
        name: text.shorten(str(value), _SHOWN) if isinstance(value, str) else value for name, value in found.items()
    }


def _import_now(shared: Services, test_set: TestSet, file: TabularFile, others_go: bool) -> None:
    def act(user: User) -> None:
        sets.import_file(shared, user, test_set, file, others_go=others_go)

    if saving.save(shared, f"{KEY}.import", act, "The file is imported."):
        filters.navigate({"version": None, "item": None})


def _describe(shared: Services, test_set: TestSet) -> None:
    with st.popover("Describe", icon=":material/edit:", key=f"{KEY}.describe"):
        keys = {name: f"{KEY}.describe.{name}.{test_set.revision}" for name in ("name", "description", "tags")}
        name = st.text_input("Name", test_set.name, key=keys["name"], max_chars=200)
        described = st.text_area("What it is for", test_set.description, key=keys["description"], height=90)
        tags = st.text_input("Tags", "; ".join(test_set.tags), key=keys["tags"])
        saving.problem(f"{KEY}.describe")

        def save() -> None:
            saving.save(
                shared,
                f"{KEY}.describe",
                lambda user: sets.describe_set(
                    shared, user, test_set, name=name, description=described, tags=split_tags(tags)
                ),
                "The description is saved.",
            )

        st.button("Save", key=f"{KEY}.describe.save", type="primary", disabled=not name.strip(), on_click=save)


def _export(shared: Services, test_set: TestSet, versions: Sequence[SetVersion]) -> None:
    number = _asked_version(versions)
    with st.popover("Export", icon=":material/download:", key=f"{KEY}.export"):
        st.caption(f"Version {number}, in a form that can be imported again.", width=260)
        for form, mime in ((FileForm.CSV, "text/csv"), (FileForm.JSONL, "application/jsonl")):
            st.download_button(
                form.value.upper(), data=partial(sets.export_set, shared, test_set.set_id, number, form),
                mime=mime, key=f"{KEY}.export.{form.value}", on_click="ignore", width="stretch",
                file_name=f"{test_set.set_id}-v{number}-{utcnow():%Y%m%d}.{form.value}",
            )  # fmt: skip


def _delete(shared: Services, test_set: TestSet) -> None:
    with st.popover("Delete", icon=":material/delete:", key=f"{KEY}.delete"):
        st.caption("A set with experiments is kept. Runs keep what they judged.", width=260)
        saving.problem(f"{KEY}.delete")

        def delete() -> None:
            act = sets.delete_set
            if saving.save(shared, f"{KEY}.delete", lambda user: act(shared, user, test_set), "The set is deleted."):
                open_set(None)

        st.button("Delete the test set", key=f"{KEY}.delete.now", on_click=delete)


# --- experiments and versions ------------------------------------------------------------------------------------


def _experiments(shared: Services, test_set: TestSet, found: Sequence[Experiment]) -> None:
    """The history of the set as a chart and a list."""
    batches = {one.experiment_id: batches_of(shared, one) for one in found}
    with card("Experiments", "A click on a point or a row opens the experiment", "set-experiments"):
        panel = history(list(reversed(found)), batches)
        if panel:
            draw(stacked(panel), [panel], f"{KEY}.history", on_targets=_open)
        experiment_table(found, batches, of_set=test_set.set_id, baseline=test_set.baseline)


def _open(targets: list[dict[str, str]]) -> None:
    leads.leave_for("experiments", {"experiment": targets[0]["experiment"]})


def _versions(shared: Services, test_set: TestSet, versions: Sequence[SetVersion], shown: int) -> None:
    with card(
        "Versions",
        "A click on a version shows its items. An experiment freezes the version that it used",
        "set-versions",
    ):
        columns: list[Column[SetVersion]] = [
            number_column("Version", lambda one: one.number, 70),
            number_column("Items", lambda one: one.total, 80, "localized"),
            text_column("State", lambda one: "frozen" if one.frozen_on else "open", 80),
            moment_column("Made", lambda one: one.created_on, 150),
            text_column("By", lambda one: one.created_by, 120),
            text_column("Note", lambda one: one.note or None, 420),
        ]
        pick_record(
            "set-versions", versions[::-1], columns, lambda one: str(one.number),
            linked.opens("version", "item"), alt="Versions of the test set", picked=str(shown),
        )  # fmt: skip
        if len(versions) > 1:
            _difference(shared, test_set, versions, shown)


def _difference(shared: Services, test_set: TestSet, versions: Sequence[SetVersion], shown: int) -> None:
    """What the version that is shown changed, looked up when somebody asks: it reads every item."""
    others = [one.number for one in versions if one.number != shown]
    earlier = [one for one in others if one < shown]
    before = st.selectbox(
        f"What differs between version {shown} and", others, index=None, key=f"{KEY}.diff.{shown}", width=320,
        placeholder=f"Version {earlier[-1] if earlier else others[0]}, say",
    )  # fmt: skip
    if before is None:
        return
    found = sets.difference(shared, test_set.set_id, *sorted((before, shown)))
    for title, keys in (("added", found.added), ("removed", found.removed), ("changed", found.changed)):
        shown_keys = ", ".join(text.plain(key, 60) for key in keys[:_KEYS_SHOWN])
        more = f" and {len(keys) - _KEYS_SHOWN:,} more" if len(keys) > _KEYS_SHOWN else ""
        st.caption(f"**{text.plural(len(keys), 'item')} {title}**" + (f": {shown_keys}{more}" if keys else ""))
    st.caption(f"{text.plural(found.same, 'item')} the same.")
