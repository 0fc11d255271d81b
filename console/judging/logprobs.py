"""Where a response's score stands among its tokens, and what else could have stood there.

The place is found in the tokens' own text: a server may trim the reply, take a fence of backticks or the reasoning
off it, and leave their tokens. Only the number has to be the same. It may share its first token with what stands
before it (`":4`), its last with what follows (`4}`), and may take several (`1`, `0`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import NamedTuple

from console.errors import Unscored
from console.judging.replies.replies import Form, read_form

_START = re.compile(r"[+-]?[0-9]*\.?[0-9]*")
_NEXT = re.compile(r"[0-9]*\.?[0-9]*")
_LEADS = {"▁": " ", "Ġ": " ", "Ċ": "\n"}
"""How some servers show the space and the line's end that begin a token."""
BEFORE = " \t\r\n\"'"
"""What may stand between the colon and the number."""
_FOREIGN = "The log-probabilities do not belong to the reply."


class Token(NamedTuple):
    """A piece of a reply."""

    text: str
    logprob: float
    top: Sequence[tuple[str, float]] = ()
    """The likeliest pieces at this place with their log-probabilities; the chosen one may be among them."""
    raw: bytes | None = None
    """Its bytes, where the text alone does not tell: a character may be cut in two."""

    @property
    def written(self) -> bytes:
        """Its bytes of UTF-8."""
        return self.text.encode(errors="surrogatepass") if self.raw is None else self.raw


class Step(NamedTuple):
    """One token of a number: what was written so far, what was likely there, and what was chosen."""

    before: str | None
    """The number's characters so far; None before the first token."""
    options: Mapping[str, float]
    """Probability of each likely piece, by its text without what stands before the number."""
    chosen: str


@dataclass(frozen=True, slots=True)
class Path:
    """The tokens of the score of one response."""

    score: float
    """The number that was written."""
    steps: Sequence[Step]
    position: int
    """Index of the token in which the number begins."""


def read_path(reply: str, form: Form, tokens: Sequence[Token]) -> Path:
    """The path of the score that a response states.

    Raises:
        Unscored: the number does not stand in the tokens.
    """
    for shown in (tokens, _plain(tokens)):
        whole = b"".join(token.written for token in shown)
        for start in _places(reply, form, whole):
            if whole[start:].startswith(form.score.encode()):
                return _path(form, shown, start)
    raise Unscored(_FOREIGN, reply=reply)


def _plain(tokens: Sequence[Token]) -> Sequence[Token]:
    """The tokens with their spaces as spaces."""
    return [
        Token(_spaced(token.text), token.logprob, [(_spaced(text), logprob) for text, logprob in token.top])
        for token in tokens
    ]


def _spaced(text: str) -> str:
    for shown, meant in _LEADS.items():
        text = text.replace(shown, meant)
    return text


def _places(reply: str, form: Form, whole: bytes) -> Iterator[int]:
    """Where the number may begin, in bytes of the tokens' text, the surest place first."""
    head = reply[form.begin : form.start].encode(errors="surrogatepass")
    for needle in (reply[form.begin :].encode(errors="surrogatepass"), head + form.score.encode()):
        at = whole.rfind(needle)
        if at >= 0:
            yield at + len(head)
    text = whole.decode(errors="replace")
    try:
        other = read_form(text)
    except Unscored:
        return
    if other.written and float(other.score) == float(form.score):
        yield len(text[: other.start].encode()) if "\ufffd" not in text else whole.find(text[other.start :].encode())


def _path(form: Form, tokens: Sequence[Token], start: int) -> Path:
    spans = list(pairwise(accumulate((len(token.written) for token in tokens), initial=0)))
    end = start + len(form.score.encode())
    first = next(index for index, span in enumerate(spans) if span[1] > start)
    steps, so_far = [], None
    for index in range(first, len(tokens)):
        token, (begins, ends) = tokens[index], spans[index]
        lead = token.written[: max(start - begins, 0)].decode(errors="replace")
        step = _step(so_far, lead, token)
        steps.append(step)
        so_far = (so_far or "") + taken(so_far, step.chosen)
        if ends > end:
            break
    return Path(float(form.score), steps, first)


def _step(so_far: str | None, lead: str, token: Token) -> Step:
    chosen = token.text[len(lead) :] if so_far else token.text[len(lead) :].lstrip()
    options: dict[str, float] = {} if token.top else {chosen: math.exp(min(token.logprob, 0.0))}
    for text, logprob in token.top:
        rest = text if so_far else _after(lead, text)
        options[rest] = options.get(rest, 0.0) + math.exp(min(logprob, 0.0))
    return Step(so_far, options, chosen)


def _after(lead: str, text: str) -> str:
    """An alternative without what the chosen token has before the number; space there does not count.

    One that does not begin like it is kept with a mark before it: no number can be read off it.
    """
    rest = text.lstrip()
    for letter in "".join(lead.split()):
        if not rest.startswith(letter):
            return f"\0{text}"
        rest = rest[1:].lstrip()
    return rest


def taken(so_far: str | None, text: str) -> str:
    """The characters of a number that a piece adds to it."""
    pattern = _NEXT if so_far else _START
    found = pattern.match(text if so_far else text.lstrip(BEFORE))
    return found.group() if found else ""
