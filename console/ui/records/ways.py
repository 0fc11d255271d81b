"""The way on from a record: from a case to a judge for it, from a judge to an evaluation with it."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from console.records import Role, User
from console.ui.frame.controls.drafts import NEW


@dataclass(frozen=True, slots=True)
class Way:
    """A button that leads to another page."""

    label: str
    icon: str
    page: str
    """By its file's name."""
    role: Role
    """Who can do there what it is for."""

    def params(self, kind: str, record_id: str) -> dict[str, str]:
        """What the other page is asked for."""
        return {kind: record_id, **({"judge": NEW} if self.page == "judges" else {})}


WAYS = {
    "case": Way("Make its judge", ":material/gavel:", "judges", Role.ADMIN),
    "judge": Way("Evaluate with it", ":material/play_circle:", "evaluate", Role.EVALUATOR),
}


def way_on(kind: str, record_id: str, user: User) -> None:
    """The button, for those who may go on."""
    way = WAYS[kind]
    if user.role.includes(way.role) and st.button(way.label, key=f"{kind}.way", icon=way.icon):
        st.switch_page(f"console/pages/{way.page}.py", query_params=way.params(kind, record_id))
