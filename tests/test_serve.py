"""`serve` as a user runs it: one command up, one signal down, nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from console import serve
from console.engine import engine
from console.engine.process import answers, command_of, free_port, wait_until
from console.errors import SetupError

ROOT = Path(__file__).resolve().parent.parent
READY = "Ctrl-C stops everything."


class Supervisor:
    """A running `serve` and what it printed."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self.process = process
        self.folder = folder
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        self.lines.extend(line.rstrip() for line in iter(self.process.stdout.readline, ""))

    def wait_for(self, text: str) -> str:
        assert wait_until(lambda: any(text in line for line in list(self.lines)), 60, 0.05), self.lines
        return next(line for line in self.lines if text in line)

    def url(self, name: str) -> str:
        return self.wait_for(f"{name}: http").split(": ", 1)[1]

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        code = self.process.wait(30)
        self._reader.join(5)
        return code


@contextmanager
def serving(folder: Path, *arguments: str) -> Iterator[Supervisor]:
    ports = ["--api-port", str(free_port()), "--console-port", str(free_port())]
    command = [sys.executable, "-m", "console", "serve", "--data-dir", str(folder), *(arguments or ports)]
    with subprocess.Popen(
        command,
        cwd=folder.parent,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield Supervisor(process, folder)
        finally:
            process.kill()


def port_of(url: str) -> int:
    return int(url.rsplit(":", 1)[1])


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "data"
    engine.stop(tmp_path / "data", force=True)


def test_one_command_brings_everything_up_and_ctrl_c_takes_it_down(folder: Path) -> None:
    with serving(folder, "--no-sample-data", "--api-port", str(free_port()), "--console-port", str(free_port())) as up:
        up.wait_for(READY)
        with urlopen(up.url("API"), timeout=5) as answer:
            assert json.load(answer)["status"] == "healthy"
        with urlopen(up.url("Console"), timeout=5) as answer:
            assert b"<title>Streamlit" in answer.read()
        assert up.wait_for("First login: admin / ")
        assert up.end(signal.SIGINT) == 0
        assert not answers(port_of(up.url("API")))
        assert not answers(port_of(up.url("Console")))
    assert not engine.status(folder).running


def test_an_empty_store_gets_the_sample_data_and_keeps_it(folder: Path) -> None:
    with serving(folder) as first:
        first.wait_for(READY)
        assert "Loading the sample data." in first.lines
        assert first.end(signal.SIGTERM) == 0
    with serving(folder) as second:
        second.wait_for(READY)
        assert "Loading the sample data." not in second.lines
        assert not [line for line in second.lines if line.startswith("First login")]


def test_taken_ports_are_replaced_and_named(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as api, socket.create_server(("127.0.0.1", 0)) as console:
        ports = api.getsockname()[1], console.getsockname()[1]
        arguments = ["--no-sample-data", "--api-port", str(ports[0]), "--console-port", str(ports[1])]
        with serving(folder, *arguments) as up:
            assert up.wait_for(f"Port {ports[0]} is taken: the API uses ")
            assert up.wait_for(f"Port {ports[1]} is taken: the console uses ")
            up.wait_for(READY)
            assert port_of(up.url("API")) not in ports


def test_a_killed_supervisor_leaves_no_servers_and_the_next_start_takes_the_engine_over(folder: Path) -> None:
    with serving(folder) as first:
        first.wait_for(READY)
        up = (port_of(first.url("API")), port_of(first.url("Console")))
        first.end(signal.SIGKILL)
    assert wait_until(lambda: not answers(up[0]) and not answers(up[1]), 15, 0.1)
    pid = engine.status(folder).pid
    with serving(folder) as second:
        second.wait_for(READY)
        assert "Loading the sample data." not in second.lines
        assert engine.status(folder).pid == pid


def test_a_crashed_engine_is_started_again(folder: Path) -> None:
    with serving(folder) as up:
        up.wait_for(READY)
        before = engine.status(folder)
        assert before.pid
        os.kill(before.pid, signal.SIGKILL)
        assert up.wait_for("The engine had stopped and was started again")
        assert engine.status(folder).endpoint == before.endpoint


def test_moto_in_place_of_the_engine_is_announced(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINE_KIND", "moto")
    with serving(folder, "--no-sample-data", "--api-port", str(free_port())) as up:
        assert "all data is lost when it stops" in up.wait_for("Warning: ")


def test_a_child_that_ends_is_an_error_with_the_end_of_its_log(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    log.write_text("one\ntwo\nboom\n", encoding="utf-8")
    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]) as process:
        process.wait()
    server = serve.Server("API", process, 1, "/", log)
    with pytest.raises(SetupError, match=r"The API ended with code 3\.[\s\S]*boom"):
        server.ready()


def test_a_taken_port_leads_to_its_neighbour_that_is_not_used_already(free_port: int) -> None:
    assert serve.choose_port(free_port, set()) == free_port
    assert serve.choose_port(free_port, {free_port}) != free_port


def test_the_api_alone_serves_until_it_is_told_to_stop(folder: Path, free_port: int) -> None:
    command = [sys.executable, "-m", "console", "api", "--port", str(free_port), "--data-dir", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert wait_until(lambda: answers(free_port), 30, 0.05)
        pid = engine.status(folder).pid
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    assert pid
    assert not command_of(pid)
