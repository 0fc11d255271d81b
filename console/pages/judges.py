"""Judges: a model, a metric and parameters, each for one case.

`?judge=ID` opens one, `?judge=new` begins one; `version` reads an earlier one, `tab=versions` compares any two.
Reading costs nothing that is not cached but the change token; the tab of versions adds one page of runs.
"""

from __future__ import annotations

from console.judging.judging import SIMILARITY
from console.records import Judge
from console.services import Services
from console.ui.frame import text
from console.ui.frame.controls import filters
from console.ui.frame.controls.columns import Column, moment_column, number_column, text_column
from console.ui.records.judge_form import JudgeEditor
from console.ui.records.listing import Listing, Wanted, records_page
from console.ui.records.record_list import has_words


def _listing(shared: Services, use: str) -> Listing[Judge]:
    known = shared.judges.list() if use == "in" else shared.judges.list_inactive()
    cases = {case.case_id: case.name for case in shared.cases.list()}
    names = {judge.case_id: cases.get(judge.case_id, judge.case_name) for judge in known}
    columns: list[Column[Judge]] = [
        text_column("Name", lambda judge: text.judge_name(judge.name, judge.judge_id), 200),
        text_column("Case", lambda judge: names[judge.case_id], 160),
        text_column("Model", lambda judge: f"{judge.llm.model} ({judge.llm.type})", 220),
        text_column("Metric", lambda judge: judge.metric.type, 80),
        number_column("Responses", lambda judge: judge.evaluation_parameters.n_responses if _asks(judge) else None, 80),
        number_column("Temperature", lambda judge: judge.llm.temperature if _asks(judge) else None, 90, "%g"),
        text_column("Version", lambda judge: judge.version, 62),
        moment_column("Saved", lambda judge: judge.last_updated_on, 138),
        text_column("By", lambda judge: judge.last_updated_by, 80),
    ]
    return Listing(
        known=known,
        key=lambda judge: judge.judge_id,
        choices={
            "case": filters.distinct(names),
            "model": filters.distinct({model.name: model.name for model in shared.catalog.models()}),
            "metric": {metric.name: metric.name for metric in shared.catalog.metrics()},
        },
        matches=lambda judge, wanted: _matches(judge, names[judge.case_id], wanted),
        columns=columns,
        advice="Make one for a case: a model, a metric and its parameters.",
    )


def _matches(judge: Judge, case: str, wanted: Wanted) -> bool:
    return (
        wanted["case"] in (None, judge.case_id)
        and wanted["model"] in (None, judge.llm.model)
        and wanted["metric"] in (None, judge.metric.type)
        and has_words(wanted["q"], judge.name, judge.description, case, judge.llm.model, judge.judge_id)
    )


def _asks(judge: Judge) -> bool:
    return judge.metric.type != SIMILARITY


records_page("judge", JudgeEditor, _listing)
