"""Objects of JSON Lines, of a JSON list of objects, and as people type them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TextIO

from console.errors import InvalidInput

Json = dict[str, Any]
BROKEN = "A text has a broken character (a lone surrogate)."


def objects_of(text: TextIO, name: str) -> Iterator[tuple[int, Json | str]]:
    """The objects of a file by line, or what is wrong with a line.

    Lines end with a line feed only: U+2028 and its like are characters of a text. A file that is one JSON list gives
    the objects of the list; their numbers are those of the lines on which they begin.

    Raises:
        InvalidInput: it is a list that cannot be read: names the line.
    """
    first = next((line for line in text if line.strip()), "")
    text.seek(0)
    if first.lstrip().startswith("[") and isinstance(_value(first), (str, _Wrong)):
        yield from _list(text.read(), name)
        return
    if first.lstrip().startswith("[{"):
        whole = text.read()
        if whole.strip() == first.strip():
            yield from _list(whole, name)
            return
        text.seek(0)
    for number, line in enumerate(text, 1):
        if line.strip():
            yield number, _object(_value(line.rstrip()))


def typed_object(typed: str) -> Json:
    """What somebody typed, as an object; nothing is an empty one. Raises ValueError with a reason for people."""
    if not typed.strip():
        return {}
    try:
        value = json.loads(typed, parse_constant=_refuse, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise ValueError(f"Line {error.lineno}, column {error.colno}: {error.msg}.") from error
    except RecursionError as error:
        raise ValueError("This is nested too deeply.") from error
    except ValueError as error:
        raise ValueError(f"This is not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise ValueError('This is not an object: begin with { and end with }, as in {"name": "value"}.')
    if _is_broken(typed, value):
        raise ValueError(BROKEN)
    return value


class _Wrong(str):
    """Why a text is no JSON."""


def _value(text: str) -> Any:
    try:
        value = json.loads(text, parse_constant=_refuse, object_pairs_hook=_unique)
        return _Wrong(BROKEN) if _is_broken(text, value) else value
    except json.JSONDecodeError as error:
        return _Wrong(f"This is not JSON: {error.msg} at character {error.pos + 1}.")
    except (ValueError, RecursionError) as error:
        return _Wrong(f"This is not JSON: {error}.")


def _is_broken(source: str, value: Any) -> bool:
    """Whether a text has a lone surrogate, which no encoding can hold. They come from escapes alone."""
    if "\\ud" not in source.lower():
        return False
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _object(value: Any) -> Json | str:
    if isinstance(value, _Wrong):
        return str(value)
    return value if isinstance(value, dict) else "This is no JSON object."


def _list(whole: str, name: str) -> Iterator[tuple[int, Json | str]]:
    decoder = json.JSONDecoder(parse_constant=_refuse, object_pairs_hook=_unique)
    at, line, counted = whole.index("[") + 1, 1, 0
    while True:
        at = _after(whole, at, " \t\r\n,")
        line, counted = line + whole.count("\n", counted, at), at
        if whole[at : at + 1] == "]" and not whole[at + 1 :].strip():
            return
        try:
            value, at = decoder.raw_decode(whole, at)
        except (ValueError, RecursionError) as error:
            raise InvalidInput(f"{name}, line {line}: the list cannot be read: {error}.", field="file") from error
        yield line, _object(value)


def _after(text: str, at: int, passed: str) -> int:
    while at < len(text) and text[at] in passed:
        at += 1
    return at


def _unique(pairs: list[tuple[str, Any]]) -> Json:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [key for key, _ in pairs]
        twice = next(key for key in names if names.count(key) > 1)
        raise ValueError(f"the key {twice!r} stands twice in one object")
    return made


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not a JSON number")
