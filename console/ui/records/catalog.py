"""Models and metrics as tables, one model beside its table, and the forms that add and change them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import streamlit as st

from console.actions.configuration import catalog
from console.records import Judge, Metric, Model, Role, User
from console.services import Services
from console.ui.frame import text
from console.ui.frame.clock import time_column
from console.ui.frame.controls.picker import pick_row
from console.ui.frame.facts import fact_list
from console.ui.sign_in import saving

ADD_MODEL = "models.add"
ADD_METRIC = "metrics.add"
_METHODS = {
    "geval": "A model scores the text by the criteria of the case",
    "similarity": "Cosine similarity to the reference; needs no model",
}
_PRICE_HELP = "US dollars per million tokens; leave both empty when they are not known"


def model_table(
    models: Sequence[Model], used: Mapping[str, Sequence[Judge]], picked: str | None, on_pick: Callable[[str], None]
) -> None:
    """The models by provider and name."""
    ordered = sorted(models, key=lambda model: (model.provider, model.name.casefold()))
    config = st.column_config
    rows = [
        {
            "Provider": model.provider,
            "Model": model.name,
            "Prompt": model.input_price,
            "Answer": model.output_price,
            "Can": ", ".join(catalog.abilities(model.provider)),
            "Judges": len(used.get(model.model_id, [])),
            "Created": model.created_on,
            "Id": model.model_id,
        }
        for model in ordered
    ]
    price = "US dollars per million tokens"
    columns = {
        "Provider": config.TextColumn(width=85),
        "Model": config.TextColumn(width=190),
        "Prompt": config.NumberColumn("Prompt $/M", format="%.2f", width=85, help=f"{price} of the prompt"),
        "Answer": config.NumberColumn("Answer $/M", format="%.2f", width=85, help=f"{price} of the answer"),
        "Can": config.TextColumn("Capabilities", width=340, help="What the provider's API takes and gives"),
        "Judges": config.NumberColumn(format="%,d", width=60, help="Judges in use with this model"),
        "Created": time_column("Created", "D MMM YYYY", 105),
        "Id": config.TextColumn(width=110),
    }
    ids = [model.model_id for model in ordered]
    order = ["Provider", "Model", "Prompt", "Answer", "Judges"] if picked else list(columns)
    pick_row("models", pd.DataFrame(rows), ids, columns, picked, on_pick, alt="Models", order=order)


def model_panel(
    shared: Services,
    model: Model,
    judges: Sequence[Judge],
    user: User,
    on_judge: Callable[[str], None],
    on_close: Callable[[], None],
) -> None:
    """One model: its prices, where it comes from, and who uses it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="models-panel-head"):
        st.header(text.plain(model.name, 80), anchor=False)
        st.button("Close", key="models.close", icon=":material/close:", type="tertiary", on_click=on_close)
    prices = {}
    if user.role.includes(Role.ADMIN):
        _price_form(shared, model)
    else:
        prices = {
            "Prompt, per million": _price(model.input_price),
            "Answer, per million": _price(model.output_price),
            "Cached prompt, per million": _price(model.cached_price),
        }
    changed = (
        f"{text.moment(model.last_updated_on)}, {model.last_updated_by}" if model.last_updated_on else text.NOTHING
    )
    facts = {
        "Provider": model.provider,
        "Capabilities": ", ".join(catalog.abilities(model.provider)) or "one reply per call, scored as it is",
        **prices,
        "Prices changed": changed,
        "Created": f"{text.moment(model.created_on)}, {model.created_by}",
        "Id": model.model_id,
    }
    fact_list(facts, "Model")
    if not judges:
        st.caption("No judge in use has this model.")
        return
    st.caption("Judges in use")
    rows = [{"Judge": text.judge_name(one.name, one.judge_id), "Case": one.case_name} for one in judges]
    columns = {"Judge": st.column_config.TextColumn(width=150), "Case": st.column_config.TextColumn(width=150)}
    ids = [one.judge_id for one in judges]
    pick_row("models.judges", pd.DataFrame(rows), ids, columns, None, on_judge, alt="Judges in use with this model")
    st.page_link(
        "console/pages/runs.py",
        label="Runs of this model",
        icon=":material/arrow_forward:",
        query_params={"model": model.name},
    )


def metric_table(metrics: Sequence[Metric], used: Mapping[str, Sequence[Judge]]) -> None:
    """The metrics in order of creation, with the judges in use."""
    config = st.column_config
    st.dataframe(
        pd.DataFrame([_metric_cells(metric, used.get(metric.metric_id, [])) for metric in metrics]),
        column_config={
            "Metric": config.TextColumn(width=110),
            "Method": config.TextColumn(width=290),
            "Judges": config.NumberColumn(format="%,d", width=60, help="Judges in use with this metric"),
            "Used by": config.TextColumn(width=210),
            "Created": time_column("Created", "D MMM YYYY", 105),
            "By": config.TextColumn(width=80),
            "Id": config.TextColumn(width=250),
        },
        hide_index=True,
        placeholder=text.NOTHING,
        alt="Metrics",
    )


