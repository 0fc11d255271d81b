"""Setting up the tables ends right, whatever it finds and whatever AWS answers meanwhile."""

from __future__ import annotations

import dataclasses
from typing import Any
from uuid import uuid4

import pytest

from console.data.store import tables
from console.data.store.setup import setup
from console.data.store.setup.check import Wanted, differences
from console.data.store.setup.description import look, vector_state
from console.data.store.setup.setup import set_up
from console.data.store.store import Store
from console.errors import Denied, SetupError
from tests.support.strict.conduct import (
    Backups,
    Refuses,
    VectorIndexBuilding,
    WithoutVectors,
    backups_unavailable,
    clock_skew,
    expired_credentials,
    in_use,
)
from tests.support.strict.proxy import StrictProxy

AWS = Wanted(managed=True, protected=True)
MOTO = dataclasses.replace(AWS, vectors=False)
"""It ignores vector indexes."""
RUNS = next(table for table in tables.TABLES if table.name == tables.RUNS)


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "_PAUSE", 0.01)
    monkeypatch.setattr(setup, "PATIENCE", 5.0)


@pytest.fixture
def bare(moto_client: Any) -> Store:
    """No tables yet, on the engine that has backups, streams and tags."""
    return Store(moto_client, prefix=f"s{uuid4().hex[:12]}-")


@pytest.fixture
def vectored(engine_client: Any) -> Store:
    """No tables yet, on the engine that has vector indexes, behind the strict proxy."""
    return Store(engine_client, prefix=f"s{uuid4().hex[:12]}-")


def words(store: Store, wanted: Wanted) -> list[str]:
    """What is wrong with the tables."""
    found = [(table, look(store, table, managed=wanted.managed)) for table in tables.TABLES]
    return [one.words for table, there in found if there for one in differences(table, there, wanted)]


def test_from_nothing_everything_is_as_it_should_be(bare: Store) -> None:
    done = set_up(bare, MOTO)
    assert len(done.created) == len(tables.TABLES)
    assert words(bare, MOTO) == []
    again = set_up(bare, MOTO)
    assert (again.created, again.changed) == ([], [])


def test_a_table_that_has_its_keys_and_nothing_else_is_completed(bare: Store) -> None:
    plain = dataclasses.replace(RUNS, indexes=RUNS.indexes[:1], vectors=None)
    bare.client.create_table(**{**plain.definition(bare.name(tables.RUNS), streams=False), "Tags": []})
    done = set_up(bare, MOTO)
    assert words(bare, MOTO) == []
    changed = [line.partition(": ")[2] for line in done.changed]
    assert changed[:4] == [
        "the index RunsByCaseIndex is missing",
        "the index RunsByDateIndex is missing",
        "the index RunsByStatusIndex is missing",
        "the index LabelledRunsIndex is missing",
    ]
    assert {"has no stream", "cannot be restored to a point in time", "can be deleted by mistake"} <= set(changed)


