"""Rows as HTML: what data say in them stays text, numbers stand at the right."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def _script() -> None:
    from console.ui.frame.facts import table

    table(("One", "Runs"), [("<img src=x onerror=alert(1)>", "4")], 'Pairs of "people"', numbers=1)


def test_rows_are_a_table_with_names_and_text() -> None:
    (block,) = AppTest.from_function(_script).run().get("html")
    body = block.proto.body
    assert "<img" not in body
    assert "&lt;img src=x onerror=alert(1)&gt;" in body
    assert 'aria-label="Pairs of &quot;people&quot;"' in body
    assert '<th scope="col" class="number">Runs</th>' in body
    assert '<td class="number"><bdi>4</bdi></td>' in body
