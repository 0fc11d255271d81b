"""The tables as `console.data.store.tables` defines them, and what each kind of process may do with them."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from console.data.store import tables
from infra.aws.parameters import Parameters

READ = ("DescribeTable", "GetItem", "BatchGetItem", "Query", "SearchVectors")
WRITE = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "ConditionCheckItem", "DescribeTimeToLive")
"""A transaction needs the permissions of what it does."""
FOLLOW = ("DescribeStream", "GetRecords", "GetShardIterator")
FOLLOWED = tuple(table.name for table in tables.TABLES if table.stream == tables.KEYS_ONLY)
"""Tables whose streams the console reads itself."""
SCANNED = (tables.THRESHOLDS, tables.USERS, tables.COLLECTIONS)
"""Small tables that the console reads whole; the large ones are scanned by maintenance alone."""


def add_tables(stack: cdk.Stack, parameters: Parameters) -> dict[str, cdk.CfnResource]:
    """Every table by its name. They outlive the stack."""
    made = {}
    for table in tables.TABLES:
        resource = cdk.CfnResource(
            stack, table.name, type="AWS::DynamoDB::Table", properties=_properties(table, parameters)
        )
        resource.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        made[table.name] = resource
    return made


def _properties(table: tables.Table, parameters: Parameters) -> dict[str, Any]:
    """CreateTable's definition, whose names CloudFormation shares, and what CreateTable leaves to other calls."""
    properties = table.definition(parameters.table_name(table.name), vectors=True)
    properties["DeletionProtectionEnabled"] = parameters.protected
    properties["PointInTimeRecoverySpecification"] = {"PointInTimeRecoveryEnabled": True}
    if "StreamSpecification" in properties:
        del properties["StreamSpecification"]["StreamEnabled"]
    if table.ttl:
        properties["TimeToLiveSpecification"] = {"AttributeName": tables.TTL_ATTRIBUTE, "Enabled": True}
    properties["SSESpecification"] = cdk.Fn.condition_if(
        parameters.has_key.logical_id,
        {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": parameters.key},
        cdk.Aws.NO_VALUE,
    )
    return properties


def add_policies(stack: cdk.Stack, made: dict[str, cdk.CfnResource]) -> None:
    """Managed policies to attach to roles: the console and the API, readers, and maintenance."""
    everything = [_arn(one) for one in made.values()]
    everything += [f"{_arn(one)}/index/*" for one in made.values()]
    small = [_arn(made[name]) for name in SCANNED]
    runs = [_arn(made[tables.RUNS])]
    followed = [f"{_arn(made[name])}/stream/*" for name in FOLLOWED]
    chosen: dict[str, tuple[str, list[tuple[tuple[str, ...], list[str]]]]] = {
        "ConsoleAccess": (
            "The console and the API",
            [(READ + WRITE, everything), (("Scan",), small), (FOLLOW, followed)],
        ),
        "ReaderAccess": ("Reads, and changes nothing", [(READ, everything), (("Scan",), small), (FOLLOW, followed)]),
        "MaintenanceAccess": (
            "Beside ConsoleAccess: migrations, and recounts of rollups",
            [(("Scan",), runs), (("DescribeContinuousBackups",), everything)],
        ),
    }
    for name, (what, grants) in chosen.items():
        statements = [
            iam.PolicyStatement(actions=[f"dynamodb:{one}" for one in actions], resources=resources)
            for actions, resources in grants
        ]
        policy = iam.ManagedPolicy(stack, name, description=what, statements=[*statements, _encrypted_only(everything)])
        cdk.CfnOutput(stack, f"{name}Arn", value=policy.managed_policy_arn, description=what)


def _encrypted_only(resources: list[str]) -> iam.PolicyStatement:
    """Refuses what does not travel encrypted."""
    return iam.PolicyStatement(
        effect=iam.Effect.DENY,
        actions=["dynamodb:*"],
        resources=resources,
        conditions={"Bool": {"aws:SecureTransport": "false"}},
    )


def _arn(table: cdk.CfnResource) -> str:
    arn: str = cdk.Token.as_string(table.get_att("Arn"))
    return arn
