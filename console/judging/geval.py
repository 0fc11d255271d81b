"""G-Eval (Liu et al. 2023): evaluation steps, a form to fill in, and a score weighted by its probabilities.

Three modes, one for a whole run and stored with it: `logprobs` takes each response's score as the mean over the
probabilities of the scale; `sampled` takes several responses by the number they state; `single` takes one.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from console.errors import JudgingError, Unscored
from console.judging.fence import Fence
from console.judging.kept import KeptInMemory, KeptStore, Key
from console.judging.modes import Modes, mode_key
from console.judging.parameters import Parameters, read_parameters
from console.judging.prompts import scoring_prompt, steps_prompt
from console.judging.providers.port import Call, Capabilities, Choice, Provider, Stop, Support
from console.judging.replies.replies import without_thoughts
from console.judging.scoring import LOGPROBS, NO_LOGPROBS, NoScore, Scored, score
from console.judging.steps import Steps, steps_key
from console.records import Artifact, Results, Snapshot, TokenUsage

ASKED_AGAIN = 2
"""Times that a judge is asked anew when none of its responses has a score, before the run fails."""
_STEPS_TEMPERATURE = 0.7
_MORE_ROOM = 4
"""Times the tokens that steps may take when they were cut off."""
_SECRET = secrets.token_bytes(32)
"""Of this process, where no installation has one."""


class GEval:
    """Evaluates with models.

    Args:
        store: where evaluation steps are kept.
        modes: where it is kept how judges are scored.
        secret: gives what the delimiters of prompts are derived from.
        sleep: waits between calls.
    """

    def __init__(
        self,
        store: KeptStore | None = None,
        *,
        modes: KeptStore | None = None,
        secret: Callable[[], bytes] = lambda: _SECRET,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._written = Steps(store or KeptInMemory())
        self._secret = secret
        self._sleep = sleep
        self._modes = Modes(modes or KeptInMemory())

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
            except NoScore as error:
                if not error.worth_another:
                    raise
                run.notes.append("The judge was asked again, because no response had a score.")
        return self._answer(run, steps, began, ASKED_AGAIN)

    def _answer(self, run: _Evaluation, steps: str, began: float, attempt: int) -> Results:
        """The results of asking for all responses, each attempt behind a fence of its own. Raises as `evaluate`."""
        weighted = self._weighted(run.mode_key, run.parameters, run.provider.capabilities)
        prompt = self._prompt(run.snapshot, run.artifact, steps, attempt, reason_first=not weighted)
        choices = run.ask(prompt, logprobs=weighted)
        if weighted and not any(choice.tokens for choice in choices):
            choices = self._without(run, prompt, choices)
        tokens = weighted and any(choice.tokens for choice in choices)
        scored = score(choices, run.snapshot.score_range, run.artifact, weighted=tokens)
        if weighted and not tokens:
            scored.notes.append("Scored from the stated numbers: the server gave no log-probabilities.")
        self._keep_to(run, scored)
        return run.results(scored, prompt, seconds=time.perf_counter() - began)

    def _prompt(
        self, snapshot: Snapshot, artifact: Artifact, steps: str, attempt: int = 0, *, reason_first: bool
    ) -> str:
        """The form behind a fence of its own."""
        bare = scoring_prompt(snapshot, artifact, steps, Fence(""), reason_first=reason_first)
        fence = Fence.of(self._secret(), (bare, str(attempt)))
        return scoring_prompt(snapshot, artifact, steps, fence, reason_first=reason_first)

    def preview(self, snapshot: Snapshot, artifact: Artifact, able: Capabilities, steps: str) -> str:
        """The prompt that would be sent now for an artifact; asks nobody. Raises JudgingError at wrong parameters."""
        parameters, _ = read_parameters(snapshot)
        weighted = self._weighted(mode_key(snapshot, parameters.model or snapshot.llm.model), parameters, able)
        return self._prompt(snapshot, artifact, steps, reason_first=not weighted)

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
        return given or self._written.find(steps_key(snapshot, parameters.model or snapshot.llm.model))

    def _steps(self, run: _Evaluation) -> str:
        given = run.parameters.custom_chain_of_thought or run.snapshot.evaluation_steps
        if given:
            return given
        return self._written.get(steps_key(run.snapshot, run.model), run.write_steps)

    def mode(self, snapshot: Snapshot) -> str | None:
        """How the judge of a snapshot is scored as far as that is decided. Raises JudgingError at wrong parameters."""
        parameters, _ = read_parameters(snapshot)
        model = parameters.model or snapshot.llm.model
        return parameters.scoring_mode or self._modes.find(mode_key(snapshot, model))

    def _weighted(self, key: Key, parameters: Parameters, able: Capabilities) -> bool:
        """Whether to ask for log-probabilities."""
        mode = parameters.scoring_mode or self._modes.find(key)
        return mode == LOGPROBS if mode else able.logprobs is not Support.NO

    def _without(self, run: _Evaluation, prompt: str, choices: list[Choice]) -> list[Choice]:
        """What becomes of replies without the log-probabilities that were asked for.

        Servers leave them out now and then: they are asked once more, unless they said that there are none.

        Raises:
            Unscored: the judge insists on them, or its provider always gives them.
        """
        refused = "logprobs" in run.refused
        if not refused and any(choice.content for choice in choices):
            again = run.ask(prompt, logprobs=True, wanted=1)
            if again[0].tokens:
                return again + run.ask(prompt, logprobs=True, wanted=len(choices) - 1)
            refused = "logprobs" in run.refused
        always = run.provider.capabilities.logprobs is Support.YES and self._modes.find(run.mode_key) is None
        insists = run.parameters.scoring_mode == LOGPROBS or (always and not refused)
        if insists and any(choice.content for choice in choices):
            raise Unscored(NO_LOGPROBS, reply=choices[0].content)
        return choices

    def _keep_to(self, run: _Evaluation, scored: Scored) -> None:
        """Decides on the judge's mode where none was; says where this run differs from it."""
        found = LOGPROBS if scored.captured else scored.mode
        mode = run.parameters.scoring_mode or self._modes.decide(run.mode_key, found)
        if (mode == LOGPROBS) != (scored.mode == LOGPROBS):
            scored.notes.append(
                f"This run was scored in the mode {scored.mode}, the judge's is {mode}: leave it out of means."
            )


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
    refused: frozenset[str] = frozenset()
    """Parameters that the model did not take."""
    estimated: bool = False
    """The server did not say what some call took."""

    @property
    def mode_key(self) -> Key:
        """What the mode of this evaluation belongs to."""
        return mode_key(self.snapshot, self.model)

    @property
    def model(self) -> str:
        """The model that is asked."""
        return self.parameters.model or self.snapshot.llm.model

    def write_steps(self) -> str:
        """Has the model write evaluation steps: whole ones, without what it thought on the way."""
        room = self.parameters.steps_max_tokens
        choice = self._steps_within(room)
        if choice.stop is Stop.LENGTH:
            choice = self._steps_within(room * _MORE_ROOM)
        if choice.stop is Stop.LENGTH:
            raise JudgingError(
                f"The evaluation steps of the model {self.model} were cut off at {room * _MORE_ROOM} tokens.\n"
                "Raise the judge's parameter steps_max_tokens, or pin steps on the case.",
                reply=choice.content,
            )
        steps = without_thoughts(choice.content).strip()
        if not steps or steps.startswith("<think>"):
            why = f" It says: {choice.refusal}" if choice.refusal else ""
            raise JudgingError(
                f"The model {self.model} wrote no evaluation steps.{why}\n"
                "Pin steps on the case, or give the judge the parameter custom_chain_of_thought."
            )
        return steps

    def _steps_within(self, tokens: int) -> Choice:
        call = self._call(steps_prompt(self.snapshot), role="user", temperature=_STEPS_TEMPERATURE, max_tokens=tokens)
        return self._complete(call)[0]

    def ask(self, prompt: str, *, logprobs: bool, wanted: int | None = None) -> list[Choice]:
        """As many replies to the form as the judge wants, in as few calls as the provider allows."""
        given = self.parameters
        choices: list[Choice] = []
        top = given.alternatives(self.snapshot.score_range) if logprobs else None
        wanted = given.n_responses if wanted is None else wanted
        while len(choices) < wanted:
            call = self._call(
                prompt,
                n=wanted - len(choices),
                temperature=given.temperature,
                max_tokens=given.max_tokens,
                top_p=given.top_p,
                frequency_penalty=given.frequency_penalty,
                presence_penalty=given.presence_penalty,
                seed=None if given.seed is None else given.seed + len(choices),  # one seed is one reply
                reasoning_effort=given.reasoning_effort,
                top_logprobs=top,
                form=True,
                scale=self.snapshot.score_range,
            )
            choices += self._complete(call)[: call.n]
        return choices

    def results(self, scored: Scored, prompt: str, *, seconds: float) -> Results:
        """The results of a run."""
        self.notes += scored.notes
        self.notes += [f"The model does not take {name}: it was asked without." for name in sorted(self.refused)]
        if self.estimated:
            self.notes.append("The server did not say all that it used: tokens and cost are estimated from the texts.")
        probable = scored.mode == LOGPROBS
        return Results(
            final_score=scored.final,
            final_score_normalized=self.snapshot.score_range.normalise(scored.final),
            all_responses=[one.score for one in scored.responses],
            distribution=scored.distribution,
            distributions=[one.distribution for one in scored.responses] if probable else [],
            captured_mass=scored.captured,
            scoring_mode=scored.mode,
            prompt_used=prompt,
            reasons=scored.reasons,
            token_usage=self.usage,
            execution_time_seconds=seconds,
            notes=self.notes,
        )

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
        self.refused |= reply.refused
        self.estimated |= reply.estimated
        self.usage = self.usage.plus(reply.usage)
        return list(reply.choices)
