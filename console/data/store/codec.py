"""Record <-> item. The only place that knows Decimal notation, Binary and compression.

An *item* is a mapping of attribute name to DynamoDB attribute value (`{"S": ...}`, `{"N": ...}`, ...).

- Numbers travel as the shortest decimal text that reads back as the same float.
- Free-form JSON objects (`metadata`, `parameters`, `configuration`, ...) travel as JSON text, so that key order,
  `1` against `1.0` and long integers survive; a Map that an earlier system wrote is read as well.
- Text over `COMPRESS_OVER` bytes travels as Binary: one tag byte, then zlib.
- What would still not fit an item (400 KB) continues in sibling items of the same partition: see `packing`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import msgspec

from console.data.store import free_json
from console.data.store.free_json import NESTING
from console.errors import CorruptItem, InvalidInput, TooLarge
from console.records.base import COMMANDS, INVISIBLE

Item = dict[str, Any]
"""Attribute name -> attribute value, as on the wire."""

R = TypeVar("R")

COMPRESS_OVER = 1_024
"""Bytes of text above which it is compressed when that makes it smaller."""
TEXT_LIMIT = 10 * 1024 * 1024
"""Bytes of UTF-8 that one text may have."""

REFERENCE = {"partId", "partCount"}
"""What stands in the place of a value that continues in sibling items (`packing`)."""
_FREE_JSON = frozenset({"metadata", "parameters", "configuration", "settings", "legacy"})
_NAIVE_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?")
_ZLIB = b"z"
_UNPACKED_LIMIT = 64 * 1024 * 1024


def timestamp(moment: datetime) -> str:
    """ISO-8601 UTC with six digits, so that the order of texts is the order of times.

    Raises:
        InvalidInput: the datetime has no time zone.
    """
    if moment.tzinfo is None:
        raise InvalidInput("A time without a zone cannot be stored; pass an aware datetime.")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def read_timestamp(text: str) -> datetime:
    """The inverse of `timestamp`; a text without a zone (earlier systems) is UTC."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def aware(text: str) -> str:
    """A time without a zone, as earlier systems wrote it, with the zone that it means; other text as it is."""
    return text + "Z" if _NAIVE_TIME.fullmatch(text) else text


def check_text(text: str, field: str, *, limit: int = TEXT_LIMIT) -> str:
    """`text` when it can be stored.

    Raises:
        InvalidInput: it holds lone surrogates, which have no UTF-8 form.
        TooLarge: it is longer than `limit` bytes.
    """
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise InvalidInput(
            f"{field} has a broken character (a lone surrogate) at position {error.start}. Remove it.",
            field=field,
        ) from error
    if size > limit:
        raise TooLarge(f"{field} is {size:,} bytes long; the limit is {limit:,}. Shorten it or split it.", field=field)
    return text


def check_line(name: str, field: str) -> str:
    """`name` when it is one: a text without characters that are commands to who shows it.

    Raises:
        InvalidInput: it holds control characters, ends of lines, marks of direction or characters without a width, or
            what `check_text` refuses.
    """
    found = next((one for one in name if ord(one) in COMMANDS or ord(one) in INVISIBLE), None)
    if found is not None:
        kind = "a control" if ord(found) in COMMANDS else "an invisible"
        raise InvalidInput(
            f"{field} has {kind} character (U+{ord(found):04X}) at position {name.index(found)}. Remove it.",
            field=field,
        )
    return check_text(name, field)


# --- record -> item ----------------------------------------------------------------------------------


def to_item(record: msgspec.Struct, **extra: Any) -> Item:
    """The item of a record: camelCase attributes, absent where the value is None or an empty list or map.

    Raises:
        InvalidInput: NaN, infinity, a lone surrogate or a number that DynamoDB cannot hold.
        TooLarge: a text beyond `TEXT_LIMIT`.
    """
    try:
        plain = msgspec.to_builtins(record, builtin_types=(datetime, date), str_keys=True)
    except RecursionError as error:
        raise InvalidInput(f"The record is nested deeper than {NESTING} levels. Flatten it.") from error
    except TypeError as error:
        raise InvalidInput(f"The record holds what JSON does not know: {error}.") from error
    return to_wire_map({**plain, **extra})


def to_wire_map(values: Mapping[str, Any]) -> Item:
    """Plain values -> item; leaves out None and empty lists and maps."""
    item: Item = {}
    for name, value in values.items():
        if value is None:
            continue
        if name in _FREE_JSON and isinstance(value, dict):
            item[name] = _text(_json_text(value, name), name)
        elif value or not isinstance(value, (list, dict)):
            item[name] = to_wire(value, name)
    return item


def to_wire(value: Any, name: str = "value") -> dict[str, Any]:
    """One plain value -> attribute value; `name` is only for messages."""
    writer = _WRITERS.get(type(value))
    if writer is None:
        raise InvalidInput(f"{name} holds a {type(value).__name__}, which cannot be stored.", field=name)
    return writer(value, name)


def _text(value: str, name: str) -> dict[str, Any]:
    check_text(value, name)
    if len(value) > COMPRESS_OVER:
        raw = value.encode()
        squeezed = zlib.compress(raw, 6)
        if len(squeezed) + 1 < len(raw):
            return {"B": _ZLIB + squeezed}
    return {"S": value}


