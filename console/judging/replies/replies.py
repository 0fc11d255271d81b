"""What a judge's reply says: the `score` of the form and where it stands, and the reason.

The form is asked for as one JSON object. What models put around it, and how they write it, is forgiven: reasoning, a
fence of backticks, a sentence before or after, a list of one, other quotes, a comma too many, an object within an
object, `rating` for `score`, `four` for 4, lines (`Score: 4`) instead of JSON. Two things are not. A reply that is a
passage of the judged text says nothing, wherever it stands: a text could carry a form of its own. And of several
scores that differ none is taken.
"""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass, replace

from console.errors import Unscored
from console.judging.replies.lines import read_lines
from console.judging.replies.numerals import Numeral, read_numeral
from console.judging.replies.objects import Found, NoObject, read_object
from console.judging.replies.scores import Several, stated_score

_THOUGHT = r"(?:think(?:ing)?|thoughts?|reasoning|reflection|analysis|scratch_?pad|(?:inner_)?monologue|seed:think)"
_THOUGHT_BEGINS = re.compile(
    rf"<{_THOUGHT}(?:\s[^<>]*)?>|\[THINK\]|◁think▷|<\|begin_of_thought\|>|<\|START_THINKING\|>", re.IGNORECASE
)
_THOUGHT_ENDS = re.compile(
    rf"</{_THOUGHT}>|\[/THINK\]|◁/think▷|<\|end_of_thought\|>|<\|END_THINKING\|>|<\|channel\|>final<\|message\|>",
    re.IGNORECASE,
)
"""What a model's reasoning ends with where a server leaves it in the reply; not every template shows its beginning."""
_SPACE = " \t\r\n\ufeff\xa0\u200b"
_BEFORE = "\ufeff\u200b`"
_AFTER = re.compile(r"(?:\s|`|\]|</\w+>|<\|\w+\|>)*")
"""What may stand behind the form at the end of a reply: a fence, `</answer>`, `<|im_end|>`."""
LONGEST = 1_000_000
"""Characters of a reply that is read; reasoning has up to a few hundred thousand."""
_KEPT = 10_000
"""Characters that are kept of a longer one."""
_MOST_TRIES = 64
"""Braces at which an object is looked for; a reply with more of them is no form."""
_USUAL = str.maketrans("“”„‟″＂«»‘’‚｛｝：，", '"' * 8 + "'''{}:,")


@dataclass(frozen=True, slots=True)
class Form:
    """A form that was filled in."""

    score: str
    """The number, as digits."""
    start: int
    """Where it is written in the reply, in characters."""
    end: int
    reason: str
    written: bool = True
    """The score stands there in these very characters, not as a word or with a decimal comma."""
    out_of: float | None = None
    """The best score as the judge understood it, where it wrote `4/5`."""
    begin: int = 0
    """Where the object, or the line, begins."""
    per_cent: bool = False
    """The score is written as a share of the scale."""


def read_form(reply: str, *, cut_off: bool = False, texts: tuple[str, ...] = ()) -> Form:
    """Reads the form out of a reply.

    Args:
        cut_off: the reply ended at the limit of tokens, which is said where there is no score.
        texts: the judged texts; a reply that is a passage of one of them is no judgement.

    Raises:
        Unscored: there is no such form, or no single number in it.
    """
    if not reply.strip(_SPACE):
        raise Unscored("The judge's reply is empty.", reply=reply)
    if len(reply) > LONGEST:
        raise Unscored(
            f"The judge's reply has {len(reply):,} characters: no form is that long.\nLower max_tokens of the judge.",
            reply=reply[:_KEPT],
        )
    start = _answer(reply, cut_off=cut_off)
    if start is None:
        raise Unscored(
            "The judge's reasoning never came to the form.\n"
            "Raise max_tokens of the judge, or lower its reasoning effort.",
            reply=reply,
        )
    plain = reply.translate(_USUAL)
    reader = _Reader(reply, plain, start, tuple("".join(text.split()) for text in texts), cut_off)
    return reader.form()


def without_thoughts(reply: str) -> str:
    """What a reply says after its reasoning; all of it where there is none that ended."""
    return reply[_past_thoughts(reply) :]


def _past_thoughts(reply: str) -> int:
    """Where a reply's reasoning ends, which may be several pieces; 0 where there is none that ended."""
    at = 0
    while end := _THOUGHT_ENDS.search(reply, at):
        at = end.end()
        if not _THOUGHT_BEGINS.match(reply, _first(reply, at)):
            break
    return at


def _answer(reply: str, *, cut_off: bool = False) -> int | None:
    """Where the reasoning of a reply ends and its answer begins; None when it reasons to the end.

    A reply that begins with a form is one, and its reason may say anything.
    """
    first = _first(reply, 0)
    if reply[first : first + 1] == "{":
        return first
    begins = _THOUGHT_BEGINS.match(reply, first)
    start = max(first, _past_thoughts(reply))
    if start > first and not reply[start:].strip(_SPACE):
        return None if begins or not _THOUGHT_BEGINS.search(reply, first) else first  # `<score>4</score><reasoning>`
    if start > first or not begins:
        return start
    last = -1 if cut_off else reply.rfind("{")
    return last if last >= 0 and _ends_with_form(reply, last) else None


