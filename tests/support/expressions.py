"""Every regular expression of the product, found in its source, and inputs that a slow one does not survive."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from console.api.bodies import read_json
from console.cli.terminal import neutral
from console.errors import Unscored
from console.judging.fence import Fence
from console.judging.providers.bodies import read_body
from console.judging.providers.failures import read_failure
from console.judging.replies import lines, numerals, objects, replies
from console.judging.replies.replies import LONGEST, read_form
from console.redaction import redacted
from console.search.files.formats import html
from console.search.memory import words
from console.ui.frame import diff, text
from console.ui.runs import explain
from console.ui.search import results

ROOT = Path(__file__).resolve().parents[2]
METHODS = frozenset({"match", "fullmatch", "search", "findall", "finditer", "split", "sub"})
UNITS = (
    "<think>",
    "<",
    "< ",
    "<<text ",
    " ",
    "\n",
    "\n \n",
    "a",
    "a ",
    "0",
    "0.",
    '."',
    ". ",
    "\\",
    "/",
    "{",
    "`",
    '"',
    "score ",
    "\u00a0",
)
"""Repeated until the input is as long as asked; a last character that nothing expects makes a search go back."""


@dataclass(frozen=True, slots=True)
class Expression:
    """One pattern and how it is asked."""

    place: str
    pattern: re.Pattern[Any]
    method: str

    def run(self, text: str) -> None:
        """All that the product does with it, on this text."""
        act = getattr(self.pattern, self.method)
        given: Any = text.encode() if isinstance(self.pattern.pattern, bytes) else text
        found = act(given[:0], given) if self.method == "sub" else act(given)
        if self.method == "finditer":
            sum(1 for _ in found)


def expressions() -> list[Expression]:
    """Those of `console`, `app.py` and `api_compat.py` that are written down as texts."""
    files = [*sorted((ROOT / "console").rglob("*.py")), ROOT / "app.py", ROOT / "api_compat.py"]
    return [found for file in files for found in _of(file)]


def at_run_time() -> set[str]:
    """Files whose expressions are put together, or come from a table, while the program runs."""
    files = [*sorted((ROOT / "console").rglob("*.py")), ROOT / "app.py", ROOT / "api_compat.py"]
    return {str(file.relative_to(ROOT)) for file in files if any(not is_text for _, is_text in _calls(file))}


def built() -> dict[str, list[Expression]]:
    """Those, by their file, as the product makes them; functions that make one for each text are in `FUNCTIONS`."""

    def of(file: str, method: str, patterns: Iterable[str | re.Pattern[str]], flags: int = 0) -> list[Expression]:
        return [Expression(file, re.compile(one, flags) if isinstance(one, str) else one, method) for one in patterns]

    settings = [argument for name, argument in _handed_on("console/config.py") if name == "matching"]
    files = sorted((ROOT / "console/search/files/formats").glob("*.py"))
    parts = [argument for file in files for name, argument in _handed_on(str(file.relative_to(ROOT)))]
    cells = rf" ?([{html._LINE}{html._CELL}]) ?"
    return {
        "console/setting_texts.py": of("console/setting_texts.py", "fullmatch", settings),
        "console/search/files/archive.py": of(
            "console/search/files/archive.py", "fullmatch", [*parts, r"word/(?:header|footer)\d*\.xml"]
        ),
        "console/judging/replies/objects.py": of(
            "console/judging/replies/objects.py", "search", objects._MARKS.values()
        ),
        "console/judging/replies/lines.py": of(
            "console/judging/replies/lines.py", "search", [lines._OTHER_FIELD, lines._REASON_LINE]
        ),
        "console/judging/replies/numerals.py": of(
            "console/judging/replies/numerals.py", "match", [numerals._IN_WORDS, numerals._OUT_OF, numerals._REMARK]
        ),
        "console/judging/replies/replies.py": of(
            "console/judging/replies/replies.py", "search", [replies._THOUGHT_BEGINS, replies._THOUGHT_ENDS]
        ),
        "console/search/files/formats/html.py": of("console/search/files/formats/html.py", "sub", [cells]),
        "console/search/memory/words.py": of(
            "console/search/memory/words.py", "split", [f"({words._UNSPACED.pattern})"]
        ),
        "console/ui/runs/explain.py": of(
            "console/ui/runs/explain.py", "search", [pattern for pattern, *_ in explain._KNOWN], re.IGNORECASE
        ),
        "console/ui/search/results.py": [],
    }


def _refused_reply(text: str) -> None:
    with suppress(Unscored):
        read_form(text)


def _refused_json(text: str) -> None:
    with suppress(ValueError):
        read_json(b'{"text":"' + text.encode())


def _every_other(text: str) -> str:
    """The text with something new before every second word or line: nothing that both have is long."""
    return re.sub(r"(\s|<)", r"b\1", text, count=len(text) // 4)


FUNCTIONS: dict[str, Callable[[str], object]] = {
    "results.marked": lambda text: results.marked(text, results._words("how do I score a 0 text")),
    "results._snippet": lambda text: results._snippet(text, results._words("how do I score a 0 text")),
    "results.marked, a long question": lambda text: results.marked("a text to look at " * 50, results._words(text)),
    "explain": explain.explain_error,
    "redacted": redacted,
    "redacted, after Bearer": lambda text: redacted(f"Bearer {text}"),
    "read_form": _refused_reply,
    "read_form, a form": lambda text: read_form(
        f'{{"score": 4, "reason": "{text[: LONGEST // 2]}', texts=(text[:1000],)
    ),
    "read_body": lambda text: read_body(text.encode()),
    "read_failure": lambda text: read_failure(400, {}, text.encode()).trouble,
    "diff.markup": lambda text: diff.markup([diff.Section("Text", text, f"b{text}")], "", ""),
    "diff.markup, half of it new": lambda text: diff.markup([diff.Section("Text", text, _every_other(text))], "", ""),
    "text.plain": text.plain,
    "Fence.neutral": lambda text: Fence("token").neutral(text),
    "terminal.neutral": neutral,
    "read_json": _refused_json,
}
"""What the product does with a foreign text by expressions that it makes for it, or by several."""


MOST = {
    "console/actions/runs/finding.py": 500,
    "console/judging/replies/lines.py": LONGEST,
    "console/judging/replies/numerals.py": LONGEST,
    "console/judging/replies/objects.py": LONGEST,
    "console/judging/providers/accounts.py": 4_001,
    "console/judging/providers/failures.py": 8_000,
    "console/judging/providers/refusals.py": 4_001,
    "console/judging/replies/replies.py": LONGEST,
    "console/judging/replies/scores.py": LONGEST,
    "console/ui/frame/diff.py": 6_000_000,
    "console/ui/runs/explain.py": 20_000,
}
"""Characters that reach the expressions of a file at once, where something before it keeps longer texts away."""


def adversary(unit: str, size: int) -> str:
    """A text of so many characters."""
    return (unit * (size // len(unit) + 1))[: size - 1] + "\x7f"


def _calls(file: Path) -> Iterator[tuple[ast.Call, bool]]:
    """Calls of `re`, and whether their pattern is written down there."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "re" and node.args):
            continue
        if node.func.attr in METHODS | {"compile"}:
            pattern = node.args[0]
            yield node, isinstance(pattern, ast.Constant) and isinstance(pattern.value, (str, bytes))


