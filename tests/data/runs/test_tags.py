"""Tags on runs, and views of the run list that people keep."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from console.data.runs.tags import TAGS_OF_A_RUN
from console.errors import InvalidInput, NotFound
from console.records import Run, RunFilter
from tests.support.tier import Tier, completed, tier


def tags(process: Tier, run: Run) -> list[str]:
    return next(row.tags for row in process.runs.list().items if row.run_id == run.run_id)


def test_a_tag_is_in_every_list_at_once_and_for_other_processes(process: Tier) -> None:
    run = completed(process.runs)
    assert process.tags.change([run], add=[" Odd ", "late"]) == 1

    assert tags(process, run) == tags(tier(process.store, lag=0), run) == ["late", "odd"]
    assert process.tags.known() == ["late", "odd"]


def test_runs_are_found_by_a_tag(process: Tier) -> None:
    first, second = completed(process.runs), completed(process.runs)
    process.tags.change([first], add=["odd"])

    assert [row.run_id for row in process.runs.list(RunFilter(tag="odd")).items] == [first.run_id]
    process.tags.change([first, second], add=["fine"], remove=["odd"])
    assert process.runs.list(RunFilter(tag="odd")).items == []
    assert len(process.runs.list(RunFilter(tag="fine")).items) == 2


def test_tags_change_nothing_where_they_are_there_already(process: Tier) -> None:
    run = completed(process.runs)
    assert process.tags.change([run], add=["odd"]) == 1
    assert process.tags.change([run], add=["odd"], remove=["never"]) == 0


def test_a_label_and_a_tag_do_not_lose_each_other(process: Tier) -> None:
    run = completed(process.runs)
    with ThreadPoolExecutor(8) as pool:
        done = [pool.submit(process.tags.change, [run], add=[f"tag {number}"]) for number in range(6)]
        done.append(pool.submit(process.labels.save, run, 3.0, True, by="ana"))
        assert all(one.result() for one in done)

    (row,) = tier(process.store, lag=0).runs.list().items
    assert row.tags == [f"tag {number}" for number in range(6)]
    assert row.label_passed is True
    assert tags(process, run) == row.tags


@pytest.mark.parametrize("tag", ["", "  ", "a,b", "x" * 41, "a\nb"])
def test_what_can_be_no_tag_is_refused(process: Tier, tag: str) -> None:
    with pytest.raises(InvalidInput):
        process.tags.change([completed(process.runs)], add=[tag])


def test_a_run_has_only_so_many_tags(process: Tier) -> None:
    run = completed(process.runs)
    process.tags.change([run], add=[f"t{number}" for number in range(TAGS_OF_A_RUN)])
    with pytest.raises(InvalidInput, match="at most 20"):
        process.tags.change([run], add=["one more"])


def test_views_are_everybodys_and_sorted(process: Tier) -> None:
    process.views.save("weekly", {"result": "fail"}, by="ana")
    process.views.save("Daily", {"period": "7"}, by="bo")

    found = tier(process.store).views.list()
    assert [(view.name, view.query, view.saved_by) for view in found] == [
        ("Daily", {"period": "7"}, "bo"),
        ("weekly", {"result": "fail"}, "ana"),
    ]
    process.views.save("weekly", {"result": "pass"}, by="ana")
    assert process.views.get("weekly").query == {"result": "pass"}
    process.views.remove("weekly")
    with pytest.raises(NotFound):
        process.views.get("weekly")


def test_a_view_needs_a_name_and_bounds(process: Tier) -> None:
    with pytest.raises(InvalidInput, match="needs a name"):
        process.views.save(" ", {}, by="ana")
    with pytest.raises(InvalidInput, match="too much"):
        process.views.save("all", {"only": "1," * 3_000}, by="ana")


def test_everybody_keeps_columns_of_their_own(process: Tier) -> None:
    process.views.keep_columns("ana", ["Run", "Score"])
    assert process.views.columns("ana") == ["Run", "Score"]
    assert process.views.columns("bo") == []
    process.views.keep_columns("ana", [])
    assert process.views.columns("ana") == []
