"""Refusals that no other call would escape: the account has no credit, today's quota is used up, the key is wrong.

Every provider says it in its own words and with its own status: 400, 402, 403, 412 and 429 were all seen. A rate limit
is none of these, though it is called a quota, too: it names a minute, or a time to wait for.
"""

from __future__ import annotations

import re
from enum import StrEnum

_NO_CREDIT = re.compile(
    r"insufficient[_ ](?:credit|balance|fund|quota)|(?:credit|account)[_ ]balance|exceeded_current_quota|"
    r"billing_(?:hard_limit|not_active|error)|(?:out of|no)(?: remaining)? credits|more credits|included credits|"
    r"used all (?:of )?(?:your |the )?(?:available |monthly )?credits|can only afford|payment required|failure to pay|"
    r"arrear|overdue|dunning|余额不足|欠费|exceeded your monthly|budget (?:has been )?exceeded|"
    r"(?:spend(?:ing)?|budget|credit|key|usage)[_ ]limits?[_ ](?:(?:was|is|has been) )?(?:reached|exceeded)|"
    r"reached your (?:specified )?(?:\w+ )?(?:usage|spend\w*) limit|trial (?:has )?(?:expired|ended)|"
    r"account (?:is|has been|was) (?:suspended|not active|disabled|deactivated)|requires? billing|"
    r"billing (?:to be|must be|is not) enabled",
    re.IGNORECASE,
)
_LONG = re.compile(
    r"per[ _-]?(?:day|month|week)|(?:calls|requests|tokens) ?/ ?(?:day|month)|\b(?:daily|monthly)\b|\b[TR]PD\b|PerDay",
    re.IGNORECASE,
)
_NOTHING = re.compile(r"\blimit: 0\b")
"""A plan that does not have the model at all."""
_SHORT = re.compile(r"per[ _-]?(?:minute|second)|\b[TRQ]P[MS]\b|rate limit|too many requests|PerMinute", re.IGNORECASE)
_QUOTA = re.compile(r"quota|billing|plan and", re.IGNORECASE)
_KEY = re.compile(
    r"api[ _-]?key[\"']? (?:(?:is|was|you provided is) )?(?:not valid|invalid|expired|not found|missing|revoked)|"
    r"(?:invalid|incorrect|expired|wrong|malformed|missing)[_ ](?:x-)?(?:api[_ -]?key|token|credential|authentication)|"
    r"API_KEY_INVALID|UNAUTHENTICATED|UnrecognizedClient|token (?:\w+ ){0,4}(?:is|has) (?:invalid|expired)",
    re.IGNORECASE,
)


class Trouble(StrEnum):
    """What is wrong with the account."""

    CREDIT = "credit"
    QUOTA = "quota"
    """For today or this month; it comes back by itself."""
    KEY = "key"


def trouble(status: int, said: str, wait: float | None) -> Trouble | None:
    """What is wrong with the account, by an error's words.

    Args:
        said: its codes and its message.
        wait: seconds that the server asks to wait; a rate limit says so.
    """
    if status in (401, 403) or (status == 400 and _KEY.search(said)):
        return Trouble.CREDIT if _NO_CREDIT.search(said) else Trouble.KEY
    if status == 402 and wait is not None:
        return None  # as much is under way as the account may have at once
    if status == 402 or _NO_CREDIT.search(said):
        return Trouble.CREDIT
    if status == 429 and (_LONG.search(said) or _NOTHING.search(said)):
        return Trouble.QUOTA
    quota = status == 429 and wait is None and _QUOTA.search(said) and not _SHORT.search(said)
    return Trouble.CREDIT if quota else None
