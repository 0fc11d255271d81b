"""docs/aws.md, followed word for word against AWS's stand-in: from nothing to a search.

The template is deployed by moto, whose DynamoDB stands behind the proxy that refuses what AWS would refuse.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import boto3
import pytest

from console.data.store.client import credentials_in
from console.data.store.tables import TABLES
from console.engine.engine import acquire
from console.engine.process import answers, free_port, wait_until
from tests.support.strict.conduct import VectorsOfTheTemplate
from tests.support.strict.proxy import StrictProxy

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "aws.md").read_text(encoding="utf-8")
KEY = "a key of the api"
TEXT = "Refunds are paid within five working days.\n\nParcels leave the house on Mondays."


def commands() -> list[str]:
    """The commands of the guide, in their order, each on one line."""
    lines = [line[4:] for line in GUIDE.splitlines() if line.startswith("    ")]
    return "\n".join(lines).replace("\\\n", " ").splitlines()


def the(words: str) -> str:
    (found,) = (one for one in commands() if words in one)
    return found


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """An environment in which AWS is here."""
    with acquire(tmp_path_factory.mktemp("aws"), kind="moto") as lease, StrictProxy(lease.endpoint) as proxy:
        proxy.conduct(VectorsOfTheTemplate({one.name: [one.vectors.definition()] for one in TABLES if one.vectors}))
        address, key, secret = credentials_in(lease.endpoint)
        nowhere = tmp_path_factory.mktemp("data")
        yield {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTEST_"))},
            "AWS_ENDPOINT_URL": address,
            "AWS_ENDPOINT_URL_DYNAMODB": credentials_in(proxy.endpoint)[0],
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_DEFAULT_REGION": "eu-central-1",
            "DATA_DIR": str(nowhere),
            "COLUMNS": "200",
        }
        assert proxy.violations == []


def client(aws: dict[str, str], service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=aws["AWS_ENDPOINT_URL"],
        region_name="eu-central-1",
        aws_access_key_id=aws["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=aws["AWS_SECRET_ACCESS_KEY"],
    )


def split(command: str) -> tuple[dict[str, str], list[str]]:
    """The variables before a command of the guide, and its words; Python is ours."""
    words = shlex.split(command)
    variables = dict(word.split("=", 1) for word in words if re.match(r"[A-Z_]+=", word))
    rest = words[len(variables) :]
    return variables, [sys.executable if word in (".venv/bin/python", "python") else word for word in rest]


def run(aws: dict[str, str], command: str, *more: str, **variables: str) -> subprocess.CompletedProcess[str]:
    given, words = split(command)
    environment = aws | given | variables
    done = subprocess.run([*words, *more], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@contextmanager
def server(aws: dict[str, str], command: str, port: int, path: str, *more: str, **variables: str) -> Iterator[None]:
    given, words = split(command)
    with subprocess.Popen([*words, *more], cwd=ROOT, env=aws | given | variables) as process:
        assert wait_until(lambda: process.poll() is not None or answers(port, path), 60, 0.1)
        try:
            yield
        finally:
            process.terminate()


def asked(port: int, path: str, **headers: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    said = answer.status, answer.read().decode()
    connection.close()
    return said


@pytest.mark.timeout(240)
def test_the_guide_leads_from_nothing_to_a_search(aws: dict[str, str], tmp_path: Path) -> None:
    deploy = shlex.split(the("aws cloudformation deploy"))
    given = dict(itertools.pairwise(deploy))
    stacks = client(aws, "cloudformation")
    stacks.create_stack(
        StackName=given["--stack-name"],
        TemplateBody=(ROOT / given["--template-file"]).read_text(encoding="utf-8"),
        Parameters=[{"ParameterKey": "AlarmEmail", "ParameterValue": "team@company.example"}],
        Capabilities=[given["--capabilities"]],
    )
    outputs = {one["OutputKey"] for one in stacks.describe_stacks()["Stacks"][0]["Outputs"]}
    for policy in re.findall(r"^\| `(\w+Access)` \|", GUIDE, re.MULTILINE):
        assert any(policy in output for output in outputs) or policy == "KeyAccess"
    run(aws, the("console tables create"))
    assert "differs" not in run(aws, the("console tables check")).stdout

    secret = shlex.split(the("secretsmanager create-secret"))
    name = secret[secret.index("--name") + 1]
    client(aws, "secretsmanager").create_secret(Name=name, SecretString=os.urandom(32).hex())
    console = the("console.ui.frame.server")
    variables = split(console)[0]
    assert variables["CONSOLE_KEY"] == f"secretsmanager:{name}"
    admin = re.search(r"`(python -m console users add NAME --role admin)`", GUIDE)
    assert admin
    assert "Added ana as admin." in run(aws, admin[1].replace("NAME", "ana"), **variables).stdout
    assert run(aws, "python -m console users list", **variables).stdout.startswith("ana  admin")

    (tmp_path / "house.md").write_text(TEXT, encoding="utf-8")
    reach = {name: variables[name] for name in ("DATABASE_TYPE", "AWS_REGION", "PRODUCTION")}
    run(aws, "python -m console ingest --create manuals", str(tmp_path / "house.md"), **reach)
    found = run(aws, "python -m console search manuals --json", "when is money paid back", **reach)
    assert "five working days" in json.dumps(json.loads(found.stdout))

    port, hashed = free_port(), hashlib.sha256(KEY.encode()).hexdigest()
    api = the("console api").replace("sha256:...", f"sha256:{hashed}").replace("--port 8000", f"--port {port}")
    with server(aws, api, port, "/health"):
        assert asked(port, "/ready")[0] == 200
        assert asked(port, "/cases")[0] == 401
        assert asked(port, "/cases", **{"X-API-Key": KEY}) == (200, "[]")
    port = free_port()
    with server(aws, console, port, "/_stcore/health", "--server.port", str(port)):
        assert asked(port, "/", Host=variables["STREAMLIT_SERVER_ALLOWED_HOSTS"])[0] == 200
        assert asked(port, "/", Host="elsewhere.example")[0] == 403
        assert asked(port, "/_stcore/health", Host="10.0.0.7")[0] == 200
