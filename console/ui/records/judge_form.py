"""A judge as a page shows and edits it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import streamlit as st

from console.actions.configuration import configuration
from console.actions.configuration.version_results import VersionResults, results_of_judge
from console.actions.runs import trial
from console.judging.judging import SIMILARITY
from console.records import Case, Judge, Model, User
from console.services import Services
from console.tabular.objects import typed_object
from console.ui.frame import text
from console.ui.frame.card import card
from console.ui.frame.controls.drafts import Values
from console.ui.frame.facts import fact_list
from console.ui.frame.navigation import link_to
from console.ui.records.fields import (
    Field,
    Form,
    json_text,
    number_text,
    passage,
    problem_of_json,
    record_facts,
)
from console.ui.records.judge_parameters import NUMBERS, joined, other_parameters, typed_parameters, unusual
from console.ui.records.trial import prompt_panel, trial_panel

_NAME_LIMIT = 200


class JudgeEditor:
    """Reads, shows and writes judges for the page of one record."""

    kind = "judge"
    kept_on_restore: tuple[str, ...] = ()

    def __init__(self, services: Services) -> None:
        self._services = services
        self.records = services.judges
        self.fields = (
            Field("name", "Name"),
            Field("description", "Description"),
            Field("case_id", "Case", self._case_name),
            Field("model_id", "Model", self._model_name),
            Field("metric_id", "Metric", self._metric_name),
            *(Field(number.name, number.label, number_text) for number in NUMBERS),
            Field("other", "Other parameters"),
            Field("configuration", "Configuration of the metric"),
        )

    # --- reading ---------------------------------------------------------------------------------------

    def results(self, record_id: str) -> VersionResults:
        """What the runs of each version look like."""
        return results_of_judge(self._services, record_id)

    def title(self, judge: Judge) -> str:
        """What the page is headed with."""
        return text.judge_name(judge.name, judge.judge_id)

    def values(self, judge: Judge) -> Values:
        """The judge as a form says it."""
        return {
            "name": judge.name or "",
            "description": judge.description or "",
            "case_id": judge.case_id,
            "model_id": judge.llm.id,
            "metric_id": judge.metric.id,
            **typed_parameters(judge.parameters),
            "other": json_text(other_parameters(judge.parameters)),
            "configuration": json_text(judge.metric.configuration),
        }

    def blank(self) -> Values:
        """The form of a new judge: the case that the address names, and the parameters as the old system began them."""
        metric = self._services.catalog.metric_named("geval")
        asked = st.query_params.get("case")
        known = {case.case_id for case in self._services.cases.list()}
        return {
            "name": "", "description": "", "case_id": asked if asked in known else None, "model_id": None,
            "metric_id": metric.metric_id if metric else None,
            **{number.name: number.at_first for number in NUMBERS}, "other": "", "configuration": "",
        }  # fmt: skip

    # --- showing ---------------------------------------------------------------------------------------

    def show(self, judge: Judge) -> None:
        """Everything of a judge, to read."""
        with st.container(horizontal=True, gap="small", key="record-split"):
            with st.container(key="record-texts"):
                with card("Who judges what", "", "judge-what"):
                    self._what(judge)
                with card("Record", "", "judge-record"):
                    record_facts(judge, judge.judge_id)
                prompt_panel(self._services, self.kind, self._pairs(judge))
            with st.container(key="record-facts"), card("Parameters", "", "judge-parameters"):
                self._parameters(judge)

    def _what(self, judge: Judge) -> None:
        fact_list(
            {
                "Case": self._case_name(judge.case_id),
                "Model": f"{judge.llm.model} ({judge.llm.type})",
                "Metric": judge.metric.type,
            },
            "Who judges what",
        )
        if judge.description:
            passage("Description", judge.description)
        with st.container(horizontal=True):
            link_to("cases", "The case", ":material/arrow_forward:", case=judge.case_id)
            link_to("runs", "Runs of this judge", ":material/arrow_forward:", judge=judge.judge_id)

    def _parameters(self, judge: Judge) -> None:
        if judge.metric.type == SIMILARITY:
            st.caption("The metric similarity compares vectors: it asks no model, and these say nothing to it.")
        values = typed_parameters(judge.parameters)
        rows = {
            number.label: f"{number.default:g}  (default)"
            if values[number.name] is None
            else f"{values[number.name]:g}"
            for number in NUMBERS
        }
        fact_list(rows, "Parameters")
        for title, body in (
            ("Other parameters", other_parameters(judge.parameters)),
            ("Configuration of the metric", judge.metric.configuration),
        ):
            if body:
                st.caption(title)
                st.json(body, expanded=2)

    # --- editing ---------------------------------------------------------------------------------------

    def form(self, form: Form, values: Values, before: Judge | None) -> None:
        """The widgets. `before` is the judge that is edited, if it is not a new one."""
        with st.container(horizontal=True, gap="small", key="record-split"):
            with st.container(key="record-texts"):
                with card("Who judges what", "", "judge-what"):
                    form.line("name", max_chars=_NAME_LIMIT)
                    form.passage("description", placeholder="For people only; the model does not see it.")
                    form.choice(
                        "case_id", self._cases(values["case_id"]), disabled=before is not None,
                        placeholder="Choose a case", help="A judge stays with its case. Duplicate it for another one.",
                    )  # fmt: skip
                    form.choice("model_id", self._models(before), placeholder="Choose a model")
                    form.choice("metric_id", self._metrics(before), placeholder="Choose a metric")
                    self._missing()
                with card("More", "JSON objects, kept as they are: what the fields do not cover.", "judge-more"):
                    form.json("other", placeholder='{"seed": 7, "reasoning_effort": "low"}')
                    form.json("configuration", placeholder='{"steps": "pinned"}')
                trial_panel(self._services, self.kind, lambda: self._drafted(before, values))
            with (
                st.container(key="record-facts"),
                card("Parameters", "An empty field leaves the parameter to its default.", "judge-parameters"),
                st.grid(columns=2, min_column_width=130, gap=12, key="judge-numbers"),
            ):
                for number in NUMBERS:
                    with st.container():
                        form.number(number.name, optional=True, **number.options)
                        if note := unusual(number, values[number.name]):
                            st.caption(note)

    def _missing(self) -> None:
        for known, advice in (
            (self._services.cases.list(), "There is no case in use yet. Create one under Cases first."),
            (self._services.catalog.models(), "There is no model yet. Add one to the catalog of models first."),
        ):
            if not known:
                st.caption(f":material/info: {advice}")

    def problems(self, values: Values, base: Values) -> dict[str, str]:
        """What stands in the way of saving, by field."""
        found: dict[str, str] = {}
        nameless = bool(base) and not base["name"]
        if not values["name"].strip() and not nameless:
            found["name"] = "A judge needs a name."
        for name in ("case", "model", "metric"):
            if values[f"{name}_id"] is None:
                found[f"{name}_id"] = f"Choose a {name}."
        for name in ("other", "configuration"):
            if wrong := problem_of_json(values[name]):
                found[name] = wrong
        if "other" not in found:
            twice = [n.label for n in NUMBERS if n.name in typed_object(values["other"]) and values[n.name] is not None]
            if twice:
                found["other"] = f"{', '.join(twice)}: given here and in its own field. Leave one of them out."
        return found

    def create(self, actor: User, values: Values) -> str:
        """Store a new judge; returns its id."""
        judge = configuration.create_judge(
            self._services,
            actor,
            name=values["name"].strip(),
            description=values["description"] or None,
            case_id=values["case_id"],
            metric_id=values["metric_id"],
            model_id=values["model_id"],
            parameters=joined(values, {}, {}),
            configuration=typed_object(values["configuration"]),
        )
        return judge.judge_id

    def save(self, actor: User, judge: Judge, values: Values, revision: int | None) -> str:
        """Store the edits of a judge; says what came of it."""
        changes = self._changes(judge, values)
        saved = configuration.edit_judge(self._services, actor, judge, changes, revision=revision)
        return f"Saved as version {saved.version}"

    def _changes(self, judge: Judge, values: Values) -> dict[str, Any]:
        """What the form says otherwise than the judge, as `edit_judge` takes it."""
        before = self.values(judge)
        wanted: dict[str, Any] = {
            "name": values["name"].strip() or None,
            "description": values["description"] or None,
            "model_id": values["model_id"],
            "metric_id": values["metric_id"],
            "configuration": typed_object(values["configuration"]),
        }
        changes = {name: value for name, value in wanted.items() if values[name] != before[name]}
        parameters = joined(values, before, judge.parameters)
        if parameters != judge.parameters or msgspec.json.encode(parameters) != msgspec.json.encode(judge.parameters):
            changes["parameters"] = parameters
        return changes

    def _drafted(self, judge: Judge | None, values: Values) -> list[tuple[Judge, Case]]:
        """The judge as the form says it, with its case. Raises ConsoleError or ValueError where it is not complete."""
        if judge is None:
            return self._first(values)
        return self._pairs(configuration.drafted_judge(self._services, judge, self._changes(judge, values)))

    def _first(self, values: Values) -> list[tuple[Judge, Case]]:
        missing = [name for name in ("case", "model", "metric") if values[f"{name}_id"] is None]
        if missing:
            raise ValueError(f"Choose a {missing[0]}.")
        case = self._services.cases.get(values["case_id"])
        metric, model = (
            self._services.catalog.metric(values["metric_id"]),
            self._services.catalog.model(values["model_id"]),
        )
        parameters, configured = joined(values, {}, {}), typed_object(values["configuration"])
        return [(trial.first_judge(values["name"].strip(), case, metric, model, parameters, configured), case)]

    def _pairs(self, judge: Judge) -> list[tuple[Judge, Case]]:
        """The judge with its case, where that is in use."""
        case = self._services.cases.find(judge.case_id)
        return [(judge, case)] if case else []

    def deactivate(self, actor: User, judge: Judge) -> None:
        """Take the judge out of use."""
        configuration.deactivate_judge(self._services, actor, judge.judge_id, revision=judge.revision)

    def activate(self, actor: User, judge: Judge) -> None:
        """Put this version into use."""
        configuration.activate_judge(self._services, actor, judge.judge_id, judge.version)

    def consequences(self, judge: Judge) -> str:
        """What taking the judge out of use means."""
        return f"Nobody can run it for {self._case_name(judge.case_id)} meanwhile. Its versions and runs are kept."

    # --- choices ---------------------------------------------------------------------------------------

    def _cases(self, chosen: str | None) -> Mapping[str, str]:
        known = {case.case_id: case.name for case in self._services.cases.list()}
        if chosen and chosen not in known:
            known[chosen] = self._case_name(chosen)
        return known

    def _models(self, before: Judge | None) -> Mapping[str, str]:
        known = {model.model_id: _model_words(model) for model in self._services.catalog.models()}
        if before and before.llm.id not in known:
            known[before.llm.id] = f"{before.llm.model} ({before.llm.type}), not in the catalog"
        return dict(sorted(known.items(), key=lambda item: item[1].casefold()))

    def _metrics(self, before: Judge | None) -> Mapping[str, str]:
        known = {metric.metric_id: metric.name for metric in self._services.catalog.metrics()}
        if before and before.metric.id not in known:
            known[before.metric.id] = f"{before.metric.type}, not in the catalog"
        return known

    def _case_name(self, case_id: str | None) -> str:
        if not case_id:
            return ""
        known = {case.case_id: case.name for case in self._services.cases.list()}
        if case_id in known:
            return known[case_id]
        versions = self._services.cases.versions(case_id)
        return f"{versions[0].name}, not in use" if versions else f"{case_id}, not there any more"

    def _model_name(self, model_id: str | None) -> str:
        known = {model.model_id: _model_words(model) for model in self._services.catalog.models()}
        return known.get(model_id or "", model_id or "")

    def _metric_name(self, metric_id: str | None) -> str:
        known = {metric.metric_id: metric.name for metric in self._services.catalog.metrics()}
        return known.get(metric_id or "", metric_id or "")


def _model_words(model: Model) -> str:
    return f"{model.name} ({model.provider})"
