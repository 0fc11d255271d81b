"""A judge that is a real model: llama.cpp in a process of its own, log-probabilities, its own tokenizer. No network."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.config import Settings
from console.errors import JudgingError
from console.judging.geval import GEval
from console.judging.judging import providers
from console.judging.providers import local
from console.judging.providers.local import LocalServer
from console.judging.providers.port import Call
from console.records import LlmRef, ScoreRange, Snapshot
from tests.support.tier import artifact, snapshot

pytestmark = pytest.mark.skipif(
    not local.installed() or not local.packaged_model(), reason="make local-judge has not been run"
)
SERVER = """
import subprocess, sys, time
from pathlib import Path
from console.judging.providers.local import LocalServer
server = LocalServer(Path(sys.argv[1]))
with server.used():
    print(server.pid, flush=True)
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def provider() -> Iterator[local.LocalProvider]:
    found = providers(Settings()).get("local")
    assert isinstance(found, local.LocalProvider)
    yield found
    found.close()


def judge(scale: ScoreRange, **parameters: object) -> Snapshot:
    return snapshot(
        judge_id=f"judge-{scale.max}",
        task_introduction="You rate an answer to the question why the sky is blue.",
        evaluation_criteria="The answer should be right and helpful.",
        score_range=scale,
        llm=LlmRef(id="l", type="local", model=local.SMALL_MODEL),
        parameters={"n_responses": 2, "temperature": 1, "max_tokens": 120, **parameters},
        evaluation_steps="1. Read the answer.\n2. Compare it with the criteria.\n3. Choose the score.",
    )


@pytest.mark.parametrize("scale", [ScoreRange(min=1, max=5), ScoreRange(min=1, max=10)])
def test_a_real_model_judges_on_its_scale(provider: local.LocalProvider, scale: ScoreRange) -> None:
    text = artifact("Air scatters short waves of light more than long ones, and blue light has short waves.")

    found = GEval().evaluate(judge(scale), text, provider)

    assert scale.min <= found.final_score <= scale.max
    assert len(found.all_responses) == 2
    assert all(0 < mass <= 1 for mass in found.captured_mass)
    assert len(found.captured_mass) == 2  # the server gave log-probabilities, and they belong to the replies
    assert found.token_usage.completion > 0


def test_the_same_text_is_judged_alike_by_a_deterministic_judge(provider: local.LocalProvider) -> None:
    judged, geval = judge(ScoreRange(min=1, max=5), temperature=0, n_responses=1), GEval()

    first, again = (geval.evaluate(judged, artifact("Because it is."), provider) for _ in range(2))

    assert first.prompt_used == again.prompt_used
    assert first.final_score == pytest.approx(again.final_score, abs=1e-6)
    assert first.reasons == again.reasons


def test_the_small_model_is_the_one_that_was_chosen() -> None:
    path = local.packaged_model()

    assert path
    assert local.is_genuine(path)


def test_the_server_answers_only_to_its_key_and_stops_when_unused(tmp_path: Path) -> None:
    path = local.packaged_model()
    assert path
    server = LocalServer(path, idle=0.5)
    with server.used() as address:
        pid = server.pid
        assert address.base_url
        assert address.base_url.startswith("http://127.0.0.1:")
        assert len(address.key or "") == 32
    deadline = time.monotonic() + 30
    while server.pid and time.monotonic() < deadline:
        time.sleep(0.1)

    assert pid
    assert server.pid is None


def test_the_server_ends_with_its_parent() -> None:
    path = local.packaged_model()
    with subprocess.Popen([sys.executable, "-c", SERVER, str(path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 30
    while _lives(child) and time.monotonic() < deadline:
        time.sleep(0.1)

    assert not _lives(child)


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").split()[2]
    except OSError:
        return False
    return state != "Z" and os.path.exists(f"/proc/{pid}")


def test_a_file_that_is_no_model_is_said_to_be_none(tmp_path: Path) -> None:
    wrong = tmp_path / "model.gguf"
    wrong.write_text("no model")

    with pytest.raises(JudgingError, match=r"cannot serve the model model\.gguf"):
        providers(Settings(local_model_path=wrong)).get("local").complete(Call("m", "p"))


def test_a_model_that_is_not_there_is_named() -> None:
    with pytest.raises(JudgingError, match="There is no model at /nowhere"):
        providers(Settings(local_model_path=Path("/nowhere.gguf"))).get("local")


def test_without_the_packages_the_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)

    with pytest.raises(JudgingError, match="make local-judge"):
        local.model_file(None)
