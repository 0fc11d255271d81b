"""The bodies of servers' answers as JSON: with a byte order mark, with NaN, or as a stream that nobody asked for."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import orjson

_EVENT = re.compile(rb"^data:[ \t]*(.+?)\r?$", re.MULTILINE)
_KEPT_ALIVE = re.compile(rb"\A(?:\s*+:[^\n]*\n)++(?=\s*+[{\[])")
"""Comments of a stream before an answer that is none."""
_PAGE = re.compile(rb"\s*(?:<!doctype html|<html|<head|<body|<\?xml)", re.IGNORECASE)
_TITLE = re.compile(r"<(title|h1)[^>]*>(.*?)</\1>", re.IGNORECASE | re.DOTALL)
_LONGEST_PAGE = 20_000


def read_body(content: bytes) -> Any:
    """What a body says; None where it is no JSON. A stream of events is put together to the answer that it is."""
    content = _KEPT_ALIVE.sub(b"", content.removeprefix(codecs.BOM_UTF8))
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(content.decode(errors="replace"))  # NaN, -Infinity, and bytes that are no UTF-8
    except (ValueError, RecursionError):
        return _whole([body for body in _events(content) if isinstance(body, dict)])


def listed(value: Any) -> list[Any]:
    """A list as it is; nothing for whatever stands in the place of one."""
    return value if isinstance(value, list) else []


def words_of_page(content: bytes) -> str | None:
    """What a page of HTML says in its title; None where the body is no such page."""
    if not _PAGE.match(content.removeprefix(codecs.BOM_UTF8)):
        return None
    titles = _TITLE.findall(content[:_LONGEST_PAGE].decode(errors="replace"))
    said = dict.fromkeys(" ".join(unescape(re.sub(r"<[^<>]*>", " ", title)).split()) for _, title in titles)
    return f"it answered with a web page ({'; '.join(said)})" if said else "it answered with a web page"


def _events(content: bytes) -> Iterator[Any]:
    for found in _EVENT.finditer(content):
        try:
            yield orjson.loads(found[1])
        except orjson.JSONDecodeError:
            continue  # `[DONE]`


def _whole(events: list[dict[str, Any]]) -> Any:
    """The answer that a stream makes together: an error, a whole answer, or the pieces of one."""
    usage: Any = None
    choices: dict[int, dict[str, Any]] = {}
    for event in events:
        if event.get("error"):
            return event
        usage = event.get("usage") or usage
        for place, one in enumerate(listed(event.get("choices"))):
            if isinstance(one, dict):
                index = one.get("index")
                number = index if isinstance(index, int) and index else place
                _add(choices.setdefault(number, {"message": {"content": ""}}), one)
    return {"choices": [choices[index] for index in sorted(choices)], "usage": usage} if choices else None


def _add(choice: dict[str, Any], piece: dict[str, Any]) -> None:
    """Adds a piece of a stream to the choice that it belongs to."""
    said = piece.get("delta") or piece.get("message") or {}
    for name, value in (said if isinstance(said, dict) else {"content": said}).items():
        text = isinstance(value, str) and name != "role"
        choice["message"][name] = f"{choice['message'].get(name) or ''}{value}" if text else value
    choice["message"]["content"] = choice["message"].get("content") or ""
    likely = piece.get("logprobs")
    if isinstance(likely, dict) and (tokens := listed(likely.get("content"))):
        choice.setdefault("logprobs", {"content": []})["content"] += tokens
    choice["finish_reason"] = piece.get("finish_reason") or choice.get("finish_reason")
