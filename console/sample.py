"""Sample data for an empty store: 4 cases, 8 judges over 6 models, 300 runs over 60 days, a test set with two
experiments of 30 runs each, one collection.

The same on every machine but for the dates. Loading goes on where it was interrupted.
"""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple

from console.actions.collections.ingest import ingest
from console.actions.labels.calibrated import calibrate_judge
from console.actions.permissions import outsider
from console.actions.runs.similar import embed_missing
from console.config import HOME, ROOT
from console.data.configuration.cases import Cases
from console.data.configuration.judges import Judges
from console.judging.providers import local
from console.judging.providers.local import SMALL_MODEL
from console.records import (
    Artifact,
    Case,
    Drawn,
    Json,
    Judge,
    Label,
    Model,
    Results,
    Run,
    RunFilter,
    RunStatus,
    ScoreRange,
    Selection,
    Snapshot,
    Threshold,
    TokenUsage,
    utcnow,
)
from console.sample_sets import Clock, load_experiments
from console.sample_texts import ANSWERS, CASES, EXPLANATIONS, SUMMARIES, TONE, CaseText
from console.search.embedding.minilm import weights_are_here
from console.search.files.readers import DiskFile
from console.services import Services

log = logging.getLogger(__name__)

RUNS = 300
DAYS = 60
_BY = "sample"
_HANDBOOK = "handbook"
_LIBRARY = ROOT if HOME == ROOT else Path(__file__).with_name("handbook")
"""A package brings its own copies of the documents."""
_CHAPTERS = ("README.md", "docs/legacy-api.md", "docs/rollback.md", "docs/troubleshooting.md", "docs/users.md")
_RESPONSES = 10
_FAILURES = (
    "The model did not answer within 60 s (3 attempts). Check the provider's status, then run it again.",
    "The reply has no score: 'I am sorry, but I cannot rate this text.'",
    "The provider refused the request: rate limit reached (429). Lower the concurrency, or wait.",
)
_MODELS = (
    ("gpt-4o-2024-08-06", "openai", 2.5, 10.0),
    ("gpt-4o-mini", "openai", 0.15, 0.6),
    ("claude-3-5-sonnet-20241022", "anthropic", 3.0, 15.0),
    ("llama3.1:8b", "ollama", 0.0, 0.0),
)
_LOCAL_MODEL = (SMALL_MODEL, local.NAME, 0.0, 0.0)
_LOCAL = "Small model on this machine"
"""A judge that needs no key: it shows the whole way, and is too small to be trusted."""
_LOCAL_PARAMETERS = {
    "temperature": 1,
    "n_responses": 3,
    "max_tokens": 150,
    "custom_chain_of_thought": "1. Read the answer.\n2. Compare it with the criteria.\n3. Choose the score.",
}
_REVIEWERS = ("reviewer-a", "reviewer-b")
_LABELLED = 0.3
"""The share of the runs that people labelled, drawn at random."""
_CALIBRATED, _LABELLED_MORE = "Faithfulness", 0.8
"""The judge whose scores are calibrated, which takes more labels, and the share of its runs that have one."""
_SECOND_OPINIONS = 0.3
"""The share of those that both labelled; the second is a little stricter."""
_EMBEDDER = ("all-MiniLM-L6-v2", "other", 0.0, 0.0)
_OFFLINE = "Close to the reference"
"""A judge that needs no network: with it the first evaluation of a newcomer works."""


class _JudgeText(NamedTuple):
    name: str
    case: CaseText
    model: str
    bias: float
    """Added to the quality that the judge sees."""
    noise: float
    seconds: float


_JUDGES = (
    _JudgeText("Correctness, strict", ANSWERS, "gpt-4o-2024-08-06", -0.06, 0.06, 2.4),
    _JudgeText("Correctness, quick", ANSWERS, "gpt-4o-mini", 0.05, 0.11, 1.1),
    _JudgeText("Faithfulness", SUMMARIES, "claude-3-5-sonnet-20241022", -0.02, 0.05, 3.2),
    _JudgeText("Faithfulness, second opinion", SUMMARIES, "gpt-4o-2024-08-06", 0.03, 0.07, 2.6),
    _JudgeText("Tone", TONE, "gpt-4o-mini", 0.0, 0.09, 0.9),
    _JudgeText("Clarity, local", EXPLANATIONS, "llama3.1:8b", 0.02, 0.14, 6.5),
)

Progress = Callable[[int, int], None]
"""Called with the runs loaded so far and their total."""


def needs_sample_data(services: Services) -> bool:
    """Whether the store is empty, or a load of the sample data was interrupted. Two to four requests."""
    first, last = _key(0), _key(RUNS - 1)
    loaded = services.runs.imported([first, last])
    if loaded:
        return last not in loaded
    return not services.cases.list() and not services.runs.list(RunFilter(), limit=1).items


