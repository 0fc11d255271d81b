"""`evaluate` as a user runs it: output, exit codes, a worker that is killed, and what is in the store afterwards."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from console.config import Settings
from console.data.runs.rollups.recount import verify
from console.records import Judge, RowState, RunFilter, RunStatus
from console.services import Services, build_services
from tests.support.commands import Done
from tests.support.commands import command as here
from tests.support.console_app import new_case
from tests.support.openai_server import OpenAiServer, prompt_seed
from tests.support.tier import items_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def services(folder: Path) -> Iterator[Services]:
    """The store in the folder; its engine runs for as long as the test."""
    with build_services(Settings(data_dir=folder)) as made:
        yield made


def new_judge(services: Services, *, priced: bool = False, model: str = "gpt-test") -> Judge:
    case = new_case(services)
    prices = {"input_price": 10.0, "output_price": 10.0} if priced else {}
    return services.judges.create(
        name="Strict",
        case=case,
        metric=services.catalog.metric_named("geval"),
        model=services.catalog.create_model(model, "openai", by="ana", **prices),
        parameters={"n_responses": 1, "retry_attempts": 0, "custom_chain_of_thought": "1. Read."},
        by="ana",
    )


def rows_file(folder: Path, count: int) -> Path:
    file = folder.parent / "rows.jsonl"
    file.write_text("".join(json.dumps({"text": f"Text number {number}."}) + "\n" for number in range(1, count + 1)))
    return file


def command(folder: Path, server: OpenAiServer, *arguments: str) -> subprocess.Popen[str]:
    environ = {"OPENAI_API_KEY": "key", "OPENAI_BASE_URL": server.url, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    return subprocess.Popen(
        [sys.executable, "-m", "console", "evaluate", *arguments, "--data-dir", str(folder)],
        env=os.environ | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def evaluate(folder: Path, server: OpenAiServer, *arguments: str) -> tuple[int, str, str]:
    told = {"OPENAI_API_KEY": "key", "OPENAI_BASE_URL": server.url}
    done = here("evaluate", *arguments, "--data-dir", str(folder), **told)
    return done.returncode, done.stdout, done.stderr


# --- one command -----------------------------------------------------------------------------------------------


def test_a_file_is_judged(services: Services, folder: Path, server: OpenAiServer) -> None:
    judge = new_judge(services, priced=True)

    code, out, err = evaluate(folder, server, str(rows_file(folder, 5)), "--judge", judge.judge_id, "--json")

    answer = json.loads(out)
    assert code == 0
    assert "HTTP" not in err
    assert (answer["state"], answer["done"], answer["failed"], answer["left"]) == ("finished", 5, 0, 0)
    assert answer["spent"] == pytest.approx(5 * 110 * 10 / 1e6)
    assert len(services.runs.list(RunFilter(batch_id=answer["batch"])).items) == 5


def test_a_judge_may_be_named_and_rows_that_fail_are_exit_code_1(
    services: Services, folder: Path, server: OpenAiServer
) -> None:
    new_judge(services)
    server.answer = lambda body: (200, {}, {"choices": [{"message": {"content": "Junk."}}]})

    code, out, _err = evaluate(folder, server, str(rows_file(folder, 2)), "--judge", "Strict")

    assert code == 1
    assert "is finished: 0 done, 2 failed, 0 left" in out


def test_an_estimate_evaluates_nothing(services: Services, folder: Path, server: OpenAiServer) -> None:
    new_judge(services, priced=True)

    code, out, _err = evaluate(folder, server, str(rows_file(folder, 40)), "--judge", "Strict", "--estimate", "--json")

    estimate = json.loads(out)
    assert (code, estimate["rows"], estimate["calls"], server.bodies) == (0, 40, 41, [])
    assert estimate["cost"] > 0


def test_problems_are_listed_by_line_and_nothing_is_judged(
    services: Services, folder: Path, server: OpenAiServer
) -> None:
    new_judge(services)
    file = folder.parent / "rows.csv"
    file.write_text("text,reference\nGood,\n,Alone\n")

    code, _out, err = evaluate(folder, server, str(file), "--judge", "Strict")

    assert (code, server.bodies) == (1, [])
    assert "Line 3: text is empty." in err
    assert "--skip-invalid" in err


def test_neither_a_file_nor_a_batch_is_wrong_use(folder: Path, server: OpenAiServer) -> None:
    code, _out, err = evaluate(folder, server)

    assert code == 2
    assert "--resume" in err


# --- killed ----------------------------------------------------------------------------------------------------


def kill_and_resume(
    services: Services, folder: Path, server: OpenAiServer, rows: int, kills: int, at_once: int
) -> dict[str, Any]:
    """Works on a batch with a worker that is killed `kills` times while it is at it; how that went."""
    judge = new_judge(services)
    dice = random.Random(5)
    process = command(
        folder, server, str(rows_file(folder, rows)), "--judge", judge.judge_id, "--concurrency", str(at_once)
    )
    for _ in range(kills):
        before = len(server.bodies)
        until = before + dice.randrange(at_once, max(rows // (kills + 1), at_once + 1))
        while len(server.bodies) < until and process.poll() is None:
            time.sleep(0.002)
        assert process.poll() is None, process.communicate()
        process.send_signal(signal.SIGKILL)
        process.communicate()
        (batch,) = services.batches.list().items
        process = command(folder, server, "--resume", batch.batch_id, "--json")
    code, out, err = finish(process)
    assert code == 0, err
    return json.loads(out)


def check_exactly_once(services: Services, server: OpenAiServer, answer: dict[str, Any], rows: int) -> int:
    """Raises when a row was lost or doubled; returns how many calls were made again."""
    batch = services.batches.get(answer["batch"])
    ended = services.batches.rows(batch.batch_id, RowState.DONE, limit=1_000).items
    runs = [item for item in items_of(services.store, prefix="RUN#") if item["sortKey"]["S"][:2] == "20"]
    assert (batch.done, batch.failed, batch.left) == (rows, 0, 0)
    assert {row.number for row in ended} == set(range(1, rows + 1))
    assert len({row.run_id for row in ended}) == len(runs) == rows
    assert {item["status"]["S"] for item in runs} == {RunStatus.COMPLETED}
    assert sum(1 for row in ended if services.runs.get(row.run_id).evaluated_artifact == row.artifact) == rows
    assert verify(services.store) == []
    asked = Counter(prompt_seed(prompt) for prompt in server.prompts)
    assert len(asked) == rows
    return sum(asked.values()) - rows


def test_a_worker_that_is_killed_twice_leaves_every_row_once(
    services: Services, folder: Path, server: OpenAiServer
) -> None:
    server.latency = 0.03

    answer = kill_and_resume(services, folder, server, rows=60, kills=2, at_once=4)

    assert check_exactly_once(services, server, answer, 60) <= 2 * 4


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_worker_that_is_killed_ten_times_leaves_every_row_once(
    services: Services, folder: Path, server: OpenAiServer, record_property: Any
) -> None:
    server.latency = 0.05

    answer = kill_and_resume(services, folder, server, rows=500, kills=10, at_once=8)

    again = check_exactly_once(services, server, answer, 500)
    assert again <= 10 * 8
    record_property("R6", f"10 kills in a batch of 500 rows, 8 at once: 500 finished, 0 twice, {again} calls again")


def test_failed_rows_are_run_again_by_command_and_a_finished_batch_can_be_resumed(
    services: Services, folder: Path, server: OpenAiServer
) -> None:
    new_judge(services)
    usual, server.answer = server.answer, lambda body: (200, {}, {"choices": [{"message": {"content": "Junk."}}]})
    batch = json.loads(evaluate(folder, server, str(rows_file(folder, 2)), "--judge", "Strict", "--json")[1])["batch"]
    server.answer = usual

    code, out, _err = evaluate(folder, server, "--resume", batch)
    assert (code, f"evaluate --retry-failed {batch}" in out) == (1, True)
    code, out, _err = evaluate(folder, server, "--retry-failed", batch)
    assert (code, "is finished: 2 done, 0 failed, 0 left" in out) == (0, True)
    assert evaluate(folder, server, "--resume", batch)[0] == 0
    assert evaluate(folder, server, "--retry-failed", batch)[0] == 1


def test_prices_are_set_by_a_command(services: Services, folder: Path) -> None:
    services.catalog.create_model("gpt-x", "openai", by="ana")

    def models(*arguments: str) -> Done:
        return here("models", *arguments, "--data-dir", str(folder))

    done = models("price", "gpt-x", "--input", "2.5", "--output", "10", "--cached", "1.25")
    assert done.stdout == "gpt-x: $2.5 in, $10 out, $1.25 cached, per million tokens\n"
    (listed,) = json.loads(models("list", "--json").stdout)
    assert (listed["name"], listed["input"], listed["output"], listed["cached"]) == ("gpt-x", 2.5, 10.0, 1.25)
    assert models("price", "nope", "--input", "1", "--output", "1").returncode == 1
    assert models("price", "gpt-x", "--input", "1").returncode == 2
