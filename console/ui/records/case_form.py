"""A case as a page shows and edits it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import streamlit as st

from console.actions.configuration import configuration
from console.actions.configuration.guidance import GUIDANCE
from console.actions.configuration.version_results import VersionResults, results_of_case
from console.actions.runs import trial
from console.records import Case, Judge, ScoreRange, Threshold, User
from console.services import Services
from console.tabular.objects import typed_object
from console.ui.frame import text
from console.ui.frame.card import card
from console.ui.frame.controls.drafts import Values
from console.ui.frame.navigation import link_to
from console.ui.records.fields import (
    Field,
    Form,
    json_text,
    number_text,
    passage,
    problem_of_json,
    record_facts,
    yes_no,
)
from console.ui.records.guidance import (
    guidance_metadata,
    guidance_of,
    other_metadata,
    problems_of_guidance,
)
from console.ui.records.guidance_form import guidance_form
from console.ui.records.trial import prompt_panel, trial_panel

WITH_REFERENCE = "With a reference"
DIRECT = "Direct"
_NAME_LIMIT = 200
_WIDEST = 1_000
"""Greatest absolute score that the form offers."""


class CaseEditor:
    """Reads, shows and writes cases for the page of one record."""

    kind = "case"
    fields = (
        Field("name", "Name"),
        Field("description", "Description"),
        Field("task_introduction", "Task introduction"),
        Field("evaluation_criteria", "Evaluation criteria"),
        Field("low", "Lowest score", number_text),
        Field("high", "Highest score", number_text),
        Field("step", "Between scores", number_text),
        Field("requires_reference", "Needs a reference", yes_no),
        Field("threshold", "Threshold", number_text),
        Field("threshold_description", "Why this threshold"),
        Field("steps", "Evaluation steps"),
        Field("anchors", "What the scores mean"),
        Field("examples", "Rated examples"),
        Field("metadata", "Metadata"),
    )
    kept_on_restore = ("threshold", "threshold_description")
    """The threshold has a history of its own: an old text does not bring an old threshold back."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.records = services.cases

    # --- reading ---------------------------------------------------------------------------------------

    def results(self, record_id: str) -> VersionResults:
        """What the runs of each version look like."""
        return results_of_case(self._services, record_id)

    def title(self, case: Case) -> str:
        """What the page is headed with."""
        return case.name or f"Case {case.case_id[:8]}"

    def values(self, case: Case) -> Values:
        """The case as a form says it."""
        return {
            **{name: getattr(case, name) for name in _PLAIN},
            "low": case.score_range.min,
            "high": case.score_range.max,
            "step": float(case.score_range.step),
            "threshold": case.threshold.score,
            "threshold_description": case.threshold.description,
            **guidance_of(case),
            "metadata": json_text(other_metadata(case)),
        }

    def blank(self) -> Values:
        """The form of a new case."""
        return {
            "name": "", "description": "", "task_introduction": "", "evaluation_criteria": "", "low": 1, "high": 5,
            "step": 1.0, "requires_reference": False, "threshold": 0.5, "threshold_description": "", "metadata": "",
            "steps": "", "anchors": "", "examples": "",
        }  # fmt: skip

    # --- showing ---------------------------------------------------------------------------------------

    def show(self, case: Case) -> None:
        """Everything of a case, to read."""
        with st.container(horizontal=True, gap="small", key="record-split"):
            with st.container(key="record-texts"), card("What is judged", "", "case-texts"):
                for label, body in (
                    ("Description", case.description),
                    ("Task introduction", case.task_introduction),
                    ("Evaluation criteria", case.evaluation_criteria),
                ):
                    if body or label != "Description":
                        passage(label, body)
                for field, label in _GUIDANCE.items():
                    if body := guidance_of(case)[field]:
                        passage(label, body)
                prompt_panel(self._services, self.kind, self._pairs(case))
            with st.container(key="record-facts"):
                self._facts(case)

    def _facts(self, case: Case) -> None:
        low, high = case.score_range.min, case.score_range.max
        with card("Scale and threshold", "", "case-scale"):
            with st.container(horizontal=True, key="case-figures"):
                step = case.score_range.step
                st.metric("Scale", f"{low} to {high}", f"in steps of {step:g}" if step != 1 else None, "off")
                st.metric(
                    "Threshold",
                    _threshold(case.threshold.score),
                    help="Normalised, 0 to 1; a run passes at or above it",
                )
                st.metric("On the scale", on_scale(case.score_range, case.threshold.score))
            st.caption(_mode_words(case.requires_reference))
            if case.threshold.description:
                st.caption("Why this threshold")
                st.text(case.threshold.description)
        with card("Judges of this case", "", "case-judges"):
            self._judges(case, [one for one in self._services.judges.list() if one.case_id == case.case_id])
        with card("Record", "", "case-record"):
            record_facts(case, case.case_id)
            if metadata := other_metadata(case):
                st.caption("Metadata")
                st.json(metadata, expanded=2)

    def _judges(self, case: Case, judges: list[Judge]) -> None:
        if not judges:
            st.caption("None is in use. Runs need a judge: a model and its parameters for this case.")
        for judge in judges:
            label = f"{text.judge_name(judge.name, judge.judge_id)}  ·  {judge.llm.model}"
            link_to("judges", text.plain(label, 60), ":material/gavel:", judge=judge.judge_id)
        link_to("runs", "Runs of this case", ":material/arrow_forward:", case=case.case_id)

    # --- editing ---------------------------------------------------------------------------------------

    def form(self, form: Form, values: Values, before: Case | None) -> None:
        """The widgets. `before` is the case that is edited, if it is not a new one."""
        with st.container(horizontal=True, gap="small", key="record-split"):
            with st.container(key="record-texts"), card("What is judged", "", "case-texts"):
                form.line("name", max_chars=_NAME_LIMIT)
                form.passage("description", placeholder="For people only; the judge does not see it.")
                form.passage(
                    "task_introduction",
                    placeholder="What the judge is told about the task, such as: You will be given …",
                )
                form.passage("evaluation_criteria", placeholder="What a good text is, and what each score means.")
                form.passage("steps", placeholder="Empty: the judge's model writes them, once for this version.")
                guidance_form(form, values, _typed_scale(values))
            with st.container(key="record-facts"):
                trial_panel(self._services, self.kind, lambda: self._drafts(before, values))
                with card("Scale and threshold", "", "case-scale"):
                    self._scale(form, values, new=before is None)
                with card("Metadata", "A JSON object of your own; nothing depends on it.", "case-metadata"):
                    form.json("metadata", label_visibility="collapsed", placeholder='{"team": "search"}')

    def _scale(self, form: Form, values: Values, *, new: bool) -> None:
        with st.container(horizontal=True):
            form.number("low", min_value=-_WIDEST, max_value=_WIDEST, step=1)
            form.number("high", min_value=-_WIDEST, max_value=_WIDEST, step=1)
            form.number(
                "step", min_value=0.001, max_value=float(_WIDEST), step=0.1, format="%g",
                help="1 for whole numbers; 0.1 for tenths, as on a scale from 0 to 1",
            )  # fmt: skip
        form.switch("requires_reference")
        st.caption(_mode_words(values["requires_reference"]))
        form.number(
            "threshold", min_value=0.0, max_value=1.0, step=0.05, format="%g",
            help="Normalised, 0 to 1; a run passes at or above it",
        )  # fmt: skip
        if values["low"] is not None and values["high"] is not None and values["threshold"] is not None:
            scale = ScoreRange(min=values["low"], max=values["high"])
            st.caption(f"A score of {on_scale(scale, values['threshold'])} passes. Finished runs keep their result.")
        form.passage(
            "threshold_description",
            placeholder="The history of thresholds begins with this." if new else "Say why when you move it.",
        )

    def problems(self, values: Values, base: Values) -> dict[str, str]:
        """What stands in the way of saving, by field."""
        found = {name: advice for name, advice in _NEEDED.items() if not values[name].strip()}
        found |= {name: "A number is needed here." for name in _NUMBERS if values[name] is None}
        if "low" not in found and "high" not in found and values["low"] >= values["high"]:
            found["high"] = "The highest score must be above the lowest."
        elif not _SCALE & found.keys() and (wrong := _scale_of(values).problem()):
            found["step"] = wrong
        same_reason = values["threshold_description"].strip() == base.get("threshold_description", "").strip()
        if base and values["threshold"] != base["threshold"] and same_reason:
            found["threshold_description"] = "The threshold moves: say why, for the history."
        if wrong := problem_of_json(values["metadata"]):
            found["metadata"] = wrong
        elif twice := [_GUIDANCE_KEYS[name] for name in _GUIDANCE_KEYS if name in typed_object(values["metadata"])]:
            found["metadata"] = f"{twice[0]}: there is a field for this. Leave it out here."
        scale = None if _SCALE & found.keys() else _scale_of(values)
        return found | problems_of_guidance(values["anchors"], values["examples"], scale)

    def _pairs(self, case: Case) -> list[tuple[Judge, Case]]:
        """The judges of the case in use, each with it."""
        return [(judge, case) for judge in self._services.judges.list() if judge.case_id == case.case_id]

    def _drafts(self, before: Case | None, values: Values) -> list[tuple[Judge, Case]]:
        """The judges that could try what the form says, or TypeError, ValueError. A first draft takes every model."""
        if before is not None:
            return self._pairs(_drafted(before, values))
        if missing := next((advice for name, advice in _NEEDED.items() if not values[name].strip()), None):
            raise ValueError(missing)
        case = trial.first_case(_fields(values))
        return [(judge, case) for judge in trial.first_judges(self._services, case)]

    def create(self, actor: User, values: Values) -> str:
        """Store a new case; returns its id."""
        return configuration.create_case(self._services, actor, _fields(values)).case_id

    def save(self, actor: User, case: Case, values: Values, revision: int | None) -> str:
        """Store the edits of a case; says what came of it."""
        before = self.values(case)
        wanted = _fields(values)
        changes = {
            name: wanted[name] for name, parts in _PARTS.items() if any(values[part] != before[part] for part in parts)
        }
        saved = configuration.edit_case(self._services, actor, case.case_id, changes, revision=revision)
        if saved.version == case.version:
            return f"The threshold is {saved.threshold.score:g} now"
        return f"Saved as version {saved.version}"

    def deactivate(self, actor: User, case: Case) -> None:
        """Take the case out of use."""
        configuration.deactivate_case(self._services, actor, case.case_id, revision=case.revision)

    def activate(self, actor: User, case: Case) -> None:
        """Put this version into use."""
        configuration.activate_case(self._services, actor, case.case_id, case.version)

    def consequences(self, case: Case) -> str:
        """What taking the case out of use means."""
        judges = sum(judge.case_id == case.case_id for judge in self._services.judges.list())
        stay = f" Its {judges} judge{'s' if judges > 1 else ''} cannot be run meanwhile." if judges else ""
        return f"Nobody can choose it for new judges or runs.{stay} Versions, runs and the name are kept."


