"""Every regular expression of the product, found in its source, and inputs that a slow one does not survive."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
METHODS = frozenset({"match", "fullmatch", "search", "findall", "finditer", "split", "sub"})
UNITS = (
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
    pattern: re.Pattern[str]
    method: str

    def run(self, text: str) -> None:
        """All that the product does with it, on this text."""
        act = getattr(self.pattern, self.method)
        found = act("", text) if self.method == "sub" else act(text)
        if self.method == "finditer":
            sum(1 for _ in found)


def expressions() -> list[Expression]:
    """Those of `console`, `app.py` and `api_compat.py` that are written down as texts."""
    files = [*sorted((ROOT / "console").rglob("*.py")), ROOT / "app.py", ROOT / "api_compat.py"]
    return [found for file in files for found in _of(file)]


def adversary(unit: str, size: int) -> str:
    """A text of so many characters."""
    return (unit * (size // len(unit) + 1))[: size - 1] + "\x7f"


def _of(file: Path) -> Iterator[Expression]:
    source = file.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "re" and node.args):
            continue
        pattern = node.args[0]
        if not (isinstance(pattern, ast.Constant) and isinstance(pattern.value, str)):
            continue
        compiled = re.compile(pattern.value, _flags(ast.unparse(node)))
        place = f"{file.relative_to(ROOT)}:{node.lineno}"
        for method in _methods(node.func.attr, ast.get_source_segment(source, node) or "", source):
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