def _ends_with_form(reply: str, last: int) -> bool:
    """Whether a reply that never says that its reasoning is over ends with an object of its own."""
    try:
        found = read_object(reply, last)
    except NoObject:
        return False
    return not found.cut_off and bool(_AFTER.fullmatch(reply, found.end))


def _first(reply: str, at: int) -> int:
    """The first character that is neither space nor a fence's beginning."""
    while at < len(reply) and (reply[at].isspace() or reply[at] in _BEFORE or reply.startswith("json", at)):
        at += 4 if reply.startswith("json", at) else 1
    return at


def _unescaped(answer: str) -> str | None:
    """A form whose quotes are escaped though nothing is around it. Raises ValueError."""
    if answer.startswith('{\\"'):
        found: str = json.loads(f'"{answer}"', strict=False)
        return found
    return html.unescape(answer) if answer.startswith("{&") else None


@dataclass(slots=True)
class _Reader:
    reply: str
    plain: str
    """The reply with usual quotes, colons and commas; each character stays in place."""
    start: int
    texts: tuple[str, ...]
    """The judged texts, without their spaces."""
    cut_off: bool

    def form(self) -> Form:
        """The form. Raises Unscored."""
        try:
            found = self._of_objects() or self._of_lines() or self._of_text() or self._of_number()
        except Several as error:
            raise Unscored(f"The judge's reply has {error}.", reply=self.reply) from None
        if found:
            return found
        if self._objects(lenient=True):
            raise Unscored("The judge's reply has no number as its score.", reply=self.reply)
        said = "was cut off before the score; raise max_tokens" if self.cut_off else "is not the JSON object asked for"
        raise Unscored(f"The judge's reply {said}.", reply=self.reply)

    def _of_objects(self) -> Form | None:
        """The form as one object, or several that say the same."""
        for lenient in (False, True):
            found = [(one, score) for one in self._objects(lenient) if (score := stated_score(one, self.plain))]
            forms = [self._form(score.number, one.start, one.end, score.reason) for one, score in found]
            if forms:
                return self._one(forms, "several forms with different scores")
        return None

    def _of_lines(self) -> Form | None:
        """The form as lines: `Score: 4`."""
        lines = read_lines(self.plain, self.start)
        end = len(self.plain.rstrip())
        if any(self.cut_off and line.end >= end for line in lines):
            return None
        own = [line for line in lines if not self._is_passage(line.begin, line.end)]
        if lines and not own:
            raise self._repeats()
        forms = [self._form(line.number, line.begin, line.end, line.reason) for line in own if line.number]
        return self._one(forms, "several different scores") if forms and len(forms) == len(own) else None

    def _of_text(self) -> Form | None:
        """The form as JSON within a string of JSON, or escaped for one, or for HTML."""
        answer = self.reply[self.start :].strip(f"{_SPACE}`")
        try:
            inner = json.loads(answer) if answer.startswith('"') else _unescaped(answer)
        except ValueError:
            inner = None
        if not isinstance(inner, str) or "{" not in inner:
            return None
        reader = _Reader(inner, inner.translate(_USUAL), 0, self.texts, self.cut_off)
        form = reader._of_objects()
        return replace(form, written=False, start=0, end=0, begin=0) if form else None

    def _of_number(self) -> Form | None:
        """The form as nothing but the number, in digits: in words it is prose."""
        answer = self.reply[self.start :]
        number = None if self.cut_off else read_numeral(answer.strip(_SPACE))
        if number is None or not number.written or "".join(answer.split()) in self.texts:
            return None
        lead = self.start + len(answer) - len(answer.lstrip(_SPACE))
        moved = replace(number, start=lead + number.start, end=lead + number.end)
        return self._form(moved, self.start, len(self.reply), "")

    def _objects(self, lenient: bool) -> list[Found]:
        """The objects of a reply that could be the form, in order."""
        text = self.plain if lenient else self.reply
        found: list[Found] = []
        at = self.start
        for _ in range(_MOST_TRIES):
            at = text.find("{", at)
            if at < 0:
                break
            try:
                one = read_object(text, at, lenient=lenient)
            except NoObject:
                at += 1
                continue
            if one.pairs or not one.cut_off:
                found.append(one)
            at = one.end
        return found

    def _one(self, forms: list[Form], several: str) -> Form:
        """The last of forms that agree, of those that are no passage of the judged text."""
        own = [form for form in forms if not form.begin < 0]
        if not own:
            raise self._repeats()
        if len({float(form.score) for form in own}) > 1:
            raise Several(several)
        return own[-1]

    def _form(self, number: Numeral, begin: int, end: int, reason: str) -> Form:
        """A form; one that is a passage of the judged text begins before the reply."""
        written = number.written and self.reply[number.start : number.end] == number.digits
        begin = -1 if self._is_passage(begin, end) else begin
        return Form(
            number.digits, number.start, number.end, reason, written, number.out_of, begin, per_cent=number.per_cent
        )

    def _is_passage(self, begin: int, end: int) -> bool:
        squeezed = "".join(self.reply[begin:end].split())
        return any(squeezed in text for text in self.texts)

    def _repeats(self) -> Unscored:
        return Unscored("The judge repeated a passage of the judged text instead of rating it.", reply=self.reply)