def _handed_on(file: str) -> Iterator[tuple[str, str]]:
    """Names of functions like `matching` that get an expression in this file, and the expression."""
    for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name.endswith("matching"):
                yield name, str(node.args[0].value)


def _of(file: Path) -> Iterator[Expression]:
    source = file.read_text(encoding="utf-8")
    for node, is_text in _calls(file):
        if not is_text:
            continue
        compiled = re.compile(ast.literal_eval(node.args[0]), _flags(ast.unparse(node)))
        place = f"{file.relative_to(ROOT)}:{node.lineno}"
        func = node.func
        assert isinstance(func, ast.Attribute)
        for method in _methods(func.attr, ast.get_source_segment(source, node) or "", source):
            yield Expression(place, compiled, method)


def _methods(called: str, segment: str, source: str) -> set[str]:
    """How the pattern is asked: directly, or by the methods that its file calls on it or on any pattern."""
    if called != "compile":
        return {called} & METHODS
    name = re.search(rf"(\w+)(?:: [^=\n]+)? = (?:\(\n\s*)?{re.escape(segment)}", source)
    asked = set(re.findall(rf"\b{name[1]}\.(\w+)\(", source)) if name else set()
    return (asked & METHODS) or (set(re.findall(r"\bpattern\.(\w+)\(", source)) & METHODS) or {"match"}


def _flags(call: str) -> int:
    return sum(int(getattr(re, name)) for name in ("IGNORECASE", "DOTALL", "ASCII") if f"re.{name}" in call)