def add_model(shared: Services) -> None:
    """The form for a new model, in a popover that closes when it is saved."""
    popover = st.popover("Add a model", icon=":material/add:", key=ADD_MODEL, on_change="rerun")
    with popover, st.form("models.new", border=False, enter_to_submit=False, width=330):
        saving.problem(ADD_MODEL)
        st.text_input("Name", key="models.new.name", max_chars=200, placeholder="As the provider calls it")
        st.selectbox(
            "Provider", catalog.PROVIDERS, key="models.new.provider", index=None, placeholder="Choose a provider"
        )
        _prices("models.new.input", "models.new.output", "models.new.cached", (None, None, None))
        st.form_submit_button(
            "Add model", key="models.new.save", type="primary", on_click=_create_model, args=(shared,)
        )


def add_metric(shared: Services) -> None:
    """The form for a new metric, in a popover that closes when it is saved."""
    popover = st.popover("Add a metric", icon=":material/add:", key=ADD_METRIC, on_change="rerun")
    with popover, st.form("metrics.new", border=False, enter_to_submit=False, width=330):
        saving.problem(ADD_METRIC)
        st.text_input("Name", key="metrics.new.name", max_chars=200, help="Kept in lower case")
        st.form_submit_button(
            "Add metric", key="metrics.new.save", type="primary", on_click=_create_metric, args=(shared,)
        )


def _metric_cells(metric: Metric, judges: Sequence[Judge]) -> dict[str, object]:
    return {
        "Metric": metric.name,
        "Method": _METHODS.get(metric.name, "Added by the team"),
        "Judges": len(judges),
        "Used by": ", ".join(text.judge_name(one.name, one.judge_id) for one in judges),
        "Created": metric.created_on,
        "By": metric.created_by,
        "Id": metric.metric_id,
    }


def _price(dollars: float | None) -> str:
    return "not known" if dollars is None else f"${dollars:,.2f}"


def _price_form(shared: Services, model: Model) -> None:
    """What tokens cost. A change by somebody else makes the fields anew."""
    key = f"models.{model.model_id}.{model.last_updated_on or ''}"
    keys = f"{key}.input", f"{key}.output", f"{key}.cached"
    with st.form(f"{key}.prices", border=False, enter_to_submit=False):
        saving.problem("models.prices")
        _prices(*keys, (model.input_price, model.output_price, model.cached_price))
        st.form_submit_button(
            "Save prices", key="models.prices.save", on_click=_set_prices, args=(shared, model.model_id, *keys)
        )


def _prices(
    input_key: str, output_key: str, cached_key: str, prices: tuple[float | None, float | None, float | None]
) -> None:
    fields = (
        ("Prompt", input_key, _PRICE_HELP),
        ("Answer", output_key, f"{_PRICE_HELP}. Reasoning counts as answer"),
        ("Cached prompt", cached_key, "US dollars per million tokens from the provider's cache; empty: as the others"),
    )
    with st.grid(columns=2, min_column_width=120, gap=10):
        for (label, key, note), price in zip(fields, prices, strict=True):
            st.number_input(
                f"{label}, $ per million", 0.0, 999_999.0, price, step=0.01, format="%.2f", key=key, help=note
            )


def _set_prices(shared: Services, model_id: str, *keys: str) -> None:
    prices = [st.session_state[key] for key in keys]
    saving.save(
        shared,
        "models.prices",
        lambda user: catalog.set_prices(shared, user, model_id, *prices),
        "The prices are saved. Finished runs keep the cost that they had.",
    )


def _create_model(shared: Services) -> None:
    fields = [st.session_state[f"models.new.{name}"] for name in ("name", "provider", "input", "output", "cached")]
    saving.save(
        shared,
        ADD_MODEL,
        lambda user: catalog.create_model(shared, user, *fields),
        "The model is added.",
        {
            ADD_MODEL: False,
            "models.new.name": "",
            "models.new.provider": None,
            "models.new.input": None,
            "models.new.output": None,
            "models.new.cached": None,
        },
    )


def _create_metric(shared: Services) -> None:
    name = st.session_state["metrics.new.name"]
    saving.save(
        shared,
        ADD_METRIC,
        lambda user: catalog.create_metric(shared, user, name),
        "The metric is added.",
        {ADD_METRIC: False, "metrics.new.name": ""},
    )
