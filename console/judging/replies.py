"""What a judge's reply says: the top-level `score` of the form and where it stands, and the reason.

The reply must be one JSON object, alone; a fence of backticks around it and reasoning before it are forgiven.
Nothing is searched for: an object in the midst of prose may be one that the judge repeats from the judged text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from json import JSONDecodeError, JSONDecoder

from console.errors import Unscored

_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_FENCE = re.compile(r"```[a-zA-Z]*\s*")
_SPACE = re.compile(r"[ \t\r\n]*")
_THOUGHT, _THOUGHT_END = "<think>", "</think>"
_DECODER = JSONDecoder(strict=False)


@dataclass(frozen=True, slots=True)
class ReplyForm:
    """A form that was filled in."""

    score: str
    """The number as it was written."""
    start: int
    """Where it begins in the reply, in characters."""
    end: int
    reason: str


def read_form(reply: str, *, cut_off: bool = False, texts: tuple[str, ...] = ()) -> ReplyForm:
    """Reads the form out of a reply.

    Args:
        cut_off: the reply ended at the limit of tokens: then what follows the score may be missing.
        texts: the judged texts; a reply that is a passage of one of them is no judgement.

    Raises:
        Unscored: there is no such form, or no number in it.
    """
    if not reply.strip():
        raise Unscored("The judge's reply is empty.", reply=reply)
    start = _begin(reply)
    scan = _Scan(reply, start)
    try:
        scan.run()
    except (JSONDecodeError, IndexError, RecursionError) as error:
        if not (cut_off and scan.score):
            said = "was cut off before the score; raise max_tokens" if cut_off else "is not the JSON object asked for"
            raise Unscored(f"The judge's reply {said}.", reply=reply) from error
    if scan.score is None:
        raise Unscored("The judge's reply has no number as its top-level score.", reply=reply)
    if _is_passage(reply[start:], texts):
        raise Unscored("The judge repeated a passage of the judged text instead of rating it.", reply=reply)
    number_start, number_end = scan.score
    return ReplyForm(reply[number_start:number_end], number_start, number_end, scan.reason)


def _begin(reply: str) -> int:
    """Where the object begins, after reasoning and an opening fence."""
    start = _after_space(reply, 0)
    if reply.startswith(_THOUGHT, start) and _THOUGHT_END in reply:
        start = _after_space(reply, reply.rindex(_THOUGHT_END) + len(_THOUGHT_END))
    fence = _FENCE.match(reply, start)
    return fence.end() if fence else start


def _after_space(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position


def _is_passage(form: str, texts: tuple[str, ...]) -> bool:
    squeezed = "".join(form.split()).removesuffix("```")
    return any(squeezed in "".join(text.split()) for text in texts)


class _Scan:
    """Walks the keys of the top-level object; nested values are stepped over whole."""

    def __init__(self, reply: str, start: int) -> None:
        self._reply = reply
        self._at = start
        self.score: tuple[int, int] | None = None
        self.reason = ""

    def run(self) -> None:
        """Reads to the end of the reply. Raises JSONDecodeError or IndexError at what is no JSON."""
        self._take("{")
        while True:
            self._take('"')
            key, self._at = _DECODER.raw_decode(self._reply, self._at - 1)
            self._take(":")
            self._at = _after_space(self._reply, self._at)
            self._value(key)
            if self._take(",}") == "}":
                break
        rest = self._reply[self._at :].strip()
        if rest not in ("", "```"):
            raise JSONDecodeError("more after the object", self._reply, self._at)

    def _value(self, key: str) -> None:
        if key == "score":
            if self.score:
                raise JSONDecodeError("two scores", self._reply, self._at)
            self.score = self._number()
            if self.score:
                return
        value, self._at = _DECODER.raw_decode(self._reply, self._at)
        if key == "reason":
            self.reason = value if isinstance(value, str) else ""

    def _number(self) -> tuple[int, int] | None:
        """The span of a number, also of one in quotes; None when the value is something else."""
        quoted = self._reply[self._at] == '"'
        found = _NUMBER.match(self._reply, _after_space(self._reply, self._at + 1) if quoted else self._at)
        if found is None:
            return None
        end = found.end()
        if quoted:
            end = _after_space(self._reply, end)
            if self._reply[end] != '"':
                return None
            end += 1
        elif self._reply[end] not in " \t\r\n,}":
            return None
        self._at = end
        return found.span()

    def _take(self, wanted: str) -> str:
        self._at = _after_space(self._reply, self._at)
        found = self._reply[self._at]
        if found not in wanted:
            raise JSONDecodeError(f"no {wanted}", self._reply, self._at)
        self._at += 1
        return found
