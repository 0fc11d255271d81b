"""Secrets out of what is said: errors, logs, and what a provider repeats of a request.

By their form; what is known to be a secret is blanked where it is known (console/judging/providers/openai_api.py).
"""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

BLANK = "***"
SHORTEST = 6
"""Characters of a known secret; a shorter one would blank common words."""
_USERINFO = re.compile(r"(://)[^\s/?#\"'<>]{1,512}@")
_CREDENTIALS = re.compile(r"\b(bearer|basic|x-api-key:|api[_-]key=)[ \t]{0,4}[A-Za-z0-9._~+/=-]{6,4096}", re.IGNORECASE)
_BEFORE_CREDENTIALS = ("bearer", "basic", "x-api-key", "api_key", "api-key")
"""A tenth of the time: nearly all texts have none of them."""
_KEY = re.compile(r"\b(?:sk|pk|rk|gsk|xai|AIza|AKIA|ASIA)[-_A-Za-z0-9]{12,512}")
_CHATTY = ("httpx", "httpcore", "openai")
"""Loggers that say a line for each request at INFO: thousands for a batch."""


def redacted(text: str) -> str:
    """The text without names and passwords in addresses, `Authorization` values and keys of the usual forms."""
    said = text.casefold()
    if any(word in said for word in _BEFORE_CREDENTIALS):
        text = _CREDENTIALS.sub(rf"\1 {BLANK}", text)
    return _KEY.sub(BLANK, _USERINFO.sub(rf"\1{BLANK}@", text))


def password_in(url: str | None) -> str | None:
    """The password of an address, as it is written there."""
    userinfo, at, _ = urlsplit(url or "").netloc.rpartition("@")
    return userinfo.partition(":")[2] or None if at else None


def secrets_in(url: str | None) -> tuple[str, ...]:
    """What gives the password of an address away: as it is written, as it is meant, and in `Basic`."""
    password = password_in(url)
    if password is None:
        return ()
    userinfo = unquote(urlsplit(url or "").netloc.rpartition("@")[0])
    return password, unquote(password), base64.b64encode(userinfo.encode()).decode()


def blanked(text: str, secrets: Iterable[str | None]) -> str:
    """The text without what is known to be secret."""
    for one in secrets:
        if one and len(one) >= SHORTEST:
            text = text.replace(one, BLANK)
    return text


class Redacting(logging.Filter):
    """Keeps secrets out of what a handler writes."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the message where it holds one."""
        said = record.getMessage()
        clean = redacted(said)
        if clean != said:
            record.msg, record.args = clean, ()
        return True


def log_to_stderr(level: str) -> None:
    """Begins to log at a level such as INFO, redacted; at DEBUG everybody's lines are shown."""
    logging.basicConfig(level=level, format="%(levelname)s %(name)s: %(message)s")
    quiet = logging.NOTSET if level.upper() == "DEBUG" else logging.WARNING
    for name in _CHATTY:
        logging.getLogger(name).setLevel(quiet)
    redact_logs()


def redact_logs() -> None:
    """Let every handler of the root logger keep secrets back."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(Redacting())
