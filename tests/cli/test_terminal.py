"""What commands print. Before, a name with ESC and CR in it drew over what the command had said."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import orjson
import pytest

from console.actions.collections.collections import create_collection
from console.actions.configuration.configuration import create_judge, edit_judge
from console.cli.terminal import Neutral, neutral
from console.data.store.codec import check_line
from console.data.store.names import check_name
from console.errors import InvalidInput
from console.records import Role
from console.services import Services
from tests.support.commands import ROOT, process
from tests.support.tier import artifact, completed

EVIL = ["\x1b[2J", "\r", "\x07", "\x7f", "\x9b31m", "\u202e", "\u2066", "\u200f", "\u2028", "\x00"]


INVISIBLE = ["\u200b", "\u00ad", "\u2060", "\u2063", "\u180e", "\U000e0041", "\ufff9"]


@pytest.mark.parametrize("evil", EVIL, ids=ascii)
def test_what_a_terminal_obeys_is_written_out(evil: str) -> None:
    shown = neutral(f"a{evil}b\n\tc")
    assert shown.isprintable() or set(shown) - {"\n", "\t"} == {one for one in shown if one.isprintable()}
    assert shown.endswith("b\n\tc")


@pytest.mark.parametrize("evil", EVIL, ids=ascii)
def test_json_reads_back_as_what_it_was(evil: str) -> None:
    assert orjson.loads(neutral(orjson.dumps({"name": evil}).decode())) == {"name": evil}


def test_a_stream_writes_it_so() -> None:
    inner = io.StringIO()
    Neutral(inner).write("\x1b[31mred")
    assert inner.getvalue() == "\\u001b[31mred"


@pytest.mark.parametrize("evil", INVISIBLE, ids=ascii)
def test_what_has_no_width_is_written_out_and_refused_in_names(evil: str) -> None:
    assert orjson.loads(neutral(f'"a{evil}b"')) == f"a{evil}b"
    assert neutral(f"a{evil}b").isascii()
    with pytest.raises(InvalidInput, match=r"an invisible character \(U\+"):
        check_name(f"a{evil}b", "case")


@pytest.mark.parametrize("evil", [*EVIL, "\n", "\t"], ids=ascii)
def test_names_with_it_are_refused_by_the_character(evil: str) -> None:
    with pytest.raises(InvalidInput, match=r"control character \(U\+"):
        check_line(f"a{evil}b", "The name")
    with pytest.raises(InvalidInput, match="control character"):
        check_name(f"a{evil}b", "case")


@pytest.mark.parametrize("name", ["Größe", "评估", "naïve 👍🏽", "👩\u200d🔬", "می\u200cخواهم", "שלום", "a-b_c (d)"])
def test_names_in_any_script_are_names(name: str) -> None:
    assert check_name(name, "case") == name


@pytest.mark.parametrize("evil", ["\x1b[31m", "\u202e", "\u200b"], ids=ascii)
def test_every_door_refuses_them_in_names(console_services: Services, evil: str) -> None:
    services, bad = console_services, f"a{evil}b"
    admin = services.users.add("ana", "Ana", Role.ADMIN, "a long password", by="tests")
    services.catalog.ensure_defaults()
    case = services.cases.create(name="Good", task_introduction="t", evaluation_criteria="c", by="ana")
    model = services.catalog.create_model("gpt-4o", "openai", by="ana")
    given = {"case_id": case.case_id, "metric_id": services.catalog.metric_named("geval").metric_id}  # type: ignore[union-attr]
    judge = create_judge(services, admin, name="Good", model_id=model.model_id, parameters={}, **given)
    run = completed(services.runs)
    doors: list[Callable[[], object]] = [
        lambda: services.cases.create(name=bad, task_introduction="t", evaluation_criteria="c", by="ana"),
        lambda: create_judge(services, admin, name=bad, model_id=model.model_id, parameters={}, **given),
        lambda: edit_judge(services, admin, judge, {"name": bad}, revision=None),
        lambda: services.catalog.create_model(bad, "openai", by="ana"),
        lambda: services.catalog.create_metric(bad, by="ana"),
        lambda: services.users.add("bob", bad, Role.VIEWER, "a long password", by="ana"),
        lambda: services.users.add(bad, "Bob", Role.VIEWER, "a long password", by="ana"),
        lambda: create_collection(services, admin, bad),
        lambda: services.labels.save(run, 4.0, True, "", by=bad),
        lambda: services.batches.create(bad, judge.judge_id, [artifact()], by="ana", settings={}),
    ]
    for door in doors:
        with pytest.raises(InvalidInput):
            door()


def test_errors_and_logs_are_neutral_too(tmp_path: Path) -> None:
    said = process("users", "role", "no\x1b[2Jbody", "admin", "--data-dir", str(tmp_path / "data"))
    assert said.returncode == 1
    assert "\x1b" not in said.stderr
    assert "\\u001b" in said.stderr


@pytest.mark.parametrize("words", [["--help"], ["users", "unknown"]], ids=["help", "wrong use"])
def test_a_terminal_is_shown_words_and_no_codes(words: list[str]) -> None:
    main, side = pty.openpty()
    with subprocess.Popen([sys.executable, "-m", "console", *words], cwd=ROOT, stdout=side, stderr=side) as run:
        os.close(side)
        shown = b""
        with suppress(OSError):  # the other end of a terminal that is closed
            while piece := os.read(main, 4096):
                shown += piece
    os.close(main)
    assert run.returncode in (0, 2)
    assert b"console" in shown
    assert b"\x1b" not in shown
    assert b"u001b" not in shown
