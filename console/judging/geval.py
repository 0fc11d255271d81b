"""G-Eval (Liu et al. 2023): evaluation steps, a form to fill in, and a score weighted by its probabilities.

Three modes, one for a whole run and stored with it: `logprobs` takes each response's score as the mean over the
probabilities of the scale; `sampled` takes several responses by the number they state; `single` takes one.
"""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from console.errors import JudgingError, Unscored
from console.judging.fence import Fence
from console.judging.logprobs import Weighted, weigh
from console.judging.parameters import Parameters, read_parameters
from console.judging.prompts import scoring_prompt, steps_prompt
from console.judging.providers import Call, Choice, Provider, Support
from console.judging.replies import read_form
from console.judging.steps import Steps, StepsInMemory, StepsKey, StepsStore
from console.records import Artifact, Results, Snapshot, TokenUsage

LOGPROBS, SAMPLED, SINGLE = "logprobs", "sampled", "single"
NO_LOGPROBS = (
    "No logprobs available for choice. G-EVAL requires logprobs=True and top_logprobs > 0 in the API call.\n"
    'Choose a model that gives log-probabilities, or set the judge\'s parameter scoring_mode to "sampled".'
)
ASKED_AGAIN = 2
"""Times that a judge is asked anew when none of its responses has a score, before the run fails."""
_STEPS_TEMPERATURE, _STEPS_TOKENS = 0.7, 1000
_SECRET = secrets.token_bytes(32)
"""Of this process, where no installation has one."""


class _NoScore(Unscored):
    """None of the responses has a score."""

    worth_another = False
    """Whether asking again may help: not after a refusal, nor after a reply that was too long."""

    @classmethod
    def of(cls, failures: list[Unscored], choices: list[Choice]) -> _NoScore:
        """The first failure, with how many there were."""
        first = failures[0]
        more = f"\nNone of {len(failures)} responses had a score." if len(failures) > 1 else ""
        error = cls(f"{first}{more}", reply=first.reply)
        error.worth_another = not any(choice.refusal or choice.cut_off for choice in choices)
        return error


