"""What runs in AWS: the tables are those of the code, nobody may do more than they need, alarms reach somebody."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest

from console.actions.admin.operations import load_operations
from console.config import Settings
from console.data.store import tables
from console.data.store.client import credentials_in
from console.services import build_services

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "infra" / "aws" / "template.json"


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    return dict(json.loads(TEMPLATE.read_text(encoding="utf-8"))["Resources"])


def of_type(resources: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    found = [one["Properties"] for one in resources.values() if one["Type"] == kind]
    assert found
    return found


def statements(resources: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """What a policy allows."""
    policy = next(one for key, one in resources.items() if key.startswith(name))
    listed = policy["Properties"]["PolicyDocument"]["Statement"]
    return [one for one in listed if one["Effect"] == "Allow"]


def actions(resources: dict[str, Any], name: str) -> set[str]:
    found = (one["Action"] for one in statements(resources, name))
    return set(chain.from_iterable([one] if isinstance(one, str) else one for one in found))


def tables_of(resources: dict[str, Any], policy: str, action: str) -> set[str]:
    """The tables that a policy allows an action on."""
    allowed = [one for one in statements(resources, policy) if action in (one["Action"], *one["Action"])]
    return {table.name for table in tables.TABLES if f'"{table.name}", "Arn"' in json.dumps(allowed)}


@pytest.mark.parametrize("table", tables.TABLES, ids=lambda one: one.name)
def test_a_table_of_the_template_is_the_one_of_the_code(table: tables.Table, resources: dict[str, Any]) -> None:
    properties = resources[table.name]["Properties"]
    wanted = table.definition(table.name, vectors=True)
    if table.stream:
        wanted["StreamSpecification"] = {"StreamViewType": table.stream}
    shared = {name: properties[name] for name in wanted}
    prefixed = {"Fn::Join": ["", [{"Ref": "TablePrefix"}, table.name]]}
    assert shared == wanted | {"TableName": prefixed, "DeletionProtectionEnabled": {"Ref": "DeletionProtection"}}
    assert ("TimeToLiveSpecification" in properties) == table.ttl


@pytest.mark.parametrize("table", tables.TABLES, ids=lambda one: one.name)
def test_a_table_can_be_restored_outlives_the_stack_and_takes_a_key(
    table: tables.Table, resources: dict[str, Any]
) -> None:
    resource = resources[table.name]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    assert resource["Properties"]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert "Fn::If" in resource["Properties"]["SSESpecification"]


@pytest.mark.parametrize("policy", ["ConsoleAccess", "ApiAccess", "ReaderAccess", "MaintenanceAccess"])
def test_no_policy_allows_everything_or_touches_what_is_not_ours(policy: str, resources: dict[str, Any]) -> None:
    allowed = actions(resources, policy)
    assert not [one for one in allowed if "*" in one]
    assert not allowed & {"dynamodb:DeleteTable", "dynamodb:CreateTable", "dynamodb:UpdateTable"}
    listed = [json.dumps(one["Resource"]) for one in statements(resources, policy)]
    assert not [one for one in listed if '"*"' in one]
    assert all("Fn::GetAtt" in one for one in listed)


def test_the_console_scans_only_small_tables_and_readers_write_nothing(resources: dict[str, Any]) -> None:
    assert "EvaluationRuns" not in tables_of(resources, "ConsoleAccess", "dynamodb:Scan")
    assert tables_of(resources, "ApiAccess", "dynamodb:Scan") == {"ThresholdsHistory"}
    assert tables_of(resources, "MaintenanceAccess", "dynamodb:Scan") == {"EvaluationRuns", "ThresholdsHistory"}
    writes = {f"dynamodb:{one}" for one in ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem")}
    assert writes <= actions(resources, "ConsoleAccess")
    assert not writes & actions(resources, "ReaderAccess")


@pytest.mark.parametrize("policy", ["ApiAccess", "ReaderAccess", "MaintenanceAccess"])
def test_only_the_console_may_touch_users(policy: str, resources: dict[str, Any]) -> None:
    allowed = [one["Resource"] for one in statements(resources, policy)]
    assert '"ConsoleUsers"' not in json.dumps(allowed)
    assert {"ConsoleUsers"} <= tables_of(resources, "ConsoleAccess", "dynamodb:GetItem")


def test_a_key_is_used_through_dynamodb_alone(resources: dict[str, Any]) -> None:
    (policy,) = [one for name, one in resources.items() if name == "KeyAccess"]
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert "kms:ViaService" in statement["Condition"]["StringEquals"]
    assert statement["Resource"] == {"Ref": "KmsKeyArn"}
    assert policy["Condition"] == "HasKmsKey"


def test_every_alarm_tells_the_topic_and_adds_up_no_more_than_an_alarm_can(resources: dict[str, Any]) -> None:
    alarms = of_type(resources, "AWS::CloudWatch::Alarm")
    assert len(alarms) >= 20
    for alarm in alarms:
        assert alarm["AlarmActions"]
        assert alarm["AlarmDescription"]
        assert len([one for one in alarm.get("Metrics", []) if "MetricStat" in one]) <= 10


def test_every_index_is_watched_for_throttling(resources: dict[str, Any]) -> None:
    watched = json.dumps(of_type(resources, "AWS::CloudWatch::Alarm"))
    names = [index.name for table in tables.TABLES for index in table.indexes]
    assert [name for name in names if watched.count(f'"{name}"') != 2] == []


@pytest.mark.filterwarnings("ignore:Tried to parse AWS")
def test_the_stack_makes_tables_that_are_as_they_should_be(moto_endpoint: str) -> None:
    prefix = f"s{uuid4().hex[:8]}-"
    address, key, secret = credentials_in(moto_endpoint)
    client = boto3.client(
        "cloudformation", endpoint_url=address, region_name="us-east-1", aws_access_key_id=key,
        aws_secret_access_key=secret,
    )  # fmt: skip
    client.create_stack(
        StackName=f"{prefix}stack",
        TemplateBody=TEMPLATE.read_text(encoding="utf-8"),
        Parameters=[{"ParameterKey": "TablePrefix", "ParameterValue": prefix}],
        Capabilities=["CAPABILITY_IAM"],
    )
    client.close()
    settings = Settings(dynamodb_endpoint=moto_endpoint, engine_kind="moto", table_prefix=prefix)
    with build_services(settings, create_tables=False) as services:
        assert services.set_up().created == []  # moto's CloudFormation forgets the expiry; AWS does not
        reports = load_operations(services).tables
        assert [problem for report in reports for problem in report.problems] == []
        assert all(report.protected for report in reports)


def test_the_history_of_thresholds_is_only_added_to_and_the_api_makes_no_collection(resources: dict[str, Any]) -> None:
    for operation in ("UpdateItem", "DeleteItem", "BatchWriteItem"):
        assert "ThresholdsHistory" not in tables_of(resources, "ConsoleAccess", f"dynamodb:{operation}")
    for operation in ("PutItem", "DeleteItem"):
        assert "BotCollections" not in tables_of(resources, "ApiAccess", f"dynamodb:{operation}")
