"""From the replies to one prompt to a score: weighted by probabilities, or taken from the numbers they state."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from console.errors import JudgingError, Unscored
from console.judging.expected import Weighted, weigh
from console.judging.logprobs import Path, read_path
from console.judging.providers.port import Choice, Stop
from console.judging.replies.replies import Form, read_form
from console.records import Artifact, ScoreRange

LOGPROBS, SAMPLED, SINGLE = "logprobs", "sampled", "single"
NO_LOGPROBS = (
    "No logprobs available for choice. G-EVAL requires logprobs=True and top_logprobs > 0 in the API call.\n"
    'Choose a model that gives log-probabilities, or set the judge\'s parameter scoring_mode to "sampled".'
)
LEAST_CAPTURED = 0.5
"""Share of the probability that has to be seen on the scale for a weighted score: less says less than the numbers."""


class NoScore(Unscored):
    """None of the responses has a score."""

    worth_another = False
    """Whether asking again may help: not after a refusal, nor after a reply that was too long."""

    @classmethod
    def of(cls, failures: Sequence[Unscored], choices: Sequence[Choice]) -> NoScore:
        """The first failure, with how many there were."""
        first = failures[0]
        more = f"\nNone of {len(failures)} responses had a score." if len(failures) > 1 else ""
        error = cls(f"{first}{more}", reply=first.reply)
        error.worth_another = all(choice.stop is Stop.DONE and not choice.refusal for choice in choices)
        return error


@dataclass(slots=True)
class Scored:
    """What the replies to a prompt come to."""

    mode: str
    """`logprobs`, `sampled` or `single`."""
    responses: list[Weighted]
    reasons: list[str]
    captured: list[float] = field(default_factory=list)
    """Of each response with log-probabilities, also where the stated numbers were taken."""
    notes: list[str] = field(default_factory=list)

    @property
    def final(self) -> float:
        """The mean over the responses."""
        return math.fsum(one.score for one in self.responses) / len(self.responses)

    @property
    def distribution(self) -> dict[str, float]:
        """The mean of the responses' distributions, in ascending order."""
        masses: dict[str, float] = {}
        for one in self.responses:
            for score, mass in one.distribution.items():
                masses[score] = masses.get(score, 0.0) + mass / len(self.responses)
        return {score: masses[score] for score in sorted(masses, key=float)}


@dataclass(frozen=True, slots=True)
class _Read:
    """A reply that is a form."""

    form: Form
    choice: Choice
    path: Path | None
    why_no_path: str = ""


def score(choices: Sequence[Choice], scale: ScoreRange, artifact: Artifact, *, weighted: bool) -> Scored:
    """The score of a run.

    Args:
        weighted: the replies have log-probabilities, and the score is to come from them. Where they say too little the
            stated numbers are taken, in the mode that says so.

    Raises:
        NoScore: no reply has a score.
    """
    reads, failures = _read_all(choices, scale, artifact, weighted=weighted)
    scored = _weighted(reads, scale) if weighted and any(read.path for read in reads) else None
    found = scored if scored and _captures(scored) else _stated(reads, scale, failures)
    if found and scored and found is not scored:
        share = math.fsum(scored.captured) / len(scored.captured)
        found.captured = scored.captured
        found.notes.append(f"Scored from the stated numbers: only {share:.0%} of the probability was on the scale.")
    if not found and scored:
        found = scored  # as the old system did
        share = math.fsum(scored.captured) / len(scored.captured)
        found.notes.append(
            f"The stated numbers are off the scale: this is the mean over the {share:.0%} that is on it."
        )
    if not found:
        raise NoScore.of([*_off(reads, scale, weighted=weighted), *failures], choices)
    if weighted and not scored:
        reasons = (read.why_no_path for read in reads if read.why_no_path)
        why = next(reasons, "none of the probability was on the scale.")
        found.notes.append(f"Scored from the stated numbers: {_first_line(why)}")
    missing = len(choices) - len(found.responses)
    if missing:
        first = (failures or [Unscored(read.why_no_path) for read in reads if read.why_no_path])[:1]
        found.notes.append(f"{missing} of {len(choices)} responses had no score: {_first_line(str(first[0]))}")
    return found


def _read_all(
    choices: Sequence[Choice], scale: ScoreRange, artifact: Artifact, *, weighted: bool
) -> tuple[list[_Read], list[Unscored]]:
    reads, failures = [], []
    for choice in choices:
        try:
            _check(choice)
            form = read_form(choice.content, cut_off=choice.stop is Stop.LENGTH, texts=artifact.texts)
            form = _on_scale(form, choice, scale)
            reads.append(_with_path(form, choice) if weighted else _Read(form, choice, None))
        except Unscored as error:
            failures.append(error)
    return reads, failures