class GEval:
    """Evaluates with models.

    Args:
        store: where evaluation steps are kept.
        secret: gives what the delimiters of prompts are derived from.
        sleep: waits between calls.
    """

    def __init__(
        self,
        store: StepsStore | None = None,
        *,
        secret: Callable[[], bytes] = lambda: _SECRET,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._written = Steps(store or StepsInMemory())
        self._secret = secret
        self._sleep = sleep
        self._without_logprobs: set[tuple[str, str]] = set()

    def evaluate(self, snapshot: Snapshot, artifact: Artifact, provider: Provider) -> Results:
        """Judges an artifact.

        Raises:
            JudgingError: no score was obtained; the message says why.
        """
        parameters, ignored = read_parameters(snapshot)
        run = _Evaluation(snapshot, artifact, provider, parameters, sleep=self._sleep)
        run.notes += [f"The parameter {name} means nothing here and was ignored." for name in ignored]
        began = time.perf_counter()
        steps = self._steps(run)
        for attempt in range(ASKED_AGAIN):
            try:
                return self._answer(run, steps, began, attempt)
            except _NoScore as error:
                if not error.worth_another:
                    raise
                run.notes.append("The judge was asked again, because no response had a score.")
        return self._answer(run, steps, began, ASKED_AGAIN)

    def _answer(self, run: _Evaluation, steps: str, began: float, attempt: int) -> Results:
        """The results of asking for all responses, each attempt behind a fence of its own. Raises as `evaluate`."""
        bare = scoring_prompt(run.snapshot, run.artifact, steps, Fence(""))
        fence = Fence.of(self._secret(), (bare, str(attempt)))
        prompt = scoring_prompt(run.snapshot, run.artifact, steps, fence)
        mode = self._mode(run)
        choices = run.ask(prompt, logprobs=mode == LOGPROBS)
        if mode == LOGPROBS and not any(choice.tokens for choice in choices):
            mode = self._without(run, choices)
        return run.results(choices, mode, prompt, seconds=time.perf_counter() - began)

    def steps(self, snapshot: Snapshot, provider: Provider) -> str:
        """The evaluation steps for a snapshot: pinned, kept, or written now. Raises JudgingError."""
        parameters, _ = read_parameters(snapshot)
        return self._steps(
            _Evaluation(snapshot, Artifact(evaluation_target=""), provider, parameters, sleep=self._sleep)
        )

    def known_steps(self, snapshot: Snapshot) -> str | None:
        """The evaluation steps for a snapshot as far as they are there; never asks a model. Raises JudgingError."""
        parameters, _ = read_parameters(snapshot)
        given = parameters.custom_chain_of_thought or snapshot.evaluation_steps
        return given or self._written.find(StepsKey.of(snapshot, parameters.model or snapshot.llm.model))

    def _steps(self, run: _Evaluation) -> str:
        given = run.parameters.custom_chain_of_thought or run.snapshot.evaluation_steps
        if given:
            return given
        return self._written.get(StepsKey.of(run.snapshot, run.model), run.write_steps)

    def _mode(self, run: _Evaluation) -> str:
        asked, support = run.parameters.scoring_mode, run.provider.capabilities.logprobs
        without = support is Support.NO or (run.provider.name, run.model) in self._without_logprobs
        if asked == LOGPROBS or (asked is None and not without):
            return LOGPROBS
        return run.sampled

    def _without(self, run: _Evaluation, choices: list[Choice]) -> str:
        """What becomes of replies without log-probabilities that were asked for."""
        if run.parameters.scoring_mode == LOGPROBS or run.provider.capabilities.logprobs is Support.YES:
            if not any(choice.content for choice in choices):
                return LOGPROBS  # nothing was said at all: each reply has its own reason
            raise Unscored(NO_LOGPROBS, reply=choices[0].content)
        self._without_logprobs.add((run.provider.name, run.model))
        return run.sampled


@dataclass(slots=True)
class _Evaluation:
    """One evaluation while it goes on."""

    snapshot: Snapshot
    artifact: Artifact
    provider: Provider
    parameters: Parameters
    sleep: Callable[[float], object]
    notes: list[str] = field(default_factory=list)
    usage: TokenUsage = TokenUsage()  # noqa: RUF009 - records are immutable
    calls: int = 0

    @property
    def model(self) -> str:
        """The model that is asked."""
        return self.parameters.model or self.snapshot.llm.model

    @property
    def sampled(self) -> str:
        """The mode without log-probabilities."""
        return SAMPLED if self.parameters.n_responses > 1 else SINGLE

    def write_steps(self) -> str:
        """Has the model write evaluation steps."""
        call = self._call(
            steps_prompt(self.snapshot), role="user", temperature=_STEPS_TEMPERATURE, max_tokens=_STEPS_TOKENS
        )
        choice = self._complete(call)[0]
        steps = choice.content.strip()
        if not steps:
            why = f" It says: {choice.refusal}" if choice.refusal else ""
            raise JudgingError(
                f"The model {self.model} wrote no evaluation steps.{why}\n"
                "Pin steps on the case, or give the judge the parameter custom_chain_of_thought."
            )
        return steps

    def ask(self, prompt: str, *, logprobs: bool) -> list[Choice]:
        """As many replies to the form as the judge wants, in as few calls as the provider allows."""
        given = self.parameters
        choices: list[Choice] = []
        top = given.alternatives(self.snapshot.score_range) if logprobs else None
        while len(choices) < given.n_responses:
            call = self._call(
                prompt,
                n=given.n_responses - len(choices),
                temperature=given.temperature,
                max_tokens=given.max_tokens,
                top_p=given.top_p,
                frequency_penalty=given.frequency_penalty,
                presence_penalty=given.presence_penalty,
                top_logprobs=top,
                form=True,
            )
            choices += self._complete(call)[: call.n]
        return choices

    def results(self, choices: list[Choice], mode: str, prompt: str, *, seconds: float) -> Results:
        """The results of a run. Raises Unscored when no reply has a score."""
        scored, reasons, failures = [], [], []
        for choice in choices:
            try:
                weighted, reason = self._score(choice, mode)
            except Unscored as error:
                failures.append(error)
                continue
            scored.append(weighted)
            reasons.append(reason)
        if not scored:
            raise _NoScore.of(failures, choices)
        if failures:
            self.notes.append(f"{len(failures)} of {len(choices)} responses had no score: {_first_line(failures[0])}")
        final = math.fsum(one.score for one in scored) / len(scored)
        probable = mode == LOGPROBS
        return Results(
            final_score=final,
            final_score_normalized=self.snapshot.score_range.normalise(final),
            all_responses=[one.score for one in scored],
            distribution=_together(scored),
            distributions=[one.distribution for one in scored] if probable else [],
            captured_mass=[one.captured for one in scored] if probable else [],
            scoring_mode=mode,
            prompt_used=prompt,
            reasons=[reason for reason in reasons if reason],
            token_usage=self.usage,
            execution_time_seconds=seconds,
            notes=self.notes,
        )

    def _score(self, choice: Choice, mode: str) -> tuple[Weighted, str]:
        if choice.refusal:
            raise Unscored(f"The model refused to judge: {choice.refusal}", reply=choice.content or choice.refusal)
        texts = [self.artifact.evaluation_target, self.artifact.expected_output]
        form = read_form(choice.content, cut_off=choice.cut_off, texts=tuple(text for text in texts if text))
        scale = self.snapshot.score_range
        if mode == LOGPROBS:
            if not choice.tokens:
                raise Unscored(NO_LOGPROBS, reply=choice.content)
            return weigh(choice.content, form, choice.tokens, scale), form.reason
        score = float(form.score)
        if not scale.min <= score <= scale.max:
            raise Unscored(f"The score {form.score} is outside of {scale.min} to {scale.max}.", reply=choice.content)
        return Weighted(score, {f"{score:g}": 1.0}, 1.0), form.reason

    def _call(self, prompt: str, **more: object) -> Call:
        given = self.parameters
        fixed = {"retries": given.retry_attempts, "rate_limit_sleep": given.rate_limit_sleep}
        return Call(self.model, prompt, **fixed, **more)  # type: ignore[arg-type]

    def _complete(self, call: Call) -> list[Choice]:
        if self.calls and self.parameters.sleep_time:
            self.sleep(self.parameters.sleep_time)
        self.calls += 1
        reply = self.provider.complete(call)
        if not reply.choices:
            raise Unscored(f"The model {self.model} gave no reply at all.\nTry again, or choose another model.")
        used = reply.usage
        self.usage = TokenUsage(
            prompt=self.usage.prompt + used.prompt,
            completion=self.usage.completion + used.completion,
            total=self.usage.total + used.total,
        )
        return list(reply.choices)


def _together(scored: list[Weighted]) -> dict[str, float]:
    """The mean of the responses' distributions, in ascending order."""
    masses: dict[str, float] = {}
    for one in scored:
        for score, mass in one.distribution.items():
            masses[score] = masses.get(score, 0.0) + mass / len(scored)
    return {score: masses[score] for score in sorted(masses, key=float)}


def _first_line(error: JudgingError) -> str:
    return str(error).split("\n", 1)[0]
