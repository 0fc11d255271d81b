"""Models & metrics: what judges are made of, what it costs, and who uses it. `?model=` opens a model."""

from __future__ import annotations

import streamlit as st

from console.actions.configuration.catalog import users_of
from console.records import Judge, Role, User
from console.services import Services
from console.ui.frame.boundary import boundary, nothing
from console.ui.frame.card import card
from console.ui.frame.controls import linked
from console.ui.frame.session import page_title
from console.ui.records import catalog
from console.ui.sign_in import auth


def main() -> None:
    """The page."""
    with auth.page("models") as (shared, user):
        with st.container(horizontal=True, vertical_alignment="bottom", key="catalog-head"):
            page_title(shared, "Models & metrics")
            if user.role.includes(Role.ADMIN):
                catalog.add_model(shared)
                catalog.add_metric(shared)
        judges = shared.judges.list()
        _models(shared, judges, user)
        _metrics(shared, judges)


def _models(shared: Services, judges: list[Judge], user: User) -> None:
    """The models, and the one that the URL names beside them."""
    models = shared.catalog.models()
    used = users_of(judges, lambda judge: judge.llm.id)
    opened = st.query_params.get("model")
    with st.container(key="models-split", horizontal=True, gap="small"):
        with card("Models", "By provider and name; prices in US dollars per million tokens", "models"):
            if models:
                catalog.model_table(models, used, opened, linked.opens("model"))
            else:
                nothing("There are no models yet", "A judge needs one: add the first.", "models")
        if opened:
            with boundary("models.panel"):
                model = shared.catalog.model(opened)
                with st.container(border=True, key="card-models-panel"):
                    catalog.model_panel(shared, model, used.get(opened, []), user)


def _metrics(shared: Services, judges: list[Judge]) -> None:
    used = users_of(judges, lambda judge: judge.metric.id)
    with card("Metrics", "How a judge comes to a score", "metrics"):
        catalog.metric_table(shared.catalog.metrics(), used)


main()