def load_sample_data(services: Services, progress: Progress = lambda _done, _total: None) -> None:
    """Loads the sample data; what is there already stays as it is. About one transaction per run."""
    now = utcnow()
    begin = now - timedelta(days=DAYS)
    judges = _configure(services, begin)
    text, judge, history = judges[0]
    make = partial(_results, text)
    load_experiments(services, services.judges.get(judge.judge_id), history[-1], begin, make, _BY)
    first = services.runs.next_ids(RUNS)
    made = [_run(number, first + number, judges, now) for number in range(RUNS)]
    with ThreadPoolExecutor(max_workers=4) as pool:
        stored = pool.map(lambda one: services.runs.import_finished(*one), made)
        for done, _ in enumerate(stored, 1):
            progress(done, RUNS)
    services.runs.announce()
    _calibrate(services, judges)
    if not weights_are_here():
        log.warning("Without the local embedder's weights the sample data have no collection and no similar runs.")
        return
    if services.settings.embeds_runs:
        embed_missing(services, outsider(_BY))
    _handbook(services)


def _calibrate(services: Services, judges: list[tuple[_JudgeText, Judge, list[Case]]]) -> None:
    judge = next(judge for text, judge, _ in judges if text.name == _CALIBRATED)
    if services.calibrations.latest(judge.judge_id, judge.version) is None:
        calibrate_judge(services, outsider(_BY), judge)


def _handbook(services: Services) -> None:
    """A collection to search in: what the product says of itself."""
    if services.collections.find(_HANDBOOK) is None:
        services.collections.create("Handbook", by=_BY, collection_id=_HANDBOOK)
    stored = {document.filename for document in services.vectors.documents(_HANDBOOK)}
    files = [DiskFile(_LIBRARY / name) for name in _CHAPTERS]
    missing = [file for file in files if file.path.is_file() and file.name not in stored]
    ingest(services, _HANDBOOK, missing, by=_BY)


def _key(number: int) -> str:
    return f"sample:{number}"


# --- configuration -------------------------------------------------------------------------------------


def _configure(services: Services, begin: datetime) -> list[tuple[_JudgeText, Judge, list[Case]]]:
    """Models, cases and judges as of `begin`, then their changes; a judge comes with its case over time."""
    models = [_model(services, *model) for model in _MODELS]
    histories = {text.name: _case(services, text, begin) for text in CASES}
    found = []
    for text in _JUDGES:
        history = histories[text.case.name]
        model = next(one for one in models if one.name == text.model)
        found.append((text, _judge(services, text, history[0], model, begin), history))
    case = histories[ANSWERS.name][0]
    _keyless_judge(services, _OFFLINE, "similarity", _EMBEDDER, {}, case, begin)
    _keyless_judge(services, _LOCAL, "geval", _LOCAL_MODEL, _LOCAL_PARAMETERS, case, begin)
    return found


def _keyless_judge(
    services: Services,
    name: str,
    metric_name: str,
    model: tuple[str, str, float, float],
    parameters: Json,
    case: Case,
    begin: datetime,
) -> None:
    """A judge that works without a key; it has no runs yet."""
    metric = services.catalog.metric_named(metric_name)
    if metric and all(judge.name != name for judge in services.judges.of_case(case.case_id)):
        judges = Judges(services.store, services.cache, clock=lambda: begin)
        found = _model(services, *model)
        judges.create(name=name, case=case, metric=metric, model=found, parameters=parameters, by=_BY)


def _model(services: Services, name: str, provider: str, input_price: float, output_price: float) -> Model:
    found = services.catalog.model_named(name)
    return found or services.catalog.create_model(
        name, provider, by=_BY, input_price=input_price, output_price=output_price
    )


def _case(services: Services, text: CaseText, begin: datetime) -> list[Case]:
    """The case at first and after each move of its threshold."""
    clock = Clock(begin)
    cases = Cases(services.store, services.cache, clock=clock)
    known = cases.find_by_name(text.name)
    if known:
        return [known]
    history = [
        cases.create(
            name=text.name,
            description=text.description,
            task_introduction=text.introduction,
            evaluation_criteria=text.criteria,
            score_range=ScoreRange(min=text.low, max=text.high),
            requires_reference=text.requires_reference,
            threshold=Threshold(score=text.threshold),
            by=_BY,
        )
    ]
    moves = [(20, 0.05, "Too many weak texts passed in the first weeks.")]
    if text is ANSWERS:
        moves.append((45, 0.15, "Reviewers agree with the judge from here on."))
    for day, step, reason in moves:
        clock.now = begin + timedelta(days=day, hours=9)
        mark = round(text.threshold + step, 2)
        history.append(cases.set_threshold(history[0].case_id, Threshold(score=mark), by=_BY, reason=reason))
    return history


