"""Secrets from one end to the other: base URLs with a password, and providers that repeat our Authorization.

Before, both stood in runs, in `/v2`, in exports and in logs.
"""

from __future__ import annotations

import base64
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from api_compat import create_app
from console.actions.runs.files.exports import export_csv, export_jsonl
from console.config import Settings
from console.engine.process import free_port
from console.errors import ConsoleError, EmbedderUnavailable
from console.records import RunFilter
from console.redaction import redact_logs
from console.search.embedding.embedders import make_embedder
from tests.support.commands import command

PASSWORD = "hunter2-hunter2"
KEY = "topsecret-0123456789"
USERINFO = base64.b64encode(f"ana:{PASSWORD}".encode()).decode()
SECRETS = (PASSWORD, KEY, USERINFO)
CASE = {"name": "relevance", "task_introduction": "You judge an answer.", "evaluation_criteria": "Is it relevant?"}


class Echo(BaseHTTPRequestHandler):
    """Refuses as the path says, and repeats all that it was sent."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        said = f"{self.headers.get('Authorization', '')} at {self.path}; {dict(self.headers)}"
        forms: dict[str, tuple[int, str]] = {
            "json": (401, json.dumps({"error": {"message": f"Bad key: {said}", "code": said}})),
            "text": (500, f"<html><pre>{said}</pre></html>"),
            "reply": (200, json.dumps({"choices": [{"message": {"role": "assistant", "content": said}}]})),
            "broken": (200, said),
            "moved": (302, ""),
        }
        status, body = forms[self.path.split("/")[1]]
        self.send_response(status, f"Refused {said}"[:200])
        if status == 302:
            self.send_header("Location", f"/v2?said={self.headers.get('Authorization', '-').split()[-1]}")
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture(scope="module")
def echo() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@contextmanager
def api(endpoint: str, folder: Path, base_url: str) -> Iterator[TestClient]:
    settings = Settings(
        dynamodb_endpoint=endpoint,
        engine_kind="dynoxide",
        table_prefix=f"t{uuid4().hex[:12]}-",
        data_dir=folder,
        openai_base_url=base_url,
        openai_api_key=KEY,
    )
    with TestClient(create_app(settings)) as client:
        yield client


def judged(client: TestClient) -> str:
    """All that the API says of an evaluation, while it is made and afterwards."""
    ids: dict[str, Any] = {
        "metric_id": client.post("/metrics", json={"name": "geval"}).json()["id"],
        "model_id": client.post("/models", json={"name": "gpt-4o", "provider": "openai"}).json()["id"],
        "case_id": client.post("/cases", json=CASE).json()["id"],
    }
    parameters = {"n_responses": 1, "custom_chain_of_thought": "Read it.", "max_retries": 0}
    judge = client.post("/judges", json={**ids, "parameters": parameters}).json()["id"]
    done = client.post("/eval", json={"judge_id": judge, "actual_output": "Paris."})
    pages = [client.get(path).text for path in ("/runs", "/judges", "/v2/runs", "/v2/runs/1", "/openapi.json")]
    assert '"failed"' in pages[0], done.text
    return "\n".join([done.text, *pages])


@pytest.mark.parametrize("path", ["json", "text", "reply", "broken", "moved", "closed"])
def test_no_secret_of_a_provider_is_said(
    path: str, engine_endpoint: str, echo: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port() if path == "closed" else echo
    redact_logs()  # as both servers do
    address = f"http://ana:{PASSWORD}@127.0.0.1:{port}/{path}"
    with caplog.at_level(logging.INFO), api(engine_endpoint, tmp_path, address) as client:
        said = judged(client)
        services = client.app.state.services  # type: ignore[attr-defined]
        exported = export_csv(services, RunFilter()).content + export_jsonl(services, RunFilter()).content
        runs = repr([services.runs.get(1)])
    everything = "\n".join([said, exported.decode(), runs, caplog.text])
    assert [one for one in SECRETS if one in everything] == []


@pytest.mark.parametrize("path", ["json", "text"])
def test_no_secret_of_an_embedder_is_said(echo: int, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(openai_base_url=f"http://ana:{PASSWORD}@127.0.0.1:{echo}/{path}", openai_api_key=KEY)
    monkeypatch.setattr("openai._base_client.BaseClient._calculate_retry_timeout", lambda *_: 0.0)
    with pytest.raises(EmbedderUnavailable) as refused:
        make_embedder("openai", settings).embed(["text"])
    assert [one for one in SECRETS if one in str(refused.value)] == []


def test_no_secret_is_in_what_is_said_of_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_BASE_URL", "REDIS_URL", "OPENSEARCH_URL", "DYNAMODB_ENDPOINT"):
        monkeypatch.setenv(name, f"ftp://ana:{PASSWORD}@[bad")
    said = []
    try:
        said.append(repr(Settings.load()))
    except ConsoleError as error:
        said.append(str(error))
    assert PASSWORD not in "".join(said)
    done = command(
        "users", "list", DYNAMODB_ENDPOINT=f"http://ana:{PASSWORD}@127.0.0.1:{free_port()}", TABLE_PREFIX="x-"
    )
    assert done.returncode == 1
    assert PASSWORD not in done.stdout + done.stderr