def _on_scale(form: Form, choice: Choice, scale: ScoreRange) -> Form:
    """The form with its score on the scale of the case. Raises Unscored when it was given on another one."""
    if form.out_of is not None and form.out_of != scale.max:
        raise Unscored(
            f"The judge scored {form.score} of {form.out_of:g}, on a scale that ends at {scale.max}.",
            reply=choice.content,
        )
    if not form.per_cent or (scale.min, scale.max) == (0, 100):
        return form
    if (scale.min, scale.max) != (0, 1):
        raise Unscored(
            f"The judge scored {form.score} per cent, on a scale from {scale.min} to {scale.max}.", reply=choice.content
        )
    return replace(form, score=f"{float(form.score) / 100:.6g}", written=False)


def _check(choice: Choice) -> None:
    """Raises Unscored when a reply is none, in the words of what stopped it."""
    if choice.refusal:
        raise Unscored(f"The model refused to judge: {choice.refusal}", reply=choice.content or choice.refusal)
    if choice.stop is Stop.FILTER:
        raise Unscored(
            "The provider's content filter stopped the reply.\n"
            "Change the text or the case's wording, relax the filter at the provider, or choose another model.",
            reply=choice.content,
        )
    if choice.content.strip():
        return
    if choice.stop is Stop.TOOL or choice.tool:
        raise Unscored(
            "The model called a tool instead of filling in the form.\n"
            "Choose a model or a server setting without tools.",
            reply=choice.tool,
        )
    if choice.stop is Stop.LENGTH:
        raise Unscored(
            "The model's reasoning used up the limit of tokens before the form.\n"
            "Raise max_tokens of the judge, or lower its reasoning effort."
        )


def _with_path(form: Form, choice: Choice) -> _Read:
    if not choice.tokens:
        return _Read(form, choice, None, NO_LOGPROBS)
    if not form.written:
        return _Read(form, choice, None, "The score is not written in digits.")
    try:
        return _Read(form, choice, read_path(choice.content, form, choice.tokens))
    except Unscored as error:
        return _Read(form, choice, None, str(error))


def _captures(scored: Scored) -> bool:
    return math.fsum(scored.captured) >= LEAST_CAPTURED * len(scored.captured)


def _weighted(reads: Sequence[_Read], scale: ScoreRange) -> Scored | None:
    """By the probabilities; None where none lies on the scale."""
    with_path = [read for read in reads if read.path]
    found = weigh([read.path for read in with_path if read.path], scale)
    both = [(read, one) for read, one in zip(with_path, found, strict=True) if one]
    if not both:
        return None
    return Scored(
        LOGPROBS,
        [one for _, one in both],
        [read.form.reason for read, _ in both if read.form.reason],
        [one.captured for _, one in both],
    )


def _stated(reads: Sequence[_Read], scale: ScoreRange, failures: list[Unscored]) -> Scored | None:
    """By the numbers that the replies state; None where none is on the scale."""
    usable = []
    for read in reads:
        why = _off_scale(read, scale)
        if why:
            failures.append(why)
        else:
            usable.append(read)
    if not usable:
        return None
    values = [float(read.form.score) for read in usable]
    return Scored(
        SAMPLED if len(reads) + len(failures) > 1 else SINGLE,
        [Weighted(value, {f"{value:g}": 1.0}, 1.0) for value in values],
        [read.form.reason for read in usable if read.form.reason],
    )


def _off_scale(read: _Read, scale: ScoreRange) -> Unscored | None:
    form = read.form
    if not scale.min <= float(form.score) <= scale.max:
        return Unscored(f"The score {form.score} is outside of {scale.min} to {scale.max}.", reply=read.choice.content)
    return None


def _off(reads: Sequence[_Read], scale: ScoreRange, *, weighted: bool) -> list[Unscored]:
    """In the old system's words: all of the probability is off the scale."""
    if not weighted:
        return []
    return [
        Unscored(
            "No valid score tokens found. G-EVAL requires valid numerical score tokens in range "
            f"[{scale.min}, {scale.max}] at token position {read.path.position}.",
            reply=read.choice.content,
        )
        for read in reads
        if read.path
    ]


def _first_line(text: str | JudgingError) -> str:
    return str(text).split("\n", 1)[0]
