"""How labelling of a case is shared out, one item per case: `REVIEW#<caseId>` / `PLAN`. The last writer wins."""

from __future__ import annotations

import msgspec

from console.data.store import tables
from console.data.store.codec import from_plain, plain_map, to_wire_map
from console.data.store.requests import Put
from console.data.store.store import Store
from console.records import ReviewPlan

_PLAN = "plan"


class ReviewPlans:
    """Repository of review plans."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, case_id: str) -> ReviewPlan:
        """The plan of a case; an empty one where nobody made any. One GetItem."""
        item = self._store.get(tables.RUNS, *_key(case_id))
        return from_plain(plain_map(item)[_PLAN], ReviewPlan) if item else ReviewPlan(case_id=case_id)

    def save(self, plan: ReviewPlan) -> ReviewPlan:
        """Keeps a plan in the place of the one before. One write."""
        told = msgspec.json.decode(msgspec.json.encode(plan))
        self._store.write(Put(tables.RUNS, to_wire_map({**tables.keyed(*_key(plan.case_id)), _PLAN: told})))
        return plan


def _key(case_id: str) -> tuple[str, str]:
    return f"REVIEW#{case_id}", "PLAN"
