"""How the text of a setting is read: what each reader gives, or ValueError with what is allowed instead."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable
from urllib.parse import urlsplit


def choice(*allowed: str) -> Callable[[str], str]:
    """One of some words, in any case."""

    def parse(text: str) -> str:
        if text.lower() not in allowed:
            raise ValueError(f"one of {', '.join(allowed)}")
        return text.lower()

    return parse


def matching(pattern: str, allowed: str) -> Callable[[str], str]:
    """A text that a pattern matches whole."""

    def parse(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(allowed)
        return text

    return parse


def url(*schemes: str) -> Callable[[str], str]:
    """A URL with one of some schemes, without a slash at its end."""
    allowed = f"a URL that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}"

    def parse(text: str) -> str:
        parts = urlsplit(text)
        if parts.scheme not in schemes or not (parts.netloc or parts.path):
            raise ValueError(allowed)
        return text.rstrip("/")

    return parse


def whole_number(minimum: int, maximum: float = math.inf) -> Callable[[str], int]:
    """A whole number."""
    allowed = f"{minimum} or more" if maximum == math.inf else f"{minimum} to {maximum}"

    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]+", text) or not minimum <= int(text) <= maximum:
            raise ValueError(f"a whole number, {allowed}")
        return int(text)

    return parse


def seconds(text: str) -> float:
    """A number of seconds."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise ValueError("a number of seconds, 0 or more")
    return value


def switch(text: str) -> bool:
    """Yes or no."""
    word = text.lower()
    if word in {"1", "true", "yes", "on"}:
        return True
    if word in {"0", "false", "no", "off"}:
        return False
    raise ValueError("true or false")


def log_level(text: str) -> str:
    """A level of logging."""
    if text.upper() not in logging.getLevelNamesMapping():
        raise ValueError("DEBUG, INFO, WARNING, ERROR or CRITICAL")
    return text.upper()


def texts(text: str) -> tuple[str, ...]:
    """Texts that commas separate."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
