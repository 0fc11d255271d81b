"""`sets`, `experiment` and `gate` as a user and as CI run them."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import xml.etree.ElementTree as Xml
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.config import Settings
from console.records import Judge
from console.services import Services, build_services
from tests.support.commands import Done
from tests.support.commands import command as here
from tests.support.console_app import new_case

ROOT = Path(__file__).resolve().parents[2]
JUDGE = "Close to the reference"
ITEMS = 40


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def services(folder: Path) -> Iterator[Services]:
    """The store in the folder; its engine runs for as long as the test."""
    with build_services(Settings(data_dir=folder)) as made:
        yield made


@pytest.fixture
def judge(services: Services) -> Judge:
    """One that needs no key."""
    return services.judges.create(
        name=JUDGE,
        case=new_case(services),
        metric=services.catalog.metric_named("similarity"),
        model=services.catalog.create_model("all-MiniLM-L6-v2", "other", by="ana"),
        parameters={},
        by="ana",
    )


def text_of(number: int) -> str:
    return f"Harbour {number} has {3 * number} berths and lies in the north."


def write(folder: Path, *, wrong: int = 0, name: str = "outputs.csv") -> Path:
    """Outputs of which the first are about something else."""
    rows = [f"k{n:02},{'Bananas are sweet.' if n < wrong else text_of(n)}" for n in range(ITEMS)]
    path = folder / name
    path.write_text("\n".join(["key,output", *rows]))
    return path


def write_items(folder: Path) -> Path:
    path = folder / "limits.csv"
    rows = [f"k{n:02},How large is harbour {n}?,{text_of(n)},{'even' if n % 2 else 'odd'}" for n in range(ITEMS)]
    path.write_text("\n".join(["key,question,reference,tags", *rows]))
    return path


def command(folder: Path, *arguments: str | Path) -> Done:
    return here(*map(str, arguments), DATA_DIR=str(folder))


def test_a_set_goes_in_changes_and_comes_out(services: Services, folder: Path, tmp_path: Path) -> None:
    items = write_items(tmp_path)
    first = command(folder, "sets", "import", "Harbours", items, "--json")
    assert json.loads(first.stdout)["added"] == ITEMS
    again = command(folder, "sets", "import", "harbours", items)
    assert f"{ITEMS} same" in again.stdout
    assert "reference as reference" in again.stderr
    items.write_text("\n".join(items.read_text().splitlines()[:-1]))
    assert "1 removed" in command(folder, "sets", "import", "harbours", items, "--replace").stdout
    out = tmp_path / "out.jsonl"
    assert command(folder, "sets", "export", "harbours", out).returncode == 0
    assert len(out.read_text().splitlines()) == ITEMS - 1
    assert f"{ITEMS - 1} item(s)" in command(folder, "sets", "list").stdout
    assert "- k39" in command(folder, "sets", "diff", "harbours", "1").stdout
    assert "frozen" not in command(folder, "sets", "show", "harbours").stdout
    assert command(folder, "sets", "delete", "harbours").returncode == 0
    assert json.loads(command(folder, "sets", "list", "--json").stdout) == []


def test_a_file_with_problems_makes_no_set(services: Services, folder: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("key,question\na,Why?\na,How?\n")
    done = command(folder, "sets", "import", "Bad", bad)
    assert (done.returncode, "of row 1" in done.stderr) == (1, True)
    assert services.sets.list().items == []


def test_the_gate_passes_fails_and_cannot_tell(services: Services, folder: Path, judge: Judge, tmp_path: Path) -> None:
    command(folder, "sets", "import", "Harbours", write_items(tmp_path))
    begun = command(folder, "experiment", "run", "harbours", write(tmp_path), "--judge", JUDGE, "--as-baseline")
    assert begun.returncode == 0
    assert "40 of 40 items pass" in begun.stdout
    gate = ("gate", "--set", "harbours", "--judge", JUDGE)
    junit, markdown = tmp_path / "gate.xml", tmp_path / "gate.md"

    passed = command(folder, *gate, write(tmp_path, wrong=1), "--min-pass-rate", "0.8")
    assert (passed.returncode, passed.stdout.splitlines()[-1]) == (0, "The gate: passed.")
    failed = command(folder, *gate, write(tmp_path, wrong=15), "--junit", junit, "--markdown", markdown)
    assert (failed.returncode, failed.stdout.splitlines()[-1]) == (1, "The gate: failed.")
    assert [one.get("failures") for one in Xml.parse(junit).getroot()] == ["1", "15"]
    assert "15 regressed" in markdown.read_text()
    unsure = command(folder, *gate, write(tmp_path, wrong=8), "--min-pass-rate", "0.8", "--max-drop", "0.5")
    assert (unsure.returncode, unsure.stdout.splitlines()[-1]) == (1, "The gate: cannot tell.")
    assert "too few items to tell" in unsure.stdout
    nowhere = command(folder, *gate, write(tmp_path, wrong=1), "--junit", tmp_path / "no" / "gate.xml")
    assert (nowhere.returncode, "cannot be written" in nowhere.stderr) == (1, True)
    ids = json.loads(command(folder, "experiment", "list", "harbours", "--json").stdout)
    assert len(ids) == 4  # what cannot be written is said before anything is judged
    allowed = command(folder, "gate", "--experiment", ids[0]["experiment"], "--min-pass-rate", "0.8",
                      "--max-drop", "0.5", "--allow-unsure", "--json")  # fmt: skip
    assert (allowed.returncode, json.loads(allowed.stdout)["outcome"]) == (0, "cannot tell")
    shown = command(folder, "experiment", "show", "harbours-3").stdout
    assert "0 improved, 15 regressed" in shown


def test_wrong_use_is_two(services: Services, folder: Path, judge: Judge, tmp_path: Path) -> None:
    command(folder, "sets", "import", "Harbours", write_items(tmp_path))
    outputs = write(tmp_path)
    for arguments in (
        ("gate",),
        ("gate", outputs, "--set", "harbours", "--judge", JUDGE),
        ("gate", outputs, "--set", "harbours", "--judge", JUDGE, "--max-drop", "0.1"),
        ("gate", outputs, "--set", "harbours", "--judge", JUDGE, "--min-pass-rate", "7"),
        ("gate", outputs, "--experiment", "harbours-1"),
        ("experiment", "run", "harbours", outputs, "--judge", JUDGE, "--about", "nothing"),
    ):
        assert command(folder, *arguments).returncode == 2
    assert services.experiments.list().items == []


def test_keys_that_the_set_has_not_are_refused_or_left_out(
    services: Services, folder: Path, judge: Judge, tmp_path: Path
) -> None:
    command(folder, "sets", "import", "Harbours", write_items(tmp_path))
    outputs = write(tmp_path)
    outputs.write_text(outputs.read_text() + "\nzz,Unknown.")
    refused = command(folder, "experiment", "run", "harbours", outputs, "--judge", JUDGE)
    assert (refused.returncode, "'zz'" in refused.stderr, "--skip-unknown" in refused.stderr) == (1, True, True)
    done = command(folder, "experiment", "run", "harbours", outputs, "--judge", JUDGE, "--skip-unknown", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["outputs"] == ITEMS
    assert command(folder, "experiment", "run", "nothing", outputs, "--judge", JUDGE).returncode == 1
    assert command(folder, "experiment", "run", "harbours", outputs, "--judge", f"{JUDGE}@9.0").returncode == 1
    resumed = command(folder, "experiment", "resume", "harbours-1")
    assert resumed.returncode == 0


@pytest.mark.timeout(300)
def test_the_workflow_of_the_document_runs_step_by_step(folder: Path, tmp_path: Path) -> None:
    """Each `run:` of the example in docs/experiments.md, in a shell, on an empty folder."""
    document = (ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")
    steps = re.findall(r"^ +(?:- )?run: (.+)$", document, re.MULTILINE)
    (tmp_path / "eval").mkdir()
    write_items(tmp_path / "eval")
    write(tmp_path / "eval", name="baseline.csv")
    (tmp_path / "answer-all").write_text("#!/bin/sh\ncat eval/baseline.csv\n")
    (tmp_path / "answer-all").chmod(0o755)
    summary = tmp_path / "summary.md"
    console = f"{shlex.quote(sys.executable)} -m console"
    environment = os.environ | {
        "DATA_DIR": str(folder), "PYTHONPATH": str(ROOT), "GITHUB_STEP_SUMMARY": str(summary), "NO_COLOR": "1",
    }  # fmt: skip
    assert len(steps) == 7
    for step in steps[1:]:
        shell = step.replace("geval-console", console)
        done = subprocess.run(
            ["/bin/sh", "-c", shell], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{step}\n{done.stdout}\n{done.stderr}"
    assert "Gate: passed" in summary.read_text()
    assert Xml.parse(tmp_path / "gate.xml").getroot()[0].get("failures") == "0"