BROKEN: dict[str, tuple[str, dict[str, Any], str]] = {
    "no expiry": (
        "update_time_to_live",
        {"TimeToLiveSpecification": {"Enabled": False, "AttributeName": "expiresAt"}},
        "items do not expire by expiresAt",
    ),
    "no recovery": (
        "update_continuous_backups",
        {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": False}},
        "cannot be restored to a point in time",
    ),
    "no protection": ("update_table", {"DeletionProtectionEnabled": False}, "can be deleted by mistake"),
    "no index": (
        "update_table",
        {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": tables.RUNS_BY_DATE}}]},
        "the index RunsByDateIndex is missing",
    ),
}


@pytest.mark.parametrize(("operation", "request_", "said"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_undone_is_said_and_mended(operation: str, request_: dict[str, Any], said: str, bare: Store) -> None:
    set_up(bare, MOTO)
    getattr(bare.client, operation)(TableName=bare.name(tables.RUNS), **request_)
    assert words(bare, MOTO) == [said]
    assert set_up(bare, MOTO).changed == [f"{bare.name(tables.RUNS)}: {said}"]
    assert words(bare, MOTO) == []


def test_missing_tags_are_said_and_set(bare: Store) -> None:
    set_up(bare, MOTO)
    arn = bare.client.describe_table(TableName=bare.name(tables.RUNS))["Table"]["TableArn"]
    bare.client.untag_resource(ResourceArn=arn, TagKeys=["Project"])
    assert words(bare, MOTO) == ["lacks the tags Project"]
    set_up(bare, MOTO)
    assert words(bare, MOTO) == []


def test_expiry_by_another_attribute_is_left_to_a_person(bare: Store) -> None:
    set_up(bare, MOTO)
    how = {"Enabled": False, "AttributeName": "expiresAt"}
    bare.client.update_time_to_live(TableName=bare.name(tables.RUNS), TimeToLiveSpecification=how)
    how = {"Enabled": True, "AttributeName": "gone"}
    bare.client.update_time_to_live(TableName=bare.name(tables.RUNS), TimeToLiveSpecification=how)
    set_up(bare, MOTO)
    assert words(bare, MOTO) == ["items expire by gone: switch that off, and `tables create` sets expiresAt"]


def test_an_index_that_lacks_attributes_is_said(bare: Store) -> None:
    poor = dataclasses.replace(RUNS.indexes[0], include=("status",))
    table = dataclasses.replace(RUNS, indexes=(poor, *RUNS.indexes[1:]), vectors=None)
    bare.client.create_table(**table.definition(bare.name(tables.RUNS)))
    set_up(bare, MOTO)
    (said,) = words(bare, MOTO)
    assert said.startswith("the index RunsByJudgeIndex lacks batchId, brief, ")


def test_backups_that_are_not_there_yet_are_waited_for(vectored: Store, strict_proxy: StrictProxy) -> None:
    strict_proxy.conduct(backups_unavailable(times=3), Backups())
    set_up(vectored, AWS)
    assert strict_proxy.counts["UpdateContinuousBackups", "answered"] >= 3 + len(tables.TABLES)


def test_a_table_that_is_being_changed_is_asked_again(vectored: Store, strict_proxy: StrictProxy) -> None:
    set_up(vectored)
    strict_proxy.conduct(Backups(), in_use({"UpdateTable"}, times=4))
    set_up(vectored, AWS)
    described = vectored.client.describe_table(TableName=vectored.name(tables.RUNS))["Table"]
    assert described["DeletionProtectionEnabled"]
    assert described["StreamSpecification"]["StreamEnabled"]


def test_an_index_that_cannot_be_added_says_why(vectored: Store, strict_proxy: StrictProxy) -> None:
    set_up(vectored)
    refusal = Refuses(
        "ValidationException", "Vector indexes need on-demand capacity", {"UpdateTable"}, holding="VectorIndexUpdates"
    )
    strict_proxy.conduct(Backups(), WithoutVectors(("VectorIndexes",)), refusal)
    done = set_up(vectored, Wanted(managed=True, vectors=True))
    assert "Vector indexes need on-demand capacity" in " ".join(done.refused)


@pytest.mark.parametrize("state", ["creating", "backfilling"])
def test_a_vector_index_that_is_built_is_not_active(state: str, vectored: Store, strict_proxy: StrictProxy) -> None:
    set_up(vectored)
    strict_proxy.conduct(VectorIndexBuilding(state))
    assert vector_state(vectored, RUNS) == state.upper()
    found = look(vectored, RUNS, managed=False)
    assert found
    assert [one.words for one in differences(RUNS, found, Wanted())] == [
        f"the vector index RunEmbeddingIndex is being built ({state}); searches are exact"
    ]


def test_a_role_that_may_not_look_says_what_it_needs(vectored: Store, strict_proxy: StrictProxy) -> None:
    set_up(vectored)
    message = (
        "User: arn:aws:iam::1:role/console is not authorized to perform: dynamodb:DescribeContinuousBackups on "
        "resource: arn:aws:dynamodb:us-east-1:1:table/EvaluationRuns because no identity-based policy allows it"
    )
    strict_proxy.conduct(Refuses("AccessDeniedException", message, {"DescribeContinuousBackups"}))
    found = look(vectored, RUNS, managed=True)
    assert found
    assert found.hidden == ("DescribeContinuousBackups",)
    with pytest.raises(Denied, match=r"it lacks dynamodb:DescribeContinuousBackups on EvaluationRuns\."):
        vectored.call("describe_continuous_backups", TableName=vectored.name(tables.RUNS))


def test_expired_credentials_and_a_wrong_clock_have_words(vectored: Store, strict_proxy: StrictProxy) -> None:
    strict_proxy.conduct(expired_credentials())
    with pytest.raises(SetupError, match=r"credentials have expired\. Sign in again"):
        vectored.get(tables.RUNS, "a", "b")
    strict_proxy.conduct(clock_skew())
    with pytest.raises(SetupError, match="The clock of this machine is wrong"):
        vectored.get(tables.RUNS, "a", "b")
