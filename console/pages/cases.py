"""Cases: what is evaluated, by which criteria, on which scale.

`?case=ID` opens one, `?case=new` begins one; `version` reads an earlier one, `tab=versions` compares any two.
Reading costs nothing that is not cached but the change token; the tab of versions adds one page of runs.
"""

from __future__ import annotations

from collections import Counter

from console.records import Case
from console.services import Services
from console.ui.frame.controls.columns import Column, moment_column, number_column, text_column
from console.ui.records.case_form import DIRECT, WITH_REFERENCE, CaseEditor, mode
from console.ui.records.listing import Listing, Wanted, records_page
from console.ui.records.record_list import has_words

MODES = {"reference": WITH_REFERENCE, "direct": DIRECT}


def _listing(shared: Services, use: str) -> Listing[Case]:
    judges = Counter(judge.case_id for judge in shared.judges.list())
    columns: list[Column[Case]] = [
        text_column("Name", lambda case: case.name, 240),
        text_column("Scale", lambda case: f"{case.score_range.min} to {case.score_range.max}", 70),
        number_column("Threshold", lambda case: case.threshold.score, 76, "%.2f", "Normalised, 0 to 1"),
        text_column("Mode", mode, 122),
        number_column("Judges", lambda case: judges[case.case_id], 60, note="In use"),
        text_column("Version", lambda case: case.version, 62),
        moment_column("Saved", lambda case: case.last_updated_on, 138),
        text_column("By", lambda case: case.last_updated_by, 90),
        text_column("About", lambda case: case.description or case.task_introduction, "large"),
    ]
    return Listing(
        known=shared.cases.list() if use == "in" else shared.cases.list_inactive(),
        key=lambda case: case.case_id,
        choices={"mode": MODES},
        matches=_matches,
        columns=columns,
        advice="Begin with one: what is evaluated, by which criteria, on which scale.",
    )


def _matches(case: Case, wanted: Wanted) -> bool:
    words = (case.name, case.description, case.task_introduction, case.evaluation_criteria, case.case_id)
    wanted_mode = wanted["mode"] in (None, "reference" if case.requires_reference else "direct")
    return wanted_mode and has_words(wanted["q"], *words)


records_page("case", CaseEditor, _listing)
