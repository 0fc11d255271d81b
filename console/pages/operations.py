"""Operations: the store, its tables and this process, for admins."""

from __future__ import annotations

import streamlit as st

from console.actions.admin.operations import check_health, load_counters, load_operations
from console.records import Role
from console.ui.admin import operations as ui
from console.ui.frame.session import page_title
from console.ui.sign_in import auth


def main() -> None:
    """The page."""
    with auth.page("operations", Role.ADMIN) as (shared, user):
        with st.container(horizontal=True, vertical_alignment="center", key="operations-head"):
            page_title(shared, "Operations")
            st.button("Refresh", key="operations.refresh", icon=":material/refresh:")
        health = check_health(shared)
        found = None if health.error else load_operations(shared)
        ui.state_line(health, found)
        counters = load_counters(shared)
        with st.grid(columns=2, min_column_width=380, gap=14, key="operations-grid") as grid:
            with grid.cell():
                ui.traffic_card(counters)
            with grid.cell():
                ui.engine_card(shared, counters)
                ui.cache_card(counters)
        if found is None:
            return
        ui.table_card(found.tables)
        with st.grid(columns=2, min_column_width=380, gap=14, key="operations-below"):
            ui.rollup_card(shared, user, found.run_items)
            ui.lease_card(found.leased)


main()
