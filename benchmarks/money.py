"""Goal T2: what a batch spends of its budget, and what one does whose account runs out of credit, by the commands.

    python -m benchmarks.money [--rows 200] [--budget 0.05] [--price 100] [--at-once 8]

The judge's server is one of our own, on the loopback interface, which counts what it would charge. Of its replies one
in four is a judgement, one is junk, one has thought for 2,000 tokens and said nothing, and one fails. *Over* is what
was spent beyond the budget; the calls that may be in flight when it ends are the bound. A second server gives twenty
judgements and then says `insufficient_quota` until the account is filled again.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from console.config import Settings
from console.records import Judge
from console.services import Services, build_services
from tests.support.openai_server import Answer, Body, OpenAiServer

FORM = '{"score":4,"reason":"Fine."}'
GOOD, THOUGHT = 20, 2_000


class Charging:
    """A server that counts what it charges for."""

    def __init__(self, kinds: Callable[[int, str], str], latency: float = 0.02) -> None:
        self.calls, self.tokens, self.dearest = 0, 0, 0
        self._kinds = kinds
        self._lock = threading.Lock()
        self.server = OpenAiServer(self._answer, latency=latency)

    def _answer(self, body: Body) -> Answer:
        if "response_format" not in body:
            return self._charged("1. Read.", 100, GOOD)
        with self._lock:
            self.calls += 1
            kind = self._kinds(self.calls, body["messages"][-1]["content"])
        if kind == "quota":
            return 429, {}, {"error": {"message": "You exceeded your current quota.", "code": "insufficient_quota"}}
        if kind == "fails":
            return 400, {}, {"error": {"message": "This model's maximum context length is 10 tokens."}}
        if kind == "thinks":
            return self._charged("", 100, THOUGHT, finish="length")
        return self._charged(FORM if kind == "good" else "I like it, four or five.", 100, GOOD)

    def _charged(self, content: str, prompt: int, completion: int, finish: str = "stop") -> Answer:
        with self._lock:
            self.tokens += prompt + completion
            self.dearest = max(self.dearest, prompt + completion)
        message = {"role": "assistant", "content": content}
        reasoning = {"reasoning_tokens": completion if finish == "length" else 0}
        usage = {"prompt_tokens": prompt, "completion_tokens": completion, "completion_tokens_details": reasoning}
        return 200, {}, {"choices": [{"index": 0, "message": message, "finish_reason": finish}], "usage": usage}


def main() -> None:
    """Prints the figures."""
    given = _arguments()
    mixed = ("good", "junk", "thinks", "fails")
    with tempfile.TemporaryDirectory() as folder:
        _budget(given, Path(folder), Charging(lambda call, _prompt: mixed[call % 4]))
    with tempfile.TemporaryDirectory() as folder:
        _quota(given, Path(folder))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--budget", type=float, default=0.05)
    parser.add_argument("--price", type=float, default=100.0, help="US dollars per million tokens, of either kind.")
    parser.add_argument("--at-once", type=int, default=8)
    return parser.parse_args()


def _budget(given: argparse.Namespace, folder: Path, charging: Charging) -> None:
    with charging.server:
        judge, file = _set_up(given, folder)
        options = ["--budget", str(given.budget), "--concurrency", str(given.at_once)]
        found = _command(folder, charging, str(file), "--judge", judge, *options)
        charged, dearest = (tokens * given.price / 1e6 for tokens in (charging.tokens, charging.dearest))
        print(f"{given.rows} rows, budget ${given.budget:g}, ${given.price:g} per million tokens")
        print(
            f"  charged   ${charged:.4f}   reported ${found['spent']:.4f}   over ${max(charged - given.budget, 0):.4f}"
        )
        bound = dearest * given.at_once
        print(f"  bound     ${bound:.4f} over: {given.at_once} calls of at most ${dearest:.4f} in flight")
        print(f"  {_state(found)}")
        assert abs(charged - found["spent"]) < 0.005, found
        assert charged <= given.budget + bound, found


def _quota(given: argparse.Namespace, folder: Path) -> None:
    filled, mended = threading.Event(), threading.Event()

    def kind(call: int, prompt: str) -> str:
        if call > GOOD and not filled.is_set():
            return "quota"
        return "junk" if "Text 3." in prompt and not mended.is_set() else "good"

    charging = Charging(kind)
    with charging.server:
        judge, file = _set_up(given, folder)
        print(f"{given.rows} rows, 20 replies and then no credit; one text gets junk")
        found = _command(folder, charging, str(file), "--judge", judge, "--concurrency", str(given.at_once))
        print(f"  {charging.calls} calls; {_state(found)}")
        before = charging.calls
        again = _command(folder, charging, "--resume", found["batch"])
        print(f"  resumed too early: {charging.calls - before} calls; {_state(again)}")
        filled.set()
        before = charging.calls
        last = _command(folder, charging, "--resume", found["batch"])
        print(f"  resumed with credit: {charging.calls - before} calls; {_state(last)}")
        before = charging.calls
        mended.set()
        last = _command(folder, charging, "--retry-failed", found["batch"])
        print(f"  failed rows run again: {charging.calls - before} calls; {_state(last)}")
        assert last["done"] == given.rows, last


def _set_up(given: argparse.Namespace, folder: Path) -> tuple[str, Path]:
    with build_services(Settings(data_dir=folder / "data")) as services:
        judge = _judge(services)
        services.catalog.set_prices(judge.llm.id, input_price=given.price, output_price=given.price, by="benchmark")
    file = folder / "rows.jsonl"
    file.write_text("".join(json.dumps({"text": f"Text {number}."}) + "\n" for number in range(given.rows)))
    return judge.judge_id, file


def _judge(services: Services) -> Judge:
    case = services.cases.create(name="Facts", task_introduction="T", evaluation_criteria="Is it true?", by="benchmark")
    return services.judges.create(
        name="Strict",
        case=case,
        metric=services.catalog.metric_named("geval"),
        model=services.catalog.create_model("gpt-benchmark", "openai", by="benchmark"),
        parameters={"n_responses": 1, "scoring_mode": "sampled"},
        by="benchmark",
    )


def _command(folder: Path, charging: Charging, *arguments: str) -> dict[str, Any]:
    """What `evaluate` says of the batch."""
    told = {"OPENAI_API_KEY": "key", "OPENAI_BASE_URL": charging.server.url}
    command = [sys.executable, "-m", "console", "evaluate", *arguments, "--json", "--data-dir", str(folder / "data")]
    done = subprocess.run(command, env=os.environ | told, capture_output=True, text=True, check=False, timeout=300)
    if not done.stdout.strip():
        return {
            "batch": arguments[-1],
            "state": "refused",
            "note": done.stderr.strip(),
            "done": 0,
            "failed": 0,
            "left": 0,
        }
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _state(found: dict[str, Any]) -> str:
    counts = f"{found['done']} done, {found['failed']} failed, {found['left']} left"
    return f"{found['state']}: {counts}. {found['note'] or ''}"


if __name__ == "__main__":
    main()
