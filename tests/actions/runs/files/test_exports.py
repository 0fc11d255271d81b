"""Exports: every run once, numbers as numbers, nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io

import msgspec
import pytest

from console.actions.runs.files.exports import export_csv, export_jsonl
from console.records import RunFilter, RunStatus
from console.services import Services
from console.tabular.writing import neutral
from tests.support.console_app import failed, new_case, new_judge, scored


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\r=1", "\n=1", "\x00=1", "\ufeff=1", "＝1+1", "＋1", "－1", "＠A"],
)
def test_what_begins_a_formula_gets_an_apostrophe(text: str) -> None:
    assert neutral(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a=1", "1-2", "text", "'=1", "“=1”"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert neutral(text) == text


def test_every_matching_run_is_a_row(console_services: Services) -> None:
    case = new_case(console_services)
    judge = new_judge(console_services, case)
    scored(console_services, judge, case, 4.0)
    failed(console_services, judge, case, "=cmd|' /C calc'!A0")
    export = export_csv(console_services, RunFilter())
    rows = rows_of(export.content)
    assert export.rows == 2
    assert [row["status"] for row in rows] == ["failed", "completed"]
    assert [row["finalScoreNormalized"] for row in rows] == ["", "0.75"]
    assert rows[0]["error"] == "'=cmd|' /C calc'!A0"


def test_text_with_separators_and_line_breaks_stays_one_cell(console_services: Services) -> None:
    case = new_case(console_services, 'a,"b" =1')
    scored(console_services, new_judge(console_services, case, '=HYPERLINK("http://evil.example")'), case, 4.0)
    row = rows_of(export_csv(console_services, RunFilter()).content)[0]
    assert row["judgeName"] == '\'=HYPERLINK("http://evil.example")'
    assert row["caseName"] == 'a,"b" =1'


def test_a_negative_number_stays_a_number(console_services: Services) -> None:
    case = new_case(console_services)
    scored(console_services, new_judge(console_services, case), case, 1.0, final_score_normalized=-0.25)
    assert rows_of(export_csv(console_services, RunFilter()).content)[0]["finalScoreNormalized"] == "-0.25"


def test_an_export_stops_at_its_limit(console_services: Services) -> None:
    case = new_case(console_services)
    judge = new_judge(console_services, case)
    scored(console_services, judge, case, 4.0)
    scored(console_services, judge, case, 5.0)
    assert export_csv(console_services, RunFilter(), limit=1).rows == 1
    assert export_jsonl(console_services, RunFilter(), limit=1).rows == 1


def test_an_export_keeps_to_the_filter(console_services: Services) -> None:
    case = new_case(console_services)
    judge = new_judge(console_services, case)
    scored(console_services, judge, case, 4.0)
    failed(console_services, judge, case, "no")
    assert export_csv(console_services, RunFilter(status=RunStatus.FAILED)).rows == 1


def test_lines_are_whole_runs_with_exact_texts(console_services: Services) -> None:
    case = new_case(console_services)
    scored(console_services, new_judge(console_services, case), case, 4.0, text="=1+1\n“é”")
    line = msgspec.json.decode(export_jsonl(console_services, RunFilter()).content)
    assert line["evaluationTarget"] == "=1+1\n“é”"
    assert line["finalScore"] == 4.0
