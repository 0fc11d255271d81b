"""What expressions may be: their length, their operators, and placeholders that are all defined and all used.

Names stand in expressions as placeholders only. DynamoDB would take most of them as they are, and not the 573 that it
reserves, which grow: a name as it is counts as broken here.
"""

from __future__ import annotations

import re
from collections import Counter

from tests.support.faults.wire import Json
from tests.support.strict.items import Refused, check_indexed, item_bytes

LENGTH = 4_096
OPERATORS = 300
OPERANDS = 100
VALUES_BYTES = 2 * 1024 * 1024
_WORD = re.compile(r"[#:]\w+|[A-Za-z_]\w*")
_OPERATOR = re.compile(r"\b(?:AND|OR|NOT|BETWEEN|IN)\b|<=|>=|<>|[=<>+-]|\b[a-z_]+(?=\()")
_OPERANDS = re.compile(r"\bIN\s*\(([^)]*)\)")
_CLAUSES = frozenset({"AND", "OR", "NOT", "IN", "BETWEEN", "SET", "ADD", "REMOVE", "DELETE"})
_TESTS = frozenset({"attribute_not_exists", "attribute_exists", "attribute_type", "begins_with", "contains"})
_KNOWN = _CLAUSES | _TESTS | {"size", "if_not_exists", "list_append"}
_CHANGED = re.compile(r"(#\w+)(?=\s*=|\s+:|\s*,|\s*$|\s+(?:ADD|REMOVE|SET|DELETE)\b)")
_SET = re.compile(r"(#\w+)\s*=\s*(:\w+)")


def check_expressions(request: Json, described: Json) -> None:
    """Refuses a request whose expressions DynamoDB would refuse."""
    expressions = {name: text for name, text in request.items() if name.endswith("Expression")}
    used = {word for name, text in expressions.items() for word in _words(name, text)}
    for group, sign in (("ExpressionAttributeNames", "#"), ("ExpressionAttributeValues", ":")):
        _check_placeholders(group, request.get(group), {word for word in used if word[0] == sign})
    values = request.get("ExpressionAttributeValues") or {}
    if item_bytes(values) > VALUES_BYTES:
        raise Refused("Expression attribute values exceed the maximum size of 2 MB")
    if "UpdateExpression" in request:
        _check_update(request, described)
    if "ReturnValuesOnConditionCheckFailure" in request and "ConditionExpression" not in request:
        raise Refused("ReturnValuesOnConditionCheckFailure can only be specified when using ConditionExpression")


def _words(name: str, text: str) -> list[str]:
    """The placeholders of an expression."""
    if not text:
        raise Refused(f"Invalid {name}: The expression can not be empty;")
    if len(text.encode()) > LENGTH:
        raise Refused(f"Invalid {name}: Expression size has exceeded the maximum allowed size; {len(text)}")
    if len(_OPERATOR.findall(text)) > OPERATORS:
        raise Refused(f"Invalid {name}: The expression contains too many operators")
    if any(operands.count(",") >= OPERANDS for operands in _OPERANDS.findall(text)):
        raise Refused(f"Invalid {name}: an IN list has more than 100 operands")
    words = _WORD.findall(text)
    bare = [word for word in words if word[0] not in "#:" and word not in _KNOWN]
    if bare:
        raise Refused(f"Invalid {name}: Attribute name is or may become a reserved keyword: {', '.join(bare)}")
    return [word for word in words if word[0] in "#:"]


def _check_placeholders(group: str, defined: Json | None, used: set[str]) -> None:
    if defined is not None and not defined:
        raise Refused(f"{group} must not be empty")
    unused, undefined = set(defined or {}) - used, used - set(defined or {})
    if unused:
        raise Refused(f"Value provided in {group} unused in expressions: keys: {unused}")
    if undefined:
        raise Refused(f"An expression uses what {group} does not define: {undefined}")


def _check_update(request: Json, described: Json) -> None:
    expression = request["UpdateExpression"]
    names, values = request.get("ExpressionAttributeNames") or {}, request.get("ExpressionAttributeValues") or {}
    changed = Counter(names[placeholder] for placeholder in _CHANGED.findall(expression))
    twice = [name for name, times in changed.items() if times > 1]
    if twice:
        raise Refused(f"Invalid UpdateExpression: Two document paths overlap with each other: {twice}")
    keys = {one["AttributeName"] for one in described["KeySchema"]} & set(changed)
    if keys:
        raise Refused(f"Cannot update attribute {keys}. This attribute is part of the key")
    check_indexed({names[name]: values[value] for name, value in _SET.findall(expression)}, described)
