"""Words about what was done are told once, by the next run, whatever came between."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def _script() -> None:
    import streamlit as st

    from console.ui.frame import notes

    notes.tell()
    if st.button("Save"):
        notes.say("Saved")
        st.rerun()


def test_words_outlive_the_run_that_asks_for_another() -> None:
    test = AppTest.from_function(_script).run()
    assert not test.toast
    test.button[0].click().run()
    assert [one.value for one in test.toast] == ["Saved"]
    test.run()
    assert not test.toast
