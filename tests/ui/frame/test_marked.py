"""Tables whose cells have styles, without pandas' own drawing."""

from __future__ import annotations

import pandas as pd
from streamlit import dataframe_util
from streamlit.elements.lib.pandas_styler_utils import marshall_styler
from streamlit.proto.ArrowData_pb2 import ArrowData

from console.ui.frame.marked import marked, weighty

FRAME = pd.DataFrame({"Run": ["7", "8"], "Result": ["● Pass", "▼ Fail"]})


def test_streamlit_takes_the_styles_as_those_of_pandas() -> None:
    sent = ArrowData()
    tint = (("background-color", "#eee"),)
    marks = [(tint, 1, 0), (tint, 1, 1), (weighty("#2a6db3"), 0, 1)]
    marshall_styler(sent, marked(FRAME, marks), "here")
    assert sent.styler.uuid == "marked"
    assert sent.styler.styles.splitlines() == [
        "#T_marked_row1_col0, #T_marked_row1_col1 { background-color: #eee }",
        "#T_marked_row0_col1 { color: #2a6db3; font-weight: 600 }",
    ]


def test_a_table_without_marks_has_no_styles() -> None:
    sent = ArrowData()
    marshall_styler(sent, marked(FRAME, []), "here")
    assert sent.styler.styles == ""


def test_streamlit_knows_it_as_a_table_of_pandas() -> None:
    assert dataframe_util.is_pandas_styler(marked(FRAME, []))
