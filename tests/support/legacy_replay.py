"""Replays recordings of the old API: scenarios of requests with the answers that it gave (`tests/data_files`)."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import secrets
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from tests.support.templates import Comparer, Unset, fill

Scenario = dict[str, Any]
Answer = tuple[int, dict[str, str], str]
"""Status, headers by their names in small letters, text."""


def read_recording(file: Path) -> list[Scenario]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def replay(
    scenarios: list[Scenario], base_url: str, *, loose: bool = False, fixes: bool = False, max_age: float = 900
) -> list[str]:
    """Lines of what differs, and `passed N of M` at the end.

    Args:
        scenarios: of a recording.
        base_url: where the API answers.
        loose: of what hangs on a model's replies, compare the type only.
        fixes: take the alternatives that a recording lists where the old system had a fault.
        max_age: seconds that a fresh time may differ from now; 0 is any.
    """
    lines: list[str] = []
    passed = 0
    prefix = secrets.token_hex(4)
    for number, scenario in enumerate(scenarios):
        unique = f"{prefix}{number:03x}"
        comparer = Comparer({"uniq": unique, "UNIQ": unique.upper()}, loose, max_age)
        for step in scenario["steps"]:
            problems = _run(step, base_url, comparer, fixes)
            passed += not problems
            lines += [f"FAIL {scenario['scenario']} / {step['name']}: {problem}" for problem in problems[:8]]
    total = sum(len(scenario["steps"]) for scenario in scenarios)
    return [*lines, f"passed {passed} of {total}"]


def _run(step: dict[str, Any], base_url: str, comparer: Comparer, fixes: bool) -> list[str]:
    time.sleep(step.get("sleep", 0))
    try:
        for _ in range(step.get("times", 1)):
            answer = _send(base_url, fill({name: step.get(name) for name in REQUEST}, comparer.saved))
        problems = _compare(step["expect"], answer, comparer)
        if problems and fixes and any(not _compare(other, answer, comparer) for other in step.get("accept", [])):
            problems = []
        for name, path in step.get("save", {}).items():
            comparer.saved[name] = _extract(json.loads(answer[2]), path)
    except (Unset, ValueError, LookupError, TypeError, OSError, http.client.HTTPException) as error:
        return [f"{type(error).__name__}: {error}"]
    return problems


REQUEST = ("method", "path", "query", "headers", "body", "raw_body")


def _send(base_url: str, request: dict[str, Any]) -> Answer:
    """One request, redirects not followed, its path sent as it is written."""
    headers = {"Accept": "application/json", **(request["headers"] or {})}
    data = None
    if request["raw_body"] is not None:
        data = request["raw_body"].encode()
    elif request["body"] is not None:
        data = json.dumps(request["body"]).encode()
    if data is not None and "content-type" not in {name.lower() for name in headers}:
        headers["Content-Type"] = "application/json"
    target = quote(request["path"], safe="/%:@!$&'()*+,;=~-._{}")
    query = f"?{urlencode(request['query'], doseq=True)}" if request["query"] else ""
    where = urlsplit(base_url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=120)
    try:
        connection.request(request["method"], target + query, body=data, headers=headers)
        response = connection.getresponse()
        text = response.read().decode("utf-8", "replace")
        return response.status, {name.lower(): value for name, value in response.getheaders()}, text
    finally:
        connection.close()


def _compare(expect: dict[str, Any], answer: Answer, comparer: Comparer) -> list[str]:
    status, headers, text = answer
    allowed = expect["status"] if isinstance(expect["status"], list) else [expect["status"]]
    if status not in allowed:
        return [f"the status {status}, not one of {allowed}: {text[:200]}"]
    problems = []
    for name, value in expect.get("headers", {}).items():
        problems += comparer.problems(value, headers.get(name.lower()), f"header {name}")
    if "text" in expect:
        problems += comparer.problems(expect["text"], text, "text")
    if "body" in expect:
        problems += comparer.problems(expect["body"], json.loads(text))
    return problems


def _extract(found: Any, path: str) -> Any:
    """What `thresholds[0].id` or `[name=geval].id` leads to."""
    for part in re.findall(r"\[[^\]]*\]|[^.\[\]]+", path):
        if not part.startswith("["):
            found = found[part]
        elif "=" in part:
            key, value = part[1:-1].split("=", 1)
            found = next((item for item in found if item[key] == value), None)
        else:
            found = found[int(part[1:-1])]
    return found