def _judge(services: Services, text: _JudgeText, case: Case, model: Model, begin: datetime) -> Judge:
    for judge in services.judges.of_case(case.case_id):
        if judge.name == text.name:
            return judge
    clock = Clock(begin)
    judges = Judges(services.store, services.cache, clock=clock)
    metric = services.catalog.metric_named("geval")
    if metric is None:
        services.catalog.ensure_defaults()
        return _judge(services, text, case, model, begin)
    parameters = {"temperature": 1.0, "max_tokens": 500, "top_p": 1.0, "n_responses": _RESPONSES}
    judge = judges.create(name=text.name, case=case, metric=metric, model=model, parameters=parameters, by=_BY)
    if text is _JUDGES[0]:
        clock.now = begin + timedelta(days=30)
        judge = judges.update(judge.judge_id, {"parameters": {**parameters, "temperature": 0.7}}, by=_BY)
    return judge


# --- runs ----------------------------------------------------------------------------------------------


def _run(
    number: int, run_id: int, judges: list[tuple[_JudgeText, Judge, list[Case]]], now: datetime
) -> tuple[Run, str, list[Label]]:
    """Run `number`, its import key and its labels; the same for the same number."""
    dice = random.Random(f"run {number}")  # noqa: S311 - sample data, not a secret
    text, judge, history = judges[number % len(judges)]
    age = timedelta(days=DAYS) * (1 - (number + dice.random()) / RUNS)
    started = now - age - timedelta(minutes=3)
    case = [one for one in history if one.last_updated_on <= started][-1:] or history[:1]
    content, reference, quality = dice.choice(text.case.artifacts)
    seconds = round(text.seconds * dice.uniform(0.7, 1.8), 3)
    results = None if dice.random() < 0.05 else _results(text, dice, quality, content, seconds)
    run = Run(
        run_id=run_id,
        status=RunStatus.RUNNING,
        started_at=started,
        completed_at=started + timedelta(seconds=seconds),
        judge_id=judge.judge_id,
        case_id=case[0].case_id,
        judge_snapshot=Snapshot.of(judge, case[0], prompt_version="sample"),
        evaluated_artifact=Artifact(evaluation_target=content, expected_output=reference),
        error_message=None if results else dice.choice(_FAILURES),
        created_by=_BY,
    ).ended(results, case[0].threshold.score)
    return run, _key(number), _labels(dice, run, text, quality) if results else []


def _results(text: _JudgeText, dice: random.Random, quality: float, content: str, seconds: float) -> Results:
    case = text.case
    center = case.low + (case.high - case.low) * min(max(quality + text.bias + dice.gauss(0, text.noise), 0), 1)
    weights = {score: math.exp(-((score - center) ** 2) / 0.7) for score in range(case.low, case.high + 1)}
    mass = sum(weights.values())
    distribution = {str(score): round(weight / mass, 4) for score, weight in weights.items() if weight / mass > 0.001}
    mean = sum(int(score) * share for score, share in distribution.items()) / sum(distribution.values())
    responses = [round(min(max(mean + dice.gauss(0, 0.05), case.low), case.high), 4) for _ in range(_RESPONSES)]
    final = sum(responses) / len(responses)
    prompt, completion = 220 + len(content) // 4, 38 * _RESPONSES
    prices = next(model for model in _MODELS if model[0] == text.model)
    return Results(
        final_score=final,
        final_score_normalized=ScoreRange(min=case.low, max=case.high).normalise(final),
        all_responses=responses,
        distribution=distribution,
        scoring_mode="logprobs",
        prompt_used=f"{case.introduction}\n\n{case.criteria}\n\nText:\n{content}\n\nScore:",
        reasons=[_reason(quality)],
        token_usage=TokenUsage(prompt=prompt, completion=completion, total=prompt + completion),
        execution_time_seconds=seconds,
        cost=(prompt * prices[2] + completion * prices[3]) / 1_000_000,
    )


def _reason(quality: float) -> str:
    if quality > 0.8:
        return "Meets the criteria in full; nothing that matters is missing."
    if quality > 0.4:
        return "Partly meets the criteria: one statement is imprecise or missing."
    return "Does not meet the criteria: the text is wrong, cold or unsupported in its main point."


def _labels(dice: random.Random, run: Run, text: _JudgeText, quality: float) -> list[Label]:
    share = _LABELLED_MORE if text.name == _CALIBRATED else _LABELLED
    if dice.random() > share:
        return []
    first = _label(run, text, dice.choice(_REVIEWERS), quality + dice.gauss(0, 0.07), dice.uniform(1, 40), share)
    if dice.random() > _SECOND_OPINIONS:
        return [first]
    other = next(name for name in _REVIEWERS if name != first.labelled_by)
    return [first, _label(run, text, other, quality - 0.08 + dice.gauss(0, 0.12), dice.uniform(40, 60), share)]


def _label(run: Run, text: _JudgeText, by: str, quality: float, hours: float, share: float) -> Label:
    case = text.case
    score = round(case.low + (case.high - case.low) * min(max(quality, 0), 1))
    return Label(
        run_id=run.run_id,
        labelled_by=by,
        labelled_on=run.started_at + timedelta(hours=hours),
        score=float(score),
        passed=(score - case.low) / (case.high - case.low) >= case.threshold,
        drawn=Drawn(Selection.RANDOM, share),
    )