def _number(value: float, name: str) -> dict[str, Any]:
    if not math.isfinite(value):
        raise InvalidInput(f"{name} is {value}, which is not a number. Use a finite number.", field=name)
    if value != 0 and not 1e-130 <= abs(value) < 1e126:
        raise InvalidInput(f"{name} is {value!r}, beyond the numbers that can be stored.", field=name)
    return {"N": repr(value)}


def _integer(value: int, name: str) -> dict[str, Any]:
    if abs(value) >= 10**38:
        raise InvalidInput(f"{name} has more than 38 digits. Use a smaller number.", field=name)
    return {"N": str(value)}


_WRITERS: dict[type, Callable[[Any, str], dict[str, Any]]] = {
    str: _text,
    bool: lambda value, _: {"BOOL": value},
    int: _integer,
    float: _number,
    bytes: lambda value, _: {"B": value},
    datetime: lambda value, _: {"S": timestamp(value)},
    date: lambda value, _: {"S": value.isoformat()},
    list: lambda value, name: {"L": [to_wire(element, name) for element in value]},
    dict: lambda value, name: {"M": to_wire_map({check_text(key, name): value[key] for key in value})},
    type(None): lambda _value, _name: {"NULL": True},
}


def _json_text(value: dict[str, Any], name: str) -> str:
    if free_json.is_deeper_than(NESTING, value):
        raise InvalidInput(f"{name} is nested deeper than {NESTING} levels. Flatten it.", field=name)
    try:
        return free_json.write(value)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"{name} is not a JSON object: {error}.", field=name) from error


# --- item -> record ----------------------------------------------------------------------------------


def from_item(item: Item, record: type[R], parts: Mapping[str, bytes] | None = None) -> R:
    """The record of an item; attributes that the record does not have are ignored.

    Args:
        parts: whole values of what continued in sibling items, by part id (see `packing.join_parts`).

    Raises:
        CorruptItem: a required attribute is missing or has another type, or parts are missing.
    """
    return from_plain(plain_map(item, parts), record)


def from_plain(values: Mapping[str, Any], record: type[R]) -> R:
    """The record of plain values (numbers as int or float, texts as str)."""
    try:
        return msgspec.convert(values, record, strict=True, str_keys=True)
    except msgspec.ValidationError as error:
        key = values.get("partitionKey") or values.get("username")
        raise CorruptItem(f"The item {key!r} cannot be read as a {record.__name__}: {error}.") from error


def plain_map(item: Item, parts: Mapping[str, bytes] | None = None) -> dict[str, Any]:
    """Item -> plain values."""
    return {name: _plain_attribute(name, value, parts) for name, value in item.items()}


def _plain_attribute(name: str, value: dict[str, Any], parts: Mapping[str, bytes] | None) -> Any:
    if name in _FREE_JSON and "M" in value and value["M"].keys() != REFERENCE:
        return _plain_object(value)
    plain = plain_value(value, parts)
    if isinstance(plain, str):
        if name in _FREE_JSON:
            return _parsed(plain, name)
        if name.endswith(("On", "At")):
            return aware(plain)
    return plain


def _plain_object(value: dict[str, Any]) -> Any:
    """A free-form object that an earlier system wrote as a Map: its names mean nothing to us."""
    ((kind, content),) = value.items()
    if kind == "M":
        return {name: _plain_object(inner) for name, inner in content.items()}
    return [_plain_object(element) for element in content] if kind == "L" else plain_value(value)


def _parsed(text: str, name: str) -> Any:
    try:
        return free_json.read(text)
    except ValueError as error:
        raise CorruptItem(f"The attribute {name} cannot be read as JSON: {error}.") from error


def plain_value(value: dict[str, Any], parts: Mapping[str, bytes] | None = None) -> Any:
    """One attribute value -> plain value."""
    ((kind, content),) = value.items()
    if kind in ("S", "BOOL"):
        return content
    if kind == "N":
        return int(content) if content.lstrip("-").isdigit() else float(content)
    if kind == "M":
        if content.keys() == REFERENCE:
            return _whole(content, parts)
        return plain_map(content, parts)
    if kind == "L":
        return [plain_value(element, parts) for element in content]
    if kind == "B":
        return _inflate(content)
    if kind == "NULL":
        return None
    return content


def binary(content: bytes | str) -> bytes:
    """The bytes of a Binary: some engines answer base64."""
    return base64.b64decode(content) if isinstance(content, str) else content


def _inflate(content: bytes | str) -> Any:
    raw = binary(content)
    if raw[:1] != _ZLIB:
        return raw
    inflater = zlib.decompressobj()
    try:
        text = inflater.decompress(raw[1:], _UNPACKED_LIMIT).decode()
    except (zlib.error, UnicodeDecodeError) as error:
        raise CorruptItem(f"A compressed text cannot be read back: {error}.") from error
    if not inflater.eof:
        raise CorruptItem("A compressed text cannot be read back: its end is missing.")
    return text


def part_id_of(raw: bytes) -> str:
    """The id of a whole value: writing the same value again writes the same parts."""
    return hashlib.sha256(raw).hexdigest()[:32]


def _whole(reference: Item, parts: Mapping[str, bytes] | None) -> Any:
    part_id = reference["partId"]["S"]
    raw = (parts or {}).get(part_id)
    if raw is None or part_id_of(raw) != part_id:
        raise CorruptItem(f"A long value is incomplete: its part {part_id} is missing. Restore the table.")
    kind, body = chr(raw[0]), raw[1:]
    return plain_value({kind: body if kind == "B" else json.loads(body)})
