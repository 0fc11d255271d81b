"""`agreement` on the command line."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from console.cli import app
from console.services import Services
from tests.support.console_app import new_case
from tests.support.data_files import SUMMEVAL


def test_the_published_results_have_the_coefficients_of_scipy(console_services: Services) -> None:
    assert CliRunner().invoke(app, ["import", "runs", str(SUMMEVAL)]).exit_code == 0
    found = json.loads(CliRunner().invoke(app, ["agreement", "--case", "consistency", "--json"]).stdout)
    assert (found["n"], found["pearson"], found["spearman"], found["kendall"]) == (50, 0.673277, 0.414766, 0.33708)
    assert found["intervals"]["pearson"] == [0.486009, 0.801432]
    assert found["confusion"] == {"both_pass": 45, "only_judge_passes": 1, "only_people_pass": 2, "both_fail": 2}
    assert found["kappa"] == 0.539877
    text = CliRunner().invoke(app, ["agreement", "--case", "consistency"]).stdout
    assert "Spearman   0.414766" in text
    assert "moderate" in text


def test_what_is_not_defined_is_null_with_its_reason(console_services: Services) -> None:
    new_case(console_services, "Empty")
    found = json.loads(CliRunner().invoke(app, ["agreement", "--case", "Empty", "--json"]).stdout)
    assert found["pearson"] is None
    assert found["notes"]["pearson"] == "not defined because there are only 0 of the 3 pairs needed"
    assert "not defined" in CliRunner().invoke(app, ["agreement", "--case", "Empty"]).stdout


def test_an_unknown_case_is_not_found(console_services: Services) -> None:
    done = CliRunner().invoke(app, ["agreement", "--case", "Nothing"])
    assert "There is no case Nothing" in str(done.exception)
