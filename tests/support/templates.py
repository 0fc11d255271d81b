"""Whether an answer is what a recording says: values, and templates for what differs from one run to the next.

A text that is nothing but `${name}` is a saved value with its type; inside a text it is put in. Texts with a meaning:
`<uuid>`, `<int>`, `<float>`, `<number>`, `<str>`, `<bool>`, `<any>`, `<ts:sql>` (2025-01-31 09:30:00), `<ts:iso>`,
`<timestamp>` (either), `<prefix:...>`, `<regex:...>`, `<sha256:...>`. Objects: `$all`, `$any`, `$each`, `$len`,
`$contains_in_order`, `$excludes`, `$partial`, `$literal`. Everything else is equal, types and order of keys included.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

VARIABLE = re.compile(r"\$\{([^}]+)\}")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SQL_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
ISO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?")
TIMES = {"<ts:sql>": (SQL_TIME,), "<ts:iso>": (ISO_TIME,), "<timestamp>": (SQL_TIME, ISO_TIME)}
TYPES: dict[str, tuple[type, ...]] = {"<int>": (int,), "<float>": (float,), "<number>": (int, float), "<bool>": (bool,)}
OF_A_MODEL = {
    "final_score", "final_score_normalized", "all_responses", "total_usage_tokens", "prompt_tokens",
    "completion_tokens", "prompt_used", "evaluation_status",
}  # fmt: skip
"""What hangs on the replies of a model: compared by type, where only the form of an answer is replayed."""

Problems = list[str]


class Unset(Exception):
    """A value that an earlier step should have saved."""


def look_up(name: str, saved: dict[str, Any]) -> Any:
    """A saved value, or one of the built-in ones: `repeat:TEXT:COUNT`, `upper:NAME`, `hex:NAME`."""
    if name.startswith("repeat:"):
        text, count = name.removeprefix("repeat:").rsplit(":", 1)
        return text * int(count)
    if name.startswith("upper:"):
        return str(look_up(name.removeprefix("upper:"), saved)).upper()
    if name.startswith("hex:"):
        return str(look_up(name.removeprefix("hex:"), saved)).replace("-", "")
    if name not in saved:
        raise Unset(f"{name} is not set; did an earlier step fail?")
    return saved[name]


def fill(value: Any, saved: dict[str, Any]) -> Any:
    """The value with the saved ones put in."""
    if isinstance(value, str):
        whole = VARIABLE.fullmatch(value)
        return look_up(whole[1], saved) if whole else VARIABLE.sub(lambda one: str(look_up(one[1], saved)), value)
    if isinstance(value, list):
        return [fill(one, saved) for one in value]
    if isinstance(value, dict):
        return {fill(name, saved): fill(one, saved) for name, one in value.items()}
    return value


@dataclass
class Comparer:
    """Compares answers; `problems` are lines `path: what is wrong`, none where they agree."""

    saved: dict[str, Any]
    loose: bool = False
    """Of what hangs on a model's replies, compare the type only."""
    max_age: float = 900.0
    """Seconds that a fresh time may differ from now; 0 is any."""
    _operators: dict[str, Callable[[Any, Any, str], Problems]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._operators = {
            "$literal": self._same,
            "$all": lambda each, got, path: [line for one in each for line in self.problems(one, got, path)],
            "$any": self._any,
            "$partial": self._partial,
            "$each": lambda one, got, path: [
                line for at, item in _items(got) for line in self._at(one, item, path, at)
            ],
            "$len": lambda count, got, path: [] if len(got) == count else [f"{path}: {len(got)} items, not {count}"],
            "$excludes": self._excludes,
            "$contains_in_order": self._in_order,
        }

    def problems(self, want: Any, got: Any, path: str = "$") -> Problems:
        if isinstance(want, str):
            return [] if self._is(want, got) else [f"{path}: {_short(got)}, not {_short(want)}"]
        if isinstance(want, dict):
            name = next(iter(want), "")
            if len(want) == 1 and name in self._operators:
                return self._operators[name](want[name], got, path)
            return self._object(want, got, path)
        if isinstance(want, list) and isinstance(got, list):
            if len(want) != len(got):
                return [f"{path}: {len(got)} items, not {len(want)}"]
            pairs = enumerate(zip(want, got, strict=True))
            return [line for at, (one, item) in pairs for line in self._at(one, item, path, at)]
        return self._same(want, got, path)

    def _at(self, want: Any, got: Any, path: str, at: int) -> Problems:
        return self.problems(want, got, f"{path}[{at}]")

    def _same(self, want: Any, got: Any, path: str) -> Problems:
        equal = math.isclose(want, got, rel_tol=1e-9, abs_tol=1e-12) if _floats(want, got) else want == got
        return [] if type(want) is type(got) and equal else [f"{path}: {_short(got)}, not {_short(want)}"]

    def _object(self, want: dict[str, Any], got: Any, path: str) -> Problems:
        if not isinstance(got, dict):
            return [f"{path}: {_short(got)}, not an object"]
        want = {fill(name, self.saved): one for name, one in want.items()}
        if list(want) != list(got):
            return [f"{path}: the keys {list(got)}, not {list(want)}"]
        return [line for name, one in want.items() for line in self._value(name, one, got[name], f"{path}.{name}")]

    def _value(self, name: str, want: Any, got: Any, path: str) -> Problems:
        is_template = isinstance(want, dict) or (isinstance(want, str) and want.startswith("<"))
        if not self.loose or name not in OF_A_MODEL or is_template:
            return self.problems(want, got, path)
        alike = type(want) is type(got) and (not isinstance(want, list) or len(want) == len(got))
        return [] if alike else [f"{path}: {_short(got)}, not of the kind of {_short(want)}"]

    def _each(self, want: Any, got: Any, path: str) -> Problems:
        return [line for at, item in _items(got) for line in self._at(want, item, path, at)]

    def _any(self, choices: list[Any], got: Any, path: str) -> Problems:
        return min((self.problems(one, got, path) for one in choices), key=len)

    def _partial(self, want: dict[str, Any], got: Any, path: str) -> Problems:
        if not isinstance(got, dict):
            return [f"{path}: {_short(got)}, not an object"]
        missing = [f"{path}.{name}: missing" for name in want if name not in got]
        found = [(name, one) for name, one in want.items() if name in got]
        return missing + [line for name, one in found for line in self.problems(one, got[name], f"{path}.{name}")]

    def _excludes(self, want: Any, got: Any, path: str) -> Problems:
        return [f"{path}[{at}]: should not be there" for at, item in _items(got) if not self.problems(want, item)]

    def _in_order(self, wanted: list[Any], got: Any, path: str) -> Problems:
        rest = _items(got)
        for number, want in enumerate(wanted):
            if not any(not self.problems(want, item) for _at, item in rest):
                return [f"{path}: item {number} of the sequence is missing, or not in its place"]
        return []

    def _is(self, want: str, got: Any) -> bool:
        if want == "<any>":
            return True
        if want in TYPES:
            return type(got) in TYPES[want]
        whole = VARIABLE.fullmatch(want)
        if whole:
            value = look_up(whole[1], self.saved)
            return type(value) is type(got) and bool(value == got)
        return isinstance(got, str) and self._is_text(want, got)

    def _is_text(self, want: str, got: str) -> bool:
        if want == "<str>":
            return True
        if want == "<uuid>":
            return UUID.fullmatch(got) is not None
        if want in TIMES:
            return any(shape.fullmatch(got) for shape in TIMES[want]) and self._is_fresh(got)
        pattern = re.fullmatch(r"<(prefix|regex|sha256):(.*)>", want, re.DOTALL)
        return self._fits(pattern[1], pattern[2], got) if pattern else got == fill(want, self.saved)

    def _fits(self, kind: str, argument: str, got: str) -> bool:
        if kind == "sha256":
            return hashlib.sha256(got.encode("utf-8", "surrogatepass")).hexdigest() == argument
        text = fill(argument, self.saved)
        return got.startswith(text) if kind == "prefix" else re.fullmatch(text, got, re.DOTALL) is not None

    def _is_fresh(self, got: str) -> bool:
        age = datetime.now(UTC) - datetime.fromisoformat(got).replace(tzinfo=UTC)
        return not self.max_age or abs(age.total_seconds()) <= self.max_age


def _floats(*values: Any) -> bool:
    return all(isinstance(value, float) for value in values)


def _items(got: Any) -> Iterator[tuple[int, Any]]:
    return enumerate(got if isinstance(got, list) else [])


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 160 else f"{text[:159]}…"
