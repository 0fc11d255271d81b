"""The parameters of a judge as an evaluation uses them: the names of the old system, checked.

The old system took any JSON object and failed only when it evaluated. So does this: a name that means nothing is
ignored with a note, a value of the wrong kind is an error that says which. As there, null leaves a value to the model's
server, and a whole number may be written with a fraction of zero.
"""

from __future__ import annotations

from typing import Annotated, Literal, cast

import msgspec

from console.errors import JudgingError
from console.records import Json, ScoreRange, Snapshot

_FEW_SCORES, _FEW, _MANY = 5, 5, 20

Positive = Annotated[int, msgspec.Meta(ge=1)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=3_600)]
Penalty = Annotated[float, msgspec.Meta(ge=-2, le=2)]


class Parameters(msgspec.Struct, frozen=True):
    """What a judge may be told, with the defaults of the old system."""

    model: str | None = None
    """Asks another model than the judge's own, of the same provider."""
    custom_chain_of_thought: str | None = None
    """Evaluation steps, instead of those that the model would write."""
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] = 2.0
    max_tokens: Positive = 2500
    top_p: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    frequency_penalty: Penalty = 0.0
    presence_penalty: Penalty = 0.0
    n_responses: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 10
    """Replies that the score is the mean of."""
    sleep_time: Seconds = 0.0
    """Between calls."""
    rate_limit_sleep: Seconds = 0.0
    """After a rate limit, before the next attempt."""
    retry_attempts: Annotated[int, msgspec.Meta(ge=0, le=20)] = 3
    steps_max_tokens: Positive = 1000
    """Room for the evaluation steps, when the model writes them."""
    seed: int | None = None
    """Asks the model to draw the same each time; not all can."""
    reasoning_effort: Annotated[str, msgspec.Meta(min_length=1, max_length=20)] | None = None
    """How long a reasoning model may think, in its provider's word: low, medium, high."""
    top_logprobs: Annotated[int, msgspec.Meta(ge=0, le=20)] | None = None
    """Alternatives per token; None takes as many as the scale needs."""
    scoring_mode: Literal["logprobs", "sampled"] | None = None
    """`sampled` asks for no log-probabilities, `logprobs` insists on them; None goes by the provider."""

    def alternatives(self, scale: ScoreRange) -> int:
        """Alternatives per token to ask for."""
        if self.top_logprobs is not None:
            return self.top_logprobs
        return _FEW if scale.max - scale.min < _FEW_SCORES else _MANY


_OF_SERVERS: Json = {
    "n_responses": 1,
    "temperature": 1.0,
    "top_p": 1.0,
    "frequency_penalty": 0.0,
    "presence_penalty": 0.0,
}
"""What the OpenAI API takes where a value is null."""
_NAMES = {field.name: field.type for field in msgspec.structs.fields(Parameters)}


_WHOLE = frozenset({"max_tokens", "n_responses", "retry_attempts", "top_logprobs"})


def read_parameters(snapshot: Snapshot) -> tuple[Parameters, list[str]]:
    """The parameters of a snapshot, and the names among them that mean nothing.

    Numbers that the snapshot has in columns count where the free-form parameters do not name them.

    Raises:
        JudgingError: a value is of the wrong kind or out of range.
    """
    columns = {**msgspec.to_builtins(snapshot.llm), **msgspec.to_builtins(snapshot.evaluation_parameters)}
    given: Json = {_snake(name): value for name, value in columns.items() if _snake(name) in _NAMES}
    given.pop("model", None)
    named = {name: value for name, value in snapshot.parameters.items() if name in _NAMES}
    given |= {name: _OF_SERVERS.get(name) if value is None else value for name, value in named.items()}
    checked = {name: _checked(name, value) for name, value in given.items() if value is not None}
    return msgspec.convert(checked, Parameters), [name for name in snapshot.parameters if name not in _NAMES]


def _checked(name: str, value: object) -> object:
    whole = isinstance(value, float) and value.is_integer() and name in _WHOLE
    try:
        return msgspec.convert(int(cast(float, value)) if whole else value, _NAMES[name])
    except msgspec.ValidationError as error:
        said = str(error).removesuffix(".")
        raise JudgingError(
            f"The judge's parameter {name} cannot be {value!r}: {said}.\nCorrect the parameters of the judge."
        ) from error


def _snake(name: str) -> str:
    return "".join(f"_{character.lower()}" if character.isupper() else character for character in name)
