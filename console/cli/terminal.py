r"""What commands print, so that a terminal only shows it.

A name or a model's words may hold ESC, CR or the characters that turn the direction of writing around: a terminal
obeys them, and shows what is not there. They are printed as `\u001b`, which JSON reads back as what it was.
"""

from __future__ import annotations

import json
import sys
from typing import Any, TextIO

from console.records.base import COMMANDS, INVISIBLE

_SHOWN = {code: json.dumps(chr(code))[1:-1] for code in (COMMANDS | INVISIBLE) - {9, 10}}


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

    def isatty(self) -> bool:
        """No: who asks wants to write colours, which are commands to a terminal."""
        return False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def as_it_is(stream: TextIO) -> TextIO:
    """The stream below, for what has to move the cursor itself and shows no foreign text."""
    return stream._stream if isinstance(stream, Neutral) else stream


def guard_output() -> None:
    """Let all that this process prints be neutral: results, errors and logs."""
    sys.stdout = Neutral(sys.stdout)
    sys.stderr = Neutral(sys.stderr)