_GUIDANCE = {"steps": "Evaluation steps", "anchors": "What the scores mean", "examples": "Rated examples"}
_GUIDANCE_KEYS = dict(zip(GUIDANCE, _GUIDANCE.values(), strict=True))
_SCALE = {"low", "high", "step"}
_NUMBERS = (*sorted(_SCALE), "threshold")
_NEEDED = {
    "name": "A case needs a name.",
    "task_introduction": "Say what the task is.",
    "evaluation_criteria": "Say what is judged.",
}
_PLAIN = ("name", "description", "task_introduction", "evaluation_criteria", "requires_reference")
"""Fields of a case that a field of the form says as they are."""
_PARTS: Mapping[str, tuple[str, ...]] = {
    **{name: (name,) for name in _PLAIN},
    "score_range": ("low", "high", "step"),
    "threshold": ("threshold", "threshold_description"),
    "metadata": ("metadata", "steps", "anchors", "examples"),
}
"""Fields of a case, and the fields of the form that make each."""


def _fields(values: Values) -> dict[str, Any]:
    """The fields of a case as the form says them."""
    return {
        **{name: values[name] for name in _PLAIN},
        "score_range": _scale_of(values),
        "threshold": Threshold(score=values["threshold"], description=values["threshold_description"].strip()),
        "metadata": {
            **typed_object(values["metadata"]),
            **guidance_metadata(values["steps"], values["anchors"], values["examples"]),
        },
    }


def _scale_of(values: Values) -> ScoreRange:
    return ScoreRange(min=values["low"], max=values["high"], step=values["step"])


def _typed_scale(values: Values) -> ScoreRange | None:
    """The scale while it is typed; None where it is none."""
    scale = None if any(values[name] is None for name in _SCALE) else _scale_of(values)
    return scale if scale and not scale.problem() else None


def _drafted(case: Case, values: Values) -> Case:
    """The case as the form says it, not stored. Raises ValueError or TypeError where the form is not complete."""
    return msgspec.structs.replace(case, **_fields(values))


def on_scale(scale: ScoreRange, threshold: float) -> str:
    """A normalised threshold on the case's scale."""
    return f"{scale.at(threshold):.3g} of {scale.max}"


def _threshold(threshold: float) -> str:
    return f"{threshold:.2f}" if round(threshold, 2) == threshold else f"{threshold:g}"


def mode(case: Case) -> str:
    """How a case is judged, in a word or three."""
    return WITH_REFERENCE if case.requires_reference else DIRECT


def _mode_words(requires_reference: bool) -> str:
    if requires_reference:
        return "With a reference: the judge compares the text with an expected output."
    return "Direct: the judge sees no reference; a question and a context where the text has them."
