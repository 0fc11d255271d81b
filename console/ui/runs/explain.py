"""Errors of runs in plain words: what happened, and what can be done."""

from __future__ import annotations

import re

_KNOWN = (
    (
        r"rate.?limit|too many requests|\b429\b",
        "The provider refused the call: too many requests",
        "Run it again later, raise the judge's sleep time between calls, or lower its number of responses.",
    ),
    (
        r"api.?key|unauthori[sz]ed|authentication|permission|\b401\b|\b403\b",
        "The provider did not accept the key",
        "Check the API key and that it may use this model.",
    ),
    (
        r"quota|billing|insufficient",
        "The account at the provider has no credit left",
        "Check the plan and billing of the account that the key belongs to.",
    ),
    (
        r"time.?out|timed out|deadline",
        "The model did not answer in time",
        "Run it again. If it happens often, choose a faster model or a shorter text.",
    ),
    (
        r"context.{0,20}length|maximum context|too long|max.?tokens",
        "The text is too long for the model",
        "Shorten the text, or choose a model with a longer context.",
    ),
    (
        r"model.{0,40}(not found|does not exist)|\b404\b",
        "The provider does not know the model",
        "Check the name of the model in the judge.",
    ),
    (
        r"connection|network|unreachable|dns|\b50[0234]\b",
        "The provider could not be reached",
        "Run it again later; check the network if it stays so.",
    ),
    (
        r"no (valid )?scores?|pars(e|ing)|json|unexpected (reply|format)",
        "The model's reply had no score in it",
        "Look at the reply below. A clearer scale in the criteria, or another model, usually helps.",
    ),
)


_READ = 20_000
"""Characters of a message that are looked at: an imported run may have megabytes of it."""


def explain_error(message: str) -> tuple[str, str]:
    """What an error message of a run means, and advice. Our own words only; never the message itself."""
    beginning = message[:_READ]
    for pattern, what, advice in _KNOWN:
        if re.search(pattern, beginning, re.IGNORECASE):
            return what, advice
    return "The run ended with an error", "The message below is what the judge reported. Running it again is safe."
