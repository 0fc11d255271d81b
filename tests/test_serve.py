"""`serve` as a user runs it: one command up, one signal down, nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from console import serve
from console.engine import engine
from console.engine.process import answers, command_of, wait_until
from console.errors import SetupError
from tests.support.supervisor import READY, ROOT, serving


def port_of(url: str) -> int:
    return int(url.rsplit(":", 1)[1])


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "data"
    engine.stop(tmp_path / "data", force=True)


def test_one_command_brings_everything_up_and_ctrl_c_takes_it_down(folder: Path) -> None:
    with serving(folder, "--no-sample-data") as up:
        up.wait_for(READY)
        with urlopen(up.url("API"), timeout=5) as answer:
            assert json.load(answer)["status"] == "healthy"
        with urlopen(up.url("Console"), timeout=5) as answer:
            assert b"<title>Streamlit" in answer.read()
        assert up.wait_for("First login: admin / ")
        assert up.end(signal.SIGINT) == 0
        assert not answers(port_of(up.url("API")))
        assert not answers(port_of(up.url("Console")))
    assert engine.status(folder) is None


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
    with serving(folder, "--no-sample-data") as first:
        first.wait_for(READY)
        up = (port_of(first.url("API")), port_of(first.url("Console")))
        first.end(signal.SIGKILL)
    assert wait_until(lambda: not answers(up[0]) and not answers(up[1]), 15, 0.1)
    pid = engine.status(folder).pid
    with serving(folder, "--no-sample-data") as second:
        second.wait_for(READY)
        assert engine.status(folder).pid == pid


def test_a_crashed_engine_is_started_again(folder: Path) -> None:
    with serving(folder, "--no-sample-data") as up:
        up.wait_for(READY)
        before = engine.status(folder)
        assert before.pid
        os.kill(before.pid, signal.SIGKILL)
        assert up.wait_for("The engine had stopped and was started again")
        assert engine.status(folder).endpoint == before.endpoint


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
