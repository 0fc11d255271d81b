"""What an item, a key and a number may be.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from tests.support.faults.wire import Json

ITEM_BYTES = 400 * 1024
HASH_BYTES, RANGE_BYTES = 2_048, 1_024
NESTING = 32
DIGITS = 38
_LARGEST, _SMALLEST = Decimal("9.9999999999999999999999999999999999999E+125"), Decimal("1E-130")
_FLOAT32 = Decimal("3.4028235e38")
_EPOCH = re.compile(r"\d{9,11}")


class Refused(Exception):
    """The service would not do this."""

    def __init__(self, message: str, code: str = "ValidationException") -> None:
        super().__init__(message)
        self.code = code


def item_bytes(item: Json) -> int:
    """The size of an item as DynamoDB counts it; refuses values that it does not store."""
    return sum(len(name.encode()) + _value_bytes(value, 1) for name, value in item.items())


def _value_bytes(value: Json, level: int) -> int:
    ((kind, content),) = value.items()
    if level > NESTING:
        raise Refused("Nesting Levels have exceeded supported limits")
    if kind == "M":
        return 3 + sum(len(name.encode()) + _value_bytes(inner, level + 1) + 1 for name, inner in content.items())
    if kind == "L":
        return 3 + sum(_value_bytes(inner, level + 1) + 1 for inner in content)
    return _leaf_bytes(kind, content)


def _leaf_bytes(kind: str, content: Any) -> int:
    match kind:
        case "S":
            return len(content.encode())
        case "B":
            return len(content) * 3 // 4
        case "N":
            return _number_bytes(content)
        case "SS" | "NS" | "BS":
            if not content:
                raise Refused("One or more parameter values were invalid: a set may not be empty")
            return sum(len(one) for one in content)
    return 1


def _number_bytes(text: str) -> int:
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise Refused(f"The parameter cannot be converted to a numeric value: {text}") from error
    if not number.is_finite():
        raise Refused(f"The parameter cannot be converted to a numeric value: {text}")
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    if len(digits) > DIGITS:
        raise Refused("Attempting to store more than 38 significant digits in a Number")
    if number and not _SMALLEST <= abs(number) <= _LARGEST:
        raise Refused("Number overflow or underflow: magnitude is outside the supported range")
    return (len(digits) + 1) // 2 + 1 + (number < 0)


def check_item(item: Json, described: Json) -> int:
    """The bytes of an item that may be put; refuses it otherwise."""
    check_key(item, described, whole=False)
    check_indexed(item, described)
    size = item_bytes(item)
    if size > ITEM_BYTES:
        raise Refused("Item size has exceeded the maximum allowed size")
    if "" in item:
        raise Refused("One or more parameter values are not valid: an attribute name is empty")
    expires = item.get("expiresAt")
    if expires is not None and not _EPOCH.fullmatch(expires.get("N", "")):
        raise Refused(f"expiresAt is not a number of epoch seconds, so that it never expires: {expires}")
    return size


def check_key(key: Json, described: Json, *, whole: bool = True) -> None:
    """Refuses a key that has other attributes than the table's, or values that a key cannot have."""
    schema = {one["AttributeName"]: one["KeyType"] for one in described["KeySchema"]}
    if whole and set(key) != set(schema):
        raise Refused("The provided key element does not match the schema")
    for name, role in schema.items():
        if name not in key:
            raise Refused(f"One or more parameter values were invalid: Missing the key {name} in the item")
        check_key_value(name, key[name], role)


def check_indexed(attributes: Json, described: Json) -> None:
    """Refuses values that an index cannot hold."""
    for index in described.get("GlobalSecondaryIndexes") or []:
        for key in index["KeySchema"]:
            if key["AttributeName"] in attributes:
                check_key_value(key["AttributeName"], attributes[key["AttributeName"]], key["KeyType"])
    for index in described.get("VectorIndexes") or []:
        for key in index["SearchSchema"]:
            if key["AttributeName"] in attributes:
                check_key_value(key["AttributeName"], attributes[key["AttributeName"]], "HASH")
        vector = attributes.get(index["VectorAttribute"]["AttributeName"])
        if vector is not None:
            check_vector(vector.get("L"), index)


def check_vector(numbers: list[Json] | None, index: Json) -> None:
    """Refuses a vector that is not as many 32-bit numbers as the index has dimensions."""
    if numbers is None or any("N" not in one for one in numbers):
        raise Refused("One or more parameter values were invalid: the vector is not a list of numbers")
    if len(numbers) != index["Dimensions"]:
        raise Refused(f"One or more parameter values were invalid: the vector has {len(numbers)} dimensions")
    if any(abs(Decimal(one["N"])) > _FLOAT32 for one in numbers):
        raise Refused("One or more parameter values were invalid: a number of the vector is beyond 32 bits")


def check_key_value(name: str, value: Json, role: str) -> None:
    """Refuses what cannot be a key: all of ours are texts."""
    ((kind, content),) = value.items()
    if kind != "S":
        raise Refused(f"Type mismatch for key {name} expected: S actual: {kind}")
    if not content:
        raise Refused(f"A key attribute cannot contain an empty string value. Key: {name}")
    most = HASH_BYTES if role == "HASH" else RANGE_BYTES
    if len(content.encode()) > most:
        raise Refused(f"Size of {role.lower()}key {name} has exceeded the maximum size limit of {most} bytes")
