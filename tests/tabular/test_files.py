"""What a tabular file holds, read right or refused with the line and the reason."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.errors import InvalidInput
from console.tabular.files import Problem, Row, TabularFile
from console.tabular.writing import csv_bytes, jsonl_bytes, neutral, restored


def _rows(content: bytes, name: str = "rows.csv") -> list[tuple[int, object]]:
    found = TabularFile.of(name, content).rows()
    return [(one.line, one.values if isinstance(one, Row) else one.message) for one in found]


@pytest.mark.parametrize(
    ("content", "row"),
    [
        (b"a,b\n1,2\n", (2, {"a": "1", "b": "2"})),
        (b"a;b\n1,5;2,5\n", (2, {"a": "1,5", "b": "2,5"})),
        (b"a\tb, c, d\n1\tx, y\n", (2, {"a": "1", "b, c, d": "x, y"})),
        (b"a|b\n1|2\n", (2, {"a": "1", "b": "2"})),
        (
            b'"Last, First";"Street, No"\n"Smith, J";"Main, 1"\n',
            (2, {"Last, First": "Smith, J", "Street, No": "Main, 1"}),
        ),
        (b"id;text, note\n1;Hello, you\n2;Bye, you\n", (2, {"id": "1", "text, note": "Hello, you"})),
        (b"sep=;\r\na;b\r\n1,5;x\r\n", (3, {"a": "1,5", "b": "x"})),
        (b'\xef\xbb\xbf"sep=,"\na,b\n1;5,x\n', (3, {"a": "1;5", "b": "x"})),
        (b"\n  \n\na,b\n1,2\n", (5, {"a": "1", "b": "2"})),
        (b'"a\nof two lines",b\n1,2\n', (3, {"a of two lines": "1", "b": "2"})),
        (b",text\n0,hello\n", (2, {"column 1": "0", "text": "hello"})),
        (b"a,b,\n1,2,3\n", (2, {"a": "1", "b": "2", "column 3": "3"})),
        (b"a,b\n1,2,\n", (2, {"a": "1", "b": "2"})),
        (b"a,b\r1,2\r", (2, {"a": "1", "b": "2"})),
        ("text\na\u2028b\x0bc\x85d\n".encode(), (2, {"text": "a\u2028b\x0bc\x85d"})),
    ],
)
def test_a_separated_file_is_read_as_it_is_meant(content: bytes, row: tuple[int, object]) -> None:
    assert _rows(content)[0] == row


def test_the_line_of_a_row_counts_line_feeds_within_cells() -> None:
    assert [line for line, _ in _rows(b'a,b\r\n"x\r\ny",2\r\n\r\n3,4\r\n')] == [2, 5]


def test_cells_beyond_the_header_and_missing_ones_are_problems_of_their_line() -> None:
    assert _rows(b"a,b\n1,2,3,IMPORTANT\n4\n") == [
        (2, "4 cells where the header has 2. '3' stands under no name."),
        (3, "1 cell where the header has 2."),
    ]


def test_missing_cells_are_empty_where_that_is_asked_for() -> None:
    assert list(TabularFile.of("a.csv", b"a,b\n1\n", fill=True).rows()) == [Row(2, {"a": "1", "b": ""})]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"q,note,note\n1,2,3\n", "line 1: two columns are named 'note'"),
        (b'a,b\n1,2\n"3,4\n', "line 3 cannot be read: a quote is opened and never closed"),
        (b'a,b\n1,"x"y\n2,3\n', "line 2 cannot be read: there is text behind a closing quote"),
        (b'"A, B";"C, D"\n"1, 2","3, 4";5\n', "line 2 cannot be read: there is text behind a closing quote"),
        (b"Report of May,,\na,b,c\n1,2,3\n", "line 1: one of 3 columns has a name"),
        ('name,price\n"Müller",5\n"Zoë",7\n'.encode() + b"\xe9,3\n", "line 4: a byte is not UTF-8, though the rest"),
        (b"PK\x03\x04\0\1\2\0\0\3", "it is no text"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(content: bytes, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        _rows(content)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "name;city\nJosé;Málaga\n"),
        ("utf-8-sig", "name;city\nJosé;Málaga\n"),
        ("utf-16", "name;city\nJosé;Málaga\n"),
        ("utf-16-le", "name;city\nJosé;Málaga\n"),
        ("utf-16-be", "name;city\nJosé;Málaga\n"),
        ("utf-32", "name;city\nJosé;Málaga\n"),
        ("cp1252", "name;city\nJosé;Málaga\nZoë;Zürich\n"),
        ("cp1252", "text;cost\nDas Gerät läuft für 5 € – „gut“;1\n"),
        ("cp1252", "text;cost\nSeñor, ¿cómo está usted? Mañana;1\n"),
        ("cp1250", "text;n\nZażółć gęślą jaźń, proszę bardzo;1\n"),
        ("cp1251", "вопрос;ответ\nВозврат денег в течение тридцати дней;да\n"),
        ("cp866", "вопрос;ответ\nВозврат денег в течение тридцати дней;да\n"),
        ("gb18030", "question;answer\n退款需要多久？;三十天内退款\n"),
        ("shift_jis", "質問;回答\n返金はいつですか？;三十日以内です\n"),
    ],
)
def test_the_encoding_is_found(encoding: str, text: str) -> None:
    wanted = [line.split(";") for line in text.splitlines()]
    found = [one.values for one in TabularFile.of("a.csv", text.encode(encoding)).rows() if isinstance(one, Row)]
    assert found == [dict(zip(wanted[0], cells, strict=True)) for cells in wanted[1:]]


def test_lines_of_json_that_are_no_objects_are_problems_of_their_lines() -> None:
    content = '{"t":"a\u2028b"}\n\n["x"]\n{"t":\n{"t":"c","t":"d"}\n{"t":NaN}\n'.encode()
    assert _rows(content, "rows.jsonl") == [
        (1, {"t": "a\u2028b"}),
        (3, "This is no JSON object."),
        (4, "This is not JSON: Expecting value at character 6."),
        (5, "This is not JSON: the key 't' stands twice in one object."),
        (6, "This is not JSON: NaN is not a JSON number."),
    ]


@pytest.mark.parametrize("content", [b'[\n {"a":1},\n {"a":2}\n]\n', b'[{"a":1},{"a":2}]'])
def test_a_json_list_of_objects_is_a_file_of_rows(content: bytes) -> None:
    assert [values for _, values in _rows(content, "rows.json")] == [{"a": 1}, {"a": 2}]


def test_a_broken_json_list_is_refused_with_its_line() -> None:
    with pytest.raises(InvalidInput, match="line 3: the list cannot be read"):
        _rows(b'[\n {"a":1},\n {"a":}\n]\n', "rows.json")


def test_columns_of_objects_are_those_of_any_of_them() -> None:
    assert TabularFile.of("a.jsonl", b'{"a":1}\n{"b":2}\n').columns() == ["a", "b"]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"[]"])
def test_an_empty_file_has_no_columns(content: bytes) -> None:
    with pytest.raises(InvalidInput, match="has no rows"):
        TabularFile.of("a.jsonl", content).columns()


def test_an_unknown_ending_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"ends in none of \.csv"):
        TabularFile.of("a.xlsx", b"")


def test_a_file_is_read_again_from_the_start_each_time() -> None:
    file = TabularFile.of("a.csv", b"a\n1\n")
    assert list(file.rows()) == list(file.rows())


_CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@given(st.lists(st.tuples(_CELLS, _CELLS, _CELLS).filter(lambda row: any(cell.strip() for cell in row)), max_size=8))
def test_any_table_that_is_written_as_csv_is_read_back(rows: list[tuple[str, str, str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([("a", "b", "c"), *rows])
    read = _rows(text.getvalue().encode())
    assert [values for _, values in read] == [dict(zip("abc", cells, strict=True)) for cells in rows]


@given(st.lists(st.dictionaries(_CELLS, _CELLS | st.integers() | st.none(), min_size=1, max_size=4), max_size=8))
def test_any_object_that_is_written_as_json_lines_is_read_back(rows: list[dict[str, object]]) -> None:
    written = jsonl_bytes(rows)
    assert [values for _, values in _rows(written, "a.jsonl")] == rows
    assert len(written.decode().splitlines()) == len(rows)


@given(_CELLS)
def test_a_cell_that_was_made_harmless_is_restored(text: str) -> None:
    assert restored(neutral(text)) == text or text.startswith("'")


def test_written_csv_runs_no_formula_and_keeps_numbers() -> None:
    written = csv_bytes(["a", "b", "c"], [["=1+1", 2.5, None], [True, ["x", "y"], "ok"]])
    assert written.decode("utf-8-sig") == '"a","b","c"\r\n"\'=1+1",2.5,""\r\n"true","x y","ok"\r\n'


def test_a_problem_says_its_line() -> None:
    assert str(Problem(7, "It is empty.")) == "Line 7: It is empty."
