"""Models and metrics as tables, one model beside its table, and the forms that add and change them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from console.actions.configuration import catalog
from console.records import Judge, Metric, Model, Role, User
from console.services import Services
from console.ui.charts import leads
from console.ui.frame import text
from console.ui.frame.controls import linked
from console.ui.frame.controls.columns import (
    Column,
    moment_column,
    number_column,
    pick_record,
    show_records,
    text_column,
)
from console.ui.frame.facts import fact_list
from console.ui.frame.navigation import link_to
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
    price = "US dollars per million tokens"
    able = st.column_config.TextColumn("Capabilities", width=340, help="What the provider's API takes and gives")
    columns: list[Column[Model]] = [
        text_column("Provider", lambda model: model.provider, 85),
        text_column("Model", lambda model: model.name, 190),
        number_column(
            "Prompt", lambda model: model.input_price, 85, "%.2f", f"{price} of the prompt", title="Prompt $/M"
        ),
        number_column(
            "Answer", lambda model: model.output_price, 85, "%.2f", f"{price} of the answer", title="Answer $/M"
        ),
        Column("Can", lambda model: ", ".join(catalog.abilities(model.provider)), able),
        number_column(
            "Judges", lambda model: len(used.get(model.model_id, [])), 60, "%,d", "Judges in use with this model"
        ),
        moment_column("Created", lambda model: model.created_on, 105, "D MMM YYYY"),
        text_column("Id", lambda model: model.model_id, 110),
    ]
    shown = ["Provider", "Model", "Prompt", "Answer", "Judges"] if picked else None
    pick_record(
        "models", ordered, columns, lambda model: model.model_id, on_pick, alt="Models", picked=picked, shown=shown
    )


def model_panel(shared: Services, model: Model, judges: Sequence[Judge], user: User) -> None:
    """One model: its prices, where it comes from, and who uses it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="models-panel-head"):
        st.header(text.plain(model.name, 80), anchor=False)
        linked.close("models.close", "model")
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
    columns: list[Column[Judge]] = [
        text_column("Judge", _judge_name, 150),
        text_column("Case", lambda one: one.case_name, 150),
    ]
    pick_record(
        "models.judges",
        judges,
        columns,
        lambda one: one.judge_id,
        leads.opens("judges", "judge"),
        alt="Judges in use with this model",
    )
    link_to("runs", "Runs of this model", ":material/arrow_forward:", model=model.name)


def metric_table(metrics: Sequence[Metric], used: Mapping[str, Sequence[Judge]]) -> None:
    """The metrics in order of creation, with the judges in use."""

    def judges(metric: Metric) -> Sequence[Judge]:
        return used.get(metric.metric_id, [])

    columns: list[Column[Metric]] = [
        text_column("Metric", lambda metric: metric.name, 110),
        text_column("Method", lambda metric: _METHODS.get(metric.name, "Added by the team"), 290),
        number_column("Judges", lambda metric: len(judges(metric)), 60, "%,d", "Judges in use with this metric"),
        text_column("Used by", lambda metric: ", ".join(map(_judge_name, judges(metric))), 210),
        moment_column("Created", lambda metric: metric.created_on, 105, "D MMM YYYY"),
        text_column("By", lambda metric: metric.created_by, 80),
        text_column("Id", lambda metric: metric.metric_id, 250),
    ]
    show_records(metrics, columns, alt="Metrics")


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


def _judge_name(judge: Judge) -> str:
    return text.judge_name(judge.name, judge.judge_id)


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
