"""Schemathesis on both OpenAPI documents: whatever is sent, the answers are those that the documents describe."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from console.config import Settings
from tests.support.legacy_servers import serving

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance"
)
"""Not among them: that requests beyond the schema are refused. The old API coerced, and ignored unknown fields."""


@pytest.fixture
def url(engine_endpoint: str, tmp_path: Path) -> Iterator[str]:
    settings = Settings(
        dynamodb_endpoint=engine_endpoint,
        engine_kind="dynoxide",
        table_prefix=f"t{uuid4().hex[:12]}-",
        data_dir=tmp_path,
    )
    with serving(settings) as address:
        yield address


def cases(base_url: str, phases: str, examples: int, folder: Path) -> int:
    """Runs Schemathesis and returns the number of its requests, all of which were answered as described."""
    options = [
        "--url",
        base_url,
        "--phases",
        phases,
        "--checks",
        CHECKS,
        "--max-examples",
        str(examples),
        "--seed",
        "7",
    ]
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", f"{base_url}/openapi.json", *options]
    done = subprocess.run([*command, "--no-color"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    counted = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert counted, done.stdout
    assert counted[1] == counted[2]
    return int(counted[1])


def test_the_old_endpoints_answer_as_described(url: str, tmp_path: Path) -> None:
    assert cases(url, "fuzzing", 5, tmp_path) >= 60


def test_the_new_endpoints_answer_as_described(url: str, tmp_path: Path) -> None:
    assert cases(f"{url}/v2", "fuzzing", 3, tmp_path) >= 20


@pytest.mark.slow
def test_two_thousand_requests_are_answered_as_described(url: str, tmp_path: Path) -> None:
    assert cases(url, "examples,coverage,fuzzing", 120, tmp_path) >= 2_000
