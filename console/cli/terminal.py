r"""What commands print, so that a terminal only shows it.

A name or a model's words may hold ESC, CR or the characters that turn the direction of writing around: a terminal
obeys them, and shows what is not there. They are printed as `\u001b`, which JSON reads back as what it was.
"""

from __future__ import annotations

import sys
from typing import Any, TextIO

from console.records.base import COMMANDS

_SHOWN = {code: f"\\u{code:04x}" for code in COMMANDS if chr(code) not in "\n\t"}


def neutral(text: str) -> str:
    """The text with its control characters written out; lines and tabs stay."""
    return text.translate(_SHOWN)


class Neutral:
    """A stream of text that writes nothing which a terminal obeys. Bytes, by `buffer`, stay as they are."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write the text, neutral."""
        return self._stream.write(neutral(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def guard_output() -> None:
    """Let all that this process prints to standard output be neutral."""
    sys.stdout = Neutral(sys.stdout)
